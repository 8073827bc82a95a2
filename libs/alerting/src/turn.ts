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
