import type { Fault } from '../faults.ts';
import type { Universe } from '../world/universe.ts';
import type { Trouble } from '../workload.ts';

export type Claim = 'C1' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C7' | 'C8';

export interface Violation {
  readonly claim: Claim;
  readonly at: number;
  readonly what: string;
}

export interface PlannedSilence {
  readonly at: number;
  readonly until: number;
  /** The alertmanager that is asked. */
  readonly node: string;
  readonly instance: string;
  /** Set when it was answered. */
  answeredAt?: number;
}

/** What a run left behind, for the checkers. */
export interface Evidence {
  readonly universe: Universe;
  readonly troubles: readonly Trouble[];
  readonly faults: readonly Fault[];
  readonly silences: readonly PlannedSilence[];
  /** Beyond the bound of architecture section 9, because of what the scenario does. */
  readonly slackMs: number;
  readonly lengthMs: number;
}

export type Checker = (evidence: Evidence) => readonly Violation[] | Promise<readonly Violation[]>;

/** Time within [from, until) during which a fault was going on; overlapping ones count once. */
export function troubledMs(faults: readonly Fault[], from: number, until: number): number {
  const spans = faults
    .map((fault) => [Math.max(from, fault.at), Math.min(until, fault.until)] as const)
    .filter(([start, end]) => start < end)
    .toSorted(([left], [right]) => left - right);
  let total = 0;
  let reached = from;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return total;
}
