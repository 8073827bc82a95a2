/**
 * Tenants and keys as bytes that any store can hold. JavaScript strings may contain lone surrogates
 * and NUL, which UTF-8 and PostgreSQL's text can't; here a lone surrogate takes the three bytes that
 * UTF-8 leaves unused for it (the encoding known as WTF-8), so that every string comes back as it was
 * and no two keys ever become one.
 */
import { isWellFormed } from '@tocsin/kernel';

export function encodeKeyText(text: string): Buffer {
  if (isWellFormed(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(isSurrogate(code) ? threeBytes(code) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

export function decodeKeyText(bytes: Buffer): string {
  let text = '';
  let start = 0;
  for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
    const second = bytes[at + 1] ?? 0;
    if (second < 0xa0) continue;
    text += bytes.toString('utf8', start, at);
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f));
    start = at + 3;
  }
  return text + bytes.toString('utf8', start);
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;

const threeBytes = (code: number): Buffer =>
  Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
