/** Percent coding after Go's net/url. */
import { AppError, decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';

const UNRESERVED = /[A-Za-z0-9\-_.~]/;

/** As `url.QueryEscape`: space becomes `+`, hex digits are upper case. */
export function queryEscape(text: string): string {
  let escaped = '';
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    if (byte === 0x20) escaped += '+';
    else if (byte < 0x80 && UNRESERVED.test(character)) escaped += character;
    else escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** As `url.QueryUnescape`. Throws `AppError` (invalid) for a `%` without two hex digits. */
export function queryUnescape(text: string): string {
  const source = encodeUtf8(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] ?? 0;
    if (byte === 0x25) {
      const digits = decodeUtf8(source, at + 1, Math.min(at + 3, source.length));
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
        throw AppError.invalid(`invalid URL escape ${goQuote(`%${digits}`)}`);
      }
      bytes[length++] = Number.parseInt(digits, 16);
      at += 2;
    } else bytes[length++] = byte === 0x2b ? 0x20 : byte;
  }
  return decodeUtf8(bytes, 0, length);
}
