import { compareUtf8, utf8Length, writeUtf8 } from '@tocsin/kernel';
import { fnv1a64Hex, xxh64Hex } from './hash64.ts';
import { goQuote } from './go-quote.ts';

export type LabelPair = readonly [name: string, value: string];

/** 16 lower-case hex digits: FNV-1a 64 of the labels. What users see and the API answers. */
export type Fingerprint = string;
/** 16 lower-case hex digits: XXH64 of the labels. What the notification log holds. */
export type AlertHash = string;

/**
 * Labels or annotations: immutable, names unique and sorted by UTF-8 bytes. Everything that is
 * derived (hashes, texts) is made once, on first use: an alert that is sent again every minute
 * must not be hashed again every minute.
 */
export class LabelSet {
  static readonly empty: LabelSet = new LabelSet([]);
  /** Sorted. */
  readonly pairs: readonly LabelPair[];
  #fingerprint: Fingerprint | undefined;
  #hash: AlertHash | undefined;
  #json: string | undefined;
  #text: string | undefined;

  private constructor(sorted: readonly LabelPair[]) {
    this.pairs = sorted;
  }

  /** Sorts; of a repeated name the last value stays. */
  static of(pairs: Iterable<LabelPair>): LabelSet {
    const sorted = [...pairs];
    if (sorted.length === 0) return LabelSet.empty;
    let isSorted = true;
    for (let index = 1; index < sorted.length; index++) {
      if (compareUtf8(sorted[index - 1]?.[0] ?? '', sorted[index]?.[0] ?? '') >= 0) isSorted = false;
    }
    if (isSorted) return new LabelSet(sorted);
    const byName = new Map(sorted.map((pair) => [pair[0], pair]));
    return new LabelSet([...byName.values()].sort((a, b) => compareUtf8(a[0], b[0])));
  }

  static fromObject(labels: Readonly<Record<string, string>>): LabelSet {
    return LabelSet.of(Object.entries(labels));
  }

  get size(): number {
    return this.pairs.length;
  }

  /** Undefined when the label is missing; matchers take that as the empty string. */
  get(name: string): string | undefined {
    for (const pair of this.pairs) if (pair[0] === name) return pair[1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  filter(keep: (name: string, value: string) => boolean): LabelSet {
    const kept = this.pairs.filter(([name, value]) => keep(name, value));
    return kept.length === this.pairs.length ? this : new LabelSet(kept);
  }

  /** These labels, with `over`'s on top. */
  merge(over: LabelSet): LabelSet {
    return over.size === 0 ? this : LabelSet.of([...this.pairs, ...over.pairs]);
  }

  equals(other: LabelSet): boolean {
    if (this === other) return true;
    if (this.pairs.length !== other.pairs.length) return false;
    return this.pairs.every(([name, value], index) => {
      const pair = other.pairs[index];
      return pair !== undefined && pair[0] === name && pair[1] === value;
    });
  }

  get fingerprint(): Fingerprint {
    return (this.#fingerprint ??= fnv1a64Hex(scratch, this.#write()));
  }

  get hash(): AlertHash {
    return (this.#hash ??= xxh64Hex(scratch, this.#write()));
  }

  /** Compact JSON object, names in order. */
  get json(): string {
    return (this.#json ??= `{${this.pairs
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',')}}`);
  }

  /** `{a="b", c="d"}` with Go-quoted values: the second half of a group key (spec/gossip.md 4.4). */
  toString(): string {
    return (this.#text ??= `{${this.pairs.map(([name, value]) => `${name}=${goQuote(value)}`).join(', ')}}`);
  }

  // The canonical bytes of both hashes: name 0xFF value 0xFF for each label.
  #write(): number {
    let needed = 0;
    for (const [name, value] of this.pairs) needed += utf8Length(name) + utf8Length(value) + 2;
    if (needed > scratch.length) scratch = new Uint8Array(needed * 2);
    let at = 0;
    for (const [name, value] of this.pairs) {
      at = writeUtf8(name, scratch, at);
      scratch[at++] = 0xff;
      at = writeUtf8(value, scratch, at);
      scratch[at++] = 0xff;
    }
    return at;
  }
}

// One buffer for all hashing: it is written and read within one synchronous call.
let scratch = new Uint8Array(1024);
