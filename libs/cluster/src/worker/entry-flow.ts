/**
 * @module cluster/worker/entry-flow
 *
 * The way of entries through the worker: from the main thread to the members, from members to the
 * replica, to the main thread and on to other members (gossip spec 3.4, 3.5).
 *
 * Invariants
 *  - What changed the replica is posted in the same turn, also when a later part of the message is bad:
 *    an entry that only the replica knew would never be handed over again.
 *  - An own entry is in the replica before any peer can see it.
 *  - Bytes are passed on as they came, so that fields which only newer peers know survive.
 */
import { AppError } from '@tocsin/kernel';
import type { WallMs } from '@tocsin/kernel';
import type { BlobBatch } from '../channel/envelope.ts';
import { BroadcastQueue } from '../memberlist/broadcast-queue.ts';
import type { Complaints } from '../memberlist/complaints.ts';
import { clusterMetrics } from '../metrics.ts';
import { decodeFullState, decodePart, encodePart, joinEntries } from '../peer/part.ts';
import type { Part } from '../peer/part.ts';
import { Replicas } from '../peer/replicas.ts';
import type { ChannelCodec, ChannelEntry, ChannelName } from '../port.ts';
import type { EntriesReceipt, EntryBatch, GossipPort } from './messages.ts';
import type { WorkerMeter } from './worker-meter.ts';

export interface EntryFlowDeps {
  readonly port: GossipPort;
  readonly meter: WorkerMeter;
  readonly complaints: Complaints;
  readonly channels: readonly ChannelName[];
  /** How often a gossiped update is sent, times the logarithm of the cluster's size. */
  readonly retransmitMultiplier: number;
  now(): WallMs;
  memberCount(): number;
  codecFor(channel: ChannelName): ChannelCodec | undefined;
  /** Own entries to Tocsin replicas, until acknowledged. */
  sendDirectly(channel: ChannelName, entry: ChannelEntry): void;
  /** Updates too large for gossip. */
  sendOversize(channel: ChannelName, part: Uint8Array): void;
}

/** Half a packet: larger updates go over TCP. */
const MAX_GOSSIP_BYTES = 700;
const MAX_QUEUED = 16_384;
/** Alertmanager's own limit, applied as rarely as there. */
const PRUNED_QUEUE = 4096;

export class EntryFlow {
  readonly #deps: EntryFlowDeps;
  readonly #replicas: Replicas;
  readonly #queue: BroadcastQueue;

