/**
 * @module model/regex-hints
 *
 * What can be said of every value that a pattern matches: which texts it must hold. An index over
 * matchers files a pattern under these texts, so that values without them never try it.
 */
import { foldAscii, pairsOf, sizeOf } from './regex-ranges.ts';
import { looseTree, type RegexTree } from './regex-tree.ts';

/** One of the ways to match: such a value has all of this. */
export interface ValueHint {
  /** The whole value. */
  readonly exact: string | undefined;
  /** What it starts with, '' when that is unknown. */
  readonly prefix: string;
  /** Texts that it holds, prefix and suffix among them; none is empty. */
  readonly parts: readonly string[];
}

export interface ValueHints {
  /** Every value matched fits at least one. */
  readonly choices: readonly ValueHint[];
  /** The texts are folded: they are found in `foldAscii(value)`, not in the value itself. */
  readonly isFolded: boolean;
}

/** Choices told apart; of a pattern with more, only what they have in common is said. */
export const MAX_HINT_CHOICES = 2048;
/** UTF-16 units of all texts of a hint together. */
const MAX_HINT_UNITS = 65_536;
/** Choices that were put together on the way, for one pattern: a few milliseconds. */
const MAX_HINT_WORK = 10_000;
/** Texts between start and end that are told. */
const MAX_INNER_TEXTS = 16;
/** `[abc]` is taken for a choice up to this many characters. */
const MAX_SET_CHOICES = 8;

/** Of the anchored pattern, valid or not. Undefined: nothing is known, any value may match. */
export function valueHints(pattern: string): ValueHints | undefined {
  const found = looseTree(pattern);
  return found && hintsOf(found.tree);
}

export function hintsOf(tree: RegexTree): ValueHints | undefined {
  const isFolded = hasFolded(tree);
  const choices = new Summariser(isFolded ? foldAscii : (text) => text).of(tree).map(hintOf);
  return choices.every(({ exact, parts }) => exact !== undefined || parts.length > 0)
    ? { choices, isFolded }
    : undefined;
}

/** All values that match, when they can be listed. */
export function exactTexts({ choices, isFolded }: ValueHints): readonly string[] | undefined {
  const texts = choices.flatMap(({ exact }) => exact ?? []);
  return !isFolded && texts.length === choices.length ? texts : undefined;
}

export const hasFolded = (tree: RegexTree): boolean =>
  tree.kind === 'folded' ||
  (tree.kind === 'repeat' ? hasFolded(tree.part) : 'parts' in tree && tree.parts.some(hasFolded));

/** A text that is whole, or one whose ends are known and something lies between. */
interface Summary {
  readonly isWhole: boolean;
  /** Of a whole one: all of it. */
  readonly start: string;
  readonly end: string;
  readonly inner: readonly string[];
}

const UNKNOWN: Summary = { isWhole: false, start: '', end: '', inner: [] };
const whole = (text: string): Summary => ({ isWhole: true, start: text, end: text, inner: [] });

function hintOf({ isWhole, start, end, inner }: Summary): ValueHint {
  if (isWhole) return { exact: start, prefix: start, parts: start === '' ? [] : [start] };
  return { exact: undefined, prefix: start, parts: [start, ...inner, end].filter((text) => text !== '') };
}

class Summariser {
  readonly #fold: (text: string) => string;
  #work = 0;

  constructor(fold: (text: string) => string) {
    this.#fold = fold;
  }

  of(tree: RegexTree): readonly Summary[] {
    switch (tree.kind) {
      case 'text':
      case 'folded':
        return [whole(this.#fold(tree.text))];
      case 'set':
        return this.#ofSet(tree.ranges);
      case 'choice':
        return bounded(tree.parts.flatMap((part) => this.of(part)));
      case 'sequence': {
        let sofar: readonly Summary[] = [whole('')];
        for (const part of tree.parts) sofar = this.#joined(sofar, this.of(part));
        return sofar;
      }
      case 'repeat':
        return this.#ofRepeat(tree);
    }
  }

  #ofSet(ranges: readonly number[]): readonly Summary[] {
    const size = sizeOf(ranges, MAX_SET_CHOICES + 1);
    if (size === 0 || size > MAX_SET_CHOICES) return [UNKNOWN];
    const texts = pairsOf(ranges).flatMap(([low, high]) =>
      Array.from({ length: high - low + 1 }, (_, at) => this.#fold(String.fromCodePoint(low + at))),
    );
    return [...new Set(texts)].map(whole);
  }

  #ofRepeat({ part, least, most }: Extract<RegexTree, { kind: 'repeat' }>): readonly Summary[] {
    if (least === 0 && most > 1) return [UNKNOWN];
    const once = this.of(part);
    if (most === 1) return least === 1 ? once : bounded([whole(''), ...once]);
    // At least once: it starts and ends as one does.
    return once.map(({ start, end, inner }) => ({ isWhole: false, start, end, inner }));
  }

  #joined(left: readonly Summary[], right: readonly Summary[]): readonly Summary[] {
    this.#work += left.length * right.length;
    const isTooMuch = this.#work > MAX_HINT_WORK;
    const [lefts, rights] = isTooMuch ? [common(left), common(right)] : [left, right];
    return bounded(lefts.flatMap((one) => rights.map((other) => join(one, other))));
  }
}

function join(left: Summary, right: Summary): Summary {
  if (left.isWhole && right.isWhole) return whole(left.start + right.start);
  if (left.isWhole) return { ...right, start: left.start + right.start };
  if (right.isWhole) return { ...left, end: left.end + right.start };
  const middle = left.end + right.start;
  const inner = [...left.inner, ...(middle === '' ? [] : [middle]), ...right.inner].slice(0, MAX_INNER_TEXTS);
  return { isWhole: false, start: left.start, end: right.end, inner };
}

function bounded(all: readonly Summary[]): readonly Summary[] {
  if (all.length > MAX_HINT_CHOICES) return common(all);
  let units = 0;
  for (const { start, end, inner } of all) {
    units += start.length + end.length;
    for (const text of inner) units += text.length;
  }
  return units <= MAX_HINT_UNITS ? all : common(all);
}

const common = (all: readonly Summary[]): readonly Summary[] => [
  { ...UNKNOWN, start: commonPrefix(all.map(({ start }) => start)) },
];

export function commonPrefix(texts: readonly string[]): string {
  let [prefix = ''] = texts;
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
