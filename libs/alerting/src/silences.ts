/**
 * @module alerting/silences
 *
 * The silences of one tenant, and which of them mute an alert. An index offers the few that can match;
 * what matched is remembered for each alert, so that only silences that came or changed since are tried
 * again (spec/alertmanager.md 5.4).
 *
 * - Of two versions of a silence the one updated later stays; equal stamps never replace.
 * - A silence whose matchers are new gets the next version; one that only changed its times keeps it.
 * - In the index is what has not ended at `#endedBefore`, nothing else. A silence that ended is only kept
 *   so that peers learn of its end; one that is brought back (a later end from a peer, a clock that was
 *   set back) gets the next version, since alerts were asked about without it.
 */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Fingerprint, type LabelSet } from '@tocsin/model';
import { MatcherIndex } from './matcher-index.ts';
import { setMatches, SharedMatchers, type CompiledSet } from './shared-matchers.ts';
import type { CompileMatcher } from './silence-change.ts';
import { listSilences, type SilenceQuery } from './silence-listing.ts';
import { sameMatcherSets, silenceState, type Silence, type SilenceState } from './silence.ts';

/** Alerts whose matching silences are remembered; when full, all are forgotten and found again. */
export const SILENCE_CACHE_MAX_ALERTS = 1_000_000;
/** Silences held at most; beyond it peers' new ones are refused and counted. */
export const SILENCES_MAX = 200_000;

/** So many new silences are tried one by one; for more the index is asked. */
const FEW_VERSIONS = 16;
/** Silences leave the index this long after their end, and not more often than that. */
const SWEEP_MS = 10_000;

/** When a matcher set could not be compiled: as a silence came, or as all were loaded at the start. */
export type CompileStage = 'index' | 'load_snapshot';

/** Totals since the start. */
export interface SilenceCounts {
  /** Questions: listings, and alerts for which anything had to be looked at. */
  readonly queries: number;
  /** Silences that a question looked at. */
  readonly scanned: number;
  /** Silences that it did not have to look at. */
  readonly skipped: number;
  /** Matcher sets that could not be compiled; such a set silences nothing. */
  readonly compileErrors: Readonly<Record<CompileStage, number>>;
}

interface Stored {
  silence: Silence;
  /** Value of the version counter when its matchers came. */
  readonly version: number;
  readonly sets: readonly CompiledSet[];
}
interface Remembered {
  readonly version: number;
  readonly matching: readonly Stored[];
}

/** Mutable; owned by one loop of one tenant. */
export class Silences {
  readonly #byId = new Map<string, Stored>();
  readonly #index = new MatcherIndex<Stored>();
  /** The last `FEW_VERSIONS` that came into the index, oldest first. */
  readonly #recent: Stored[] = [];
  readonly #matchers: SharedMatchers;
  readonly #remembered = new Map<Fingerprint, Remembered>();
  /** What is remembered of every alert that nothing matched, at the current version. */
  #nothing: Remembered = { version: 0, matching: [] };
  #version = 0;
  /** Silences with an end up to here are not in the index. */
  #endedBefore: WallMs = -Infinity;
  /** No silence in the index ends before. */
  #firstEnd: WallMs = Infinity;
  #bytes = 0;
  #refused = 0;
  readonly #counts = { queries: 0, scanned: 0, skipped: 0 };
  readonly #compileErrors = { index: 0, load_snapshot: 0 };

  constructor(compile: CompileMatcher) {
    this.#matchers = new SharedMatchers(compile);
  }

  get size(): number {
    return this.#byId.size;
  }

  get version(): number {
    return this.#version;
  }

  /** Silences whose matchers are ready to be asked: those that have not ended. */
  get matcherIndexSize(): number {
    return this.#index.size;
  }

  /** Silences that have a version: all. */
  get versionIndexSize(): number {
    return this.#byId.size;
  }

  /** Of all records, as they are stored and gossiped. */
  get stateBytes(): number {
    return this.#bytes;
  }

  get totals(): SilenceCounts {
    return { ...this.#counts, compileErrors: { ...this.#compileErrors } };
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
  merge(silences: Iterable<Silence>, now: WallMs, stage: CompileStage = 'index'): Silence[] {
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
      this.#put(silence, stored, stage);
      changed.push(silence);
    }
    return changed;
  }

  /** Forgets what has expired, retention included; returns it. */
  gc(now: WallMs): Silence[] {
    const instant = instantOf(now);
    const collected: Silence[] = [];
    for (const stored of this.#byId.values()) {
      if (compareInstants(stored.silence.expiresAt, instant) > 0) continue;
      collected.push(stored.silence);
      this.#byId.delete(stored.silence.id);
      this.#drop(stored);
    }
    return collected;
  }

  /** Ids of the silences that are active at `now` and match, sorted. */
  mutedBy(labels: LabelSet, fingerprint: Fingerprint, now: WallMs): readonly string[] {
    if (this.#byId.size === 0) return NOBODY;
    this.#sweep(now);
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
    this.#count(this.#byId.size);
    return listSilences(this.entries(), query, now);
  }

  counts(now: WallMs): Record<SilenceState, number> {
    const counts = { pending: 0, active: 0, expired: 0 };
    for (const silence of this.entries()) counts[silenceState(silence, now)]++;
    return counts;
  }

  #isHeld(stored: Stored): boolean {
    return this.#byId.get(stored.silence.id) === stored;
  }

  #count(scanned: number): void {
    this.#counts.queries++;
    this.#counts.scanned += scanned;
    this.#counts.skipped += Math.max(0, this.#byId.size - scanned);
  }

