/**
 * @module cluster/peer/replicas
 *
 * What every channel holds, as opaque entries, so that the worker answers push/pull without the main
 * thread. Bounded: when full, new keys are refused and counted; the main thread's own log is the one
 * that decides.
 */
import type { WallMs } from '@tocsin/kernel';
import { MAX_USER_STATE_BYTES } from '../memberlist/limits.ts';
import type { ChannelEntry, ChannelName } from '../port.ts';
import { chooseEntry, isExpired, isNewer } from './entry-rules.ts';
import { delimitedLength, encodeFullState, joinEntries } from './part.ts';

export const MAX_REPLICA_ENTRIES: number = 1024 * 1024;
export const MAX_REPLICA_BYTES: number = 512 * 1024 * 1024;
/** Room for keys and lengths within a full state that peers still accept. */
const MAX_STATE_ENTRIES_BYTES: number = MAX_USER_STATE_BYTES - 256 * 1024;
/** A map slot, a key and the numbers beside the bytes. */
const ENTRY_OVERHEAD_BYTES = 200;

export interface MergeResult {
  readonly changed: readonly ChannelEntry[];
  /** Not kept, because the replica is full. */
  readonly refused: number;
}

export class Replicas {
  readonly #channels = new Map<ChannelName, Map<string, ChannelEntry>>();
  #entries = 0;
  #bytes = 0;
  #cached: Uint8Array | undefined;

  constructor(channels: readonly ChannelName[]) {
    for (const channel of channels) this.#channels.set(channel, new Map());
  }

  get(channel: ChannelName, key: string): ChannelEntry | undefined {
    return this.#channels.get(channel)?.get(key);
  }

  /** Entries that changed the replica; they are copies that keep no packet alive. */
  merge(channel: ChannelName, incoming: readonly ChannelEntry[], now: WallMs): MergeResult {
    const held = this.#channel(channel);
    const changed: ChannelEntry[] = [];
    let refused = 0;
    for (const entry of incoming) {
      const before = held.get(entry.key);
      if (chooseEntry(before, entry, now) !== entry || before === entry) continue;
      if (this.#isFull(entry, before)) {
        refused++;
        continue;
      }
      const kept = { ...entry, bytes: new Uint8Array(entry.bytes) };
      this.#put(held, kept, before);
      changed.push(kept);
    }
    if (changed.length > 0) this.#cached = undefined;
    return { changed, refused };
  }

  /** Removes what has expired; returns the number of entries left, by channel. */
  collectGarbage(now: WallMs): ReadonlyMap<ChannelName, number> {
    for (const held of this.#channels.values()) {
      for (const entry of held.values()) {
        if (!isExpired(entry, now)) continue;
        held.delete(entry.key);
        this.#count(entry, -1);
        this.#cached = undefined;
      }
    }
    return new Map([...this.#channels].map(([channel, held]) => [channel, held.size]));
  }

  /** The user state of a push/pull. More than peers accept is cut down to the newest entries. */
  fullState(): Uint8Array {
    this.#cached ??= this.#encode();
    return this.#cached;
  }

  #encode(): Uint8Array {
    const isWhole = this.#bytes <= MAX_STATE_ENTRIES_BYTES;
    const chosen = isWhole ? undefined : this.#newestThatFit();
    const parts = [...this.#channels].map(([key, held]) => {
      const entries = [...held.values()].filter((entry) => chosen === undefined || chosen.has(entry));
      return { key, data: joinEntries(entries.map((entry) => entry.bytes)) };
    });
    return encodeFullState(parts);
  }

  #newestThatFit(): ReadonlySet<ChannelEntry> {
    const all = [...this.#channels.values()].flatMap((held) => [...held.values()]);
    all.sort((left, right) => Number(isNewer(right, left)) - Number(isNewer(left, right)));
    const chosen = new Set<ChannelEntry>();
    let room = MAX_STATE_ENTRIES_BYTES;
    for (const entry of all) {
      room -= delimitedLength(entry.bytes.length);
      if (room < 0) break;
      chosen.add(entry);
    }
    return chosen;
  }

  #channel(channel: ChannelName): Map<string, ChannelEntry> {
    let held = this.#channels.get(channel);
    if (held === undefined) {
      held = new Map();
      this.#channels.set(channel, held);
    }
    return held;
  }

  #isFull(entry: ChannelEntry, before: ChannelEntry | undefined): boolean {
    if (before === undefined && this.#entries >= MAX_REPLICA_ENTRIES) return true;
    return this.#bytes + sizeOf(entry) - (before === undefined ? 0 : sizeOf(before)) > MAX_REPLICA_BYTES;
  }

  #put(held: Map<string, ChannelEntry>, entry: ChannelEntry, before: ChannelEntry | undefined): void {
    if (before !== undefined) this.#count(before, -1);
    held.set(entry.key, entry);
    this.#count(entry, 1);
  }

  #count(entry: ChannelEntry, sign: 1 | -1): void {
    this.#entries += sign;
    this.#bytes += sign * sizeOf(entry);
  }
}

const sizeOf = (entry: ChannelEntry): number => entry.bytes.length + entry.key.length + ENTRY_OVERHEAD_BYTES;
