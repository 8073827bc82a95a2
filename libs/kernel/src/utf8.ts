/**
 * UTF-8 without `TextEncoder`, which the pure libs can't see. Lone surrogates become U+FFFD on
 * encoding, invalid bytes U+FFFD on decoding (one for each maximal bad subpart, as WHATWG says).
 */

/** Number of bytes `text` takes as UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      length += 4;
      index++;
    } else length += 3;
  }
  return length;
}

export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0);
  return bytes;
}

/** Writes `text` at `offset`; the buffer must have room for `utf8Length(text)`. Returns the new offset. */
export function writeUtf8(text: string, into: Uint8Array, offset: number): number {
  let at = offset;
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      into[at++] = code;
      continue;
    }
    if (code < 0x800) {
      into[at++] = 0xc0 | (code >> 6);
      into[at++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const next = text.charCodeAt(index + 1);
      if (code < 0xdc00 && isLowSurrogate(next)) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        index++;
        into[at++] = 0xf0 | (code >> 18);
        into[at++] = 0x80 | ((code >> 12) & 0x3f);
        into[at++] = 0x80 | ((code >> 6) & 0x3f);
        into[at++] = 0x80 | (code & 0x3f);
        continue;
      }
      code = 0xfffd;
    }
    into[at++] = 0xe0 | (code >> 12);
    into[at++] = 0x80 | ((code >> 6) & 0x3f);
    into[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}

export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  let at = start;
  const units: number[] = [];
  while (at < end) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      units.push(first);
      at++;
    } else {
      const [code, taken] = decodeMultibyte(bytes, at, end);
      at += taken;
      if (code >= 0x10000) units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
      else units.push(code);
    }
    if (units.length >= 4096) {
      text += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  return text + String.fromCharCode(...units);
}

/** True when the bytes are valid UTF-8 (no surrogates, no overlong forms). */
export function isUtf8(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    if ((bytes[at] ?? 0) < 0x80) at++;
    else {
      const [code, taken] = decodeMultibyte(bytes, at, bytes.length);
      if (code === 0xfffd && !(bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd))
        return false;
      at += taken;
    }
  }
  return true;
}

/** True when the string holds no lone surrogate, so that it survives UTF-8. */
export function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit >= 0xe000) continue;
    if (unit >= 0xdc00 || !isLowSurrogate(text.charCodeAt(index + 1))) return false;
    index++;
  }
  return true;
}

/**
 * Order of the UTF-8 bytes: what every peer sorts by. JavaScript's `<` compares UTF-16 units,
 * which puts U+FFFD after U+1F600 and so yields a wrong group key.
 */
export function compareUtf8(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codeOrder(a) - codeOrder(b);
  }
  return left.length - right.length;
}

// Surrogates stand for code points above every other UTF-16 unit.
const codeOrder = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

function decodeMultibyte(bytes: Uint8Array, at: number, end: number): readonly [code: number, taken: number] {
  const first = bytes[at] ?? 0;
  let needed: number;
  let code: number;
  let lowest = 0x80;
  let highest = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) [needed, code] = [1, first & 0x1f];
  else if (first >= 0xe0 && first <= 0xef) {
    [needed, code] = [2, first & 0x0f];
    if (first === 0xe0) lowest = 0xa0;
    if (first === 0xed) highest = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    [needed, code] = [3, first & 0x07];
    if (first === 0xf0) lowest = 0x90;
    if (first === 0xf4) highest = 0x8f;
  } else return [0xfffd, 1];
  let taken = 1;
  for (; needed > 0; needed--) {
    const next = at + taken < end ? (bytes[at + taken] ?? 0) : 0;
    if (next < lowest || next > highest) return [0xfffd, taken];
    code = (code << 6) | (next & 0x3f);
    taken++;
    lowest = 0x80;
    highest = 0xbf;
  }
  return [code, taken];
}
