/**
 * Prints one value by one verb, as Go's fmt does. Every text is booked on the budget as it grows,
 * since one value can hold another many times over.
 */
import { AppError, encodeUtf8 } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import { formatFloat } from './go-float.ts';
import { binaryFloat, hexFloat, keepPoint } from './go-float-bits.ts';
import { MAX_VALUE_DEPTH, type Budget } from './limits.ts';
import {
  BYTES,
  GoComplex,
  GoFunc,
  GoList,
  GoMap,
  GoObject,
  GoStruct,
  intOf,
  textOf,
  typeName,
  typeOf,
  type Value,
} from './values.ts';

/** What stands between `%` and the verb. */
export class Flags {
  width: number | undefined;
  precision: number | undefined;
  minus = false;
  plus = false;
  sharp = false;
  space = false;
  zero = false;
  /** `%+v`: field names. */
  plusV = false;
  /** `%#v`: Go syntax. */
  sharpV = false;
}

export class Printer {
  flags: Flags = new Flags();
  readonly #budget: Budget;
  readonly #parts: string[] = [];
  #length = 0;
  // While a complaint is printed, `String` methods rest.
  #isComplaining = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  write(text: string): void {
    this.#length += text.length;
    this.#parts.push(text);
    if (this.#length > this.#budget.limits.maxOutput) this.#budget.spendText(this.#length);
    this.#budget.spend(text.length > 64 ? 1 + (text.length >> 5) : 0);
  }

  finish(): string {
    this.#budget.spendText(this.#length);
    return this.#parts.join('');
  }

  /** One operand, as the top level of a call sees it. */
  printArgument(value: Value, verb: string): void {
    if (verb === 'T') this.#pad(value === undefined || value === null ? '<nil>' : this.#cut(typeName(value)));
    else if (verb === 'p') this.complain(verb, value);
    else this.#print(value, verb, 0);
  }

  /** `%!d(string=x)`: a verb that does not fit. */
  complain(verb: string, value: Value): void {
    this.#isComplaining = true;
    this.write(`%!${verb}(`);
    if (value === undefined || value === null) this.write('<nil>');
    else {
      this.write(`${typeName(value)}=`);
      // Width and precision stay: Go pads the value inside the complaint.
      this.#print(value, 'v', 0);
    }
    this.write(')');
    this.#isComplaining = false;
  }

