/**
 * @module alerting/silence-change
 *
 * What a user's wish does to the silences (spec/alertmanager.md 5.3): an update in place where that
 * rewrites no history, else a new silence, and the end of the old one. Pure: the result is a list of
 * new versions, to be put into the store, broadcast and saved. Error texts are Alertmanager's.
 */
import { AppError, isWellFormed, messageOf, type WallMs } from '@tocsin/kernel';
import {
  addMs,
  checkRegex,
  compareInstants,
  createMatcher,
  goQuote,
  instantOf,
  isValidLabelName,
  isZeroInstant,
  type Instant,
  type LabelSet,
  type Matcher,
  type MatcherMode,
} from '@tocsin/model';
import {
  sameMatcherSets,
  silenceState,
  type MatcherSet,
  type Silence,
  type SilenceMatcher,
} from './silence.ts';
import { encodeSilence } from './silence-codec.ts';

/** Compiles a matcher; throws an error whose message says what is wrong with a regex. */
export type CompileMatcher = (matcher: SilenceMatcher) => Pick<Matcher, 'matches'>;

/** The real one; tests have their own. */
export const compileMatcher: CompileMatcher = ({ name, type, value }) => createMatcher(name, type, value);

export interface SilenceRequest {
  /** '' or undefined: a new silence. */
  readonly id?: string | undefined;
  readonly matcherSets: readonly MatcherSet[];
  /** Undefined: now. */
  readonly startsAt?: Instant | undefined;
  readonly endsAt: Instant;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: LabelSet;
}

export interface SilenceSettings {
  /** `--data.retention`. */
  readonly retentionMs: number;
  /** Expired ones count too. 0: no limit. Peers' silences are always taken. */
  readonly maxSilences: number;
  /** Of the encoded record. 0: no limit. */
  readonly maxSilenceSizeBytes: number;
  readonly mode: MatcherMode;
  readonly compile: CompileMatcher;
}

/** What the rules need to see of the store. */
export interface SilenceLookup {
  readonly size: number;
  get(id: string): Silence | undefined;
}

export interface SilenceChange {
  /** Of the silence that now holds the wish. */
  readonly id: string;
  /** New versions; an old silence that was ended comes first. */
  readonly changed: readonly Silence[];
}

/** Throws AppError: `invalid`, `not-found` (`silence not found`) or `limit`; nothing has changed then. */
export function setSilence(
  state: SilenceLookup,
  request: SilenceRequest,
  now: WallMs,
  newId: () => string,
  settings: SilenceSettings,
): SilenceChange {
  const startsAt =
    request.startsAt === undefined || isZeroInstant(request.startsAt) ? instantOf(now) : request.startsAt;
  const wish: Wish = { ...request, startsAt };
  checkTimes(wish, now);
  checkMatchers(wish, settings);
  const known = request.id === undefined || request.id === '' ? undefined : state.get(request.id);
  if (known === undefined && request.id !== undefined && request.id !== '')
    throw new AppError('not-found', 'silence not found');
  if (known !== undefined && isUpdateInPlace(known, wish, now)) {
    const updated = version({ ...known, ...contentOf(wish) }, stampAfter(known, now), settings);
    checkSize(updated, settings);
    return { id: updated.id, changed: [updated] };
  }
  return replace(state, known, wish, now, newId, settings);
}

/** The end of a silence by hand. Undefined when it has ended already. */
export function expireSilence(
  silence: Silence,
  now: WallMs,
  settings: Pick<SilenceSettings, 'retentionMs'>,
): Silence | undefined {
  const state = silenceState(silence, now);
  if (state === 'expired') return undefined;
  const endsAt = instantOf(now);
  const startsAt = state === 'pending' ? endsAt : silence.startsAt;
  return version({ ...silence, startsAt, endsAt }, stampAfter(silence, now), settings);
}

interface Wish extends SilenceRequest {
  readonly startsAt: Instant;
}

type Content = Pick<Silence, 'matcherSets' | 'startsAt' | 'endsAt' | 'createdBy' | 'comment' | 'annotations'>;

const contentOf = ({ matcherSets, startsAt, endsAt, createdBy, comment, annotations }: Wish): Content => ({
  matcherSets: matcherSets.map((set) => set.map(({ name, type, value }) => ({ name, type, value }))),
  startsAt: inUtc(startsAt),
  endsAt: inUtc(endsAt),
  createdBy,
  comment,
  annotations,
});

// Peers get no time zone, so nobody shows one.
const inUtc = (instant: Instant): Instant => ({ ...instant, offsetMinutes: 0 });

