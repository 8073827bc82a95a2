import { encodeUtf8 } from '@tocsin/kernel';

/** SHA-1 (FIPS 180-4) of a text as 40 hex digits. For page tokens that look like Prometheus'; keeps no secret. */
export function sha1Hex(text: string): string {
  const bytes = encodeUtf8(text);
  const padded = new Uint8Array((Math.floor((bytes.length + 8) / 64) + 1) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  const hash = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let block = 0; block < padded.length; block += 64) mix(hash, view, block);
  return [...hash].map((word) => word.toString(16).padStart(8, '0')).join('');
}

function mix(hash: Uint32Array, view: DataView, block: number): void {
  const words = new Uint32Array(80);
  for (let index = 0; index < 80; index++) {
    words[index] =
      index < 16
        ? view.getUint32(block + index * 4)
        : rotate(
            at(words, index - 3) ^ at(words, index - 8) ^ at(words, index - 14) ^ at(words, index - 16),
            1,
          );
  }
  let [a, b, c, d, e] = [at(hash, 0), at(hash, 1), at(hash, 2), at(hash, 3), at(hash, 4)];
  for (let index = 0; index < 80; index++) {
    const [choice, constant] =
      index < 20
        ? [(b & c) | (~b & d), 0x5a827999]
        : index < 40
          ? [b ^ c ^ d, 0x6ed9eba1]
          : index < 60
            ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
            : [b ^ c ^ d, 0xca62c1d6];
    const next = (rotate(a, 5) + choice + e + constant + at(words, index)) >>> 0;
    [e, d, c, b, a] = [d, c, rotate(b, 30), a, next];
  }
  for (const [index, word] of [a, b, c, d, e].entries()) hash[index] = (at(hash, index) + word) >>> 0;
}

const at = (words: Uint32Array, index: number): number => words[index] ?? 0;
const rotate = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0;
