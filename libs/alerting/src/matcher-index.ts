/**
 * @module alerting/matcher-index
 *
 * Finds the few things with matchers (silences, inhibition rules) that can match an alert among
 * thousands. An item is filed under a text that every alert it matches must hold in one of its labels:
 *
 * - `name="value"` and every choice of `name=~"a|b|c"`: the whole value,
 * - `name=~"web-.*"`: the start of the value,
 * - `name=~".*timeout.*"`: a few characters of the value.
 *
 * Of all the texts that an item offers the one is taken that shares its place with the fewest others.
 * An item without such a text is offered for every alert. What is offered may match, and must be tried.
 */
import {
  commonPrefix,
  foldAscii,
  valueHints,
  type LabelSet,
  type ValueHint,
  type ValueHints,
} from '@tocsin/model';
import type { MatcherSet, SilenceMatcher } from './silence.ts';

/** Places that one set of matchers takes. Of a longer list of choices what they have in common is used. */
export const MAX_PLACES_PER_SET = 128;
/** Places of all sets together, 200 to 300 bytes each; when they are used up, no more lists of choices are filed. */
export const MAX_PLACES = 1_000_000;
/** UTF-16 units of a start that are looked at: each length in use costs a look-up for each label. */
const MAX_START = 32;
/** UTF-16 units of an inner text that are looked up, at each place of a value. */
const INNER_SIZE = 4;
const MIN_INNER_SIZE = 3;

/** An item as it is filed. */
interface Filed<T> {
  readonly item: T;
  readonly places: Bucket<T>[];
  /** Number of the last question that it was offered for. */
  offeredFor: number;
}

export class MatcherIndex<T> {
  readonly #byLabel = new Map<string, LabelIndex<T>>();
  readonly #filed = new Map<T, Filed<T>>();
  /** Of these nothing is known. */
  readonly #others = new Set<Filed<T>>();
  #questions = 0;
  #places = 0;

  get size(): number {
    return this.#filed.size;
  }

  has(item: T): boolean {
    return this.#filed.has(item);
  }

  /** Items that are offered for every alert. */
  get unfiledSize(): number {
    return this.#others.size;
  }

  /** Any of `sets` may match; without a set it never matches. An item can be added once. */
  add(item: T, sets: readonly MatcherSet[]): void {
    const filed: Filed<T> = { item, places: [], offeredFor: 0 };
    this.#filed.set(item, filed);
    for (const set of sets) this.#file(filed, set);
  }

  delete(item: T): void {
    const filed = this.#filed.get(item);
    if (filed === undefined) return;
    this.#filed.delete(item);
    this.#others.delete(filed);
    this.#places -= filed.places.length;
    for (const bucket of filed.places) {
      bucket.delete(filed);
      if (bucket.size > 0) continue;
      bucket.label.drop(bucket);
      if (bucket.label.isEmpty) this.#byLabel.delete(bucket.label.name);
    }
  }

  /** Everything that may match, each once. */
  candidates(labels: LabelSet): T[] {
    if (this.size === 0) return [];
    const question = ++this.#questions;
    const found: T[] = [];
    const offer = (filed: Filed<T>): void => {
      if (filed.offeredFor === question) return;
      filed.offeredFor = question;
      found.push(filed.item);
    };
    for (const filed of this.#others) offer(filed);
    const { names, values } = labels;
    for (let index = 0; index < names.length; index++)
      this.#byLabel.get(names[index] ?? '')?.visit(values[index] ?? '', offer);
    return found;
  }

  #file(filed: Filed<T>, set: MatcherSet): void {
    let best: Filing<T> | undefined;
    for (const matcher of set) {
      const texts = requiredTexts(matcher);
      if (texts === undefined) continue;
      const label = this.#byLabel.get(matcher.name) ?? new LabelIndex<T>(matcher.name);
      const filing = label.cheapest(texts);
      if (filing === undefined || !this.#hasRoom(filing.keys.length)) continue;
      if (best === undefined || filing.cost < best.cost) best = filing;
    }
    if (best === undefined) {
      this.#others.add(filed);
      return;
    }
    const { label, keys } = best;
    this.#byLabel.set(label.name, label);
    for (const key of keys) filed.places.push(label.put(key, filed));
    this.#places += keys.length;
  }

  #hasRoom(places: number): boolean {
    return places === 1 || this.#places + places <= MAX_PLACES;
  }
}

/** What a value must hold that the matcher accepts; undefined when nothing is known, or it accepts a missing label. */
function requiredTexts({ type, value }: SilenceMatcher): ValueHints | undefined {
  if (type === '=' && value !== '')
    return { choices: [{ exact: value, prefix: value, parts: [value] }], isFolded: false };
  const hints = type === '=~' ? valueHints(value) : undefined;
  if (hints === undefined || hints.choices.some(({ exact }) => exact === '')) return undefined;
  if (hints.choices.length <= MAX_PLACES_PER_SET) return hints;
  const prefix = commonPrefix(hints.choices.map((choice) => choice.prefix));
  return prefix === ''
    ? undefined
    : { choices: [{ exact: undefined, prefix, parts: [prefix] }], isFolded: hints.isFolded };
}

type Kind = 'whole' | 'start' | 'inner';
/** A look-up at a whole value finds least by chance. */
const CHANCE: Readonly<Record<Kind, number>> = { whole: 0, start: 0.25, inner: 0.5 };

interface Key {
  readonly kind: Kind;
  readonly text: string;
  readonly isFolded: boolean;
}

/** Most hold one item: a set is only made for more. */
class Bucket<T> implements Key {
  readonly kind: Kind;
  readonly text: string;
  readonly isFolded: boolean;
  readonly label: LabelIndex<T>;
  #only: Filed<T> | undefined;
  #all: Set<Filed<T>> | undefined;

