import type { AppError, Cancel, Timers } from '@tocsin/kernel';

/**
 * Cancellation without AbortSignal, which the simulator can't control. A signal is raised once,
 * with the reason that metrics show; whoever waits hears it.
 */
export class CancelSignal {
  #reason: AppError | undefined;
  readonly #listeners = new Set<(reason: AppError) => void>();

  get reason(): AppError | undefined {
    return this.#reason;
  }

  raise(reason: AppError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of [...this.#listeners]) listener(reason);
    this.#listeners.clear();
  }

  onRaise(listener: (reason: AppError) => void): Cancel {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  throwIfRaised(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}

/** Waits; rejects with the signal's reason as soon as it is raised. */
export function sleep(timers: Timers, ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let unlisten: Cancel = () => undefined;
    const cancelTimer = timers.after(ms, () => {
      unlisten();
      resolve();
    });
    unlisten = signal.onRaise((reason) => {
      cancelTimer();
      reject(reason);
    });
  });
}

/** The promise, or a rejection with the signal's reason, whichever is first. */
export function orCancelled<T>(promise: Promise<T>, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const unlisten = signal.onRaise(reject);
    promise.then(resolve, reject).finally(unlisten);
  });
}
