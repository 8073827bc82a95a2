/**
 * @module kernel/random
 *
 * Chance that can be replayed. `sfc32` (Chris Doty-Humphrey's small fast counting generator, 128 bits
 * of state) behind the `Random` seam: the simulator's only source of chance. Not for secrets.
 */
import { assert } from './errors.ts';
import type { Random } from './seams.ts';
import { encodeUtf8 } from './utf8.ts';

type State = readonly [number, number, number, number];

/** The same seed gives the same numbers on every machine, in every version. */
export function seededRandom(seed: number | string): Random {
  return new Sfc32(mix([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef], `${typeof seed}:${seed}`));
}

/** Version 4 UUID, in lower case. */
export function uuidV4(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** How many numbers are thrown away, so that near seeds don't begin alike. */
const warmUpDraws = 12;

class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor([a, b, c, counter]: State) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
    for (let draw = 0; draw < warmUpDraws; draw++) this.#next();
  }

  float(): number {
    return (this.#next() * 0x200000 + (this.#next() >>> 11)) / 2 ** 53;
  }

  below(limit: number): number {
    assert(Number.isSafeInteger(limit) && limit >= 1, `below(${limit}): the limit is a whole number from 1`);
    if (limit > 2 ** 32) return Math.floor(this.float() * limit);
    // Values past the last whole multiple of the limit are drawn again, or low results would be likelier.
    const usable = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const drawn = this.#next();
      if (drawn < usable) return drawn % limit;
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.#next();
      for (let byte = 0; byte < 4 && at + byte < length; byte++) bytes[at + byte] = word >>> (8 * byte);
    }
    return bytes;
  }

  /** Draws nothing from this stream, so that adding a fork somewhere changes no other number of a replay. */
  fork(label: string): Random {
    return new Sfc32(mix([this.#a, this.#b, this.#c, this.#counter], label));
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }
}

/** Four lanes of a multiply-and-rotate hash, each taking every byte. */
function mix(start: State, label: string): State {
  let [a, b, c, d] = start;
  for (const byte of encodeUtf8(label)) {
    a = rotate(Math.imul(a ^ byte, 0x85ebca6b), 13) ^ b;
    b = rotate(Math.imul(b ^ byte, 0xc2b2ae35), 15) ^ c;
    c = rotate(Math.imul(c ^ byte, 0x27d4eb2f), 17) ^ d;
    d = rotate(Math.imul(d ^ byte, 0x165667b1), 19) ^ a;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
