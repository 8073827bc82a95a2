/** Counts what happens to every single alert: added up here, told at a scrape, because a metric for each would cost more than the alert. */
import type { Clock, Meter, MonoMs } from '@tocsin/kernel';
import { stateMetrics as metrics } from './state-metrics.ts';

export class IntakeFigures {
  readonly #clock: Clock;
  #toInhibitor = 0;
  #toDispatcher = 0;
  #processingMs = 0;

  constructor(deps: { readonly clock: Clock; readonly meter: Meter }) {
    const { meter } = deps;
    this.#clock = deps.clock;
    meter.onCollect(() => {
      meter.add(metrics.subscriberWrites, this.#toInhibitor, { subscriber: 'inhibitor' });
      meter.add(metrics.subscriberWrites, this.#toDispatcher, { subscriber: 'dispatcher' });
      meter.tally(metrics.alertProcessing, this.#processingMs / 1000, this.#toDispatcher, {});
      this.#toInhibitor = 0;
      this.#toDispatcher = 0;
      this.#processingMs = 0;
    });
  }

  toInhibitor(): void {
    this.#toInhibitor++;
  }

  /** To be handed to `toDispatcher` when the dispatcher is done with the alert. */
  now(): MonoMs {
    return this.#clock.mono();
  }

  toDispatcher(startedAt: MonoMs): void {
    this.#toDispatcher++;
    this.#processingMs += this.#clock.mono() - startedAt;
  }
}
