/**
 * The newest decision events, in memory and in the log (debug): what `/api/v2/tocsin/events` answers from.
 * Bounded by count, because what outsiders do decides how many there are.
 */
import { assert } from '@tocsin/kernel';
import type { Logger } from '@tocsin/kernel';
import type { Decision, DecisionEvent, EventFilter, EventLog } from '@tocsin/model';

export const eventsKeptDefault = 10_000;
/** Events in one answer. */
export const eventsPerAnswerMax = 1_000;

export function eventLog({
  logger,
  capacity = eventsKeptDefault,
}: {
  readonly logger: Logger;
  readonly capacity?: number;
}): EventLog {
  assert(Number.isInteger(capacity) && capacity >= 1, `an event log of ${capacity} events`);
  const ring: (DecisionEvent | undefined)[] = Array.from({ length: capacity });
  let count = 0;
  const at = (sequence: number): DecisionEvent | undefined => ring[sequence % capacity];
  const oldest = (): number => Math.max(0, count - capacity);

  const positionAfter = (id: string): number | undefined => {
    for (let sequence = count - 1; sequence >= oldest(); sequence--)
      if (at(sequence)?.id === id) return sequence + 1;
    return undefined;
  };

  return {
    emit(event) {
      ring[count % capacity] = event;
      count += 1;
      const { type, ...facts } = event.decision;
      logger.debug('Decision', {
        event: event.id,
        type,
        tenant: event.tenant,
        trace: event.traceId,
        ...facts,
      });
    },

    query(filter) {
      const limit = Math.min(Math.max(1, filter.limit ?? 100), eventsPerAnswerMax);
      const after =
        filter.afterId === undefined || filter.afterId === '' ? undefined : positionAfter(filter.afterId);
      const isTail = filter.afterId !== undefined && filter.afterId !== '';
      const events: DecisionEvent[] = [];
      if (isTail) {
        let sequence = after ?? oldest();
        for (; sequence < count && events.length < limit; sequence++) keep(events, at(sequence), filter);
        return { events, lastId: at(sequence - 1)?.id ?? '', isGap: after === undefined };
      }
      for (let sequence = count - 1; sequence >= oldest() && events.length < limit; sequence--)
        keep(events, at(sequence), filter);
      return { events: events.toReversed(), lastId: at(count - 1)?.id ?? '', isGap: false };
    },
  };
}

function keep(events: DecisionEvent[], event: DecisionEvent | undefined, filter: EventFilter): void {
  if (event !== undefined && matches(event, filter)) events.push(event);
}

function matches(
  event: DecisionEvent,
  { tenant, type, fingerprint, groupKey, notificationId }: EventFilter,
): boolean {
  const { decision } = event;
  if (tenant !== undefined && event.tenant !== tenant) return false;
  if (type !== undefined && decision.type !== type) return false;
  if (fingerprint !== undefined && !isAboutAlert(decision, fingerprint)) return false;
  if (groupKey !== undefined && !isAboutGroup(decision, groupKey)) return false;
  return (
    notificationId === undefined ||
    ('notificationId' in decision && decision.notificationId === notificationId)
  );
}

function isAboutAlert(decision: Decision, fingerprint: string): boolean {
  if ('fingerprint' in decision) return decision.fingerprint === fingerprint;
  return decision.type === 'flush-due' && decision.alerts.some((alert) => alert === fingerprint);
}

function isAboutGroup(decision: Decision, groupKey: string): boolean {
  if ('groupKey' in decision) return decision.groupKey === groupKey;
  return decision.type === 'alert-routed' && decision.routes.some((route) => route.groupKey === groupKey);
}
