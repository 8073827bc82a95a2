/**
 * @module model/regex-fast
 *
 * Matching without the engine, for the patterns that people write: literals and choices of them, texts
 * with `.*` or `.+` around and between, and otherwise an automaton over what lies between the literal
 * start and end. Undefined for every other pattern, valid or not.
 */
import { automaton } from './regex-automaton.ts';
import { exactTexts, hintsOf } from './regex-hints.ts';
import { EVERYTHING, foldAscii, NOT_NEWLINE } from './regex-ranges.ts';
import { regexTree, type RegexTree } from './regex-tree.ts';

export type ValueTest = (value: string) => boolean;

export function fastMatch(pattern: string): ValueTest | undefined {
  const tree = regexTree(pattern);
  if (tree === undefined) return undefined;
  return literals(tree) ?? foldedLiterals(tree) ?? wildcards(tree) ?? framed(tree);
}

function literals(tree: RegexTree): ValueTest | undefined {
  const hints = hintsOf(tree);
  const texts = hints && exactTexts(hints);
  return texts && oneOf(texts);
}

function oneOf(texts: readonly string[]): ValueTest {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return (value) => value === only;
  const set: ReadonlySet<string> = new Set(texts);
  return (value) => set.has(value);
}

// `(?i)prod|staging`.
function foldedLiterals(tree: RegexTree): ValueTest | undefined {
  const choices = tree.kind === 'choice' ? tree.parts : [tree];
  const texts = choices.flatMap((part) => (part.kind === 'folded' ? part.text : []));
  if (texts.length !== choices.length) return undefined;
  const test = oneOf(texts);
  return (value) => test(foldAscii(value));
}

/** `prod-.*`, `.*-db`, `.*foo.+bar`: texts in this order, with at least so many characters between. */
function wildcards(tree: RegexTree): ValueTest | undefined {
  const parts = tree.kind === 'sequence' ? tree.parts : [tree];
  const texts = [''];
  const gaps: number[] = [];
  let dot: typeof NOT_NEWLINE | undefined;
  for (const part of parts) {
    if (part.kind === 'text') texts[texts.length - 1] = part.text;
    else {
      if (part.kind !== 'repeat' || part.part.kind !== 'set') return undefined;
      const { ranges } = part.part;
      const isDots =
        (ranges === NOT_NEWLINE || ranges === EVERYTHING) && part.least <= 1 && part.most === Infinity;
      // Two gaps side by side want two characters, which may be surrogate pairs.
      if (!isDots || (dot ?? ranges) !== ranges || (gaps.length > 0 && texts.at(-1) === '')) return undefined;
      dot = ranges;
      gaps.push(part.least);
      texts.push('');
    }
  }
  if (dot === undefined || texts.some((text) => text.includes('\n'))) return undefined;
  return texts.length === 2 ? twoEnds(texts, gaps, dot) : manyTexts(texts, gaps, dot);
}

function twoEnds(
  [head = '', tail = '']: readonly string[],
  [gap = 0]: readonly number[],
  dot: typeof NOT_NEWLINE,
): ValueTest {
  const least = head.length + gap + tail.length;
  const isNewlineTaken = dot === EVERYTHING;
  return (value) =>
    value.length >= least &&
    value.startsWith(head) &&
    value.endsWith(tail) &&
    (isNewlineTaken || !value.includes('\n'));
}

// The first place of each text leaves the most room for those behind it.
function manyTexts(texts: readonly string[], gaps: readonly number[], dot: typeof NOT_NEWLINE): ValueTest {
  const head = texts[0] ?? '';
  const tail = texts.at(-1) ?? '';
  const inner = texts.slice(1, -1);
  const lastGap = gaps.at(-1) ?? 0;
  const isNewlineTaken = dot === EVERYTHING;
  return (value) => {
    if (!value.startsWith(head)) return false;
    let at = head.length;
    for (const [index, text] of inner.entries()) {
      const found = value.indexOf(text, at + (gaps[index] ?? 0));
      if (found < 0) return false;
      at = found + text.length;
    }
    const end = value.length - tail.length;
    return at + lastGap <= end && value.endsWith(tail) && (isNewlineTaken || !value.includes('\n'));
  };
}

/** What most values fail by is looked at first: the literal start and end. */
function framed(tree: RegexTree): ValueTest | undefined {
  if (tree.kind !== 'sequence') return automaton(tree);
  const first = tree.parts[0];
  const last = tree.parts.at(-1);
  const head = first?.kind === 'text' ? first.text : '';
  const tail = last?.kind === 'text' ? last.text : '';
  if (head === '' && tail === '') return automaton(tree);
  const parts = tree.parts.slice(head === '' ? 0 : 1, tail === '' ? undefined : -1);
  const middle = automaton({ kind: 'sequence', parts });
  if (middle === undefined) return undefined;
  const least = head.length + tail.length;
  return (value) =>
    value.length >= least &&
    value.startsWith(head) &&
    value.endsWith(tail) &&
    middle(value.slice(head.length, value.length - tail.length));
}
