/** C3: never more than one notification per replica per flush, whatever happens outside. */
import type { Checker, Violation } from './checker.ts';

export const stormBound: Checker = ({ universe }) =>
  universe.alertmanagers.flatMap((replica) => {
    const violations: Violation[] = [];
    const delivered = new Set<string>();
    for (const { incarnation, event } of replica.events) {
      const { decision } = event;
      if (decision.type !== 'delivered') continue;
      const id = `${incarnation} ${decision.notificationId}`;
      if (delivered.has(id))
        violations.push({
          claim: 'C3',
          at: event.at,
          what: `${replica.name} delivered ${decision.notificationId.slice(0, 8)} of ${decision.groupKey} twice`,
        });
      delivered.add(id);
    }
    violations.push(...tooMany(universe.sink.arrivals, replica.name));
    return violations;
  });

/** A group flushes at most once a group interval and once more after a start or reload; each may be answered late. */
function tooMany(
  arrivals: readonly { at: number; by: string; id: string; receiver: string; groupKey: string }[],
  by: string,
): Violation[] {
  const seen = new Map<string, { at: number; id: string }>();
  const violations: Violation[] = [];
  for (const arrival of arrivals) {
    if (arrival.by !== by) continue;
    const key = `${arrival.receiver} ${arrival.groupKey}`;
    const before = seen.get(key);
    seen.set(key, arrival);
    // The same moment under two names: two notifications of one flush.
    if (before !== undefined && before.id !== arrival.id && arrival.at - before.at < SAME_FLUSH_MS)
      violations.push({
        claim: 'C3',
        at: arrival.at,
        what: `${by} told ${key} twice within ${arrival.at - before.at} ms`,
      });
  }
  return violations;
}
const SAME_FLUSH_MS = 100;
