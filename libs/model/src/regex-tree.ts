/**
 * @module model/regex-tree
 *
 * The part of RE2's syntax whose meaning for a whole value is simple enough to be known without the
 * engine: literals, classes, groups, choices, repeats, the flags `i` and `s`, and anchors where they
 * say nothing new. A pattern that is odd or invalid has no tree, and the engine decides.
 *
 * Of what is rarer (`\b`, `\pL`, `[[:alpha:]]`, anchors inside) the tree is `loose`: the pattern may be
 * invalid, and matches nothing that the tree would not match, but perhaps less. Such a tree tells
 * where not to look, never what matches. One that is not loose is valid and means exactly that.
 */
import { isWellFormed } from '@tocsin/kernel';
import {
  DIGITS,
  EVERYTHING,
  foldedRanges,
  negated,
  NOT_NEWLINE,
  pairsOf,
  rangesOf,
  SPACE,
  WORD,
  type Ranges,
} from './regex-ranges.ts';

export type RegexTree =
  | { readonly kind: 'text'; readonly text: string }
  /** ASCII, lower case, matched in any case. */
  | { readonly kind: 'folded'; readonly text: string }
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexTree[] }
  | { readonly kind: 'choice'; readonly parts: readonly RegexTree[] }
  /** `most` can be Infinity. */
  | { readonly kind: 'repeat'; readonly part: RegexTree; readonly least: number; readonly most: number };

/** While an anchor's place is not known to be one where it holds. */
type Parsed = RegexTree | { readonly kind: 'anchor'; readonly isStart: boolean } | Nested;
type Nested =
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Parsed[] }
  | { readonly kind: 'repeat'; readonly part: Parsed; readonly least: number; readonly most: number };

/** RE2 nests deeper; patterns of people don't. */
const MAX_DEPTH = 20;
const MAX_REPEAT = 1000;

/** What is exactly the pattern. Undefined: leave it to the engine. */
export function regexTree(pattern: string): RegexTree | undefined {
  const found = looseTree(pattern);
  return found?.isLoose === false ? found.tree : undefined;
}

export interface LooseTree {
  readonly tree: RegexTree;
  readonly isLoose: boolean;
}

export function looseTree(pattern: string): LooseTree | undefined {
  if (!isWellFormed(pattern)) return undefined;
  const parser = new Parser(pattern);
  const parsed = parser.parse();
  if (parsed === undefined) return undefined;
  const exact = withoutAnchors(parsed, true, true, false);
  const tree = exact ?? withoutAnchors(parsed, true, true, true);
  return tree && { tree, isLoose: parser.isLoose || exact === undefined };
}

export const isEmptyTree = (tree: RegexTree): boolean => tree.kind === 'text' && tree.text === '';

const EMPTY: RegexTree = { kind: 'text', text: '' };
const ANYTHING: RegexTree = { kind: 'set', ranges: EVERYTHING };
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;
const CONTROL: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
]);
const CLASSES: ReadonlyMap<string, Ranges> = new Map([
  ['d', DIGITS],
  ['w', WORD],
  ['s', SPACE],
  ['D', negated(DIGITS)],
  ['W', negated(WORD)],
  ['S', negated(SPACE)],
]);
const REPEAT = /(?:([*+?])|\{(0|[1-9]\d{0,3})(?:(,)(0|[1-9]\d{0,3})?)?\})/y;
const GROUP = /\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])))?/y;
const PLAIN = /[^\\.+*?()[\]{}^$|]+/y;
const PROPERTY = /\\[pP](?:\{\^?\w+\}|\w)/y;
const POSIX = /\[:\^?\w+:\]/y;
/** What they demand is not looked at: nothing may stand in their place. */
const ASSERTIONS = 'bBAz';

class Parser {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  #isFolding = false;
  #isDotAll = false;
  isLoose = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Parsed | undefined {
    const parsed = this.#choice();
    return this.#at === this.#pattern.length ? parsed : undefined;
  }

