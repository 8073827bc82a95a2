import { sha256 } from '@noble/hashes/sha2.js';
import { encodeUtf8 } from '@tocsin/kernel';

/** SHA-256 of the UTF-8 text, 64 lower-case hex digits: names a receiver configuration by its content. */
export function contentHash(text: string): string {
  let hex = '';
  for (const byte of sha256(encodeUtf8(text))) hex += byte.toString(16).padStart(2, '0');
  return hex;
}
