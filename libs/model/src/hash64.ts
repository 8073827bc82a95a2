/**
 * The two 64-bit hashes that name an alert, in 16- and 32-bit limbs: BigInt is nine times slower.
 *
 * - FNV-1a (offset 14695981039346656037, prime 1099511628211): the API's fingerprint.
 * - XXH64, seed 0: the hash in the notification log.
 *
 * Both run over the same bytes: for each label in byte order `name 0xFF value 0xFF`
 * (spec/gossip.md 4.3; vectors in the conformance data).
 */

/** FNV-1a 64 of the first `length` bytes, as 16 lower-case hex digits. */
export function fnv1a64Hex(bytes: Uint8Array, length: number = bytes.length): string {
  // v3:v2:v1:v0, 16 bits each. The prime is 2^40 + 0x1b3.
  let v0 = 0x2325;
  let v1 = 0x8422;
  let v2 = 0x9ce4;
  let v3 = 0xcbf2;
  for (let index = 0; index < length; index++) {
    v0 ^= bytes[index] ?? 0;
    const t0 = v0 * 0x1b3;
    const t1 = v1 * 0x1b3 + (t0 >>> 16);
    const t2 = v2 * 0x1b3 + (v0 << 8) + (t1 >>> 16);
    const t3 = v3 * 0x1b3 + (v1 << 8) + (t2 >>> 16);
    v0 = t0 & 0xffff;
    v1 = t1 & 0xffff;
    v2 = t2 & 0xffff;
    v3 = t3 & 0xffff;
  }
  return hex64((v3 << 16) | v2, (v1 << 16) | v0);
}

/** The digits in one piece: a text that was added up keeps its pieces, and there is one for each alert. */
function hex64(high: number, low: number): string {
  for (let digit = 0; digit < 8; digit++) {
    digits[digit] = DIGITS.charCodeAt((high >>> (28 - 4 * digit)) & 15);
    digits[digit + 8] = DIGITS.charCodeAt((low >>> (28 - 4 * digit)) & 15);
  }
  return String.fromCharCode(...digits);
}
const DIGITS = '0123456789abcdef';
const digits: number[] = Array.from({ length: 16 }, () => 0);

// Primes of XXH64 as [high, low] 32-bit halves.
const P1: Half2 = [0x9e3779b1, 0x85ebca87];
const P2: Half2 = [0xc2b2ae3d, 0x27d4eb4f];
const P3: Half2 = [0x165667b1, 0x9e3779f9];
const P4: Half2 = [0x85ebca77, 0xc2b2ae63];
const P5: Half2 = [0x27d4eb2f, 0x165667c5];
type Half2 = readonly [high: number, low: number];

/** XXH64 with seed 0 of the first `length` bytes, as 16 lower-case hex digits. */
export function xxh64Hex(bytes: Uint8Array, length: number = bytes.length): string {
  let at = 0;
  let acc: Half2;
  if (length >= 32) {
    let a1 = add(P1, P2);
    let a2 = P2;
    let a3: Half2 = [0, 0];
    let a4 = negate(P1);
    for (; at + 32 <= length; at += 32) {
      a1 = round(a1, word(bytes, at));
      a2 = round(a2, word(bytes, at + 8));
      a3 = round(a3, word(bytes, at + 16));
      a4 = round(a4, word(bytes, at + 24));
    }
    acc = add(add(rotl(a1, 1), rotl(a2, 7)), add(rotl(a3, 12), rotl(a4, 18)));
    for (const lane of [a1, a2, a3, a4]) acc = add(mul(xor(acc, round([0, 0], lane)), P1), P4);
  } else acc = P5;
  acc = add(acc, [0, length]);
  for (; at + 8 <= length; at += 8)
    acc = add(mul(rotl(xor(acc, round([0, 0], word(bytes, at))), 27), P1), P4);
  if (at + 4 <= length) {
    acc = add(mul(rotl(xor(acc, mul([0, half(bytes, at)], P1)), 23), P2), P3);
    at += 4;
  }
  for (; at < length; at++) acc = mul(rotl(xor(acc, mul([0, bytes[at] ?? 0], P5)), 11), P1);
  acc = mul(xor(acc, shiftRight(acc, 33)), P2);
  acc = mul(xor(acc, shiftRight(acc, 29)), P3);
  acc = xor(acc, shiftRight(acc, 32));
  return hex64(acc[0], acc[1]);
}

const round = (acc: Half2, input: Half2): Half2 => mul(rotl(add(acc, mul(input, P2)), 31), P1);
const xor = (a: Half2, b: Half2): Half2 => [(a[0] ^ b[0]) >>> 0, (a[1] ^ b[1]) >>> 0];
const half = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>>
  0;
const word = (bytes: Uint8Array, at: number): Half2 => [half(bytes, at + 4), half(bytes, at)];
function add(a: Half2, b: Half2): Half2 {
  const low = a[1] + b[1];
  return [(a[0] + b[0] + (low > 0xffffffff ? 1 : 0)) >>> 0, low >>> 0];
}
const negate = (a: Half2): Half2 => add([~a[0] >>> 0, ~a[1] >>> 0], [0, 1]);
function rotl([high, low]: Half2, by: number): Half2 {
  return by < 32
    ? [((high << by) | (low >>> (32 - by))) >>> 0, ((low << by) | (high >>> (32 - by))) >>> 0]
    : rotl([low, high], by - 32);
}
function shiftRight([high, low]: Half2, by: number): Half2 {
  return by >= 32 ? [0, high >>> (by - 32)] : [high >>> by, ((low >>> by) | (high << (32 - by))) >>> 0];
}
function mul(a: Half2, b: Half2): Half2 {
  const a0 = a[1] & 0xffff;
  const a1 = a[1] >>> 16;
  const b0 = b[1] & 0xffff;
  const b1 = b[1] >>> 16;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const middle2 = a0 * b1 + (middle & 0xffff);
  const high = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000);
  return [
    (high + Math.imul(a[1], b[0]) + Math.imul(a[0], b[1])) >>> 0,
    (((middle2 & 0xffff) << 16) | (low & 0xffff)) >>> 0,
  ];
}
