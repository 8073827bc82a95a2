/**
 * @module cluster/memberlist/broadcast-queue
 *
 * Messages waiting to be gossiped. Taken in the order: fewest transmissions, then longest, then
 * newest; what does not fit is passed over. Each message goes out a number of times that depends
 * on the size of the cluster, then it is dropped (gossip spec 2.9).
 *
 * Kept as tiers (transmissions) of buckets (length), so that taking is cheap with thousands queued.
 */
import { retransmitLimit } from './formulas.ts';

export interface BroadcastQueueOptions {
  readonly retransmitMultiplier: number;
  /** Beyond so many the most transmitted, shortest, oldest are dropped. */
  readonly maxQueued: number;
}

interface Queued {
  readonly id: number;
  readonly message: Uint8Array;
  readonly key: string | undefined;
  readonly onDone: (() => void) | undefined;
  transmits: number;
}

/** Length of the message to its messages, ascending by id. */
type Tier = Map<number, Queued[]>;

export class BroadcastQueue {
  readonly #options: BroadcastQueueOptions;
  readonly #tiers: (Tier | undefined)[] = [];
  readonly #byKey = new Map<string, Queued>();
  #nextId = 1;
  #size = 0;

  constructor(options: BroadcastQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * `key`: replaces the queued message of that key. `onDone` runs once: when the message was sent its
   * full number of times, replaced, or dropped. Returns how many messages had to be dropped for it.
   */
  add(message: Uint8Array, options: { readonly key?: string; readonly onDone?: () => void } = {}): number {
    const { key, onDone } = options;
    if (key !== undefined) this.#forget(this.#byKey.get(key));
    const queued: Queued = { id: this.#nextId++, message, key, onDone, transmits: 0 };
    if (key !== undefined) this.#byKey.set(key, queued);
    this.#insert(queued);
    return this.prune(this.#options.maxQueued);
  }

  /** Messages that fit into `limit` bytes, each counted with `overhead` more; `n`: size of the cluster. */
  take(overhead: number, limit: number, n: number): Uint8Array[] {
    const taken: Queued[] = [];
    if (this.#size === 0) return [];
    let free = limit;
    // Taken messages are put back only afterwards: none goes twice into one packet.
    for (let transmits = 0; transmits < this.#tiers.length; transmits++) {
      for (;;) {
        const next = longestFitting(this.#tiers[transmits], free - overhead);
        if (next === undefined) break;
        this.#remove(next);
        taken.push(next);
        free -= next.message.length + overhead;
      }
    }
    const maxTransmits = retransmitLimit(this.#options.retransmitMultiplier, n);
    for (const queued of taken) {
      queued.transmits++;
      if (queued.transmits < maxTransmits) this.#insert(queued);
      else this.#finish(queued);
    }
    return taken.map((queued) => queued.message);
  }

  /** Drops until at most `keep` are left; returns how many went. */
  prune(keep: number): number {
    let dropped = 0;
    for (; this.#size > keep; dropped++) {
      const last = this.#lastInOrder();
      if (last === undefined) break;
      this.#forget(last);
    }
    return dropped;
  }

  #lastInOrder(): Queued | undefined {
    for (let transmits = this.#tiers.length - 1; transmits >= 0; transmits--) {
      const tier = this.#tiers[transmits];
      if (tier === undefined || tier.size === 0) continue;
      return tier.get(Math.min(...tier.keys()))?.[0];
    }
    return undefined;
  }

  #insert(queued: Queued): void {
    const tier = (this.#tiers[queued.transmits] ??= new Map());
    const bucket = tier.get(queued.message.length);
    if (bucket === undefined) tier.set(queued.message.length, [queued]);
    else bucket.splice(insertionIndex(bucket, queued.id), 0, queued);
    this.#size++;
  }

  #remove(queued: Queued): void {
    const tier = this.#tiers[queued.transmits];
    const bucket = tier?.get(queued.message.length);
    if (tier === undefined || bucket === undefined) return;
    bucket.splice(insertionIndex(bucket, queued.id) - 1, 1);
    if (bucket.length === 0) tier.delete(queued.message.length);
    this.#size--;
  }

  #forget(queued: Queued | undefined): void {
    if (queued === undefined) return;
    this.#remove(queued);
    this.#finish(queued);
  }

  #finish(queued: Queued): void {
    if (queued.key !== undefined && this.#byKey.get(queued.key) === queued) this.#byKey.delete(queued.key);
    queued.onDone?.();
  }
}

/** The newest of the longest messages of at most `room` bytes. */
function longestFitting(tier: Tier | undefined, room: number): Queued | undefined {
  if (tier === undefined || room < 0) return undefined;
  let best = -1;
  for (const length of tier.keys()) if (length <= room && length > best) best = length;
  return tier.get(best)?.at(-1);
}

/** Index after the last element whose id is at most `id`. */
function insertionIndex(bucket: readonly Queued[], id: number): number {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bucket[middle]?.id ?? 0) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
