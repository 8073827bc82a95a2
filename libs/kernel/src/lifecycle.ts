import { messageOf } from './errors.ts';
import type { Clock, Logger, Timers } from './seams.ts';

export interface StopReport {
  readonly name: string;
  readonly outcome: 'done' | 'timed-out' | 'failed';
  readonly tookMs: number;
  readonly cause?: unknown;
}

interface Stop {
  readonly name: string;
  readonly budgetMs: number;
  readonly stop: () => Promise<void>;
}

/**
 * Things started in order stop in reverse order, each within its own budget. One that hangs or
 * throws is reported and skipped: the snapshot behind it must still be written.
 */
export class Lifecycle {
  readonly #stops: Stop[] = [];
  readonly #deps: { readonly clock: Clock; readonly timers: Timers; readonly logger: Logger };
  #stopping: Promise<readonly StopReport[]> | undefined;

  constructor(deps: { readonly clock: Clock; readonly timers: Timers; readonly logger: Logger }) {
    this.#deps = deps;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  onStop(name: string, budgetMs: number, stop: () => Promise<void>): void {
    this.#stops.push({ name, budgetMs, stop });
  }

  /** Idempotent: a second SIGTERM joins the stop in progress. */
  stop(): Promise<readonly StopReport[]> {
    return (this.#stopping ??= this.#stopAll());
  }

  async #stopAll(): Promise<readonly StopReport[]> {
    const reports: StopReport[] = [];
    for (const each of this.#stops.toReversed()) {
      const report = await this.#stopOne(each);
      reports.push(report);
      if (report.outcome === 'done') continue;
      this.#deps.logger.warn('A shutdown step did not end well; going on', {
        step: report.name,
        outcome: report.outcome,
        took_ms: Math.round(report.tookMs),
        err: report.cause === undefined ? undefined : messageOf(report.cause),
      });
    }
    return reports;
  }

  async #stopOne({ name, budgetMs, stop }: Stop): Promise<StopReport> {
    const startedAt = this.#deps.clock.mono();
    const tookMs = (): number => this.#deps.clock.mono() - startedAt;
    let cancel = (): void => undefined;
    const expiry = new Promise<'timed-out'>((late) => {
      cancel = this.#deps.timers.after(budgetMs, () => late('timed-out'));
    });
    try {
      const outcome = await Promise.race([stop().then(() => 'done' as const), expiry]);
      return { name, outcome, tookMs: tookMs() };
    } catch (cause) {
      return { name, outcome: 'failed', tookMs: tookMs(), cause };
    } finally {
      cancel();
    }
  }
}
