/**
 * @module alerting/inhibit-sources
 *
 * The alerts that can inhibit others, by what rules ask of them. Every source of a combination of equal
 * values is kept. Rules with the same source selector and the same `equal` labels share their sources:
 * a thousand rules about "critical" hold each critical alert once.
 */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { isResolvedAt, type Alert, type Fingerprint, type LabelSet, type Matcher } from '@tocsin/model';
import { matchesAll } from './route.ts';

/** Replaced in place when the alert is sent again, so whoever holds it sees its latest end. */
export interface Source {
  alert: Alert;
}

/** Sources with the same values of the `equal` labels. Each alert is in one of the two maps. */
interface Combination {
  /** Match the source matchers only. */
  readonly oneSided: Map<Fingerprint, Source>;
  /** Match the target matchers too; they never inhibit an alert that itself is both. */
  readonly twoSided: Map<Fingerprint, Source>;
}

export type ByStore = Map<SourceStore, Combination>;

/** One list of `equal` labels, and under each combination of their values the stores that have sources. */
export class EqualLabels {
  readonly #names: readonly string[];
  readonly #byKey = new Map<string, ByStore>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Order and repetition mean nothing. */
  static normalised(names: readonly string[]): readonly string[] {
    return [...new Set(names)].sort(compareUtf8);
  }

  /** Undefined: no store has a source for these values. */
  find(labels: LabelSet): ByStore | undefined {
    return this.#byKey.size === 0 ? undefined : this.#byKey.get(this.#keyOf(labels));
  }

  findOrMake(labels: LabelSet): ByStore {
    const key = this.#keyOf(labels);
    const found = this.#byKey.get(key) ?? new Map<SourceStore, Combination>();
    this.#byKey.set(key, found);
    return found;
  }

  gc(now: WallMs): void {
    for (const [key, byStore] of this.#byKey) {
      for (const [store, { oneSided, twoSided }] of byStore) {
        dropResolved(oneSided, now);
        dropResolved(twoSided, now);
        if (oneSided.size + twoSided.size === 0) byStore.delete(store);
      }
      if (byStore.size === 0) this.#byKey.delete(key);
    }
  }

  get size(): number {
    let size = 0;
    for (const byStore of this.#byKey.values())
      for (const { oneSided, twoSided } of byStore.values()) size += oneSided.size + twoSided.size;
    return size;
  }

  // Lengths keep ("a", "bc") and ("ab", "c") apart; a missing label counts as the empty string.
  #keyOf(labels: LabelSet): string {
    let key = '';
    for (const name of this.#names) {
      const value = labels.get(name) ?? '';
      key += `${value.length}:${value}`;
    }
    return key;
  }
}

/** What rules with the same sources share. */
export class SourceStore {
  readonly sourceMatchers: readonly Matcher[];
  readonly equal: EqualLabels;
  /** Undefined when no alert can match both selectors. */
  readonly #targetMatchers: readonly Matcher[] | undefined;

  constructor(
    sourceMatchers: readonly Matcher[],
    equal: EqualLabels,
    targetMatchers: readonly Matcher[] | undefined,
  ) {
    this.sourceMatchers = sourceMatchers;
    this.equal = equal;
    this.#targetMatchers = targetMatchers;
  }

  /** The alert must match the source matchers. */
  observe(alert: Alert): 'new' | 'known' {
    const byStore = this.equal.findOrMake(alert.labels);
    let combination = byStore.get(this);
    if (combination === undefined)
      byStore.set(this, (combination = { oneSided: new Map(), twoSided: new Map() }));
    const isTarget = this.#targetMatchers !== undefined && matchesAll(this.#targetMatchers, alert.labels);
    const sources = isTarget ? combination.twoSided : combination.oneSided;
    const known = sources.get(alert.labels.fingerprint);
    if (known === undefined) {
      sources.set(alert.labels.fingerprint, { alert });
      return 'new';
    }
    known.alert = alert;
    return 'known';
  }

  /** A source of the combination that fires at `now` and counts for this target. */
  firing({ oneSided, twoSided }: Combination, target: LabelSet, now: WallMs): Source | undefined {
    const found = firstFiring(oneSided, now);
    if (found !== undefined || twoSided.size === 0) return found;
    // Two alerts that are both source and target would inhibit each other, and an alert itself.
    return matchesAll(this.sourceMatchers, target) ? undefined : firstFiring(twoSided, now);
  }
}

/** True when no alert can match both: one side demands a value that the other refuses. */
export const areDisjoint = (left: readonly Matcher[], right: readonly Matcher[]): boolean =>
  refuses(left, right) || refuses(right, left);

const refuses = (demanding: readonly Matcher[], other: readonly Matcher[]): boolean =>
  demanding.some(
    ({ type, name, value }) =>
      type === '=' && other.some((matcher) => matcher.name === name && !matcher.matches(value)),
  );

// Resolved ones are dropped as they are met, so that a storm of them is walked only once. One that
// fires again is observed again.
function firstFiring(sources: Map<Fingerprint, Source>, now: WallMs): Source | undefined {
  for (const [fingerprint, source] of sources) {
    if (!isResolvedAt(source.alert, now)) return source;
    sources.delete(fingerprint);
  }
  return undefined;
}

function dropResolved(sources: Map<Fingerprint, Source>, now: WallMs): void {
  for (const [fingerprint, { alert }] of sources) if (isResolvedAt(alert, now)) sources.delete(fingerprint);
}
