/** The laws of merging: whatever order entries come in, every replica ends with the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelEntry } from '../port.ts';
import { plainCodec, plainEntry } from '../testing/plain-channel.ts';
import { chooseEntry, isExpired, isNewer } from './entry-rules.ts';
import { decodeFullState } from './part.ts';
import { Replicas } from './replicas.ts';

const NOW = 1_000_500;
const entry = fc
  .record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    seconds: fc.nat(5),
    nanos: fc.nat(3),
    // Some have expired at NOW, which is second 1000.5.
    expirySeconds: fc.integer({ min: 998, max: 1003 }),
  })
  // Two writers never make different entries of one stamp: the payload follows from the stamp.
  .map((given) => plainEntry({ ...given, expirySeconds: 998 + ((given.seconds * 7 + given.nanos) % 6) }));

const stateOf = (replicas: Replicas): ChannelEntry[] =>
  decodeFullState(replicas.fullState())
    .flatMap(({ data }) => plainCodec.split(data))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));

const merged = (...batches: readonly ChannelEntry[][]): Replicas => {
  const replicas = new Replicas(['nfl']);
  for (const batch of batches) replicas.merge('nfl', batch, NOW);
  return replicas;
};

describe('merging', () => {
  it('ends the same in any order and however often entries come', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (entries, order) => {
        const shuffled = entries
          .map((one) => ({ one, rank: order.next().value as number }))
          .toSorted((left, right) => left.rank - right.rank)
          .map(({ one }) => one);
        expect(stateOf(merged(shuffled, entries, shuffled))).toEqual(stateOf(merged(entries)));
      }),
    );
  });

  it('in parts and as a whole state gives the same', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (left, right) => {
        const whole = merged(left, right);
        const viaState = merged(right);
        for (const { data } of decodeFullState(merged(left).fullState()))
          viaState.merge('nfl', plainCodec.split(data), NOW);
        expect(stateOf(viaState)).toEqual(stateOf(whole));
      }),
    );
  });

  it('tells exactly what changed', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (left, right) => {
        const replicas = merged(left);
        const before = new Map(stateOf(replicas).map((one) => [one.key, one]));
        const { changed } = replicas.merge('nfl', right, NOW);
        for (const one of changed) {
          const held = before.get(one.key);
          expect(held === undefined || isNewer(one, held)).toBe(true);
        }
        const touched = new Set(changed.map(({ key }) => key));
        for (const one of stateOf(replicas))
          if (!touched.has(one.key)) expect(one).toEqual(before.get(one.key));
      }),
    );
  });

  it('never takes what has expired, and forgets what expires', () => {
    const replicas = new Replicas([]);
    const gone = plainEntry({ key: 'gone', seconds: 9, expirySeconds: 1000 });
    const short = plainEntry({ key: 'short', seconds: 9, expirySeconds: 1001 });
    const long = plainEntry({ key: 'long', seconds: 9, expirySeconds: 2000 });
    expect(replicas.merge('sil', [gone, short, long], NOW).changed.map(({ key }) => key)).toEqual([
      'short',
      'long',
    ]);
    expect(replicas.collectGarbage(1_001_001).get('sil')).toBe(1);
    expect(replicas.get('sil', 'short')).toBeUndefined();
    expect(replicas.get('sil', 'long')).toBeDefined();
    expect(stateOf(replicas)).toHaveLength(1);
  });

  it('keeps no packet alive: what is held is a copy', () => {
    const packet = new Uint8Array(1000);
    const one = {
      ...plainEntry({ key: 'a', seconds: 1, expirySeconds: 2000 }),
      bytes: packet.subarray(10, 20),
    };
    const replicas = merged([one]);
    expect(replicas.get('nfl', 'a')?.bytes.buffer.byteLength).toBe(10);
  });

  it('cuts a state that peers would refuse down to its newest entries', () => {
    const replicas = new Replicas(['nfl']);
    const payload = new Uint8Array(1024 * 1024);
    for (let seconds = 1; seconds <= 30; seconds++)
      replicas.merge('nfl', [plainEntry({ key: `k${seconds}`, seconds, expirySeconds: 2000, payload })], NOW);
    const state = replicas.fullState();
    expect(state.length).toBeLessThanOrEqual(20 * 1024 * 1024);
    const seconds = decodeFullState(state)
      .flatMap(({ data }) => plainCodec.split(data))
      .map((one) => one.seconds);
    expect(Math.min(...seconds)).toBe(30 - seconds.length + 1);
    expect(seconds.length).toBeGreaterThanOrEqual(19);
  });
});

describe('the rules', () => {
  it('an equal stamp never replaces, a nanosecond more does', () => {
    const held = plainEntry({ key: 'a', seconds: 5, nanos: 7, expirySeconds: 2000 });
    const same = plainEntry({ key: 'a', seconds: 5, nanos: 7, expirySeconds: 3000 });
    const newer = plainEntry({ key: 'a', seconds: 5, nanos: 8, expirySeconds: 2000 });
    expect(chooseEntry(held, same, NOW)).toBe(held);
    expect(chooseEntry(held, newer, NOW)).toBe(newer);
    expect(chooseEntry(newer, held, NOW)).toBe(newer);
    expect(chooseEntry(undefined, held, NOW)).toBe(held);
  });

  it('an entry that expires in this very instant still counts', () => {
    const one = { ...plainEntry({ key: 'a', seconds: 1, expirySeconds: 1000 }), expiryNanos: 500_000_000 };
    expect(isExpired(one, 1_000_500)).toBe(false);
    expect(isExpired(one, 1_000_501)).toBe(true);
    expect(chooseEntry(undefined, one, 1_000_501)).toBeUndefined();
  });
});
