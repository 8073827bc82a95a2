import type { RateLimit } from './web-config.ts';

/** A token bucket that starts full. `now` is monotonic, in milliseconds. */
export class TokenBucket {
  readonly limit: RateLimit;
  #tokens: number;
  #at: number;

  constructor(limit: RateLimit, now: number) {
    this.limit = limit;
    this.#tokens = limit.burst;
    this.#at = now;
  }

  take(now: number): boolean {
    const { intervalMs, burst } = this.limit;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.#at) / intervalMs);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
