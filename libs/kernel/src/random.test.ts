import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from './errors.ts';
import { seededRandom, uuidV4 } from './random.ts';
import type { Random } from './seams.ts';

const draw = (random: Random, count = 8): readonly number[] =>
  Array.from({ length: count }, () => random.float());

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, for ever', () => {
    // Recorded once: a change of these numbers makes every recorded seed of the simulator worthless.
    const random = seededRandom(42);
    expect(Array.from({ length: 4 }, () => random.below(1_000_000))).toEqual([
      763042, 945453, 117345, 338885,
    ]);
    expect(draw(seededRandom(1))).toEqual(draw(seededRandom(1)));
  });

  it('tells near seeds, and numbers from texts, apart', () => {
    expect(draw(seededRandom(1))).not.toEqual(draw(seededRandom(2)));
    expect(draw(seededRandom(1))).not.toEqual(draw(seededRandom('1')));
  });

  it('forks by label without drawing, so that a new fork changes no other number', () => {
    const plain = seededRandom(7);
    const forking = seededRandom(7);
    const [a, b] = [forking.fork('a'), forking.fork('b')];
    expect(draw(forking)).toEqual(draw(plain));
    expect(draw(a)).not.toEqual(draw(b));
    expect(draw(seededRandom(7).fork('a'))).toEqual(draw(seededRandom(7).fork('a')));
    expect(draw(plain.fork('a'))).not.toEqual(draw(seededRandom(7).fork('a')));
  });

  it('stays within its limits, whatever they are', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (seed, limit) => {
        const random = seededRandom(seed);
        for (let time = 0; time < 20; time++) {
          const value = random.below(limit);
          expect(Number.isInteger(value) && value >= 0 && value < limit).toBe(true);
          const float = random.float();
          expect(float >= 0 && float < 1).toBe(true);
        }
      }),
    );
    expect(() => seededRandom(1).below(0)).toThrow(InvariantError);
  });

  it('is roughly uniform in each of its three forms', () => {
    const random = seededRandom('uniform');
    const counts = new Map<string, number>();
    const count = (bucket: string): void => void counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    for (let time = 0; time < 30_000; time++) {
      count(`below ${random.below(3)}`);
      count(`float ${Math.floor(random.float() * 3)}`);
    }
    for (const byte of random.bytes(40_000)) count(`byte ${byte >> 6}`);
    expect(counts.size).toBe(10);
    for (const drawn of counts.values()) expect(Math.abs(drawn - 10_000)).toBeLessThan(400);
  });

  it('does not favour low numbers below a limit that does not divide its words', () => {
    const random = seededRandom('bias');
    const limit = 3 * 2 ** 30;
    const low = Array.from({ length: 30_000 }, () => random.below(limit)).filter(
      (value) => value < limit / 3,
    );
    expect(Math.abs(low.length - 10_000)).toBeLessThan(400);
  });

  it('fills any number of bytes', () => {
    expect([0, 1, 3, 4, 5, 17].map((length) => seededRandom(1).bytes(length).length)).toEqual([
      0, 1, 3, 4, 5, 17,
    ]);
  });
});

describe('uuidV4', () => {
  it('has the version and variant of a random UUID', () => {
    const random = seededRandom(3);
    const all = Array.from({ length: 200 }, () => uuidV4(random));
    for (const id of all)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(all).size).toBe(200);
  });
});
