/** Sets of code points as sorted, disjoint, inclusive ranges: low, high, low, high, ... */
export type Ranges = readonly number[];

const LAST = 0x10ffff;

export const DIGITS: Ranges = [0x30, 0x39];
export const WORD: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
/** `\s` of RE2, which has no vertical tab and no Unicode space. */
export const SPACE: Ranges = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
/** `.` without the flag `s`. */
export const NOT_NEWLINE: Ranges = [0, 0x09, 0x0b, LAST];
export const EVERYTHING: Ranges = [0, LAST];

/** Of pairs in any order, which may overlap. */
export function rangesOf(pairs: readonly (readonly [low: number, high: number])[]): Ranges {
  const merged: number[] = [];
  for (const [low, high] of pairs.toSorted((left, right) => left[0] - right[0])) {
    const end = merged.at(-1);
    if (end !== undefined && low <= end + 1) merged[merged.length - 1] = Math.max(end, high);
    else merged.push(low, high);
  }
  return merged;
}

export const pairsOf = (ranges: Ranges): [number, number][] =>
  Array.from({ length: ranges.length / 2 }, (_, at) => [ranges[2 * at] ?? 0, ranges[2 * at + 1] ?? 0]);

export function negated(ranges: Ranges): Ranges {
  const outside: number[] = [];
  let next = 0;
  for (const [low, high] of pairsOf(ranges)) {
    if (low > next) outside.push(next, low - 1);
    next = high + 1;
  }
  if (next <= LAST) outside.push(next, LAST);
  return outside;
}

export function hasCodePoint(ranges: Ranges, code: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (code < (ranges[at] ?? 0)) return false;
    if (code <= (ranges[at + 1] ?? 0)) return true;
  }
  return false;
}

/** How many code points, or `limit` when there are more. */
export function sizeOf(ranges: Ranges, limit: number): number {
  let size = 0;
  for (const [low, high] of pairsOf(ranges)) size += high - low + 1;
  return Math.min(size, limit);
}

// Of ASCII letters only these two have a partner outside of ASCII: long s and the Kelvin sign.
const LONG_S = 0x17f;
const KELVIN = 0x212a;

/** With the other case of every ASCII letter; undefined when it holds anything but ASCII. */
export function foldedRanges(ranges: Ranges): Ranges | undefined {
  if ((ranges.at(-1) ?? 0) > 0x7f) return undefined;
  const pairs = pairsOf(ranges);
  for (let code = 0x61; code <= 0x7a; code++) {
    const upper = code - 0x20;
    if (!hasCodePoint(ranges, code) && !hasCodePoint(ranges, upper)) continue;
    pairs.push([code, code], [upper, upper]);
    if (code === 0x73) pairs.push([LONG_S, LONG_S]);
    if (code === 0x6b) pairs.push([KELVIN, KELVIN]);
  }
  return rangesOf(pairs);
}

/**
 * The text in which two texts are equal when RE2 takes them for equal without regard to the case of
 * ASCII letters. As long as `text`, unit by unit, so a part of a text folds to a part of its fold.
 */
export const foldAscii = (text: string): string => text.replaceAll(/[A-Z\u017f\u212a]/g, foldLetter);

const foldLetter = (letter: string): string =>
  letter === '\u017f' ? 's' : letter === '\u212a' ? 'k' : letter.toLowerCase();
