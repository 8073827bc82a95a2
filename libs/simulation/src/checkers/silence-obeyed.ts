/** C5: no notification of an alert that has been silenced for longer than the convergence bound. */
import { timings } from '../timings.ts';
import type { Checker, Violation } from './checker.ts';
import { troubledMs } from './checker.ts';

/** Gossip, then every replica's turn: muting is judged when the flush begins. */
const convergenceMs = (replicas: number): number => 3_000 + replicas * timings.peerTimeoutMs;

export const silenceObeyed: Checker = ({ universe, silences, troubles, faults, slackMs }) => {
  const violations: Violation[] = [];
  for (const silence of silences) {
    if (silence.answeredAt === undefined) continue;
    const bound = convergenceMs(universe.alertmanagers.length);
    const from =
      silence.answeredAt + bound + troubledMs(faults, silence.at - 60_000, silence.answeredAt + bound) * 2;
    const muted = new Set(
      troubles.filter(({ instance }) => instance === silence.instance).map(({ fingerprint }) => fingerprint),
    );
    for (const { at, by, firing } of universe.sink.arrivals) {
      // By a clock that is ahead it ends earlier.
      if (at < from + slackMs || at >= silence.until - slackMs) continue;
      const told = firing.filter((fingerprint) => muted.has(fingerprint));
      if (told.length === 0) continue;
      violations.push({
        claim: 'C5',
        at,
        what: `${by} told of ${told.join(', ')} on ${silence.instance}, silenced since ${silence.answeredAt} ms`,
      });
    }
  }
  return violations;
};
