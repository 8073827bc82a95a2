import { AppError } from '@tocsin/kernel';
import type { Timers } from '@tocsin/kernel';

/** Lets a limited number in at a time; the rest waits in order, each as long as it wants to. */
export class Gate {
  readonly #limit: number;
  readonly #timers: Timers;
  /** Those who wait; each is called with its turn. */
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(limit: number, timers: Timers) {
    this.#limit = limit;
    this.#timers = timers;
  }

  /** Resolves to what must be called, once, when done. Rejects with AppError `deadline` after `waitMs`. */
  async enter(waitMs: number, what: string): Promise<() => void> {
    if (this.#inside >= this.#limit) await this.#turn(waitMs, what);
    else this.#inside++;
    return () => this.#leave();
  }

  #turn(waitMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#timers.after(waitMs, () => {
        this.#waiting.delete(enter);
        reject(
          new AppError(
            'deadline',
            `${what}: ${this.#limit} queries are under way, no turn within ${waitMs} ms`,
          ),
        );
      });
      this.#waiting.add(enter);
    });
  }

  /** The place goes to the next in line, if there is one. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
