/** Base64 with padding, in the alphabet of mail (`standard`) or of URLs (`url`). */
import { AppError } from '@tocsin/kernel';

const COMMON = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export type Base64Alphabet = 'standard' | 'url';

const ALPHABETS: Readonly<Record<Base64Alphabet, string>> = { standard: `${COMMON}+/`, url: `${COMMON}-_` };

export function encodeBase64(bytes: Uint8Array, alphabet: Base64Alphabet): string {
  const digits = ALPHABETS[alphabet];
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const taken = Math.min(3, bytes.length - at);
    for (let index = 0; index < 4; index++) {
      text += index <= taken ? digits.charAt((group >> (18 - 6 * index)) & 63) : '=';
    }
  }
  return text;
}

/** Line breaks are skipped. Throws `AppError` (invalid) with the offset, as Go counts it. */
export function decodeBase64(text: string, alphabet: Base64Alphabet): Uint8Array {
  const digits = ALPHABETS[alphabet];
  const bytes: number[] = [];
  let group: number[] = [];
  let groupStart = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\n' || character === '\r') continue;
    if (group.length === 0) groupStart = at;
    if (character === '=') return Uint8Array.from([...bytes, ...decodePadded(text, at, group)]);
    const digit = digits.indexOf(character);
    if (digit < 0) throw corrupt(at);
    group.push(digit);
    if (group.length === 4) {
      bytes.push(...groupBytes(group));
      group = [];
    }
  }
  if (group.length > 0) throw corrupt(groupStart);
  return Uint8Array.from(bytes);
}

// The end of a text whose last group is short: exactly the padding it needs, and nothing after it.
function decodePadded(text: string, at: number, group: readonly number[]): readonly number[] {
  if (group.length < 2) throw corrupt(at);
  const rest = text.slice(at).replaceAll(/[\r\n]/g, '');
  const needed = 4 - group.length;
  if (rest.length < needed) throw corrupt(text.length);
  if (rest !== '='.repeat(needed)) throw corrupt(at + 1);
  return groupBytes([...group, 0, 0].slice(0, 4)).slice(0, group.length - 1);
}

function groupBytes(group: readonly number[]): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = group;
  const bits = (a << 18) | (b << 12) | (c << 6) | d;
  return [(bits >> 16) & 255, (bits >> 8) & 255, bits & 255];
}

const corrupt = (at: number): AppError => AppError.invalid(`illegal base64 data at input byte ${at}`);
