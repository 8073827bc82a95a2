import type { Clock, Random } from '@tocsin/kernel';
import { traceIdOf } from '@tocsin/kernel';
import type { Decision, EventSink, Tenant } from '@tocsin/model';

/** Says what was decided; called by the code that decides. */
export type Emit = (tenant: Tenant, decision: Decision, traceparent?: string) => void;

export function emitter(deps: {
  readonly clock: Clock;
  readonly random: Random;
  readonly sink: EventSink;
  readonly replica: string;
}): Emit {
  // Unique without asking for chance each time: this run, and a number that rises.
  const run = uuid(deps.random);
  let count = 0;
  return (tenant, decision, traceparent = '') =>
    deps.sink.emit({
      id: `${run}-${++count}`,
      at: deps.clock.wall(),
      tenant,
      replica: deps.replica,
      traceId: traceIdOf(traceparent),
      decision,
    });
}

/** UUID version 4, lower case. */
export function uuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  let text = '';
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += (bytes[index] ?? 0).toString(16).padStart(2, '0');
  }
  return text;
}
