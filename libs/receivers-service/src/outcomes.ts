/**
 * @module receivers-service/outcomes
 *
 * What became of each notification id, for ten minutes. Two uses: an alertmanager that takes over from
 * a dead one asks before it sends; and a request that is repeated because its answer was lost is not
 * sent twice.
 *
 * Soft state: a replica that restarts has forgotten it, and the asker then sends (better twice than never).
 */
import type { NotifyOutcome } from '@tocsin/contracts';
import type { Clock, Meter, MonoMs } from '@tocsin/kernel';
import { receiversMetrics as metrics } from './metrics.ts';

export const OUTCOME_KEPT_MS = 600_000;
export const OUTCOMES_MAX = 100_000;

interface Kept {
  readonly outcome: NotifyOutcome;
  readonly at: MonoMs;
}

export class Outcomes {
  readonly #clock: Clock;
  readonly #meter: Meter;
  /** Oldest first: an id that is set again moves to the end. */
  readonly #kept = new Map<string, Kept>();

  constructor(deps: { readonly clock: Clock; readonly meter: Meter }) {
    this.#clock = deps.clock;
    this.#meter = deps.meter;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(notificationId: string): NotifyOutcome | undefined {
    this.#forgetOld();
    return this.#kept.get(notificationId)?.outcome;
  }

  /** A delivery is never forgotten for a later failure. */
  keep(outcome: NotifyOutcome): void {
    const id = outcome.notificationId;
    if (this.#kept.get(id)?.outcome.status === 'delivered' && outcome.status !== 'delivered') return;
    this.#kept.delete(id);
    this.#kept.set(id, { outcome, at: this.#clock.mono() });
    this.#forgetOld();
    if (this.#kept.size <= OUTCOMES_MAX) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#meter.add(metrics.evicted, 1, { what: 'outcome' });
  }

  #forgetOld(): void {
    const limit = this.#clock.mono() - OUTCOME_KEPT_MS;
    for (const [id, { at }] of this.#kept) {
      if (at > limit) return;
      this.#kept.delete(id);
    }
  }
}
