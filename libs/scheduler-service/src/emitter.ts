import { traceIdOf } from '@tocsin/kernel';
import type { Clock, Random } from '@tocsin/kernel';
import type { Decision, EventSink } from '@tocsin/model';
import type { SchedulerSettings } from './settings.ts';

/** Tells of a decision; `traceparent` is that of the evaluation that took it. */
export type Emit = (decision: Decision, traceparent?: string) => void;

const EVENT_ID_BYTES = 16;

export function emitter(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventSink;
  readonly settings: SchedulerSettings;
}): Emit {
  const { clock, events, random, settings } = parts;
  return (decision, traceparent = '') =>
    events.emit({
      id: [...random.bytes(EVENT_ID_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      at: clock.wall(),
      tenant: settings.tenant,
      replica: settings.replica,
      traceId: traceIdOf(traceparent),
      decision,
    });
}
