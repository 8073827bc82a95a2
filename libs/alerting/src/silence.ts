import type { WallMs } from '@tocsin/kernel';
import {
  compareInstants,
  formatMatcher,
  instantOf,
  type Instant,
  type LabelSet,
  type Matcher,
} from '@tocsin/model';

/** A matcher as it is stored and gossiped; `Silences` compiles it. */
export type SilenceMatcher = Pick<Matcher, 'name' | 'type' | 'value'>;
/** All must match. */
export type MatcherSet = readonly SilenceMatcher[];

/** Immutable: a change is a new value with a later `updatedAt`. */
export interface Silence {
  /** UUID v4, lower case. */
  readonly id: string;
  /** Any set that matches silences the alert. */
  readonly matcherSets: readonly MatcherSet[];
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly updatedAt: Instant;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: LabelSet;
  /** Alertmanager 0.34 has them in the format and does not use them yet; kept, so that they are not lost. */
  readonly receiverMatcherSets: readonly MatcherSet[];
  /** End + retention: until then peers must know that it has ended. */
  readonly expiresAt: Instant;
  /** Encoded fields of the silence that this version does not know. */
  readonly unknownFields: Uint8Array;
  /** The encoded record (`MeshSilence`) without its length; of a peer's the bytes that came. */
  readonly bytes: Uint8Array;
}

export type SilenceState = 'pending' | 'active' | 'expired';

/**
 * Active from the start to just before the end. Alertmanager judges nanoseconds and lets a silence
 * live through its end; a clock of milliseconds that shows the end has passed it.
 */
export function silenceState(silence: Pick<Silence, 'startsAt' | 'endsAt'>, now: WallMs): SilenceState {
  const instant = instantOf(now);
  if (compareInstants(instant, silence.startsAt) < 0) return 'pending';
  return compareInstants(instant, silence.endsAt) < 0 ? 'active' : 'expired';
}

/** `{a="b",c=~"d"}` for each set: what logs and errors show. */
export const formatMatcherSets = (sets: readonly MatcherSet[]): string =>
  sets
    .map((set) => `{${set.map(({ name, type, value }) => formatMatcher(name, type, value)).join(',')}}`)
    .join(' or ');

/** Same matchers in the same order: what an update in place may not change. */
export const sameMatcherSets = (left: readonly MatcherSet[], right: readonly MatcherSet[]): boolean =>
  left.length === right.length &&
  left.every((set, index) => {
    const other = right[index];
    return other !== undefined && sameMatcherSet(set, other);
  });

const sameMatcherSet = (left: MatcherSet, right: MatcherSet): boolean =>
  left.length === right.length &&
  left.every((matcher, index) => {
    const other = right[index];
    return other !== undefined && sameMatcher(matcher, other);
  });

/** By text: `a=~"b"` and `a="b"` differ although they match the same. */
export const sameMatcher = (left: SilenceMatcher, right: SilenceMatcher): boolean =>
  left.name === right.name && left.type === right.type && left.value === right.value;
