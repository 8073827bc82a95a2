/**
 * @module alerting/turn
 *
 * Whose turn it is to send. All replicas hold the same groups; each waits long enough for every
 * earlier one to have sent and gossiped its log entry (spec/gossip.md 4.7). A lost or late peer
 * costs a delay, never the notification.
 */

/**
 * How long the replica at `position` (from 0, in the members sorted by name) waits before it consults
 * the log. The deadline of the flush grows by the same time.
 */
export const turnDelayMs = (position: number, peerTimeoutMs: number): number => position * peerTimeoutMs;

/** What is known of a replica whose turn comes before ours. */
export interface EarlierPeer {
  /** Not heard, stalled, or it refused the connection. Always false for a foreign peer: nobody can tell. */
  readonly isAbsent: boolean;
  /** It announced that it gave up on this very notification. */
  readonly hasFailed?: boolean;
}

/** True when waiting serves nobody: no earlier replica is left that could still send. */
export const isTurnEarly = (earlier: readonly EarlierPeer[]): boolean =>
  earlier.every((peer) => peer.isAbsent || peer.hasFailed === true);
