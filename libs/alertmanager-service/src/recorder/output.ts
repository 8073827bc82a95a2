import type { Clock, Logger, Meter, Timers } from '@tocsin/kernel';
import type { RecordedType } from './recorder.ts';
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

/** `alertCreated` is `alert_created` in metrics. */
export const metricType = (type: RecordedType): string =>
  type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function countDelivered(meter: Meter, output: string, events: readonly RecordedEvent[]): void {
  for (const { type, bytes } of events) {
    const event_type = metricType(type);
    meter.add(metrics.recorded, 1, { event_type, output, result: 'success' });
    meter.add(metrics.bytesWritten, bytes + 1, { event_type, output });
  }
}

export function countFailed(meter: Meter, output: string, events: readonly RecordedEvent[]): void {
  for (const { type } of events)
    meter.add(metrics.recorded, 1, { event_type: metricType(type), output, result: 'failure' });
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
