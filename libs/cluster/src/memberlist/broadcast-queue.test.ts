import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BroadcastQueue } from './broadcast-queue.ts';
import { retransmitLimit } from './formulas.ts';

const message = (length: number, mark = 0): Uint8Array => new Uint8Array(length).fill(mark);
const queueOf = (retransmitMultiplier = 3, maxQueued = 100): BroadcastQueue =>
  new BroadcastQueue({ retransmitMultiplier, maxQueued });
const lengths = (taken: readonly Uint8Array[]): number[] => taken.map(({ length }) => length);

describe('BroadcastQueue', () => {
  it('takes the least sent first, then the longest, then the newest', () => {
    const queue = queueOf();
    queue.add(message(10));
    expect(lengths(queue.take(2, 100, 3))).toEqual([10]);
    queue.add(message(5, 1));
    queue.add(message(20));
    queue.add(message(5, 2));
    const taken = queue.take(2, 100, 3);
    expect(lengths(taken)).toEqual([20, 5, 5, 10]);
    expect(taken.map(([mark]) => mark)).toEqual([0, 2, 1, 0]);
  });

  it('passes over what does not fit and takes what does', () => {
    const queue = queueOf();
    queue.add(message(50));
    queue.add(message(30));
    queue.add(message(8));
    expect(lengths(queue.take(2, 42, 3))).toEqual([30, 8]);
    expect(lengths(queue.take(2, 41, 3))).toEqual([30]);
    expect(lengths(queue.take(2, 9, 3))).toEqual([]);
  });

  it('replaces the message of a key, and says of both when they are done', () => {
    const queue = queueOf(1);
    const done: string[] = [];
    queue.add(message(4, 1), { key: 'x', onDone: () => done.push('first') });
    queue.add(message(4, 2), { key: 'x', onDone: () => done.push('second') });
    expect(queue.size).toBe(1);
    expect(done).toEqual(['first']);
    expect(queue.take(2, 100, 3).map(([mark]) => mark)).toEqual([2]);
    expect(done).toEqual(['first', 'second']);
    expect(queue.size).toBe(0);
  });

  it('drops what was sent most, is shortest and oldest when it is full', () => {
    const queue = queueOf(3, 2);
    queue.add(message(9));
    queue.take(2, 100, 3);
    expect(queue.add(message(3, 1))).toBe(0);
    expect(queue.add(message(3, 2))).toBe(1);
    expect(lengths(queue.take(2, 100, 3))).toEqual([3, 3]);
    expect(queue.add(message(4))).toBe(1);
    expect(queue.take(2, 100, 3).map(([mark]) => mark)).toEqual([0, 2]);
  });

  it('sends every message exactly its number of times, never twice in one packet, within every limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 402, max: 1400 }),
        (sizes, n, limit) => {
          const queue = queueOf(3);
          const sent = new Map<Uint8Array, number>();
          for (const size of sizes) {
            const one = message(size);
            sent.set(one, 0);
            queue.add(one);
          }
          while (queue.size > 0) {
            const taken = queue.take(2, limit, n);
            expect(taken.length).toBeGreaterThan(0);
            expect(new Set(taken).size).toBe(taken.length);
            expect(taken.reduce((sum, { length }) => sum + length + 2, 0)).toBeLessThanOrEqual(limit);
            for (const one of taken) sent.set(one, (sent.get(one) ?? 0) + 1);
          }
          expect([...sent.values()].every((times) => times === retransmitLimit(3, n))).toBe(true);
        },
      ),
    );
  });
});
