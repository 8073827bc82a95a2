import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertQueue } from './alert-queue.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';

const alertOf = (key: string, version: number): OutgoingAlert => ({
  key,
  worthlessAt: undefined,
  wire: { labels: [], annotations: [], generatorUrl: String(version), traceparent: '' },
});
const shown = (alerts: readonly OutgoingAlert[]): readonly string[] =>
  alerts.map(({ key, wire }) => `${key}${wire.generatorUrl}`);

describe('the queue of an alertmanager', () => {
  it('holds an alert once: the newer version takes the place of the older one in the line', () => {
    const queue = new AlertQueue(10);
    queue.push([alertOf('a', 1), alertOf('b', 1)]);
    queue.push([alertOf('a', 2)]);
    expect(shown(queue.take(10))).toEqual(['a2', 'b1']);
  });

  it('drops the oldest when it is full, and counts them', () => {
    const queue = new AlertQueue(2);
    expect(queue.push([alertOf('a', 1), alertOf('b', 1), alertOf('c', 1)])).toBe(1);
    expect(shown(queue.take(10))).toEqual(['b1', 'c1']);
  });

  it('takes back in front what was not delivered, unless a newer version waits', () => {
    const queue = new AlertQueue(10);
    queue.push([alertOf('a', 1), alertOf('b', 1), alertOf('c', 1)]);
    const taken = queue.take(2);
    queue.push([alertOf('b', 2)]);
    queue.putBack(taken);
    expect(shown(queue.take(10))).toEqual(['a1', 'b2', 'c1']);
  });

  it('never holds more than its capacity, never two versions, and never loses the newest version while there is room', () => {
    const keys = fc.constantFrom('a', 'b', 'c', 'd');
    const steps = fc.array(
      fc.oneof(
        keys.map((key) => ({ push: key })),
        fc.nat({ max: 3 }).map((take) => ({ take })),
        fc.constant({ back: true }),
      ),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 4, max: 6 }), (all, capacity) => {
        const queue = new AlertQueue(capacity);
        const newest = new Map<string, number>();
        let out: readonly OutgoingAlert[] = [];
        let version = 0;
        for (const step of all) {
          if ('push' in step) {
            newest.set(step.push, ++version);
            expect(queue.push([alertOf(step.push, version)])).toBe(0);
          } else if ('take' in step) {
            out = [...out, ...queue.take(step.take)];
          } else {
            queue.putBack(out);
            out = [];
          }
          expect(queue.size).toBeLessThanOrEqual(capacity);
        }
        queue.putBack(out);
        const left = queue.take(100);
        expect(new Map(left.map(({ key, wire }) => [key, Number(wire.generatorUrl)]))).toEqual(newest);
        expect(new Set(left.map(({ key }) => key)).size).toBe(left.length);
      }),
    );
  });
});
