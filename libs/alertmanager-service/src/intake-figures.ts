/** Counts what happens to every single alert: added up here, told at a scrape, because a metric for each would cost more than the alert. */
import type { Clock, Meter, MonoMs } from '@tocsin/kernel';
import { stateMetrics as metrics } from './state-metrics.ts';

/** Of so many alerts one is timed: asking the clock twice costs as much as putting an alert into its group. */
const TIMED_EACH = 16;

export class IntakeFigures {
  readonly #clock: Clock;
  #toInhibitor = 0;
  #toDispatcher = 0;
  #timed = 0;
  #timedMs = 0;

  constructor(deps: { readonly clock: Clock; readonly meter: Meter }) {
    const { meter } = deps;
    this.#clock = deps.clock;
    meter.onCollect(() => {
      meter.add(metrics.subscriberWrites, this.#toInhibitor, { subscriber: 'inhibitor' });
      meter.add(metrics.subscriberWrites, this.#toDispatcher, { subscriber: 'dispatcher' });
      const meanMs = this.#timed === 0 ? 0 : this.#timedMs / this.#timed;
      meter.tally(metrics.alertProcessing, (meanMs * this.#toDispatcher) / 1000, this.#toDispatcher, {});
      this.#toInhibitor = 0;
      this.#toDispatcher = 0;
      this.#timed = 0;
      this.#timedMs = 0;
    });
  }

  toInhibitor(): void {
    this.#toInhibitor++;
  }

  /** To be handed to `toDispatcher` when the dispatcher is done with the alert; undefined: not timed. */
  start(): MonoMs | undefined {
    return this.#toDispatcher % TIMED_EACH === 0 ? this.#clock.mono() : undefined;
  }

  toDispatcher(startedAt: MonoMs | undefined): void {
    this.#toDispatcher++;
    if (startedAt === undefined) return;
    this.#timed++;
    this.#timedMs += this.#clock.mono() - startedAt;
  }
}
