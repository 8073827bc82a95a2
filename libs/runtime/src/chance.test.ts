import { seededRandom } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newUuid, sha256Hex, systemRandom, ulidMaker } from './chance.ts';

describe('systemRandom', () => {
  it('stays within its limits', () => {
    const random = systemRandom();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (limit) => {
        const value = random.below(limit);
        expect(Number.isInteger(value) && value >= 0 && value < limit).toBe(true);
        const float = random.float();
        expect(float >= 0 && float < 1).toBe(true);
      }),
    );
  });

  it('draws different numbers every time, forks included', () => {
    const random = systemRandom();
    const all = Array.from({ length: 5_000 }, (_, index) =>
      (index % 2 === 0 ? random : random.fork('a')).float(),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
    expect(random.bytes(10_000)).toHaveLength(10_000);
  });
});

describe('ids', () => {
  it('sha256Hex hashes text as UTF-8', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256Hex('é')).toBe(sha256Hex(new Uint8Array([0xc3, 0xa9])));
  });

  it('newUuid is a version 4 UUID', () => {
    expect(newUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('ULIDs carry the time and rise even within one millisecond and when the clock is set back', () => {
    let now = 1_469_918_176_385;
    const make = ulidMaker({ wall: () => now }, seededRandom(1));
    const first = make();
    expect(first).toMatch(/^01ARYZ6S41[0-9A-HJKMNP-TV-Z]{16}$/);
    const ids = [first];
    for (const step of [0, 0, -5_000, 0, 1, 10_000, -1]) {
      now += step;
      ids.push(make());
    }
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids[1]?.slice(0, 10)).toBe(first.slice(0, 10));
  });

  it('go on rising when the random part overflows', () => {
    const highest = { ...seededRandom(1), below: () => 31 };
    const make = ulidMaker({ wall: () => 5 }, highest);
    const ids = [make(), make(), make()];
    expect(ids).toEqual([...new Set(ids)].toSorted());
  });
});
