/**
 * @module alerting/group
 *
 * The rules of one alert group (spec/alertmanager.md 4.3): when it flushes, what a flush sees, what
 * it may forget afterwards. Timers and the pipeline are the service's.
 */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import {
  addMs,
  compareInstants,
  instantOf,
  isResolvedAt,
  zeroInstant,
  type Alert,
  type Fingerprint,
  type Instant,
  type LabelSet,
} from '@tocsin/model';
import type { RouteNode } from './configuration.ts';

/** No flush is given less time than this, however short its group interval. */
export const FLUSH_DEADLINE_MIN_MS = 10_000;

/**
 * Delay of a new group's first flush; only the alert that creates the group counts. An alert that
 * has been firing for longer than group_wait is flushed at once: after a reload or a restart nobody
 * waits again.
 */
export const firstFlushDelay = (
  alert: Pick<Alert, 'startsAt'>,
  route: Pick<RouteNode, 'groupWaitMs'>,
  now: WallMs,
): number =>
  compareInstants(addMs(alert.startsAt, route.groupWaitMs), instantOf(now)) < 0 ? 0 : route.groupWaitMs;

/** Time a flush has for waiting, sending and retrying, counted from the firing of its timer. */
export const flushDeadlineMs = (groupIntervalMs: number, waitMs: number): number =>
  Math.max(groupIntervalMs, FLUSH_DEADLINE_MIN_MS) + waitMs;

/** One alert of a flush: "resolved" is judged once, at the snapshot, and never changes during the flush. */
export interface FlushAlert {
  /** As it was in the group at the snapshot. */
  readonly alert: Alert;
  readonly isResolved: boolean;
  /** The end of a resolved alert; the zero instant of a firing one, so that it can't turn resolved in mid-flush. */
  readonly endsAt: Instant;
}

/** Sorted by job, then instance (an alert without the label comes last), then the whole label set. */
export function flushSnapshot(alerts: Iterable<Alert>, now: WallMs): FlushAlert[] {
  const snapshot: FlushAlert[] = [];
  for (const alert of alerts) {
    const isResolved = isResolvedAt(alert, now);
    snapshot.push({ alert, isResolved, endsAt: isResolved ? alert.endsAt : zeroInstant });
  }
  return snapshot.sort((left, right) => compareForFlush(left.alert.labels, right.alert.labels));
}

/** The order of alerts in notifications and in `GET alerts/groups`. */
export const compareForFlush = (left: LabelSet, right: LabelSet): number =>
  compareLabel('job', left, right) || compareLabel('instance', left, right) || compareLabelSets(left, right);

function compareLabel(name: string, left: LabelSet, right: LabelSet): number {
  const a = left.get(name);
  const b = right.get(name);
  if (a === undefined) return b === undefined ? 0 : 1;
  return b === undefined ? -1 : compareUtf8(a, b);
}

/**
 * Alertmanager's order of label sets: the smaller set first; then by the first name or value that
 * differs, where the set that lacks the lower name comes first.
 */
export function compareLabelSets(left: LabelSet, right: LabelSet): number {
  if (left.size !== right.size) return left.size - right.size;
  const [names, values, otherNames, otherValues] = [left.names, left.values, right.names, right.values];
  for (let index = 0; index < names.length; index++) {
    const [name = '', otherName = ''] = [names[index], otherNames[index]];
    const [value = '', otherValue = ''] = [values[index], otherValues[index]];
    const order = compareUtf8(otherName, name) || compareUtf8(value, otherValue);
    if (order !== 0) return order;
  }
  return 0;
}

/**
 * What a group may forget after its flush succeeded: alerts that were resolved in the snapshot and
 * have neither fired again nor ended anew since; a resolve that was merely sent again counts for nothing. After a failed flush nothing is forgotten, so it is tried again.
 */
export function alertsToDrop(
  groupAlerts: ReadonlyMap<Fingerprint, Alert>,
  snapshot: readonly FlushAlert[],
): Fingerprint[] {
  const dropped: Fingerprint[] = [];
  for (const { alert, isResolved } of snapshot) {
    if (!isResolved) continue;
    const current = groupAlerts.get(alert.labels.fingerprint);
    if (current !== undefined && isSameEnd(current, alert)) dropped.push(alert.labels.fingerprint);
  }
  return dropped;
}

const isSameEnd = (current: Alert, seen: Alert): boolean =>
  current === seen ||
  (compareInstants(current.startsAt, seen.startsAt) === 0 &&
    compareInstants(current.endsAt, seen.endsAt) === 0);

export interface RestoredTimer {
  /** Its tick passed while the process was down: flush once when the gate opens. */
  readonly isOverdue: boolean;
  /** Later than `now`, and in phase with the stored tick. */
  readonly nextTickMs: WallMs;
}

/**
 * The timer of a group that was restored: the stored phase plus k × group_interval. A stored tick
 * further away than the group could ever wait (the clock was set back, the interval was shortened)
 * is pulled in by whole intervals.
 */
export function restoredTimer(
  storedTickMs: WallMs,
  route: Pick<RouteNode, 'groupWaitMs' | 'groupIntervalMs'>,
  now: WallMs,
): RestoredTimer {
  const interval = route.groupIntervalMs;
  const isOverdue = storedTickMs <= now;
  const isTooFar = storedTickMs > now + Math.max(route.groupWaitMs, interval);
  if (!isOverdue && !isTooFar) return { isOverdue, nextTickMs: storedTickMs };
  return {
    isOverdue,
    nextTickMs: storedTickMs + (Math.floor((now - storedTickMs) / interval) + 1) * interval,
  };
}