  #print(value: Value, verb: string, depth: number): void {
    if (depth > MAX_VALUE_DEPTH)
      throw new AppError('limit', `value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
    this.#budget.spend(1);
    if (value === undefined || value === null) {
      if (verb === 'v') this.#pad('<nil>');
      else this.complain(verb, null);
      return;
    }
    if (typeof value === 'boolean') this.#printBool(value, verb);
    else if (typeof value === 'number') this.#printFloat(value, verb);
    else if (value instanceof GoObject && this.#usesTextMethod(value, verb)) return;
    else if (intOf(value) !== undefined) this.#printInt(value, intOf(value) ?? 0n, verb);
    else if (textOf(value) !== undefined) this.#printText(value, textOf(value) ?? '', verb);
    else if (value instanceof GoObject) this.#printComposite(value, verb, depth);
  }

  // True when the value has a String method, the verb takes it, and it was printed.
  #usesTextMethod(value: GoObject, verb: string): boolean {
    const { text } = value.type;
    if (text === undefined || this.#isComplaining || this.flags.sharpV || !'vsxXq'.includes(verb))
      return false;
    this.#printText(value, text(value), verb);
    return true;
  }

  #printBool(value: boolean, verb: string): void {
    if (verb === 't' || verb === 'v') this.#pad(String(value));
    else this.complain(verb, value);
  }

  #printInt(value: Value, int: bigint, verb: string): void {
    const { flags } = this;
    switch (verb) {
      case 'v':
        if (flags.sharpV && typeOf(value)?.kind === 'uint') return this.#integer(int, 16, '0x');
        return this.#integer(int, 10, '');
      case 'd':
        return this.#integer(int, 10, '');
      case 'b':
        return this.#integer(int, 2, flags.sharp ? '0b' : '');
      case 'o':
        return this.#integer(int, 8, flags.sharp ? '0' : '');
      case 'O':
        return this.#integer(int, 8, flags.sharp ? '0o0' : '0o');
      case 'x':
        return this.#integer(int, 16, flags.sharp ? '0x' : '');
      case 'X':
        return this.#integer(int, 16, flags.sharp ? '0X' : '', true);
      case 'c':
        return this.#pad(codePoint(int));
      case 'q':
        return this.#pad(quoteCharacter(codePoint(int), flags.plus));
      case 'U':
        return this.#unicode(int);
      default:
        return this.complain(verb, value);
    }
  }

  #integer(int: bigint, base: number, prefix: string, isUpper = false): void {
    const { flags } = this;
    let digits = (int < 0n ? -int : int).toString(base);
    if (isUpper) digits = digits.toUpperCase();
    if (flags.precision === 0 && int === 0n) return this.#padSpaces('');
    const sign = int < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
    let least = flags.precision ?? 0;
    if (flags.precision === undefined && flags.zero && !flags.minus && flags.width !== undefined) {
      least = flags.width - (sign === '' ? 0 : 1);
    }
    digits = digits.padStart(least, '0');
    // An octal that begins with a zero needs no other.
    const shownPrefix = prefix.endsWith('0') && digits.startsWith('0') ? prefix.slice(0, -1) : prefix;
    this.#padSpaces(sign + shownPrefix + digits);
  }

  #unicode(int: bigint): void {
    const digits = (int < 0n ? BigInt.asUintN(64, int) : int).toString(16).toUpperCase();
    const character = codePoint(int);
    const isShown =
      this.flags.sharp && int >= 0n && int <= 0x10ffffn && goQuote(character).includes(character);
    const text = `U+${digits.padStart(Math.max(4, this.flags.precision ?? 0), '0')}`;
    this.#padSpaces(isShown ? `${text} '${character}'` : text);
  }

  #printFloat(value: number, verb: string): void {
    const { precision } = this.flags;
    switch (verb) {
      case 'v':
        return this.#float(value, formatFloat(value, 'g', precision), this.flags.sharpV ? 'g' : 'v');
      case 'g':
      case 'G':
        return this.#float(value, formatFloat(value, verb, precision), verb);
      case 'e':
      case 'E':
        return this.#float(value, formatFloat(value, verb, precision ?? 6), verb);
      case 'f':
      case 'F':
        return this.#float(value, formatFloat(value, 'f', precision ?? 6), verb);
      case 'b':
        return this.#float(value, binaryFloat(value), verb);
      case 'x':
      case 'X': {
        const text = hexFloat(value, precision);
        return this.#float(value, verb === 'X' ? text.toUpperCase() : text, verb);
      }
      default:
        return this.complain(verb, value);
    }
  }

  #float(value: number, text: string, verb: string): void {
    const { flags } = this;
    const isSigned = /^[+-]/.test(text);
    let sign = isSigned ? text.slice(0, 1) : '+';
    let body = isSigned ? text.slice(1) : text;
    if (flags.space && sign === '+' && !flags.plus) sign = ' ';
    const isFinite = Number.isFinite(value);
    if (flags.sharp && verb !== 'b' && isFinite) body = keepPoint(body, verb, flags.precision);
    const showsSign = flags.plus || sign !== '+';
    const isZeroPadded = flags.zero && !flags.minus && isFinite && flags.width !== undefined;
    if (isZeroPadded && showsSign) return this.write(sign + body.padStart((flags.width ?? 0) - 1, '0'));
    if (isZeroPadded) return this.write(body.padStart(flags.width ?? 0, '0'));
    // Infinity shows its sign, as FormatFloat writes it; NaN never does.
    const shown = showsSign || (value === Infinity && !flags.plus) ? sign + body : body;
    this.#padSpaces(shown);
  }

  #printText(value: Value, text: string, verb: string): void {
    const { flags } = this;
    switch (verb) {
      case 'v':
        return flags.sharpV ? this.#pad(goQuote(text)) : this.#pad(this.#cut(text));
      case 's':
        return this.#pad(this.#cut(text));
      case 'x':
      case 'X':
        return this.#hexText(text, verb);
      case 'q':
        return this.#quoted(this.#cut(text));
      default:
        return this.complain(verb, value);
    }
  }

  #quoted(text: string): void {
    const { flags } = this;
    if (flags.sharp && !/[`\x00-\x08\x0a-\x1f\x7f\ufeff]/.test(text)) return this.#pad(`\`${text}\``);
    this.#pad(flags.plus ? quoteAscii(text) : goQuote(text));
  }

  #hexText(text: string, verb: 'x' | 'X'): void {
    const { flags } = this;
    const bytes = encodeUtf8(text).subarray(0, flags.precision);
    const prefix = flags.sharp ? `0${verb}` : '';
    let hex = '';
    for (const [index, byte] of bytes.entries()) {
      if (index === 0 || flags.space) hex += (index === 0 ? '' : ' ') + prefix;
      const pair = byte.toString(16).padStart(2, '0');
      hex += verb === 'X' ? pair.toUpperCase() : pair;
    }
    this.#pad(hex);
  }

  // A precision on a text counts code points.
  #cut(text: string): string {
    const { precision } = this.flags;
    if (precision === undefined || text.length <= precision) return text;
    let at = 0;
    for (let count = 0; count < precision && at < text.length; count++) {
      at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
    return text.slice(0, at);
  }

  #printComposite(value: GoObject, verb: string, depth: number): void {
    if (value instanceof GoList) return this.#printList(value, verb, depth);
    if (value instanceof GoMap) return this.#printMap(value, verb, depth);
    if (value instanceof GoStruct) return this.#printStruct(value, verb, depth);
    if (value instanceof GoComplex) return this.#printComplex(value, verb);
    if (value instanceof GoFunc) return this.#pad(value.type.name);
    // A time: it has only its text.
    if (this.#isComplaining) return this.#pad(value.type.text?.(value) ?? '');
    this.complain(verb, value);
  }

  #printList(value: GoList, verb: string, depth: number): void {
    const { sharpV } = this.flags;
    if (value.type === BYTES && 'sqxX'.includes(verb))
      return this.#pad(`[${value.items.map((item) => intOf(item)).join(' ')}]`);
    this.write(sharpV ? `${value.type.name}{` : '[');
    for (const [index, item] of value.items.entries()) {
      if (index > 0) this.write(sharpV ? ', ' : ' ');
      this.#printElement(item, verb, depth);
    }
    this.write(sharpV ? '}' : ']');
  }

  #printMap(value: GoMap, verb: string, depth: number): void {
    const { sharpV } = this.flags;
    this.write(sharpV ? `${value.type.name}{` : 'map[');
    for (const [index, key] of value.keys.entries()) {
      if (index > 0) this.write(sharpV ? ', ' : ' ');
      this.#printElement(key, verb, depth);
      this.write(':');
      this.#printElement(value.entries.get(key), verb, depth);
    }
    this.write(sharpV ? '}' : ']');
  }

  #printStruct(value: GoStruct, verb: string, depth: number): void {
    const { sharpV, plusV } = this.flags;
    this.write(sharpV ? `${value.type.name}{` : '{');
    let isFirst = true;
    for (const [name, field] of value.fields) {
      if (!isFirst) this.write(sharpV ? ', ' : ' ');
      isFirst = false;
      if (sharpV || plusV) this.write(`${name}:`);
      this.#printElement(field, verb, depth);
    }
    this.write('}');
  }

  #printElement(value: Value, verb: string, depth: number): void {
    if (value === undefined || value === null) this.write(this.flags.sharpV ? 'interface {}(nil)' : '<nil>');
    else this.#print(value, verb, depth + 1);
  }

  #printComplex(value: GoComplex, verb: string): void {
    const { flags } = this;
    if (!'vbgGxXfFeE'.includes(verb)) return this.complain(verb, value);
    this.write('(');
    this.#printFloat(value.real, verb);
    const { plus } = flags;
    flags.plus = true;
    this.#printFloat(value.imaginary, verb);
    flags.plus = plus;
    this.write('i)');
  }

  #pad(text: string): void {
    const { flags } = this;
    this.#padWith(text, flags.zero && !flags.minus ? '0' : ' ');
  }

  #padSpaces(text: string): void {
    this.#padWith(text, ' ');
  }

  #padWith(text: string, filler: string): void {
    const { width, minus } = this.flags;
    const missing = width === undefined ? 0 : width - countCodePoints(text);
    if (missing <= 0) this.write(text);
    else this.write(minus ? text + ' '.repeat(missing) : filler.repeat(missing) + text);
  }
}

function countCodePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

function codePoint(int: bigint): string {
  const isValid = int >= 0n && int <= 0x10ffffn && !(int >= 0xd800n && int < 0xe000n);
  return isValid ? String.fromCodePoint(Number(int)) : '\ufffd';
}

const quoteAscii = (text: string): string =>
  `"${[...text].map((character) => asciiEscape(character, goQuote(character).slice(1, -1))).join('')}"`;

function asciiEscape(character: string, quoted: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return quoted;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}

function quoteCharacter(character: string, isAscii: boolean): string {
  if (character === "'") return "'\\''";
  if (character === '"') return `'"'`;
  const quoted = goQuote(character).slice(1, -1);
  return `'${isAscii ? asciiEscape(character, quoted) : quoted}'`;
}
