/**
 * @module alerting/nflog
 *
 * The notification log: what any replica has told each receiver about each group, last. It is what
 * dedup decides by, it is gossiped, and it survives restarts (spec/gossip.md 4.2).
 *
 * - Of two entries with one key the newer stays; equal stamps never replace, so ties are stable.
 * - Merging is idempotent, and its result does not depend on the order (ties apart).
 */
import type { WallMs } from '@tocsin/kernel';
import {
  addMs,
  compareInstants,
  instantOf,
  type AlertHash,
  type Instant,
  type ReceiverRef,
} from '@tocsin/model';
import { encodeNflogEntry } from './nflog-codec.ts';
import { nflogKey, type NflogEntry, type ReceiverData } from './nflog-entry.ts';

/** Entries held at most; beyond it peers' entries with new keys are refused and counted. */
export const NFLOG_MAX_ENTRIES = 1_000_000;

export interface Notified {
  readonly groupKey: string;
  readonly receiver: ReceiverRef;
  readonly now: WallMs;
  /** In the order of the batch. */
  readonly firing: readonly AlertHash[];
  readonly resolved: readonly AlertHash[];
  readonly receiverData: ReceiverData;
  readonly repeatIntervalMs: number;
  /** `--data.retention`. */
  readonly retentionMs: number;
  /** What the log holds for this key now. */
  readonly replaces: Pick<NflogEntry, 'at'> | undefined;
}

/** How long an entry is of use. */
export const nflogLifetimeMs = (repeatIntervalMs: number, retentionMs: number): number =>
  Math.min(retentionMs, 2 * repeatIntervalMs);

/** The entry to log after a notification. It expires after the shorter of retention and 2 × repeat_interval. */
export function nflogEntryFor(notified: Notified): NflogEntry {
  const { groupKey, receiver, firing, resolved, receiverData, now } = notified;
  const at = stampAfter(notified.replaces, now);
  const lifetimeMs = nflogLifetimeMs(notified.repeatIntervalMs, notified.retentionMs);
  const entry = {
    groupKey,
    receiver,
    at,
    firing,
    resolved,
    receiverData,
    expiresAt: addMs(instantOf(now), lifetimeMs),
  };
  return { ...entry, bytes: encodeNflogEntry(entry) };
}

// A peer's clock may be ahead of ours. What we know and say after its entry is later all the same: an
// entry that lost to it would be forgotten, and the same alerts sent again at every flush.
function stampAfter(replaced: Pick<NflogEntry, 'at'> | undefined, now: WallMs): Instant {
  const stamp = instantOf(now);
  if (replaced === undefined || compareInstants(replaced.at, stamp) < 0) return stamp;
  return addMs(replaced.at, 1e-6);
}

/** Mutable; owned by one loop of one tenant. */
export class Nflog {
  readonly #entries = new Map<string, NflogEntry>();
  readonly #maxEntries: number;
  #refused = 0;

  constructor(maxEntries: number = NFLOG_MAX_ENTRIES) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Peers' entries that were refused at the limit. */
  get refused(): number {
    return this.#refused;
  }

  /** Also an entry that has expired and was not collected yet. */
  get(groupKey: string, receiver: ReceiverRef): NflogEntry | undefined {
    return this.#entries.get(nflogKey(groupKey, receiver));
  }

  /** All entries: snapshots and full state. */
  entries(): Iterable<NflogEntry> {
    return this.#entries.values();
  }

  /**
   * Keeps what this replica has just sent. False, and nothing changes, when it holds an entry that is
   * no older. True: broadcast and store it.
   */
  log(entry: NflogEntry): boolean {
    const key = nflogKey(entry.groupKey, entry.receiver);
    const stored = this.#entries.get(key);
    if (stored !== undefined && compareInstants(stored.at, entry.at) >= 0) return false;
    this.#entries.set(key, entry);
    return true;
  }

  /** Takes in entries of peers or of the store; returns those that changed the log, to be passed on. */
  merge(entries: Iterable<NflogEntry>, now: WallMs): NflogEntry[] {
    const changed: NflogEntry[] = [];
    const instant = instantOf(now);
    for (const entry of entries) {
      if (compareInstants(entry.expiresAt, instant) < 0) continue;
      const key = nflogKey(entry.groupKey, entry.receiver);
      const stored = this.#entries.get(key);
      if (stored !== undefined && compareInstants(stored.at, entry.at) >= 0) continue;
      if (stored === undefined && this.#entries.size >= this.#maxEntries) {
        this.#refused++;
        continue;
      }
      this.#entries.set(key, entry);
      changed.push(entry);
    }
    return changed;
  }

  /** Forgets what has expired by `now`; returns it. */
  gc(now: WallMs): NflogEntry[] {
    const collected: NflogEntry[] = [];
    const instant = instantOf(now);
    for (const [key, entry] of this.#entries) {
      if (compareInstants(entry.expiresAt, instant) > 0) continue;
      this.#entries.delete(key);
      collected.push(entry);
    }
    return collected;
  }
}