function checkTimes({ startsAt, endsAt }: Wish, now: WallMs): void {
  if (compareInstants(startsAt, endsAt) >= 0)
    throw AppError.invalid('Failed to create silence: start time must be before end time');
  if (compareInstants(endsAt, instantOf(now)) < 0)
    throw AppError.invalid("Failed to create silence: end time can't be in the past");
}

function checkMatchers({ matcherSets }: Wish, settings: SilenceSettings): void {
  if (matcherSets.length === 0) throw AppError.invalid('invalid silence: at least one matcher set required');
  for (const [index, set] of matcherSets.entries()) {
    if (set.length === 0)
      throw AppError.invalid(`invalid silence: matcher set ${index}: at least one matcher required`);
    let isEmptyEnough = true;
    for (const [position, matcher] of set.entries()) {
      const matchesEmpty = checkMatcher(
        matcher,
        `invalid label matcher ${position} in set ${index}`,
        settings,
      );
      isEmptyEnough &&= matchesEmpty;
    }
    // Else the silence would hide every alert that lacks the label.
    if (isEmptyEnough)
      throw AppError.invalid(
        `invalid silence: matcher set ${index}: at least one matcher must not match the empty string`,
      );
  }
}

/** True when the matcher accepts a missing label; by Alertmanager's rule a negative one never counts as that. */
function checkMatcher(matcher: SilenceMatcher, where: string, { mode, compile }: SilenceSettings): boolean {
  if (!isValidLabelName(matcher.name, mode))
    throw AppError.invalid(`invalid silence: ${where}: invalid label name ${goQuote(matcher.name)}`);
  if (!isWellFormed(matcher.value))
    throw AppError.invalid(`invalid silence: ${where}: invalid label value ${goQuote(matcher.value)}`);
  try {
    if (matcher.type === '=~' || matcher.type === '!~') checkRegex(matcher.value);
    const compiled = compile(matcher);
    return (matcher.type === '=' || matcher.type === '=~') && compiled.matches('');
  } catch (error) {
    throw AppError.invalid(
      `invalid silence: ${where}: invalid regular expression ${goQuote(matcher.value)}: ${messageOf(error)}`,
    );
  }
}

function isUpdateInPlace(known: Silence, wish: Wish, now: WallMs): boolean {
  if (!sameMatcherSets(known.matcherSets, wish.matcherSets)) return false;
  const state = silenceState(known, now);
  // That the new end is not in the past was checked before.
  if (state === 'active') return known.startsAt.seconds === wish.startsAt.seconds;
  return state === 'pending' && compareInstants(wish.startsAt, instantOf(now)) >= 0;
}

function replace(
  state: SilenceLookup,
  known: Silence | undefined,
  wish: Wish,
  now: WallMs,
  newId: () => string,
  settings: SilenceSettings,
): SilenceChange {
  if (settings.maxSilences > 0 && state.size >= settings.maxSilences)
    throw new AppError(
      'limit',
      `exceeded maximum number of silences: ${state.size} (limit: ${settings.maxSilences})`,
    );
  const instant = instantOf(now);
  const startsAt = compareInstants(wish.startsAt, instant) < 0 ? instant : wish.startsAt;
  const id = newId();
  const created = version(
    { id, ...contentOf({ ...wish, startsAt }), receiverMatcherSets: [], unknownFields: new Uint8Array(0) },
    instant,
    settings,
  );
  checkSize(created, settings);
  const ended = known === undefined ? undefined : expireSilence(known, now, settings);
  return { id, changed: ended === undefined ? [created] : [ended, created] };
}

function version(
  content: Omit<Silence, 'updatedAt' | 'expiresAt' | 'bytes'>,
  updatedAt: Instant,
  { retentionMs }: Pick<SilenceSettings, 'retentionMs'>,
): Silence {
  const silence = { ...content, updatedAt, expiresAt: addMs(content.endsAt, retentionMs) };
  return { ...silence, bytes: encodeSilence(silence) };
}

// A user's word must win everywhere, also against a version stamped by a faster clock.
function stampAfter(known: Silence, now: WallMs): Instant {
  const instant = instantOf(now);
  return compareInstants(known.updatedAt, instant) < 0 ? instant : addMs(known.updatedAt, 1e-6);
}

function checkSize(silence: Silence, { maxSilenceSizeBytes: limit }: SilenceSettings): void {
  const size = silence.bytes.length;
  if (limit > 0 && size > limit)
    throw new AppError('limit', `silence exceeded maximum size: ${size} bytes (limit: ${limit} bytes)`);
}
