/**
 * @module alerting/silences
 *
 * The silences of one tenant, and which of them mute an alert. Matchers are compiled once; for each
 * alert it is remembered which silences match it, so that only silences that came or changed since
 * are tried again (spec/alertmanager.md 5.4).
 *
 * - Of two versions of a silence the one updated later stays; equal stamps never replace.
 * - A silence whose matchers are new gets the next version; one that only changed its times keeps it.
 */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Fingerprint, type LabelSet, type Matcher } from '@tocsin/model';
import type { CompileMatcher } from './silence-change.ts';
import { SilenceIndex } from './silence-index.ts';
import {
  sameMatcher,
  sameMatcherSets,
  silenceState,
  type Silence,
  type SilenceMatcher,
  type SilenceState,
} from './silence.ts';

/** Alerts whose matching silences are remembered; when full, all are forgotten and found again. */
export const SILENCE_CACHE_MAX_ALERTS = 1_000_000;
/** Silences held at most; beyond it peers' new ones are refused and counted. */
export const SILENCES_MAX = 200_000;

/** So many new silences are tried one by one; for more the index is asked. */
const FEW_VERSIONS = 16;

export interface SilenceQuery {
  /** For each of these a matcher with the same name, operator and value must stand in one set. */
  readonly filter?: readonly SilenceMatcher[];
  /** Default: all. */
  readonly states?: ReadonlySet<SilenceState>;
}

interface Stored {
  silence: Silence;
  /** Value of the version counter when its matchers came. */
  readonly version: number;
  readonly sets: readonly CompiledSet[];
}
type CompiledSet = readonly (Pick<SilenceMatcher, 'name'> & Pick<Matcher, 'matches'>)[];

interface Remembered {
  readonly version: number;
  readonly matching: readonly Stored[];
}

/** Mutable; owned by one loop of one tenant. */
export class Silences {
  readonly #compile: CompileMatcher;
  readonly #byId = new Map<string, Stored>();
  /** In ascending order of version. */
  #byVersion: Stored[] = [];
  readonly #index = new SilenceIndex<Stored>();
  readonly #remembered = new Map<Fingerprint, Remembered>();
  #version = 0;
  #compileErrors = 0;
  #refused = 0;

  constructor(compile: CompileMatcher) {
    this.#compile = compile;
  }

  get size(): number {
    return this.#byId.size;
  }

  get version(): number {
    return this.#version;
  }

  /** Matcher sets that could not be compiled; such a set silences nothing. */
  get compileErrors(): number {
    return this.#compileErrors;
  }

  /** Peers' silences that were refused at the limit. */
  get refused(): number {
    return this.#refused;
  }

  get(id: string): Silence | undefined {
    return this.#byId.get(id)?.silence;
  }

