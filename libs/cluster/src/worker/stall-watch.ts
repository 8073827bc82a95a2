/**
 * @module cluster/worker/stall-watch
 *
 * Judges from the worker's ticks whether the worker stood still, and whether the main thread does
 * (architecture 4.3). Pure: stamps in, verdicts out.
 *
 * After the whole process stood still (a pause of a virtual machine, SIGSTOP) the worker may run
 * first and see an old stamp; the main thread's silence is therefore counted from our own waking.
 */
import type { MonoMs } from '@tocsin/kernel';

export const TICK_MS = 100;
/** A longer gap between ticks is a stall. */
export const WORKER_STALL_MS = 1000;
export const MAIN_STALL_MS = 2000;
export const MAIN_DEAD_MS = 30_000;

export type MainState = 'runs' | 'stalled' | 'dead';

export interface TickVerdict {
  /** How long the worker stood still; 0 when it did not. */
  readonly workerStalledMs: number;
  readonly main: MainState;
  /** Only on the tick at which it changed. */
  readonly mainBefore: MainState;
}

export class StallWatch {
  #lastTick: MonoMs;
  #awakeSince: MonoMs;
  #main: MainState = 'runs';

  constructor(now: MonoMs) {
    this.#lastTick = now;
    this.#awakeSince = now;
  }

  get main(): MainState {
    return this.#main;
  }

  tick(now: MonoMs, mainStamp: MonoMs): TickVerdict {
    const gapMs = now - this.#lastTick;
    this.#lastTick = now;
    const workerStalledMs = gapMs > WORKER_STALL_MS ? gapMs : 0;
    if (workerStalledMs > 0) this.#awakeSince = now;
    const silentMs = now - Math.max(mainStamp, this.#awakeSince);
    const mainBefore = this.#main;
    this.#main = silentMs > MAIN_DEAD_MS ? 'dead' : silentMs > MAIN_STALL_MS ? 'stalled' : 'runs';
    return { workerStalledMs, main: this.#main, mainBefore };
  }
}
