import type { Clock, Logger, Meter, Timers } from '@tocsin/kernel';
import { recordedTypes, type RecordedType } from './recorder.ts';
import { recorderMetrics as metrics } from './recorder-metrics.ts';

/** One event as every output gets it. */
export interface RecordedEvent {
  readonly type: RecordedType;
  /** One line of JSON, without a newline. */
  readonly json: string;
  /** Of `json` in UTF-8. */
  readonly bytes: number;
}

/** Where events go. Nothing here ever waits for it. */
export interface EventOutput {
  readonly name: string;
  /** False: the event is lost for this output, because it can't keep up. */
  offer(event: RecordedEvent): boolean;
  /** Events taken and not delivered yet. */
  readonly waiting: number;
  /** The configuration was read again and still names this output. */
  renew(): void;
  /** Delivers what waits, for at most so long, and ends. Never rejects. */
  close(budgetMs: number): Promise<void>;
}

export interface OutputDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

const METRIC_TYPES: ReadonlyMap<RecordedType, string> = new Map(
  recordedTypes.map((type) => [type, type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);
/** `alertCreated` is `alert_created` in metrics. */
export const metricType = (type: RecordedType): string => METRIC_TYPES.get(type) ?? type;

export function countDelivered(meter: Meter, output: string, events: readonly RecordedEvent[]): void {
  for (const [event_type, { count, bytes }] of byType(events)) {
    meter.add(metrics.recorded, count, { event_type, output, result: 'success' });
    meter.add(metrics.bytesWritten, bytes, { event_type, output });
  }
}

export function countFailed(meter: Meter, output: string, events: readonly RecordedEvent[]): void {
  for (const [event_type, { count }] of byType(events))
    meter.add(metrics.recorded, count, { event_type, output, result: 'failure' });
}

/** Bytes with the newline of each. */
function byType(
  events: readonly RecordedEvent[],
): ReadonlyMap<string, { readonly count: number; readonly bytes: number }> {
  const counts = new Map<string, { count: number; bytes: number }>();
  for (const { type, bytes } of events) {
    const event_type = metricType(type);
    const found = counts.get(event_type) ?? { count: 0, bytes: 0 };
    counts.set(event_type, found);
    found.count++;
    found.bytes += bytes + 1;
  }
  return counts;
}

/** An output that fails says so once, and once when it works again. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #output: string;
  #isFailing = false;

  constructor(logger: Logger, output: string) {
    this.#logger = logger;
    this.#output = output;
  }

  failed(err: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#logger.error('An output of the event recorder fails; its events are lost until it works again', {
      output: this.#output,
      err,
    });
  }

  worked(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#logger.info('An output of the event recorder works again', { output: this.#output });
  }
}
