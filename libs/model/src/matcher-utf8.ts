/**
 * The matcher grammar with any text in names: spec/alertmanager.md 2.2. Columns in error texts count
 * code points from 0, as amtool prints them.
 */
import { AppError, decodeUtf8, encodeUtf8, isUtf8, isWellFormed } from '@tocsin/kernel';
import { createMatcher, type Matcher, type MatchType } from './matcher.ts';

type TokenKind = '{' | '}' | ',' | 'operator' | 'quoted' | 'unquoted';
interface Token {
  readonly kind: TokenKind;
  /** Source text, quotes included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const NO_OPEN_BRACE = 'expected opening brace';
const NO_CLOSE_BRACE = 'expected close brace';
const NO_NAME = 'expected label name';
const NO_VALUE = 'expected label value';
const NO_OPERATOR = "expected an operator such as '=', '!=', '=~' or '!~'";
const NO_COMMA = 'expected a comma or close brace';
const NO_MATCHER_AFTER_COMMA = 'expected a matcher or close brace after comma';
const NO_END = 'expected end of input';

/** Zero or more matchers, with a pair of braces or without. Throws AppError `invalid`. */
export function parseUtf8Matchers(text: string): readonly Matcher[] {
  const lexer = new Lexer(text);
  if (lexer.peek() === undefined) return [];
  const hasBrace = lexer.peek()?.kind === '{';
  if (hasBrace) lexer.next();
  const matchers: Matcher[] = [];
  const first = lexer.peek();
  if (first !== undefined && first.kind !== '}') parseList(lexer, matchers);
  closeBrace(lexer, hasBrace);
  const rest = lexer.peek(NO_END);
  if (rest !== undefined) throw AppError.invalid(`${rest.start}:${rest.end}: ${rest.text}: ${NO_END}`);
  return matchers;
}

function parseList(lexer: Lexer, matchers: Matcher[]): void {
  for (;;) {
    matchers.push(parseOne(lexer));
    const after = lexer.peek(NO_COMMA);
    if (after === undefined || after.kind === '}') return;
    if (after.kind !== ',') throw unexpected(after, NO_COMMA);
    lexer.next();
    const next = lexer.peek(NO_MATCHER_AFTER_COMMA);
    if (next === undefined || next.kind === '}') return;
    if (next.kind !== 'quoted' && next.kind !== 'unquoted') throw unexpected(next, NO_MATCHER_AFTER_COMMA);
  }
}

function parseOne(lexer: Lexer): Matcher {
  const name = unquote(lexer.expect(['quoted', 'unquoted'], NO_NAME));
  const operator = lexer.expect(['operator'], NO_OPERATOR).text;
  const value = unquote(lexer.expect(['quoted', 'unquoted'], NO_VALUE));
  try {
    return createMatcher(name, operator as MatchType, value);
  } catch (thrown) {
    if (thrown instanceof AppError) throw AppError.invalid(`failed to create matcher: ${thrown.message}`);
    throw thrown;
  }
}

function closeBrace(lexer: Lexer, isOpen: boolean): void {
  const token = lexer.peek(isOpen ? NO_CLOSE_BRACE : NO_END);
  if (token?.kind === '}') {
    lexer.next();
    if (!isOpen) throw AppError.invalid(`0:${token.end}: }: ${NO_OPEN_BRACE}`);
  } else if (isOpen) {
    const found = token === undefined ? 'end of input' : `unexpected ${token.text}`;
    throw AppError.invalid(`0:${token?.end ?? lexer.column}: ${found}: ${NO_CLOSE_BRACE}`);
  }
}

const unexpected = (token: Token, expectation: string): AppError =>
  AppError.invalid(`${token.start}:${token.end}: unexpected ${token.text}: ${expectation}`);

const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
// The longest run without white space and reserved characters.
const UNQUOTED = /[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}!=~,\\"'`]+/y;

/** One token ahead. A lexical error comes out when the bad token is looked at, with what was wanted there. */
class Lexer {
  readonly #text: string;
  #at = 0;
  /** Code points before `#at`. */
  column = 0;
  #ahead: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token without taking it; undefined at the end of the input. */
  peek(expectation?: string): Token | undefined {
    return (this.#ahead ??= this.#scan(expectation === undefined ? '' : `: ${expectation}`));
  }

  next(expectation?: string): Token | undefined {
    const token = this.peek(expectation);
    this.#ahead = undefined;
    return token;
  }

  expect(kinds: readonly TokenKind[], expectation: string): Token {
    const token = this.next(expectation);
    if (token === undefined) throw AppError.invalid(`end of input: ${expectation}`);
    if (!kinds.includes(token.kind)) throw unexpected(token, expectation);
    return token;
  }

  #scan(expectation: string): Token | undefined {
    while (SPACE.test(this.#text[this.#at] ?? '')) this.#advance(1);
    const character = this.#text[this.#at];
    if (character === undefined) return undefined;
    if (character === '{' || character === '}' || character === ',') return this.#take(character, 1);
    if (character === '=') return this.#take('operator', this.#text[this.#at + 1] === '~' ? 2 : 1);
    if (character === '!') {
      if (!'=~'.includes(this.#text[this.#at + 1] ?? ' '))
        throw this.#invalid('!', `expected one of '=~'${expectation}`);
      return this.#take('operator', 2);
    }
    if (character === '"') return this.#takeQuoted(expectation);
    UNQUOTED.lastIndex = this.#at;
    const run = UNQUOTED.exec(this.#text)?.[0];
    if (run === undefined) throw this.#invalid(character, `invalid input${expectation}`);
    return this.#take('unquoted', run.length);
  }

  #takeQuoted(expectation: string): Token {
    for (let end = this.#at + 1; end < this.#text.length; end++) {
      if (this.#text[end] === '\\') end++;
      else if (this.#text[end] === '"') return this.#take('quoted', end + 1 - this.#at);
    }
    throw this.#invalid(this.#text.slice(this.#at), `missing end "${expectation}`);
  }

  #take(kind: TokenKind, length: number): Token {
    const text = this.#text.slice(this.#at, this.#at + length);
    const start = this.column;
    this.#advance(length);
    return { kind, text, start, end: this.column };
  }

  #advance(units: number): void {
    this.column += countCodePoints(this.#text.slice(this.#at, this.#at + units));
    this.#at += units;
  }

  #invalid(text: string, what: string): AppError {
    return AppError.invalid(`${this.column}:${this.column + countCodePoints(text)}: ${text}: ${what}`);
  }
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function unquote(token: Token): string {
  const value = token.kind === 'quoted' ? goUnquote(token.text) : token.text;
  if (value === undefined || !isWellFormed(value)) {
    throw AppError.invalid(`${token.start}:${token.end}: ${token.text}: invalid input`);
  }
  return value;
}

const ESCAPE = /\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const SHORT: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};

// A Go string literal in double quotes; undefined when it is none or its bytes are no UTF-8.
function goUnquote(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1);
  if (inner.includes('\n')) return undefined;
  if (!inner.includes('\\')) return inner;
  const bytes: number[] = [];
  let at = 0;
  while (at < inner.length) {
    const next = inner.indexOf('\\', at);
    const plain = inner.slice(at, next < 0 ? inner.length : next);
    for (const byte of encodeUtf8(plain)) bytes.push(byte);
    at += plain.length;
    if (next < 0) break;
    ESCAPE.lastIndex = at;
    const escape = ESCAPE.exec(inner);
    if (escape === null || !pushEscape(escape, bytes)) return undefined;
    at += escape[0].length;
  }
  const all = Uint8Array.from(bytes);
  return isUtf8(all) ? decodeUtf8(all) : undefined;
}

// `\x` and octal give one byte, `\u` and `\U` a whole character.
function pushEscape(escape: RegExpExecArray, bytes: number[]): boolean {
  const [, short, octal, hex, unicode, wide] = escape;
  if (short !== undefined) bytes.push(SHORT[short] ?? 0);
  else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
  else if (octal !== undefined) {
    const byte = Number.parseInt(octal, 8);
    if (byte > 255) return false;
    bytes.push(byte);
  } else {
    const code = Number.parseInt(unicode ?? wide ?? '', 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    for (const byte of encodeUtf8(String.fromCodePoint(code))) bytes.push(byte);
  }
  return true;
}
