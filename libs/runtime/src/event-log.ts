/**
 * The newest decision events, in memory and in the log (debug): what `/api/v2/tocsin/events` answers from.
 * Bounded by count and by the alerts they list, because what outsiders do decides how many there are.
 */
import { assert } from '@tocsin/kernel';
import type { Logger } from '@tocsin/kernel';
import { eventMatches, type DecisionEvent, type EventFilter, type EventLog } from '@tocsin/model';

export const eventsKeptDefault = 10_000;
/** Events in one answer. */
export const eventsPerAnswerMax = 1_000;
/**
 * Alerts that all kept events together may list. Flushes of huge groups name each alert: counted by
 * events alone the log would grow with the groups.
 */
export const listedAlertsKeptDefault = 1_000_000;

export function eventLog({
  logger,
  capacity = eventsKeptDefault,
  listedMax = listedAlertsKeptDefault,
}: {
  readonly logger: Logger;
  readonly capacity?: number;
  readonly listedMax?: number;
}): EventLog {
  assert(Number.isInteger(capacity) && capacity >= 1, `an event log of ${capacity} events`);
  const ring: (DecisionEvent | undefined)[] = Array.from({ length: capacity });
  let count = 0;
  const at = (sequence: number): DecisionEvent | undefined => ring[sequence % capacity];
  let first = 0;
  let listed = 0;
  const oldest = (): number => first;
  const dropOldest = (): void => {
    listed -= listedBy(at(first));
    ring[first % capacity] = undefined;
    first += 1;
  };

  const positionAfter = (id: string): number | undefined => {
    for (let sequence = count - 1; sequence >= oldest(); sequence--)
      if (at(sequence)?.id === id) return sequence + 1;
    return undefined;
  };

  return {
    emit(event) {
      if (count - first === capacity) dropOldest();
      ring[count % capacity] = event;
      count += 1;
      listed += listedBy(event);
      // The newest stays, however large.
      while (listed > listedMax && first < count - 1) dropOldest();
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
      const oldestAt = at(oldest())?.at;
      return {
        events: events.toReversed(),
        lastId: at(count - 1)?.id ?? '',
        isGap: false,
        ...(oldestAt === undefined ? {} : { oldestAt }),
      };
    },
  };
}

function keep(events: DecisionEvent[], event: DecisionEvent | undefined, filter: EventFilter): void {
  if (event !== undefined && eventMatches(event, filter)) events.push(event);
}

function listedBy(event: DecisionEvent | undefined): number {
  if (event === undefined) return 0;
  const { decision } = event;
  let listed = 0;
  if ('alerts' in decision) listed += decision.alerts.length;
  if ('firing' in decision) listed += decision.firing?.length ?? 0;
  if ('resolved' in decision) listed += decision.resolved?.length ?? 0;
  return listed;
}
