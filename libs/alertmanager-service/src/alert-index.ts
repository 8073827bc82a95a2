/**
 * @module alertmanager-service/alert-index
 *
 * The alerts that are held, in the order of their fingerprints, and by label: what a listing needs. All
 * of it is made when it is first asked for, so intake pays one array entry for a new alert and nothing
 * for one that is sent again.
 *
 * - Arrays that were handed out never change: a listing that is written slice by slice goes on with the
 *   alerts that were there when it began.
 * - Labels are found by value for the names that were asked for lately.
 */
import { compareUtf8 } from '@tocsin/kernel';
import type { Alert, Matcher } from '@tocsin/model';

export interface Indexed {
  /** Its labels never change; the rest may. */
  readonly alert: Alert;
}

/** Label names with an index of their own; of more, the one not asked for longest goes. */
const NAMES_MAX = 16;
/** A matcher that is not `=` is tried on each value; of more values than this, on each alert instead. */
const VALUES_TRIED_MAX = 10_000;

/** One item as it is: most values of `instance` belong to a single alert. */
type Posting<T> = T | T[];

export class AlertIndex<T extends Indexed> {
  #ordered: readonly T[] = [];
  /** Not in `#ordered` yet. */
  #added: T[] = [];
  /** Still in `#ordered`. */
  #removed = new Set<T>();
  /** By name; the one asked for last comes last. */
  readonly #names = new Map<string, Map<string, Posting<T>>>();

  add(item: T): void {
    this.#added.push(item);
    for (const [name, values] of this.#names) post(values, name, item);
  }

  /** Many at once: what is indexed by label is made anew when it is next asked for. */
  remove(items: readonly T[]): void {
    if (items.length === 0) return;
    for (const item of items) this.#removed.add(item);
    this.#names.clear();
  }

  /** All, by fingerprint. */
  all(): readonly T[] {
    if (this.#removed.size > 0) {
      const isHeld = (item: T): boolean => !this.#removed.has(item);
      this.#ordered = this.#ordered.filter(isHeld);
      this.#added = this.#added.filter(isHeld);
      this.#removed = new Set();
    }
    if (this.#added.length > 0) {
      this.#ordered = merged(this.#ordered, sortedByFingerprint(this.#added));
      this.#added = [];
    }
    return this.#ordered;
  }

  /** By fingerprint: at least those whose labels match all of `matchers`, and few others. */
  candidates(matchers: readonly Matcher[]): readonly T[] {
    const all = this.all();
    let best: readonly Posting<T>[] | undefined;
    let fewest = all.length / 4;
    for (const matcher of matchers) {
      // One that takes the empty value takes alerts without the label, which have no place here.
      if (matcher.matches('')) continue;
      const postings = this.#postings(matcher);
      if (postings === undefined) continue;
      const count = countOf(postings);
      if (count > fewest) continue;
      best = postings;
      fewest = count;
      if (count === 0) break;
    }
    if (best === undefined) return all;
    return sortedByFingerprint(best.flat() as T[]);
  }

  /** Undefined: too many values to try. */
  #postings(matcher: Matcher): readonly Posting<T>[] | undefined {
    const values = this.#valuesOf(matcher.name);
    if (matcher.type === '=') {
      const posting = values.get(matcher.value);
      return posting === undefined ? [] : [posting];
    }
    if (values.size > VALUES_TRIED_MAX) return undefined;
    const found: Posting<T>[] = [];
    for (const [value, posting] of values) if (matcher.matches(value)) found.push(posting);
    return found;
  }

  #valuesOf(name: string): Map<string, Posting<T>> {
    let values = this.#names.get(name);
    if (values === undefined) {
      values = new Map();
      for (const item of this.#ordered) post(values, name, item);
    } else this.#names.delete(name);
    this.#names.set(name, values);
    const [oldest] = this.#names.keys();
    if (this.#names.size > NAMES_MAX && oldest !== undefined) this.#names.delete(oldest);
    return values;
  }
}

function post<T extends Indexed>(values: Map<string, Posting<T>>, name: string, item: T): void {
  const value = item.alert.labels.get(name);
  if (value === undefined) return;
  const known = values.get(value);
  if (known === undefined) values.set(value, item);
  else if (Array.isArray(known)) known.push(item);
  else values.set(value, [known, item]);
}

const countOf = <T>(postings: readonly Posting<T>[]): number =>
  postings.reduce((sum: number, posting) => sum + (Array.isArray(posting) ? posting.length : 1), 0);

const fingerprintOf = ({ alert }: Indexed): string => alert.labels.fingerprint;
const byFingerprint = (left: Indexed, right: Indexed): number =>
  compareUtf8(fingerprintOf(left), fingerprintOf(right));

/** By the first three digits of the fingerprint. */
const BUCKETS = 4_096;
const BUCKET_DIGITS = 3;
/** From here on the detour pays. */
const BUCKETS_FROM = 4_096;

/** Of a hundred thousand, comparing each with seventeen others takes a tenth of a second: dealt out first. */
function sortedByFingerprint<T extends Indexed>(items: readonly T[]): readonly T[] {
  if (items.length < BUCKETS_FROM) return items.toSorted(byFingerprint);
  const buckets: T[][] = Array.from({ length: BUCKETS }, () => []);
  for (const item of items) buckets[parseInt(fingerprintOf(item).slice(0, BUCKET_DIGITS), 16)]?.push(item);
  const sorted: T[] = [];
  for (const bucket of buckets) for (const item of bucket.sort(byFingerprint)) sorted.push(item);
  return sorted;
}

function merged<T extends Indexed>(left: readonly T[], right: readonly T[]): readonly T[] {
  if (left.length === 0) return right;
  const all: T[] = [];
  let at = 0;
  for (const item of right) {
    for (let next = left[at]; next !== undefined && byFingerprint(next, item) < 0; next = left[++at])
      all.push(next);
    all.push(item);
  }
  for (; at < left.length; at++) all.push(left[at] as T);
  return all;
}