  *entries(): Generator<Silence> {
    for (const { silence } of this.#byId.values()) yield silence;
  }

  /** Takes in versions of peers, of the store or of `setSilence`; returns those that changed something. */
  merge(silences: Iterable<Silence>, now: WallMs): Silence[] {
    const changed: Silence[] = [];
    const instant = instantOf(now);
    for (const silence of silences) {
      if (compareInstants(silence.expiresAt, instant) < 0) continue;
      const stored = this.#byId.get(silence.id);
      if (stored !== undefined && compareInstants(stored.silence.updatedAt, silence.updatedAt) >= 0) continue;
      if (stored === undefined && this.#byId.size >= SILENCES_MAX) {
        this.#refused++;
        continue;
      }
      this.#put(silence, stored);
      changed.push(silence);
    }
    return changed;
  }

  /** Forgets what has expired, retention included; returns it. */
  gc(now: WallMs): Silence[] {
    const instant = instantOf(now);
    const collected = [...this.entries()].filter(
      (silence) => compareInstants(silence.expiresAt, instant) <= 0,
    );
    for (const { id } of collected) {
      const stored = this.#byId.get(id);
      if (stored !== undefined) this.#index.delete(stored);
      this.#byId.delete(id);
    }
    if (collected.length > 0) this.#byVersion = this.#byVersion.filter((stored) => this.#isHeld(stored));
    return collected;
  }

  /** Ids of the silences that are active at `now` and match, sorted. */
  mutedBy(labels: LabelSet, fingerprint: Fingerprint, now: WallMs): readonly string[] {
    const matching = this.#matching(labels, fingerprint);
    if (matching.length === 0) return NOBODY;
    const active = matching.filter(
      (each) => this.#isHeld(each) && silenceState(each.silence, now) === 'active',
    );
    return active.map(({ silence }) => silence.id).sort(compareUtf8);
  }

  /** The alert is gone: nothing need be remembered of it. */
  forget(fingerprint: Fingerprint): void {
    this.#remembered.delete(fingerprint);
  }

  /** Active ones first (soonest end first), then pending (soonest start first), then expired (latest end first). */
  query(query: SilenceQuery, now: WallMs): Silence[] {
    const { filter = [], states } = query;
    const found: (readonly [SilenceState, Silence])[] = [];
    for (const silence of this.entries()) {
      const state = silenceState(silence, now);
      if (states !== undefined && !states.has(state)) continue;
      if (hasMatchers(silence, filter)) found.push([state, silence]);
    }
    return found.sort(compareForListing).map(([, silence]) => silence);
  }

  counts(now: WallMs): Record<SilenceState, number> {
    const counts = { pending: 0, active: 0, expired: 0 };
    for (const silence of this.entries()) counts[silenceState(silence, now)]++;
    return counts;
  }

  #isHeld(stored: Stored): boolean {
    return this.#byId.get(stored.silence.id) === stored;
  }

  #put(silence: Silence, stored: Stored | undefined): void {
    if (stored !== undefined && sameMatcherSets(stored.silence.matcherSets, silence.matcherSets)) {
      stored.silence = silence;
      return;
    }
    const sets = silence.matcherSets.map((set) => this.#compileSet(set)).filter((set) => set !== undefined);
    const fresh: Stored = { silence, version: ++this.#version, sets };
    this.#byId.set(silence.id, fresh);
    if (stored !== undefined) {
      this.#byVersion.splice(this.#byVersion.indexOf(stored), 1);
      this.#index.delete(stored);
    }
    this.#byVersion.push(fresh);
    this.#index.add(fresh, silence.matcherSets);
  }

  #compileSet(set: readonly SilenceMatcher[]): CompiledSet | undefined {
    try {
      return set.map((matcher) => {
        const compiled = this.#compile(matcher);
        return { name: matcher.name, matches: (value: string) => compiled.matches(value) };
      });
    } catch {
      this.#compileErrors++;
      return undefined;
    }
  }

  // Whatever its state: a pending silence will be active, and a peer can bring an ended one back to life.
  #matching(labels: LabelSet, fingerprint: Fingerprint): readonly Stored[] {
    const remembered = this.#remembered.get(fingerprint);
    if (remembered?.version === this.#version) return remembered.matching;
    const since = remembered?.version ?? 0;
    // A silence whose matchers changed is a new `Stored`; the old one no longer counts.
    const matching = (remembered?.matching ?? []).filter((each) => this.#isHeld(each));
    for (const stored of this.#newerThan(since, labels)) {
      const isNew = stored.version > since && !matching.includes(stored);
      if (isNew && stored.sets.some((set) => setMatches(set, labels))) matching.push(stored);
    }
    if (this.#remembered.size >= SILENCE_CACHE_MAX_ALERTS) this.#remembered.clear();
    this.#remembered.set(fingerprint, { version: this.#version, matching });
    return matching;
  }

  // Whatever may match and came after `since`: the last few, or what the index offers.
  #newerThan(since: number, labels: LabelSet): readonly Stored[] {
    if (this.#version - since > FEW_VERSIONS) return this.#index.candidates(labels);
    return this.#byVersion.slice(-FEW_VERSIONS);
  }
}

const NOBODY: readonly string[] = [];

function setMatches(set: CompiledSet, labels: LabelSet): boolean {
  for (const matcher of set) if (!matcher.matches(labels.get(matcher.name) ?? '')) return false;
  return set.length > 0;
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
