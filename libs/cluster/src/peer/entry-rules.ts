/**
 * @module cluster/peer/entry-rules
 *
 * The rules for one entry of a replicated channel, the same in the worker's replica and on the main
 * thread, so that both hold the same (gossip spec 4.2 and 5). Order of arrival never matters: a
 * merge is commutative, associative and idempotent but for entries of equal stamps, where the first
 * one stays.
 */
import type { WallMs } from '@tocsin/kernel';
import type { ChannelEntry } from '../port.ts';

export type Stamp = Pick<ChannelEntry, 'seconds' | 'nanos'>;

/** Strictly: equal stamps are not newer. */
export function isNewer(left: Stamp, right: Stamp): boolean {
  return left.seconds === right.seconds ? left.nanos > right.nanos : left.seconds > right.seconds;
}

/** Before `now`: an entry that expires in this very instant is still taken. */
export function isExpired(entry: ChannelEntry, now: WallMs): boolean {
  const seconds = Math.floor(now / 1000);
  if (entry.expirySeconds !== seconds) return entry.expirySeconds < seconds;
  return entry.expiryNanos < (now - seconds * 1000) * 1e6;
}

/** Which of two entries with one key stays; undefined when neither was held and the new one has expired. */
export function chooseEntry(
  held: ChannelEntry | undefined,
  incoming: ChannelEntry,
  now: WallMs,
): ChannelEntry | undefined {
  if (isExpired(incoming, now)) return held;
  return held === undefined || isNewer(incoming, held) ? incoming : held;
}
