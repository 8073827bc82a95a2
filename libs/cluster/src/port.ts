/**
 * @module cluster/port
 *
 * What an alertmanager sees of its cluster. Memberlist is the default implementation; Redis, NATS
 * and the simulator's are others. All of it runs on the main thread; sockets and the gossip engine
 * live in a worker behind it (architecture 4.2).
 */
import type { HostPort } from '@tocsin/kernel';

/** `nfl` and `sil` for the default tenant, Grafana's `notificationlog:<org>` and `silences:<org>` for others. */
export type ChannelName = string;

/**
 * One entry of a replicated channel, opaque to the cluster. Of two entries with one key the one
 * with the greater (seconds, nanos) stays; equal ones never replace, so ties are stable.
 */
export interface ChannelEntry {
  readonly key: string;
  readonly seconds: number;
  readonly nanos: number;
  readonly expirySeconds: number;
  readonly expiryNanos: number;
  /** The entry as it came, without its length prefix; unknown fields of newer peers included. */
  readonly bytes: Uint8Array;
}

/** How a channel's blob (length-delimited entries) is read. `libs/alerting` has those of `nfl` and `sil`. */
export interface ChannelCodec {
  /** Throws AppError `invalid` when one entry of the blob is bad: then none of it is used. */
  split(blob: Uint8Array): readonly ChannelEntry[];
}

export interface Member {
  readonly name: string;
  readonly address: HostPort;
  readonly isSelf: boolean;
  /** Said Hello on our own channel. Everybody else is a foreign peer. */
  readonly isTocsin: boolean;
  /** A Tocsin replica that was not heard for 2.5 s, or refused a connection. Membership is not touched by it. */
  readonly isAbsent: boolean;
}

export interface ClusterView {
  readonly status: 'disabled' | 'settling' | 'ready';
  /** Alive and suspect, self included, sorted by the bytes of the name. Empty when disabled. */
  readonly members: readonly Member[];
  /** Index of self in `members`; 0 when disabled. */
  readonly position: number;
}

export interface ClusterHandlers {
  /**
   * Entries from peers that changed the worker's replica. Merge them with the same rule. Called inside
   * `barrier()` too. `from`: the Tocsin replica that wrote them and sent them itself; absent when they came by gossip, of
   * which nobody can say who began it.
   */
  onEntries(channel: ChannelName, entries: readonly ChannelEntry[], from?: string): void;
  onView(view: ClusterView): void;
  /** A Tocsin replica has merged these entries of ours in its main thread: they are safe in a second process. */
  onAcknowledged?(peer: string, entries: readonly EntryStamp[]): void;
}

/** One version of one entry. */
export interface EntryStamp {
  readonly channel: ChannelName;
  readonly key: string;
  readonly seconds: number;
  readonly nanos: number;
}

export interface ClusterPort {
  /** Own name in the cluster; '' when disabled. */
  readonly name: string;
  /** Before `start`: what was restored from the store, so that the first push/pull carries it. */
  seed(channel: ChannelName, entries: readonly ChannelEntry[]): void;
  /**
   * Joins in the background; `view().status` becomes `ready` when the gate of architecture 4.5 opens.
   * Rejects when the address can't be bound (AppError `unavailable`, naming it) or advertised (`invalid`).
   */
  start(handlers: ClusterHandlers): Promise<void>;
  /** A local change: kept in the replica, gossiped, and sent directly to Tocsin replicas until acknowledged. */
  broadcast(channel: ChannelName, entry: ChannelEntry): void;
  view(): ClusterView;
  /**
   * Call before every decision to send: hands over, synchronously, what the worker has received.
   * Undefined: decide now, in this turn. A promise (never rejects, at most 2 s): this replica was
   * stalled and the log may be old; await it, call again, then decide whatever comes.
   */
  barrier(): Promise<void> | undefined;
  /** Says goodbye, waits until it was gossiped (at most 10 s), closes the sockets. */
  leave(): Promise<void>;
}

/** For `--cluster.listen-address=""`. */
export function disabledCluster(): ClusterPort {
  const view: ClusterView = { status: 'disabled', members: [], position: 0 };
  return {
    name: '',
    seed: () => undefined,
    start: (handlers) => (handlers.onView(view), Promise.resolve()),
    broadcast: () => undefined,
    view: () => view,
    barrier: () => undefined,
    leave: () => Promise.resolve(),
  };
}
