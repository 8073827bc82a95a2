/** Shorter than an operator would choose, in the same proportions, so that a run of minutes sees many rounds. */
export const timings = {
  evaluationMs: 10_000,
  resendMs: 20_000,
  groupWaitMs: 5_000,
  groupIntervalMs: 60_000,
  repeatIntervalMs: 300_000,
  peerTimeoutMs: 5_000,
  pushPullMs: 30_000,
  settleTimeoutMs: 20_000,
} as const;

export const seconds = (ms: number): string => `${ms / 1000}s`;
