/** Numbers and times as people read them. UTC throughout; the browser adds local time to titles. */
import type { WallMs } from '@tocsin/kernel';
import { formatMillis, instantOf, type Instant } from '@tocsin/model';

/** `1,234,567`. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 alert`, `2 alerts`. */
export const counted = (count: number, one: string, many: string = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** The two largest units: `3d 4h`, `2h 5m`, `12s`. */
export function formatSpan(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1_000)) * 1_000;
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    if (amount === 0) {
      // `1d 5m` would say more than it should.
      if (words.length > 0) break;
      continue;
    }
    words.push(`${formatCount(amount)}${unit}`);
    rest -= amount * size;
    if (words.length === 2) break;
  }
  return words.length === 0 ? '0s' : words.join(' ');
}

/** `2026-11-21 14:05:03`, UTC. */
export const formatUtc = (instant: Instant): string =>
  formatMillis({ ...instant, offsetMinutes: 0 })
    .slice(0, -5)
    .replace('T', ' ');

export const formatUtcMs = (ms: WallMs): string => formatUtc(instantOf(ms));