  constructor(deps: EntryFlowDeps) {
    this.#deps = deps;
    this.#replicas = new Replicas(deps.channels);
    this.#queue = new BroadcastQueue({
      retransmitMultiplier: deps.retransmitMultiplier,
      maxQueued: MAX_QUEUED,
    });
  }

  get queued(): number {
    return this.#queue.size;
  }

  // ---- from the main thread -------------------------------------------------------------------------

  seed(channel: ChannelName, entries: readonly ChannelEntry[]): void {
    this.#merge(channel, entries);
  }

  broadcast(channel: ChannelName, entry: ChannelEntry): void {
    // The replica may hold a newer one, which the main thread is about to get.
    const [kept] = this.#merge(channel, [entry]);
    if (kept === undefined) return;
    this.#deps.sendDirectly(channel, kept);
    const part = partOf(channel, [kept]);
    if (part.length > MAX_GOSSIP_BYTES) this.#deps.sendOversize(channel, part);
    else this.#gossip(part);
  }

  // ---- to members -----------------------------------------------------------------------------------

  /** The user state of a push/pull. */
  localState(): Uint8Array {
    const state = this.#replicas.fullState();
    this.#count('Sent', 'full_state', [state]);
    return state;
  }

  takeBroadcasts(overhead: number, limit: number): readonly Uint8Array[] {
    const taken = this.#queue.take(overhead, limit, this.#deps.memberCount());
    if (taken.length > 0) this.#count('Sent', 'update', taken);
    return taken;
  }

  // ---- from members ---------------------------------------------------------------------------------

  /** An update, by gossip or over TCP; `bytes` are those of the whole part. */
  onUpdate({ key, data }: Part, bytes: Uint8Array): void {
    this.#count('Received', 'update', [bytes]);
    this.#use('update', () => {
      const changed = this.#mergeBlob(key, data);
      if (changed === undefined || changed.length === 0) return;
      this.#post([{ channel: key, entries: changed }]);
      if (data.length <= MAX_GOSSIP_BYTES) this.#gossip(new Uint8Array(bytes));
    });
  }

  /** A bad part stops those after it, not those before it. */
  onState(state: Uint8Array): void {
    this.#count('Received', 'full_state', [state]);
    const batches: EntryBatch[] = [];
    this.#use('full state', () => {
      for (const { key, data } of decodeFullState(state)) {
        const changed = this.#mergeBlob(key, data);
        if (changed === undefined) {
          this.#deps.complaints.warn('A full state has a channel that nobody here knows; it was skipped', {
            key,
          });
          continue;
        }
        if (changed.length === 0) continue;
        batches.push({ channel: key, entries: changed });
        if (data.length <= MAX_GOSSIP_BYTES) this.#gossip(encodePart({ key, data }));
      }
    });
    if (batches.length > 0) this.#post(batches);
  }

  /** What a Tocsin replica sent directly. Without a receipt it sends again, so a bad blob gets none. */
  onDirect(receipt: EntriesReceipt, blobs: readonly BlobBatch[]): void {
    const batches: EntryBatch[] = [];
    const isWhole = this.#use('entries', () => {
      for (const { channel, blob } of blobs) {
        const changed = this.#mergeBlob(channel, blob);
        if (changed === undefined || changed.length === 0) continue;
        batches.push({ channel, entries: changed });
        // Foreign members hear of it from whoever has it first, and that may be us.
        for (const entry of changed) this.#gossipEntry(channel, entry);
      }
    });
    // Also without changes: the main thread may still have to merge what came another way before.
    if (isWhole) this.#post(batches, receipt);
    else if (batches.length > 0) this.#post(batches);
  }

  /** Reads an update. Undefined, and counted, when it is none. */
  readPart(payload: Uint8Array): Part | undefined {
    let part: Part | undefined;
    this.#use('update', () => {
      part = decodePart(payload);
    });
    return part;
  }

  // ---- from time to time ----------------------------------------------------------------------------

  collectGarbage(): void {
    for (const [channel, entries] of this.#replicas.collectGarbage(this.#deps.now()))
      this.#deps.meter.set(clusterMetrics.replicaEntries, entries, { channel });
  }

  prune(): void {
    this.#deps.meter.add(clusterMetrics.messagesPruned, this.#queue.prune(PRUNED_QUEUE), {});
  }

  // ---- inside ---------------------------------------------------------------------------------------

  #post(batches: readonly EntryBatch[], receipt?: EntriesReceipt): void {
    const { port } = this.#deps;
    port.post(receipt === undefined ? { type: 'entries', batches } : { type: 'entries', batches, receipt });
  }

  #gossipEntry(channel: ChannelName, entry: ChannelEntry): void {
    const part = partOf(channel, [entry]);
    if (part.length <= MAX_GOSSIP_BYTES) this.#gossip(part);
  }

  #gossip(part: Uint8Array): void {
    // Alone there is nobody to tell; who joins gets the whole state.
    if (this.#deps.memberCount() < 2) return;
    const pruned = this.#queue.add(part);
    if (pruned > 0) this.#deps.meter.add(clusterMetrics.messagesPruned, pruned, {});
  }

  /** Undefined: nobody here knows the channel. Throws AppError `invalid` for a blob with a bad entry. */
  #mergeBlob(channel: ChannelName, blob: Uint8Array): readonly ChannelEntry[] | undefined {
    const codec = this.#deps.codecFor(channel);
    return codec === undefined ? undefined : this.#merge(channel, codec.split(blob));
  }

  /** What changed. */
  #merge(channel: ChannelName, entries: readonly ChannelEntry[]): readonly ChannelEntry[] {
    const { changed, refused } = this.#replicas.merge(channel, entries, this.#deps.now());
    if (refused > 0) {
      this.#deps.meter.add(clusterMetrics.refusedEntries, refused, { channel });
      this.#deps.complaints.warn('The replica of a channel is full; new entries are not replicated', {
        channel,
      });
    }
    return changed;
  }

  /** False when the message was bad. */
  #use(kind: string, use: () => void): boolean {
    try {
      use();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#deps.complaints.warn('A cluster message was dropped; check the versions of all members', {
        kind,
        why: thrown.message,
      });
      return false;
    }
  }

  #count(
    direction: 'Sent' | 'Received',
    kind: 'update' | 'full_state',
    messages: readonly Uint8Array[],
  ): void {
    const labels = { msg_type: kind };
    const bytes = messages.reduce((sum, { length }) => sum + length, 0);
    this.#deps.meter.add(clusterMetrics[`messages${direction}`], messages.length, labels);
    this.#deps.meter.add(clusterMetrics[`messages${direction}Size`], bytes, labels);
  }
}

const partOf = (channel: ChannelName, entries: readonly ChannelEntry[]): Uint8Array =>
  encodePart({ key: channel, data: joinEntries(entries.map(({ bytes }) => bytes)) });
