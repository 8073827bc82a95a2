/**
 * @module cluster/memberlist/formulas
 *
 * The numbers that memberlist computes from the size of the cluster. `n` is the size of the node
 * table, dead nodes included. Checked against numbers that the original functions gave.
 */

/** Nodes up to which push/pull keeps its configured pace. */
const PUSH_PULL_SCALE_THRESHOLD = 32;
const SUSPICION_MULT = 4;
const SUSPICION_MAX_TIMEOUT_MULT = 6;

/** How often a queued message is sent before it is dropped. */
export function retransmitLimit(multiplier: number, n: number): number {
  return multiplier * Math.ceil(Math.log10(n + 1));
}

/** Time between periodic push/pulls. */
export function pushPullScale(intervalMs: number, n: number): number {
  if (n <= PUSH_PULL_SCALE_THRESHOLD) return intervalMs;
  return intervalMs * (Math.ceil(Math.log2(n) - Math.log2(PUSH_PULL_SCALE_THRESHOLD)) + 1);
}

export interface SuspicionBounds {
  /** Confirmations that shorten the timeout; 0 in clusters too small for them. */
  readonly confirmations: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export function suspicionBounds(n: number, probeIntervalMs: number): SuspicionBounds {
  const wanted = SUSPICION_MULT - 2;
  const nodeScale = Math.max(1, Math.log10(Math.max(1, n)));
  const minMs = SUSPICION_MULT * (Math.trunc(nodeScale * 1000) / 1000) * probeIntervalMs;
  return {
    confirmations: n - 2 < wanted ? 0 : wanted,
    minMs,
    maxMs: SUSPICION_MAX_TIMEOUT_MULT * minMs,
  };
}

/** Time from the start of a suspicion until death, after `confirmed` independent confirmations. */
export function suspicionTimeout(bounds: SuspicionBounds, confirmed: number): number {
  const { confirmations, minMs, maxMs } = bounds;
  if (confirmations === 0) return minMs;
  const share = Math.log(confirmed + 1) / Math.log(confirmations + 1);
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}

/** Lifeguard's local health score: 0 is healthy. */
export const MAX_HEALTH_SCORE = 7;

export function nextHealthScore(score: number, delta: number): number {
  return Math.min(MAX_HEALTH_SCORE, Math.max(0, score + delta));
}
