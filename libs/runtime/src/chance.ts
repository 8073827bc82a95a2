/** Chance and identity from the operating system. */
import { createHash, randomFillSync, randomUUID } from 'node:crypto';
import { assert } from '@tocsin/kernel';
import type { Clock, Random } from '@tocsin/kernel';

/** Bytes fetched at a time: a call for each number would cost more than the number. */
const poolBytes = 4_096;

/** Cryptographically strong; `fork` returns the same source, since no replay is asked of it. */
export function systemRandom(): Random {
  const pool = Buffer.alloc(poolBytes);
  let at = poolBytes;
  const take = (length: number): number => {
    if (at + length > poolBytes) {
      randomFillSync(pool);
      at = 0;
    }
    at += length;
    return at - length;
  };
  const float = (): number => Number(pool.readBigUInt64LE(take(8)) >> 11n) / 2 ** 53;
  const random: Random = {
    float,
    below(limit) {
      assert(
        Number.isSafeInteger(limit) && limit >= 1,
        `below(${limit}): the limit is a whole number from 1`,
      );
      if (limit > 2 ** 32) return Math.floor(float() * limit);
      const usable = 2 ** 32 - (2 ** 32 % limit);
      for (;;) {
        const drawn = pool.readUInt32LE(take(4));
        if (drawn < usable) return drawn % limit;
      }
    },
    bytes: (length) => randomFillSync(new Uint8Array(length)),
    fork: () => random,
  };
  return random;
}

/** 64 hex digits in lower case; text is hashed as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Version 4. */
export const newUuid = (): string => randomUUID();

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const randomDigits = 16;

/**
 * Makes ULIDs: 26 characters that sort by time of making. Two of one millisecond, or of a wall clock that
 * was set back, still rise, because the random part is then counted up.
 */
export function ulidMaker(clock: Pick<Clock, 'wall'>, random: Random): () => string {
  let lastMs = -1;
  let digits: number[] = [];
  return () => {
    const now = clock.wall();
    if (now > lastMs || !countUp(digits)) {
      lastMs = Math.max(now, lastMs + (digits.length > 0 && now <= lastMs ? 1 : 0));
      digits = Array.from({ length: randomDigits }, () => random.below(32));
    }
    return timeDigits(lastMs) + digits.map((digit) => crockford[digit]).join('');
  };
}

/** False when every digit was at its highest. */
function countUp(digits: number[]): boolean {
  for (let index = digits.length - 1; index >= 0; index--) {
    const next = (digits[index] ?? 0) + 1;
    digits[index] = next % 32;
    if (next < 32) return true;
  }
  return false;
}

function timeDigits(ms: number): string {
  let text = '';
  for (let rest = ms, count = 0; count < 10; count++, rest = Math.floor(rest / 32))
    text = (crockford[rest % 32] ?? '0') + text;
  return text;
}
