/**
 * @module cluster/worker/messages
 *
 * What the main thread and the gossip worker tell each other. Plain values only, so that
 * structured cloning carries them; both directions are first in, first out, and several
 * promises of `ClusterPort` rest on that (entries before the view that says `ready`, entries
 * before the answer to a catch-up).
 */
import type { ErrorCode, HostPort, LogLevel } from '@tocsin/kernel';
import type { ChannelEntry, ChannelName, ClusterView, EntryStamp } from '../port.ts';

export type ToWorker =
  /** Before `start`: what was restored. */
  | { readonly type: 'seed'; readonly channel: ChannelName; readonly entries: readonly ChannelEntry[] }
  | { readonly type: 'start' }
  | { readonly type: 'broadcast'; readonly channel: ChannelName; readonly entry: ChannelEntry }
  /** Every 500 ms: the main loop lives; passed on to every Tocsin replica. */
  | { readonly type: 'heartbeat' }
  /** The main thread has merged what came with these. */
  | { readonly type: 'ack'; readonly acks: readonly EntriesReceipt[] }
  /** After a stall: one poll phase, one push/pull with a live member, then `caught-up`. */
  | { readonly type: 'catch-up'; readonly id: number }
  | { readonly type: 'leave' };

export type FromWorker =
  | { readonly type: 'started'; readonly address: HostPort }
  /** The start failed: nothing runs, nothing more follows. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  /** Entries that changed the replica; with `receipt`, to be acknowledged after they were merged. */
  | {
      readonly type: 'entries';
      readonly batches: readonly EntryBatch[];
      readonly receipt?: EntriesReceipt;
    }
  | { readonly type: 'view'; readonly view: ClusterView }
  /** A Tocsin replica's main thread has merged these entries of ours. */
  | { readonly type: 'acknowledged'; readonly peer: string; readonly entries: readonly EntryStamp[] }
  /** The worker itself did not run for more than a second. */
  | { readonly type: 'stalled'; readonly forMs: number }
  | { readonly type: 'caught-up'; readonly id: number }
  | { readonly type: 'metrics'; readonly samples: readonly MetricSample[] }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly facts: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'left' };

export interface EntryBatch {
  readonly channel: ChannelName;
  readonly entries: readonly ChannelEntry[];
}

/** Names one Entries envelope of one peer. */
export interface EntriesReceipt {
  readonly peer: string;
  readonly seq: number;
}

/** One change of a metric of `clusterMetrics`, by its name there. */
export interface MetricSample {
  readonly kind: 'add' | 'set' | 'observe';
  readonly metric: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The worker's end. */
export interface GossipPort {
  post(message: FromWorker): void;
  /** Set once, before anything else happens. */
  onMessage(handle: (message: ToWorker) => void): void;
}

/** The main thread's end. */
export interface MainPort {
  post(message: ToWorker): void;
  /** Set once, before `start`. */
  onMessage(handle: (message: FromWorker) => void): void;
  /** Delivers now, in this turn, in order, everything that has arrived (`receiveMessageOnPort` in Node). */
  drain(): void;
}
