/**
 * @module model/regex-automaton
 *
 * A whole value against a tree, in one pass over its characters: the positions of the pattern that may
 * have matched the last character are a set of bits (Glushkov's automaton). No backtracking, and the
 * work for a character is bounded by the number of positions.
 */
import { foldedRanges, hasCodePoint, type Ranges } from './regex-ranges.ts';
import type { RegexTree } from './regex-tree.ts';

/** Characters of the pattern, repeats unfolded; larger ones are the engine's. */
export const MAX_POSITIONS = 248;

interface Part {
  readonly isNullable: boolean;
  /** Bits of the positions that can match its first and its last character. */
  readonly first: bigint;
  readonly last: bigint;
}

/** Undefined when the pattern is too large. */
export function automaton(tree: RegexTree): ((value: string) => boolean) | undefined {
  if (positions(tree) > MAX_POSITIONS) return undefined;
  const builder = new Builder();
  const { isNullable, first, last } = builder.add(tree);
  const words = Math.max(1, Math.ceil(builder.sets.length / 32));
  const table: Table = {
    words,
    sets: builder.sets,
    first: wordsOf(first, words),
    last: wordsOf(last, words),
    follow: Int32Array.from(builder.follow.flatMap((bits) => [...wordsOf(bits, words)])),
  };
  let ascii: Int32Array | undefined;
  return (value) => {
    if (value === '') return isNullable;
    return run(table, (ascii ??= asciiRows(table)), value);
  };
}

// What `Builder` will make of it.
function positions(tree: RegexTree): number {
  if (tree.kind === 'set') return 1;
  if (tree.kind === 'text' || tree.kind === 'folded') return tree.text.length;
  if (tree.kind === 'repeat') return positions(tree.part) * copies(tree);
  return tree.parts.reduce((sum, part) => sum + positions(part), 0);
}

const copies = ({ least, most }: { readonly least: number; readonly most: number }): number =>
  most === Infinity ? Math.max(1, least) : most;

const NOTHING: Part = { isNullable: true, first: 0n, last: 0n };

class Builder {
  readonly sets: Ranges[] = [];
  readonly follow: bigint[] = [];

  add(tree: RegexTree): Part {
    switch (tree.kind) {
      case 'set':
        return this.#position(tree.ranges);
      case 'text':
      case 'folded':
        return this.#text(tree.text, tree.kind === 'folded');
      case 'sequence':
        return tree.parts.reduce((left, part) => this.#join(left, this.add(part)), NOTHING);
      case 'choice':
        return tree.parts.map((part) => this.add(part)).reduce(either);
      case 'repeat':
        return this.#repeat(tree);
    }
  }

  #text(text: string, isFolded: boolean): Part {
    let all = NOTHING;
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      const one: Ranges = [code, code];
      all = this.#join(all, this.#position((isFolded ? foldedRanges(one) : one) ?? one));
    }
    return all;
  }

  #position(ranges: Ranges): Part {
    const bit = 1n << BigInt(this.sets.length);
    this.sets.push(ranges);
    this.follow.push(0n);
    return { isNullable: false, first: bit, last: bit };
  }

  #join(left: Part, right: Part): Part {
    this.#link(left.last, right.first);
    return {
      isNullable: left.isNullable && right.isNullable,
      first: left.isNullable ? left.first | right.first : left.first,
      last: right.isNullable ? left.last | right.last : right.last,
    };
  }

  #repeat(tree: Extract<RegexTree, { kind: 'repeat' }>): Part {
    let all = NOTHING;
    for (let copy = 1; copy <= copies(tree); copy++) {
      const one = this.add(tree.part);
      const isLastOfEndless = tree.most === Infinity && copy === copies(tree);
      if (isLastOfEndless) this.#link(one.last, one.first);
      all = this.#join(all, copy > tree.least ? { ...one, isNullable: true } : one);
    }
    return all;
  }

  #link(from: bigint, to: bigint): void {
    for (let at = 0, bits = from; bits !== 0n; at++, bits >>= 1n) {
      if ((bits & 1n) !== 0n) this.follow[at] = (this.follow[at] ?? 0n) | to;
    }
  }
}

const either = (left: Part, right: Part): Part => ({
  isNullable: left.isNullable || right.isNullable,
  first: left.first | right.first,
  last: left.last | right.last,
});

interface Table {
  readonly words: number;
  /** By position. */
  readonly sets: readonly Ranges[];
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** `words` for each position. */
  readonly follow: Int32Array;
}

function wordsOf(bits: bigint, words: number): Int32Array {
  return Int32Array.from({ length: words }, (_, at) => Number(BigInt.asIntN(32, bits >> BigInt(32 * at))));
}

const ASCII = 128;

// For each ASCII character the positions that take it.
function asciiRows(table: Table): Int32Array {
  const rows = new Int32Array(ASCII * table.words);
  for (let code = 0; code < ASCII; code++) fillRow(table, code, rows, code * table.words);
  return rows;
}

function fillRow({ sets, words }: Table, code: number, rows: Int32Array, from: number): void {
  rows.fill(0, from, from + words);
  for (const [position, set] of sets.entries()) {
    const at = from + (position >> 5);
    if (hasCodePoint(set, code)) rows[at] = (rows[at] ?? 0) | (1 << (position & 31));
  }
}

// Written and read within one synchronous run.
const MAX_WORDS = Math.ceil(MAX_POSITIONS / 32);
const here = new Int32Array(MAX_WORDS);
const next = new Int32Array(MAX_WORDS);
const row = new Int32Array(MAX_WORDS);

function run(table: Table, ascii: Int32Array, value: string): boolean {
  next.set(table.first);
  for (let at = 0; at < value.length; at++) {
    const code = value.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    if (code >= ASCII) fillRow(table, code, row, 0);
    const isAlive = code < ASCII ? step(table, ascii, code * table.words) : step(table, row, 0);
    if (!isAlive) return false;
  }
  for (let word = 0; word < table.words; word++) {
    if (((here[word] ?? 0) & (table.last[word] ?? 0)) !== 0) return true;
  }
  return false;
}

// Of the positions in `next` those that take the character are `here`; `next` is what may follow them.
function step({ words, follow }: Table, rows: Int32Array, from: number): boolean {
  let isAlive = false;
  for (let word = 0; word < words; word++) here[word] = (next[word] ?? 0) & (rows[from + word] ?? 0);
  next.fill(0, 0, words);
  for (let word = 0; word < words; word++) {
    for (let bits = here[word] ?? 0; bits !== 0; bits &= bits - 1) {
      isAlive = true;
      const at = (word * 32 + 31 - Math.clz32(bits & -bits)) * words;
      for (let each = 0; each < words; each++) next[each] = (next[each] ?? 0) | (follow[at + each] ?? 0);
    }
  }
  return isAlive;
}
