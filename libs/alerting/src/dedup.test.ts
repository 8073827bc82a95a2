import fc from 'fast-check';
import { addMs, instantOf, type NotificationReason } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { decide, type DedupQuestion } from './dedup.ts';
import { entryOf, hashOf, HOUR, NOON } from './testing/fixtures.ts';

const A = hashOf(1);
const B = hashOf(2);
const C = hashOf(3);

interface Row {
  readonly claim: string;
  readonly entry?: {
    readonly firing?: readonly string[];
    readonly resolved?: readonly string[];
    readonly ageMs?: number;
  };
  readonly firing?: readonly string[];
  readonly resolved?: readonly string[];
  readonly sendResolved?: boolean;
  readonly expected: NotificationReason;
}

const rows: readonly Row[] = [
  { claim: 'row 1: sends what fires and was never told', firing: [A], expected: 'first notification' },
  {
    claim: 'row 2: says nothing about alerts that resolved before anybody was told',
    resolved: [A],
    expected: 'none',
  },
  { claim: 'row 2: says nothing about an empty batch', expected: 'none' },
  {
    claim: 'row 3: calls it the first notification when the log says that nothing fires',
    entry: { resolved: [A] },
    firing: [A],
    expected: 'first notification',
  },
  {
    claim: 'row 4: sends when one firing alert is not in the log',
    entry: { firing: [A] },
    firing: [A, B],
    expected: 'new alerts added',
  },
  {
    claim: 'row 4 wins over row 7: a new alert is named before a resolved one',
    entry: { firing: [A] },
    firing: [B],
    resolved: [A],
    expected: 'new alerts added',
  },
  {
    claim: 'row 5: sends when the last firing alert has resolved',
    entry: { firing: [A] },
    resolved: [A],
    expected: 'all alerts resolved',
  },
  {
    claim: 'row 5: also decides to send when resolved alerts are unwanted, so that the log forgets',
    entry: { firing: [A] },
    resolved: [A],
    sendResolved: false,
    expected: 'all alerts resolved',
  },
  {
    claim: 'row 5: also when the firing alert merely left the batch',
    entry: { firing: [A] },
    expected: 'all alerts resolved',
  },
  {
    claim: 'row 6: says nothing when the log knows that all is resolved, whoever resolves later',
    entry: { resolved: [A] },
    resolved: [A, B],
    expected: 'none',
  },
  {
    claim: 'row 6: has nothing to repeat when nothing fires',
    entry: { resolved: [A], ageMs: 1000 * HOUR },
    resolved: [A],
    expected: 'none',
  },
  {
    claim: 'row 7: sends when one of several alerts has resolved',
    entry: { firing: [A, B] },
    firing: [A],
    resolved: [B],
    expected: 'some alerts resolved',
  },
  {
    claim: 'row 7: not for an integration that does not want resolved alerts',
    entry: { firing: [A, B] },
    firing: [A],
    resolved: [B],
    sendResolved: false,
    expected: 'none',
  },
  {
    claim: 'row 7: not when the log already names it as resolved',
    entry: { firing: [A], resolved: [B, C] },
    firing: [A],
    resolved: [B],
    expected: 'none',
  },
  {
    claim: 'row 8: repeats when the entry is older than the repeat interval by a nanosecond',
    entry: { firing: [A], ageMs: 4 * HOUR + 1e-6 },
    firing: [A],
    expected: 'repeat interval elapsed',
  },
  {
    claim: 'row 9: stays quiet when the entry is exactly as old as the repeat interval',
    entry: { firing: [A], ageMs: 4 * HOUR },
    firing: [A],
    expected: 'none',
  },
  {
    claim: 'row 9: stays quiet when a peer with a faster clock has sent',
    entry: { firing: [A], ageMs: -HOUR },
    firing: [A],
    expected: 'none',
  },
  {
    claim: 'row 9: an alert that left the batch without resolving changes nothing',
    entry: { firing: [A, B] },
    firing: [A],
    expected: 'none',
  },
];

const questionOf = (row: Row): DedupQuestion => ({
  entry:
    row.entry === undefined
      ? undefined
      : entryOf({
          at: addMs(instantOf(NOON), -(row.entry.ageMs ?? 0)),
          firing: row.entry.firing ?? [],
          resolved: row.entry.resolved ?? [],
        }),
  firing: new Set(row.firing),
  resolved: new Set(row.resolved),
  sendResolved: row.sendResolved ?? true,
  repeatIntervalMs: 4 * HOUR,
  nowMs: NOON,
});

describe('decide', () => {
  it.each(rows)('$claim', (row) => {
    expect(decide(questionOf(row))).toEqual({ send: row.expected !== 'none', reason: row.expected });
  });

  const hashes = fc.uniqueArray(fc.integer({ min: 0, max: 12 }).map(hashOf), { maxLength: 8 });
  const batch = fc
    .record({ all: hashes, firingCount: fc.nat(8), sendResolved: fc.boolean() })
    .map((drawn) => ({
      firing: new Set(drawn.all.slice(0, drawn.firingCount)),
      resolved: new Set(drawn.all.slice(drawn.firingCount)),
      sendResolved: drawn.sendResolved,
    }));
  const logged = fc.option(
    fc.record({ firing: hashes, resolved: hashes, ageMs: fc.integer({ min: 0, max: 10 * HOUR }) }),
    { nil: undefined },
  );

  it('never sends the same batch twice within one repeat interval once it was logged', () => {
    fc.assert(
      fc.property(batch, logged, fc.integer({ min: 0, max: 4 * HOUR }), (drawn, entry, laterMs) => {
        const question = { ...drawn, repeatIntervalMs: 4 * HOUR, nowMs: NOON };
        const before = entry === undefined ? undefined : { ...entry, at: instantOf(NOON - entry.ageMs) };
        if (!decide({ ...question, entry: before }).send) return;
        const after = { at: instantOf(NOON), firing: [...drawn.firing], resolved: [...drawn.resolved] };
        expect(decide({ ...question, entry: after, nowMs: NOON + laterMs })).toEqual({
          send: false,
          reason: 'none',
        });
      }),
    );
  });

  it('always sends a firing alert that the log does not know as firing', () => {
    fc.assert(
      fc.property(batch, logged, (drawn, entry) => {
        const isUnknown = [...drawn.firing].some((hash) => entry?.firing.includes(hash) !== true);
        if (!isUnknown) return;
        const at = instantOf(NOON - (entry?.ageMs ?? 0));
        const question = { ...drawn, repeatIntervalMs: 4 * HOUR, nowMs: NOON };
        expect(decide({ ...question, entry: entry === undefined ? undefined : { ...entry, at } }).send).toBe(
          true,
        );
      }),
    );
  });
});
