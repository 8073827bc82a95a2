/** Silences as listings show them. */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { compareInstants } from '@tocsin/model';
import {
  sameMatcher,
  silenceState,
  type Silence,
  type SilenceMatcher,
  type SilenceState,
} from './silence.ts';

export interface SilenceQuery {
  /** For each of these a matcher with the same name, operator and value must stand in one set. */
  readonly filter?: readonly SilenceMatcher[];
  /** Default: all. */
  readonly states?: ReadonlySet<SilenceState>;
}

/** Active ones first (soonest end first), then pending (soonest start first), then expired (latest end first). */
export function listSilences(
  silences: Iterable<Silence>,
  { filter = [], states }: SilenceQuery,
  now: WallMs,
): Silence[] {
  const found: (readonly [SilenceState, Silence])[] = [];
  for (const silence of silences) {
    const state = silenceState(silence, now);
    if (states !== undefined && !states.has(state)) continue;
    if (hasMatchers(silence, filter)) found.push([state, silence]);
  }
  return found.sort(compareForListing).map(([, silence]) => silence);
}

const hasMatchers = (silence: Silence, wanted: readonly SilenceMatcher[]): boolean =>
  wanted.length === 0 ||
  silence.matcherSets.some((set) =>
    wanted.every((each) => set.some((matcher) => sameMatcher(matcher, each))),
  );

const RANK: Readonly<Record<SilenceState, number>> = { active: 0, pending: 1, expired: 2 };

function compareForListing(
  [state, left]: readonly [SilenceState, Silence],
  [otherState, right]: readonly [SilenceState, Silence],
): number {
  if (state !== otherState) return RANK[state] - RANK[otherState];
  const byTime =
    state === 'active'
      ? compareInstants(left.endsAt, right.endsAt)
      : state === 'pending'
        ? compareInstants(left.startsAt, right.startsAt)
        : compareInstants(right.endsAt, left.endsAt);
  return byTime || compareUtf8(left.id, right.id);
}