  #put(silence: Silence, stored: Stored | undefined, stage: CompileStage): void {
    this.#bytes += silence.bytes.length;
    if (stored === undefined) {
      this.#store(silence, this.#compiled(silence, stage));
      return;
    }
    const isSame = sameMatcherSets(stored.silence.matcherSets, silence.matcherSets);
    if (isSame && this.#isFiled(stored) && !this.#hasEnded(silence)) {
      this.#bytes -= stored.silence.bytes.length;
      stored.silence = silence;
      this.#firstEnd = Math.min(this.#firstEnd, endOf(silence));
      return;
    }
    // Compiled before the old one is let go, so that matchers of both stay.
    const sets = this.#compiled(silence, isSame ? undefined : stage);
    this.#drop(stored);
    this.#store(silence, sets);
  }

  #store(silence: Silence, sets: readonly CompiledSet[]): void {
    const fresh: Stored = { silence, version: ++this.#version, sets };
    this.#nothing = { version: this.#version, matching: [] };
    this.#byId.set(silence.id, fresh);
    if (this.#hasEnded(silence)) return;
    this.#firstEnd = Math.min(this.#firstEnd, endOf(silence));
    this.#index.add(fresh, silence.matcherSets);
    this.#recent.push(fresh);
    if (this.#recent.length > FEW_VERSIONS) this.#recent.shift();
  }

  #drop(stored: Stored): void {
    this.#bytes -= stored.silence.bytes.length;
    this.#index.delete(stored);
    for (const matcher of stored.silence.matcherSets.flat()) this.#matchers.release(matcher);
  }

  #isFiled(stored: Stored): boolean {
    return this.#index.has(stored);
  }

  #hasEnded(silence: Silence): boolean {
    return endOf(silence) <= this.#endedBefore;
  }

  // Takes out what ended a while ago. When the clock was set back, some of that has not ended.
  #sweep(now: WallMs): void {
    const before = now - SWEEP_MS;
    if (now < this.#endedBefore) {
      const ended = this.#endedBefore;
      this.#endedBefore = before;
      for (const stored of [...this.#byId.values()]) {
        const end = endOf(stored.silence);
        if (end > before && end <= ended) this.#store(stored.silence, stored.sets);
      }
    }
    if (before < this.#firstEnd || before < this.#endedBefore + SWEEP_MS) return;
    this.#endedBefore = before;
    this.#firstEnd = Infinity;
    for (const stored of this.#byId.values()) {
      const end = endOf(stored.silence);
      if (end <= before) this.#index.delete(stored);
      else this.#firstEnd = Math.min(this.#firstEnd, end);
    }
  }

  #compiled(silence: Silence, stage: CompileStage | undefined): readonly CompiledSet[] {
    return silence.matcherSets.flatMap((set) => {
      const compiled = this.#matchers.acquireSet(set);
      if (compiled === undefined && stage !== undefined) this.#compileErrors[stage]++;
      return compiled === undefined ? [] : [compiled];
    });
  }

  // Whatever its state: a pending silence will be active, and a peer can change the end of one.
  #matching(labels: LabelSet, fingerprint: Fingerprint): readonly Stored[] {
    const remembered = this.#remembered.get(fingerprint);
    if (remembered?.version === this.#version) {
      if (remembered.matching.length > 0) this.#count(remembered.matching.length);
      return remembered.matching;
    }
    const since = remembered?.version ?? 0;
    const before = remembered?.matching ?? [];
    // A silence whose matchers changed is a new `Stored`; the old one no longer counts.
    const matching = before.filter((each) => this.#isHeld(each));
    const fresh = this.#newerThan(since, labels);
    for (const stored of fresh) {
      const isNew = stored.version > since && !matching.includes(stored);
      if (isNew && stored.sets.some((set) => setMatches(set, labels))) matching.push(stored);
    }
    this.#count(before.length + fresh.length);
    if (this.#remembered.size >= SILENCE_CACHE_MAX_ALERTS) this.#remembered.clear();
    const found = matching.length === 0 ? this.#nothing : { version: this.#version, matching };
    this.#remembered.set(fingerprint, found);
    return found.matching;
  }

  // Whatever may match and came after `since`: the last few, or what the index offers.
  #newerThan(since: number, labels: LabelSet): readonly Stored[] {
    if (this.#version - since > FEW_VERSIONS) return this.#index.candidates(labels);
    return this.#recent.filter((each) => each.version > since && this.#isFiled(each));
  }
}

/** First whole millisecond at which the silence is expired. */
const endOf = ({ endsAt }: Silence): WallMs => endsAt.seconds * 1000 + Math.ceil(endsAt.nanos / 1e6);

const NOBODY: readonly string[] = [];