  constructor({ kind, text, isFolded }: Key, label: LabelIndex<T>) {
    this.kind = kind;
    this.text = text;
    this.isFolded = isFolded;
    this.label = label;
  }

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  add(filed: Filed<T>): void {
    if (this.#all !== undefined) this.#all.add(filed);
    else if (this.#only === undefined) this.#only = filed;
    else if (this.#only !== filed) {
      this.#all = new Set([this.#only, filed]);
      this.#only = undefined;
    }
  }

  delete(filed: Filed<T>): void {
    this.#all?.delete(filed);
    if (this.#only === filed) this.#only = undefined;
  }

  forEach(visit: (filed: Filed<T>) => void): void {
    if (this.#only !== undefined) visit(this.#only);
    this.#all?.forEach(visit);
  }
}
interface Filing<T> {
  readonly label: LabelIndex<T>;
  readonly keys: readonly Key[];
  /** How many others are offered with it, and chance. */
  readonly cost: number;
}

/** What is filed under one label name. */
class LabelIndex<T> {
  readonly name: string;
  readonly #plain = new TextIndex<T>();
  readonly #folded = new TextIndex<T>();

  constructor(name: string) {
    this.name = name;
  }

  get isEmpty(): boolean {
    return this.#plain.isEmpty && this.#folded.isEmpty;
  }

  visit(value: string, offer: (filed: Filed<T>) => void): void {
    this.#plain.visit(value, offer);
    if (!this.#folded.isEmpty) this.#folded.visit(foldAscii(value), offer);
  }

  /** Undefined when the texts of one of the choices are too short to be of use. */
  cheapest({ choices, isFolded }: ValueHints): Filing<T> | undefined {
    const keys: Key[] = [];
    let cost = 0;
    for (const choice of choices) {
      let best: Key | undefined;
      let lowest = Infinity;
      for (const key of keysOf(choice, isFolded)) {
        const others = this.#of(isFolded).countAt(key) + CHANCE[key.kind];
        if (others >= lowest) continue;
        best = key;
        lowest = others;
      }
      if (best === undefined) return undefined;
      keys.push(best);
      cost = Math.max(cost, lowest);
    }
    return { label: this, keys, cost };
  }

  put(key: Key, filed: Filed<T>): Bucket<T> {
    return this.#of(key.isFolded).put(key, filed, this);
  }

  drop(bucket: Bucket<T>): void {
    this.#of(bucket.isFolded).drop(bucket);
  }

  #of(isFolded: boolean): TextIndex<T> {
    return isFolded ? this.#folded : this.#plain;
  }
}

function* keysOf({ exact, prefix, parts }: ValueHint, isFolded: boolean): Generator<Key> {
  if (exact !== undefined) {
    yield { kind: 'whole', text: exact, isFolded };
    return;
  }
  if (prefix !== '') yield { kind: 'start', text: prefix.slice(0, MAX_START), isFolded };
  for (const part of parts) {
    if (part.length < MIN_INNER_SIZE) continue;
    const size = Math.min(INNER_SIZE, part.length);
    const last = Math.min(part.length - size, MAX_START);
    for (let at = 0; at <= last; at++) yield { kind: 'inner', text: part.slice(at, at + size), isFolded };
  }
}

/** Texts by what they are of a value. */
class TextIndex<T> {
  readonly #buckets: Readonly<Record<Kind, Map<string, Bucket<T>>>> = {
    whole: new Map(),
    start: new Map(),
    inner: new Map(),
  };
  readonly #starts = new Sizes();
  readonly #inners = new Sizes();

  get isEmpty(): boolean {
    const { whole, start, inner } = this.#buckets;
    return whole.size + start.size + inner.size === 0;
  }

  countAt({ kind, text }: Key): number {
    return this.#buckets[kind].get(text)?.size ?? 0;
  }

  put(key: Key, filed: Filed<T>, label: LabelIndex<T>): Bucket<T> {
    const { kind, text } = key;
    let bucket = this.#buckets[kind].get(text);
    if (bucket === undefined) {
      bucket = new Bucket<T>(key, label);
      this.#buckets[kind].set(text, bucket);
      if (kind !== 'whole') this.#sizesOf(kind).add(text.length);
    }
    bucket.add(filed);
    return bucket;
  }

  drop({ kind, text }: Bucket<T>): void {
    if (this.#buckets[kind].delete(text) && kind !== 'whole') this.#sizesOf(kind).remove(text.length);
  }

  visit(value: string, offer: (filed: Filed<T>) => void): void {
    const { whole, start, inner } = this.#buckets;
    const same = whole.get(value);
    same?.forEach(offer);
    for (const size of this.#starts.sizes) {
      const bucket = size <= value.length ? start.get(value.slice(0, size)) : undefined;
      bucket?.forEach(offer);
    }
    for (const size of this.#inners.sizes) {
      for (let at = 0; at + size <= value.length; at++) {
        const bucket = inner.get(value.slice(at, at + size));
        bucket?.forEach(offer);
      }
    }
  }

  #sizesOf(kind: 'start' | 'inner'): Sizes {
    return kind === 'start' ? this.#starts : this.#inners;
  }
}

/** Lengths in use, at most `MAX_START` of them. */
class Sizes {
  readonly #counts = new Map<number, number>();
  sizes: readonly number[] = [];

  add(size: number): void {
    this.#change(size, 1);
  }

  remove(size: number): void {
    this.#change(size, -1);
  }

  #change(size: number, by: number): void {
    const count = (this.#counts.get(size) ?? 0) + by;
    if (count > 0) this.#counts.set(size, count);
    else this.#counts.delete(size);
    if (this.sizes.length !== this.#counts.size) this.sizes = [...this.#counts.keys()];
  }
}
