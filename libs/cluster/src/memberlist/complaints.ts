/** Warnings that outsiders can cause: one line every ten seconds for each kind, with a count of the rest. */
import type { Clock, LogFacts, Logger, MonoMs } from '@tocsin/kernel';

const QUIET_MS = 10_000;

export class Complaints {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kinds = new Map<string, { until: MonoMs; suppressed: number }>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** `message` is one of a fixed set: it is the kind. */
  warn(message: string, facts: LogFacts): void {
    const now = this.#clock.mono();
    const kind = this.#kinds.get(message);
    if (kind !== undefined && now < kind.until) {
      kind.suppressed++;
      return;
    }
    this.#kinds.set(message, { until: now + QUIET_MS, suppressed: 0 });
    this.#logger.warn(message, kind?.suppressed ? { ...facts, suppressed: kind.suppressed } : facts);
  }
}