  get #next(): string {
    const code = this.#pattern.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  // Flags set inside hold to the end of the group.
  #choice(): Parsed | undefined {
    if (this.#depth === MAX_DEPTH) return undefined;
    this.#depth++;
    const [isFolding, isDotAll] = [this.#isFolding, this.#isDotAll];
    const parts: Parsed[] = [];
    for (;;) {
      const part = this.#sequence();
      if (part === undefined) return undefined;
      parts.push(part);
      if (this.#next !== '|') break;
      this.#at++;
    }
    [this.#isFolding, this.#isDotAll] = [isFolding, isDotAll];
    this.#depth--;
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(): Parsed | undefined {
    const parts: Parsed[] = [];
    for (let next = this.#next; next !== '' && next !== '|' && next !== ')'; next = this.#next) {
      if (this.#takeFlags()) continue;
      const atom = this.#run() ?? this.#atom(next);
      const part = atom === undefined ? undefined : this.#repeated(atom);
      if (part === undefined) return undefined;
      const last = parts.at(-1);
      const joined = last === undefined ? undefined : joinTexts(last, part);
      if (joined === undefined) parts.push(part);
      else parts[parts.length - 1] = joined;
    }
    return parts.length === 1 ? parts[0] : { kind: 'sequence', parts };
  }

  // Plain text up to the next sign, without a last character that is repeated.
  #run(): Parsed | undefined {
    if (this.#isFolding) return undefined;
    PLAIN.lastIndex = this.#at;
    let text = PLAIN.exec(this.#pattern)?.[0] ?? '';
    if ('*+?{'.includes(this.#pattern[this.#at + text.length] ?? ' ')) text = text.slice(0, -lastSize(text));
    this.#at += text.length;
    return text === '' ? undefined : { kind: 'text', text };
  }

  #loose(tree: RegexTree): RegexTree {
    this.isLoose = true;
    return tree;
  }

  // `(?i)`, which is no atom: nothing can repeat it.
  #takeFlags(): boolean {
    GROUP.lastIndex = this.#at;
    const [all = '', on = '', off = '', end] = GROUP.exec(this.#pattern) ?? [];
    if (end !== ')' || on + off === '') return false;
    this.#at += all.length;
    this.#setFlags(on, off);
    return true;
  }

  #take(sticky: RegExp): boolean {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#pattern)?.[0] ?? '';
    this.#at += found.length;
    return found !== '';
  }

  #setFlags(on: string, off: string): void {
    this.#isFolding = (this.#isFolding || on.includes('i')) && !off.includes('i');
    this.#isDotAll = (this.#isDotAll || on.includes('s')) && !off.includes('s');
    // Then `^` and `$` mean lines.
    if (on.includes('m')) this.isLoose = true;
  }

  #atom(next: string): Parsed | undefined {
    if (next === '(') return this.#group();
    if (next === '[') return this.#class();
    if (next === '\\') return this.#escape();
    if ('*+?{'.includes(next)) return undefined;
    this.#at += next.length;
    if (next === '.') return { kind: 'set', ranges: this.#isDotAll ? EVERYTHING : NOT_NEWLINE };
    if (next === '^' || next === '$') return { kind: 'anchor', isStart: next === '^' };
    return this.#literal(next);
  }

  #literal(character: string): Parsed | undefined {
    if (!this.#isFolding) return { kind: 'text', text: character };
    // Other alphabets have cases of their own.
    if (character > '\x7f') return this.#loose(ANYTHING);
    return { kind: 'folded', text: character.toLowerCase() };
  }

  #group(): Parsed | undefined {
    GROUP.lastIndex = this.#at;
    const [all = '', on = '', off = '', end] = GROUP.exec(this.#pattern) ?? [];
    if (end === ')') return undefined;
    this.#at += all.length;
    if (this.#next === '?') return undefined;
    const [isFolding, isDotAll] = [this.#isFolding, this.#isDotAll];
    this.#setFlags(on, off);
    const inner = this.#choice();
    [this.#isFolding, this.#isDotAll] = [isFolding, isDotAll];
    if (inner === undefined || this.#next !== ')') return undefined;
    this.#at++;
    return inner;
  }

  #escape(): Parsed | undefined {
    if (this.#take(PROPERTY)) return this.#loose(ANYTHING);
    const letter = this.#pattern[this.#at + 1] ?? '';
    this.#at += 2;
    if (letter !== '' && ASSERTIONS.includes(letter)) return this.#loose(EMPTY);
    const ranges = CLASSES.get(letter);
    // Under `(?i)` a class of letters gets partners of other alphabets.
    if (ranges !== undefined) return this.#isFolding ? this.#loose(ANYTHING) : { kind: 'set', ranges };
    const literal = PUNCTUATION.test(letter) ? letter : CONTROL.get(letter);
    return literal === undefined ? undefined : this.#literal(literal);
  }

  #repeated(atom: Parsed): Parsed | undefined {
    REPEAT.lastIndex = this.#at;
    const found = REPEAT.exec(this.#pattern);
    if (found === null) return this.#next === '{' ? undefined : atom;
    const [all, sign, from = '', comma, to] = found;
    this.#at += all.length;
    // Lazy or not is one for a whole value.
    if (this.#next === '?') this.#at++;
    if ('*+?{'.includes(this.#next || ' ') || !isRepeatable(atom)) return undefined;
    const least = sign === undefined ? Number(from) : sign === '+' ? 1 : 0;
    const open = sign === undefined ? comma !== undefined && to === undefined : sign !== '?';
    const most = open ? Infinity : sign === '?' ? 1 : Number(to ?? from);
    if (most === 0 || most < least || Math.max(least, open ? 0 : most) > MAX_REPEAT) return undefined;
    return { kind: 'repeat', part: atom, least, most };
  }

  #class(): Parsed | undefined {
    this.#at++;
    const isNegated = this.#next === '^';
    if (isNegated) this.#at++;
    let isKnown = true;
    const pairs: (readonly [number, number])[] = [];
    for (let isFirst = true; this.#next !== ']' || isFirst; isFirst = false) {
      if (this.#take(PROPERTY) || this.#take(POSIX)) {
        isKnown = false;
        continue;
      }
      const member = this.#member(isFirst);
      if (member === undefined) return undefined;
      pairs.push(...member);
    }
    this.#at++;
    const plain = rangesOf(pairs);
    const ranges = this.#isFolding ? foldedRanges(plain) : plain;
    if (!isKnown || ranges === undefined) return this.#loose(ANYTHING);
    return { kind: 'set', ranges: isNegated ? negated(ranges) : ranges };
  }

  // One character, one range or one class of a class.
  #member(isFirst: boolean): readonly (readonly [number, number])[] | undefined {
    if (this.#next === '-' && !isFirst && this.#pattern[this.#at + 1] !== ']') return undefined;
    const low = this.#memberCharacter();
    if (typeof low !== 'number') return low === undefined ? undefined : pairsOf(low);
    if (this.#next !== '-' || this.#pattern[this.#at + 1] === ']') return [[low, low]];
    this.#at++;
    const high = this.#memberCharacter();
    return typeof high === 'number' && high >= low ? [[low, high]] : undefined;
  }

  #memberCharacter(): number | Ranges | undefined {
    const character = this.#next;
    if (character === '' || character === '[' || character === ']') return undefined;
    this.#at += character.length;
    if (character !== '\\') return character.codePointAt(0);
    const letter = this.#pattern[this.#at++] ?? '';
    const literal = PUNCTUATION.test(letter) ? letter : CONTROL.get(letter);
    return literal?.codePointAt(0) ?? CLASSES.get(letter);
  }
}

const lastSize = (text: string): number => ((text.codePointAt(text.length - 2) ?? 0) > 0xffff ? 2 : 1);

// `()*` is valid, but repeats that cost nothing can be nested beyond what RE2 allows.
function isRepeatable(tree: Parsed): boolean {
  if (tree.kind === 'anchor') return false;
  if (tree.kind === 'text' || tree.kind === 'folded') return tree.text !== '';
  if (tree.kind === 'repeat') return isRepeatable(tree.part);
  return tree.kind === 'set' || tree.parts.some(isRepeatable);
}

function joinTexts(left: Parsed, right: Parsed): RegexTree | undefined {
  if (left.kind === 'text' && right.kind === 'text') return { kind: 'text', text: left.text + right.text };
  if (left.kind === 'folded' && right.kind === 'folded')
    return { kind: 'folded', text: left.text + right.text };
  return undefined;
}

/** `^` at the start and `$` at the end of the value hold there. Anywhere else the tree is loose, or none. */
function withoutAnchors(
  tree: Parsed,
  isAtStart: boolean,
  isAtEnd: boolean,
  isLoose: boolean,
): RegexTree | undefined {
  switch (tree.kind) {
    case 'anchor':
      return isLoose || (tree.isStart ? isAtStart : isAtEnd) ? EMPTY : undefined;
    case 'repeat': {
      const part = withoutAnchors(tree.part, false, false, isLoose);
      return part && { kind: 'repeat', part, least: tree.least, most: tree.most };
    }
    case 'choice': {
      const parts = tree.parts.map((part) => withoutAnchors(part, isAtStart, isAtEnd, isLoose));
      return parts.every((part) => part !== undefined) ? { kind: 'choice', parts } : undefined;
    }
    case 'sequence':
      return sequenceWithoutAnchors(tree.parts, isAtStart, isAtEnd, isLoose);
    default:
      return tree;
  }
}

function sequenceWithoutAnchors(
  parts: readonly Parsed[],
  isAtStart: boolean,
  isAtEnd: boolean,
  isLoose: boolean,
): RegexTree | undefined {
  const ends = parts.findLastIndex((part) => part.kind !== 'anchor');
  const result: RegexTree[] = [];
  for (const [at, part] of parts.entries()) {
    const plain = withoutAnchors(part, isAtStart && result.length === 0, isAtEnd && at >= ends, isLoose);
    if (plain === undefined) return undefined;
    for (const one of plain.kind === 'sequence' ? plain.parts : [plain]) {
      if (isEmptyTree(one)) continue;
      const last = result.at(-1);
      const joined = last === undefined ? undefined : joinTexts(last, one);
      if (joined === undefined) result.push(one);
      else result[result.length - 1] = joined;
    }
  }
  const [only] = result;
  if (only === undefined) return EMPTY;
  return result.length === 1 ? only : { kind: 'sequence', parts: result };
}
