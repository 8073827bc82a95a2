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
  readonly labels: Iterable<LabelPair> | LabelSet;
  readonly annotations: Iterable<LabelPair> | LabelSet;
  /** Both were made by `prepareLabels` and `prepareAnnotations` in the same mode, and need not be checked again. */
  readonly isPrepared?: boolean;
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
  if (raw.isPrepared !== true) {
    checkPairs('label set', labels, mode);
    checkPairs('annotations', annotations, mode);
  }
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
  return labels;
}

export function prepareAnnotations(pairs: Iterable<LabelPair>, mode: MatcherMode): LabelSet {
  const annotations = LabelSet.of(pairs);
  checkPairs('annotations', annotations, mode);
  return annotations;
}

const withoutEmpty = (pairs: Iterable<LabelPair>): LabelSet =>
  LabelSet.of([...pairs].filter(([, value]) => value !== ''));

function checkPairs(what: string, set: LabelSet, mode: MatcherMode): void {
  const { names, values } = set;
  for (let index = 0; index < names.length; index++) {
    const [name = '', value = ''] = [names[index], values[index]];
    if (!isValidLabelName(name, mode))
      throw AppError.invalid(`invalid ${what}: invalid name ${goQuote(name)}`);
    if (!isWellFormed(value)) throw AppError.invalid(`invalid ${what}: invalid value ${goQuote(value)}`);
  }
}

/**
 * What to store when an alert with the labels of a stored one arrives. Overlapping ranges are one
 * occurrence and merge: the younger gives everything but the times, the earliest start stays, and the
 * end is decided below. Otherwise the new one replaces the old. What is equal is kept as the stored
 * objects: they are shared, and their hashes are already made.
 */
export function mergeAlert(stored: Alert, incoming: Alert, now: WallMs): Alert {
  const isOne = overlaps(stored, incoming);
  const isIncomingYounger = !isOne || compareInstants(incoming.updatedAt, stored.updatedAt) >= 0;
  const [younger, older] = isIncomingYounger ? [incoming, stored] : [stored, incoming];
  const startsAt = isOne && isAfter(younger.startsAt, older.startsAt) ? older.startsAt : younger.startsAt;
  return {
    labels: stored.labels,
    annotations: stored.annotations.equals(younger.annotations) ? stored.annotations : younger.annotations,
    startsAt: isSameInstant(startsAt, stored.startsAt) ? stored.startsAt : startsAt,
    endsAt: isOne ? mergedEnd(younger, older, now) : incoming.endsAt,
    isTimeout: younger.isTimeout,
    updatedAt: younger.updatedAt,
    generatorUrl: younger.generatorUrl,
    traceparent: younger.traceparent,
  };
}

const isAfter = (left: Instant, right: Instant): boolean => compareInstants(left, right) > 0;
const isSameInstant = (left: Instant, right: Instant): boolean =>
  compareInstants(left, right) === 0 && left.offsetMinutes === right.offsetMinutes;

const overlaps = (stored: Alert, incoming: Alert): boolean =>
  (isAfter(incoming.endsAt, stored.startsAt) && isAfter(stored.endsAt, incoming.endsAt)) ||
  (isAfter(incoming.startsAt, stored.startsAt) && isAfter(stored.endsAt, incoming.startsAt));

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
