import fc from 'fast-check';
import { instantOf, LabelSet, zeroInstant, type Alert } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import {
  alertsToDrop,
  compareForFlush,
  firstFlushDelay,
  flushDeadlineMs,
  flushSnapshot,
  restoredTimer,
} from './group.ts';
import { turnDelayMs } from './turn.ts';
import { alertOf, MINUTE, NOON, routeOf, SECOND } from './testing/fixtures.ts';

const route = routeOf('{}');

describe('first flush', () => {
  const delayFor = (startedAgoMs: number): number =>
    firstFlushDelay({ startsAt: instantOf(NOON - startedAgoMs) }, route, NOON);
  it('waits group_wait for an alert that has just started', () => {
    expect(delayFor(0)).toBe(30 * SECOND);
    expect(delayFor(30 * SECOND)).toBe(30 * SECOND);
  });
  it('does not wait for one that has been firing longer than group_wait', () => {
    expect(delayFor(30 * SECOND + 1)).toBe(0);
  });
  it('waits group_wait for one that starts in the future', () => {
    expect(delayFor(-60 * MINUTE)).toBe(30 * SECOND);
  });
});

describe('deadline and turn', () => {
  it('gives every flush at least ten seconds, plus the wait for its turn', () => {
    expect(flushDeadlineMs(SECOND, turnDelayMs(0, 15 * SECOND))).toBe(10 * SECOND);
    expect(flushDeadlineMs(5 * MINUTE, turnDelayMs(2, 15 * SECOND))).toBe(5 * MINUTE + 30 * SECOND);
  });
});

describe('flushSnapshot', () => {
  const firing = alertOf({ alertname: 'F' });
  const resolved = alertOf({ alertname: 'R' }, { endsAt: instantOf(NOON) });

  it('freezes who is resolved: a firing alert has no end, a resolved one keeps it', () => {
    expect(flushSnapshot([firing, resolved], NOON)).toEqual([
      { alert: firing, isResolved: false, endsAt: zeroInstant },
      { alert: resolved, isResolved: true, endsAt: resolved.endsAt },
    ]);
  });
  it('sorts by job, instance and labels, alerts without the label last', () => {
    const labels = [
      { job: 'a', instance: '2' },
      { job: 'a', zone: 'x' },
      { job: 'b', instance: '1' },
      { instance: '1', z: '1' },
      { instance: '1', z: '2' },
      { alertname: 'A' },
      { a: '1', b: '2' },
    ];
    const shuffled = [4, 2, 6, 0, 5, 1, 3].map((index) => alertOf(labels[index] ?? {}));
    expect(
      flushSnapshot(shuffled, NOON).map(({ alert }) => JSON.parse(alert.labels.json) as unknown),
    ).toEqual(labels);
  });
  it('orders label sets totally, so that replicas show the same order', () => {
    const set = fc
      .dictionary(fc.constantFrom('job', 'instance', 'a', '\uffee', '😀'), fc.constantFrom('', '1', '2'))
      .map((labels) => LabelSet.fromObject(labels));
    fc.assert(
      fc.property(set, set, set, (a, b, c) => {
        expect(Math.sign(compareForFlush(a, b))).toBe(-Math.sign(compareForFlush(b, a)) + 0);
        expect(compareForFlush(a, b) === 0).toBe(a.equals(b));
        if (compareForFlush(a, b) <= 0 && compareForFlush(b, c) <= 0)
          expect(compareForFlush(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('alertsToDrop', () => {
  const resolved = alertOf({ alertname: 'R' }, { endsAt: instantOf(NOON) });
  const groupOf = (...alerts: readonly Alert[]): Map<string, Alert> =>
    new Map(alerts.map((alert) => [alert.labels.fingerprint, alert]));
  const snapshot = flushSnapshot([resolved, alertOf({ alertname: 'F' })], NOON);

  it('forgets what was resolved in the snapshot, and only that', () => {
    const group = groupOf(
      resolved,
      alertOf({ alertname: 'F' }),
      alertOf({ alertname: 'New' }, { endsAt: instantOf(NOON) }),
    );
    expect(alertsToDrop(group, snapshot)).toEqual([resolved.labels.fingerprint]);
  });
  it('forgets an alert whose resolve was merely sent again during the flush', () => {
    expect(alertsToDrop(groupOf({ ...resolved, updatedAt: instantOf(NOON + 1) }), snapshot)).toEqual([
      resolved.labels.fingerprint,
    ]);
  });
  it('keeps an alert that fired and ended anew during the flush', () => {
    const anew = { ...resolved, startsAt: instantOf(NOON - 1), endsAt: instantOf(NOON) };
    expect(alertsToDrop(groupOf(anew), snapshot)).toEqual([]);
  });
  it('keeps an alert that fired again within the same millisecond', () => {
    expect(alertsToDrop(groupOf({ ...resolved, endsAt: instantOf(NOON + MINUTE) }), snapshot)).toEqual([]);
  });
  it('has nothing to do for an alert that has left the group', () => {
    expect(alertsToDrop(new Map(), snapshot)).toEqual([]);
  });
});

describe('restoredTimer', () => {
  it('keeps a tick that is still to come', () => {
    expect(restoredTimer(NOON + MINUTE, route, NOON)).toEqual({
      isOverdue: false,
      nextTickMs: NOON + MINUTE,
    });
  });
  it('flushes an overdue group once and stays in phase, however long the process was down', () => {
    expect(restoredTimer(NOON, route, NOON)).toEqual({ isOverdue: true, nextTickMs: NOON + 5 * MINUTE });
    expect(restoredTimer(NOON - 12 * MINUTE, route, NOON)).toEqual({
      isOverdue: true,
      nextTickMs: NOON + 3 * MINUTE,
    });
  });
  it('pulls in a tick that lies further away than the group could wait', () => {
    expect(restoredTimer(NOON + 27 * MINUTE, route, NOON)).toEqual({
      isOverdue: false,
      nextTickMs: NOON + 2 * MINUTE,
    });
  });
  it('always ticks in phase, later than now, and at most one wait away', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 1, max: 1e7 }),
        (offset, groupIntervalMs) => {
          const timings = { groupWaitMs: 0, groupIntervalMs };
          const { nextTickMs, isOverdue } = restoredTimer(NOON + offset, timings, NOON);
          expect(nextTickMs).toBeGreaterThan(NOON);
          expect(nextTickMs).toBeLessThanOrEqual(NOON + groupIntervalMs);
          expect(Math.abs((nextTickMs - NOON - offset) % groupIntervalMs)).toBe(0);
          expect(isOverdue).toBe(offset <= 0);
        },
      ),
    );
  });
});
