import { compareUtf8, isWellFormed, utf8Length, writeUtf8 } from '@tocsin/kernel';
import { fnv1a64Hex, xxh64Hex } from './hash64.ts';
import { goQuote } from './go-quote.ts';
import { ownCopy, sharedNames, sharedText } from './shared-text.ts';

export type LabelPair = readonly [name: string, value: string];

/** 16 lower-case hex digits: FNV-1a 64 of the labels. What users see and the API answers. */
export type Fingerprint = string;
/** 16 lower-case hex digits: XXH64 of the labels. What the notification log holds. */
export type AlertHash = string;

/**
 * Labels or annotations: immutable, names unique and sorted by UTF-8 bytes. The hashes and the JSON are
 * made once, on first use: an alert that is sent again every minute must not be hashed again every
 * minute. Names and values lie in two flat arrays, the one of the names shared with other sets: of a
 * hundred thousand sets every object counts.
 */
export class LabelSet {
  static readonly empty: LabelSet = new LabelSet([], []);
  readonly #names: readonly string[];
  /** Undefined: they are read from the JSON when they are asked for. */
  #values: readonly string[] | undefined;
  #fingerprint: Fingerprint | undefined;
  #hash: AlertHash | undefined;
  #json: string | undefined;

  private constructor(names: readonly string[], values: readonly string[]) {
    this.#names = names;
    this.#values = values;
  }

  /** Sorts; of a repeated name the last value stays. */
  static of(pairs: Iterable<LabelPair>): LabelSet {
    const sorted = [...pairs];
    if (sorted.length === 0) return LabelSet.empty;
    for (let index = 1; index < sorted.length; index++) {
      if (compareUtf8(sorted[index - 1]?.[0] ?? '', sorted[index]?.[0] ?? '') < 0) continue;
      const byName = new Map(sorted.map((pair) => [pair[0], pair]));
      return LabelSet.#ofSorted([...byName.values()].sort((a, b) => compareUtf8(a[0], b[0])));
    }
    return LabelSet.#ofSorted(sorted);
  }

  static #ofSorted(sorted: readonly LabelPair[]): LabelSet {
    return new LabelSet(sharedNames(sorted.map(nameOf)), sorted.map(valueOf));
  }

  static fromObject(labels: Readonly<Record<string, string>>): LabelSet {
    return LabelSet.of(Object.entries(labels));
  }

  get size(): number {
    return this.#names.length;
  }

  /** Sorted by name; made anew at each call. */
  get pairs(): readonly LabelPair[] {
    const { values } = this;
    return this.#names.map((name, index) => [name, values[index] ?? ''] as const);
  }

  /** Sorted. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** In the order of the names. */
  get values(): readonly string[] {
    return this.#values ?? this.#readValues();
  }

  /** Undefined when the label is missing; matchers take that as the empty string. */
  get(name: string): string | undefined {
    const names = this.#names;
    for (let index = 0; index < names.length; index++) if (names[index] === name) return this.values[index];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  filter(keep: (name: string, value: string) => boolean): LabelSet {
    const kept = this.pairs.filter(([name, value]) => keep(name, value));
    return kept.length === this.size ? this : LabelSet.of(kept);
  }

  /** These labels, with `over`'s on top. */
  merge(over: LabelSet): LabelSet {
    return over.size === 0 ? this : LabelSet.of([...this.pairs, ...over.pairs]);
  }

  equals(other: LabelSet): boolean {
    if (this === other) return true;
    const names = this.#names;
    if (names.length !== other.#names.length) return false;
    if (this.#json !== undefined && other.#json !== undefined) return this.#json === other.#json;
    const { values } = this;
    const others = other.values;
    for (let index = 0; index < names.length; index++) {
      if (values[index] !== others[index] || names[index] !== other.#names[index]) return false;
    }
    return true;
  }

  /** Shares values with other sets that are held for long. Returns itself. */
  share(): this {
    if (this.#values !== undefined) this.#values = this.#values.map(sharedText);
    return this;
  }

  /**
   * Holds the JSON only, for sets that are shown often and seldom looked into: annotations. Values are
   * read anew each time they are asked for. Returns itself.
   */
  compact(): this {
    if (this.#values !== undefined && this.#names.length > 0 && isJsonExact(this.#values)) {
      this.#json = ownCopy(this.toJsonText());
      this.#values = undefined;
    }
    return this;
  }

  #readValues(): readonly string[] {
    const read = JSON.parse(this.#json ?? '{}') as Readonly<Record<string, string>>;
    return this.#names.map((name) => read[name] ?? '');
  }

  get fingerprint(): Fingerprint {
    return (this.#fingerprint ??= fnv1a64Hex(scratch, this.#write()));
  }

  get hash(): AlertHash {
    return (this.#hash ??= xxh64Hex(scratch, this.#write()));
  }

  /** Compact JSON object, names in order. */
  get json(): string {
    return (this.#json ??= this.toJsonText());
  }

  /** The same, but not kept. */
  toJsonText(): string {
    if (this.#json !== undefined) return this.#json;
    // Joined, not added up: the pieces of a sum stay in memory as long as nobody reads it.
    const { values } = this;
    const parts: string[] = [];
    for (let index = 0; index < this.#names.length; index++)
      parts.push(`${jsonText(this.#names[index] ?? '')}:${jsonText(values[index] ?? '')}`);
    return ['{', parts.join(','), '}'].join('');
  }

  /** `{a="b", c="d"}` with Go-quoted values: the second half of a group key (spec/gossip.md 4.4). */
  toString(): string {
    return `{${this.pairs.map(([name, value]) => `${name}=${goQuote(value)}`).join(', ')}}`;
  }

  // The canonical bytes of both hashes: name 0xFF value 0xFF for each label.
  #write(): number {
    const { values } = this;
    let needed = 0;
    for (const name of this.#names) needed += utf8Length(name) + 2;
    for (const value of values) needed += utf8Length(value);
    if (needed > scratch.length) scratch = new Uint8Array(needed * 2);
    let at = 0;
    for (let index = 0; index < this.#names.length; index++) {
      at = writeUtf8(this.#names[index] ?? '', scratch, at);
      scratch[at++] = 0xff;
      at = writeUtf8(values[index] ?? '', scratch, at);
      scratch[at++] = 0xff;
    }
    return at;
  }
}

// A copy goes by UTF-8, which can't carry half a surrogate pair.
const isJsonExact = (values: readonly string[]): boolean => values.every(isWellFormed);

/** What JSON can show as it is: no quote, backslash, control character or surrogate. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;
const jsonText = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

const nameOf = ([name]: LabelPair): string => name;
const valueOf = ([, value]: LabelPair): string => value;

// One buffer for all hashing: it is written and read within one synchronous call.
let scratch = new Uint8Array(1024);
