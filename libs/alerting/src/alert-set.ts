/**
 * @module alerting/alert-set
 *
 * What a posted alert becomes, and what it becomes of the stored alert with the same labels
 * (spec/alertmanager.md 3.1 and 3.3). The store around it only keeps the results.
 */
import { AppError, isWellFormed, type WallMs } from '@tocsin/kernel';
import {
  addMs,
  compareInstants,
  goQuote,
  instantOf,
  isResolvedAt,
  isValidLabelName,
  isZeroInstant,
  LabelSet,
  type Alert,
  type Instant,
  type LabelPair,
  type MatcherMode,
} from '@tocsin/model';

/** An alert as it was posted. A missing time and Go's zero time mean the same. */
export interface RawAlert {
  /** Sets made by `prepareLabels` and `prepareAnnotations` are not looked at again. */
  readonly labels: Iterable<LabelPair> | LabelSet;
  readonly annotations: Iterable<LabelPair> | LabelSet;
  readonly startsAt?: Instant | undefined;
  readonly endsAt?: Instant | undefined;
  readonly generatorUrl: string;
  /** '' when none. */
  readonly traceparent: string;
}

export interface IntakeOptions {
  /** One instant for the whole batch. */
  readonly now: WallMs;
  /** `resolve_timeout`: how long an alert without an end lives; 0 resolves it at once. */
  readonly resolveTimeoutMs: number;
  readonly mode: MatcherMode;
}

/** Fills in times, drops labels with an empty value, checks. Throws AppError `invalid` with Alertmanager's text. */
export function intakeAlert(raw: RawAlert, { now, resolveTimeoutMs, mode }: IntakeOptions): Alert {
  const updatedAt = instantOf(now);
  const givenEnd = given(raw.endsAt);
  const startsAt = given(raw.startsAt) ?? givenEnd ?? updatedAt;
  const endsAt = givenEnd ?? addMs(updatedAt, resolveTimeoutMs);
  const labels = raw.labels instanceof LabelSet ? raw.labels : withoutEmpty(raw.labels);
  const annotations = raw.annotations instanceof LabelSet ? raw.annotations : LabelSet.of(raw.annotations);
  if (compareInstants(endsAt, startsAt) < 0) throw AppError.invalid('start time must be before end time');
  if (labels.size === 0) throw AppError.invalid('at least one label pair required');
  checkPairs('label set', labels, mode);
  checkPairs('annotations', annotations, mode);
  return {
    labels,
    annotations,
    startsAt,
    endsAt,
    isTimeout: givenEnd === undefined,
    updatedAt,
    generatorUrl: raw.generatorUrl,
    traceparent: raw.traceparent,
  };
}

const given = (instant: Instant | undefined): Instant | undefined =>
  instant === undefined || isZeroInstant(instant) ? undefined : instant;

/**
 * Labels of an alert that is sent again and again: empty values dropped and names checked once.
 * Throws AppError `invalid` as `intakeAlert` does.
 */
export function prepareLabels(pairs: Iterable<LabelPair>, mode: MatcherMode): LabelSet {
  const labels = withoutEmpty(pairs);
  checkPairs('label set', labels, mode);
  prepared[mode].add(labels);
  return labels;
}

export function prepareAnnotations(pairs: Iterable<LabelPair>, mode: MatcherMode): LabelSet {
  const annotations = LabelSet.of(pairs);
  checkPairs('annotations', annotations, mode);
  prepared[mode].add(annotations);
  return annotations;
}

const prepared: Readonly<Record<MatcherMode, WeakSet<LabelSet>>> = {
  fallback: new WeakSet(),
  classic: new WeakSet(),
  utf8: new WeakSet(),
};
const withoutEmpty = (pairs: Iterable<LabelPair>): LabelSet =>
  LabelSet.of([...pairs].filter(([, value]) => value !== ''));

function checkPairs(what: string, set: LabelSet, mode: MatcherMode): void {
  if (prepared[mode].has(set)) return;
  for (const [name, value] of set.pairs) {
    if (!isValidLabelName(name, mode))
      throw AppError.invalid(`invalid ${what}: invalid name ${goQuote(name)}`);
    if (!isWellFormed(value)) throw AppError.invalid(`invalid ${what}: invalid value ${goQuote(value)}`);
  }
}

/**
 * What to store when an alert with the labels of a stored one arrives. Overlapping ranges are one
 * occurrence and merge; otherwise the new one replaces the old. Label sets that are equal are kept
 * as the stored objects, whose hashes are already made.
 */
export function mergeAlert(stored: Alert, incoming: Alert, now: WallMs): Alert {
  const known: Alert = {
    ...incoming,
    labels: stored.labels,
    annotations: stored.annotations.equals(incoming.annotations) ? stored.annotations : incoming.annotations,
  };
  return overlaps(stored, known) ? mergeOverlapping(stored, known, now) : known;
}

const isAfter = (left: Instant, right: Instant): boolean => compareInstants(left, right) > 0;

const overlaps = (stored: Alert, incoming: Alert): boolean =>
  (isAfter(incoming.endsAt, stored.startsAt) && isAfter(stored.endsAt, incoming.endsAt)) ||
  (isAfter(incoming.startsAt, stored.startsAt) && isAfter(stored.endsAt, incoming.startsAt));

// The younger gives everything but the times: the earliest start stays, and the end is decided below.
function mergeOverlapping(stored: Alert, incoming: Alert, now: WallMs): Alert {
  const isIncomingYounger = compareInstants(incoming.updatedAt, stored.updatedAt) >= 0;
  const [younger, older] = isIncomingYounger ? [incoming, stored] : [stored, incoming];
  const startsAt = isAfter(younger.startsAt, older.startsAt) ? older.startsAt : younger.startsAt;
  return { ...younger, startsAt, endsAt: mergedEnd(younger, older, now) };
}

/**
 * An end this near counts as one that has come: a sender whose clock is a little ahead of ours says
 * "resolved now", and would otherwise be overruled by its own earlier, farther end.
 */
const CLOCK_TOLERANCE_MS = 5_000;

function mergedEnd(younger: Alert, older: Alert, now: WallMs): Instant {
  if (!isAfter(older.endsAt, younger.endsAt)) return younger.endsAt;
  const isEndSaid = !younger.isTimeout && !isResolvedAt(younger, now);
  if (isEndSaid && isResolvedAt(younger, now + CLOCK_TOLERANCE_MS)) return younger.endsAt;
  // Resolved twice: the later end. Firing: an explicit end further away outlives a newer, nearer one.
  const isOlderKept = isResolvedAt(younger, now) ? isResolvedAt(older, now) : !older.isTimeout;
  return isOlderKept ? older.endsAt : younger.endsAt;
}
