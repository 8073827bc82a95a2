/** Go's constants: what strconv.Unquote and the number scanner of text/template accept. */
import { decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import type { NumberNode } from './ast.ts';

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 92],
]);

/** The text of a quoted or back-quoted constant; undefined when it is malformed. */
export function unquote(source: string): string | undefined {
  const body = source.slice(1, -1);
  if (source.startsWith('`')) return body.replaceAll('\r', '');
  if (!body.includes('\\')) return body;
  const bytes: number[] = [];
  for (let at = 0; at < body.length;) {
    const next = nextCharacter(body, at, '"');
    if (next === undefined) return undefined;
    if (next.isByte) bytes.push(next.code);
    else bytes.push(...encodeUtf8(String.fromCodePoint(next.code)));
    at = next.end;
  }
  return decodeUtf8(Uint8Array.from(bytes));
}

/** Code point of a character constant such as `'a'`; undefined when it is malformed. */
export function unquoteCharacter(source: string): number | undefined {
  const body = source.slice(1, -1);
  const next = nextCharacter(body, 0, "'");
  return next !== undefined && next.end === body.length ? next.code : undefined;
}

interface Character {
  readonly code: number;
  /** A single byte (`\xff`, `\377`), not a code point. */
  readonly isByte: boolean;
  readonly end: number;
}

function nextCharacter(text: string, at: number, quote: string): Character | undefined {
  const code = text.codePointAt(at);
  if (code === undefined || text[at] === quote) return undefined;
  if (code !== 92) return { code, isByte: false, end: at + (code > 0xffff ? 2 : 1) };
  const letter = text[at + 1] ?? '';
  const simple = letter === quote ? quote.charCodeAt(0) : SIMPLE_ESCAPES.get(letter);
  if (simple !== undefined) return { code: simple, isByte: false, end: at + 2 };
  switch (letter) {
    case 'x':
      return hexEscape(text, at + 2, 2);
    case 'u':
      return hexEscape(text, at + 2, 4);
    case 'U':
      return hexEscape(text, at + 2, 8);
    default:
      return octalEscape(text, at + 1);
  }
}

function hexEscape(text: string, at: number, length: 2 | 4 | 8): Character | undefined {
  const digits = text.slice(at, at + length);
  if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff || (length > 2 && code >= 0xd800 && code < 0xe000)) return undefined;
  return { code, isByte: length === 2, end: at + length };
}

function octalEscape(text: string, at: number): Character | undefined {
  const digits = text.slice(at, at + 3);
  if (!/^[0-7]{3}$/.test(digits)) return undefined;
  const code = Number.parseInt(digits, 8);
  return code > 255 ? undefined : { code, isByte: true, end: at + 3 };
}

type NumberParts = Omit<NumberNode, 'kind' | 'pos' | 'source'>;

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

export const fitsInt64 = (value: bigint): boolean => value >= MIN_INT && value <= MAX_INT;

/** All that a number constant can stand for; undefined when it is malformed. */
export function parseNumber(source: string): NumberParts | undefined {
  if (source.startsWith("'")) {
    const code = unquoteCharacter(source);
    return code === undefined
      ? undefined
      : { int: BigInt(code), float: code, complex: undefined, ideal: 'int' };
  }
  if (source.endsWith('i') && !/^[+-]?0[xX]/.test(source)) return parseComplex(source);
  const int = parseGoInt(source);
  if (int !== undefined && int <= MAX_UINT && int >= MIN_INT) {
    const isInt = int <= MAX_INT;
    return {
      int: isInt ? int : undefined,
      float: Number(int),
      complex: undefined,
      ideal: isInt ? 'int' : 'overflow',
    };
  }
  const float = parseGoFloat(source);
  // A number without point and exponent was meant as an integer: then it overflows.
  if (float === undefined || !/[.eEpP]/.test(source)) return undefined;
  const isWhole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  return { int: isWhole ? BigInt(float) : undefined, float, complex: undefined, ideal: 'float' };
}

const COMPLEX = /^(?<real>[+-]?[^+-]+(?:[eE][+-]?[0-9_]+)?)?(?<imaginary>[+-]?[^+-]+(?:[eE][+-]?[0-9_]+)?)i$/;

function parseComplex(source: string): NumberParts | undefined {
  const parts = COMPLEX.exec(source)?.groups;
  const real = parts?.['real'] === undefined ? 0 : parseGoFloat(parts['real']);
  const imaginary = parts?.['imaginary'] === undefined ? undefined : parseGoFloat(parts['imaginary']);
  if (real === undefined || imaginary === undefined) return undefined;
  const isReal = imaginary === 0;
  const isWhole = isReal && Number.isInteger(real) && Math.abs(real) < 2 ** 63;
  return {
    int: isWhole ? BigInt(real) : undefined,
    float: isReal ? real : undefined,
    complex: [real, imaginary],
    ideal: 'complex',
  };
}

const INTEGER = /^([+-]?)(0[xX]_?[0-9a-fA-F_]+|0[oO]_?[0-7_]+|0[bB]_?[01_]+|[0-9_]+)$/;
const hasBadUnderscore = (text: string): boolean => /__|_$|^[+-]?_/.test(text);

/** As strconv.ParseInt with base 0: prefixes, leading zero for octal, underscores between digits. */
export function parseGoInt(source: string): bigint | undefined {
  const match = INTEGER.exec(source);
  if (match === null || hasBadUnderscore(source)) return undefined;
  const digits = (match[2] ?? '').replaceAll('_', '').toLowerCase();
  let size: bigint;
  if (/^0[0-9]/.test(digits)) {
    if (!/^[0-7]+$/.test(digits)) return undefined;
    size = BigInt(`0o${digits}`);
  } else size = BigInt(digits);
  return match[1] === '-' ? -size : size;
}

const DECIMAL_FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;

/** As strconv.ParseFloat, but underscores only where Go's constants allow them. */
export function parseGoFloat(source: string): number | undefined {
  if (source.includes('_') && hasBadUnderscore(source)) return undefined;
  const plain = source.replaceAll('_', '');
  if (DECIMAL_FLOAT.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = HEX_FLOAT.exec(plain);
  if (hex === null || (hex[2] === '' && hex[3] === '')) return undefined;
  const mantissa = Number(BigInt(`0x${hex[2] ?? ''}${hex[3] ?? ''}`));
  const value = mantissa * 2 ** (Number(hex[4]) - 4 * (hex[3] ?? '').length);
  return Number.isFinite(value) ? (hex[1] === '-' ? -value : value) : undefined;
}
