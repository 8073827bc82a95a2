/**
 * @module cluster/peer/gate
 *
 * When a replica may begin to notify: it has the log of somebody who was here before it, or knows that
 * nobody was, and the membership (so its position) stands still. Pure.
 *
 * Alertmanager waits blindly, 10 s at least; this opens after a second in a cluster that answers, and
 * in the worst case, when peers hang, at the same settle timeout.
 */
import type { MonoMs } from '@tocsin/kernel';

/** `answered`: a push/pull of the join was merged. `nobody`: no configured peer is there to be asked. */
export type FirstJoin = 'pending' | 'answered' | 'nobody';

export interface GateState {
  readonly startedAt: MonoMs;
  readonly firstJoin: FirstJoin;
  /** When the number of members last changed. */
  readonly countChangedAt: MonoMs;
}

export const STABLE_MS = 1000;

/** When it opens if nothing changes. */
export function gateOpensAt(state: GateState, settleTimeoutMs: number): MonoMs {
  const latest = state.startedAt + settleTimeoutMs;
  return state.firstJoin === 'pending' ? latest : Math.min(latest, state.countChangedAt + STABLE_MS);
}

/** How the last attempt to join one configured peer ended. */
export type JoinOutcome =
  | 'answered'
  /** It is this member itself. */
  | 'self'
  /** Nobody answered the dial, or the name has no address. */
  | 'unreachable'
  /** It took the connection and closed it without an answer: another label, or on its way out. */
  | 'rejected'
  /** It took the connection and said nothing: paused, perhaps, with a log newer than ours. */
  | 'silent';

/** A peer that hung up on us so often does not belong to this cluster. */
const MAX_REJECTIONS = 3;

export interface PeerAttempts {
  readonly last: JoinOutcome;
  /** In a row. */
  readonly rejections: number;
}

export function afterAttempt(before: PeerAttempts | undefined, outcome: JoinOutcome): PeerAttempts {
  return { last: outcome, rejections: outcome === 'rejected' ? (before?.rejections ?? 0) + 1 : 0 };
}

/** `attempts`: one for each configured address; undefined while its first attempt runs. */
export function judgeFirstJoin(attempts: readonly (PeerAttempts | undefined)[]): FirstJoin {
  if (attempts.some((attempt) => attempt?.last === 'answered')) return 'answered';
  const isOut = (attempt: PeerAttempts | undefined): boolean =>
    attempt?.last === 'unreachable' ||
    attempt?.last === 'self' ||
    (attempt?.last === 'rejected' && attempt.rejections >= MAX_REJECTIONS);
  return attempts.every(isOut) ? 'nobody' : 'pending';
}
