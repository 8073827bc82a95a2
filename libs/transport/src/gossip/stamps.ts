/**
 * When main thread and worker last ran, in memory that both see. All stamps are of one monotonic
 * clock: `performance.now` has another origin in each thread, `process.hrtime` has not.
 */
import type { Clock, MonoMs } from '@tocsin/kernel';

const MAIN = 0;
const WORKER = 1;

export const sharedClock: Clock = {
  wall: () => Date.now(),
  mono: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

export class Stamps {
  readonly #micros: BigInt64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.#micros = new BigInt64Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#micros.buffer as SharedArrayBuffer;
  }

  stampMain(now: MonoMs): void {
    Atomics.store(this.#micros, MAIN, BigInt(Math.round(now * 1000)));
  }
  stampWorker(now: MonoMs): void {
    Atomics.store(this.#micros, WORKER, BigInt(Math.round(now * 1000)));
  }
  main(): MonoMs {
    return Number(Atomics.load(this.#micros, MAIN)) / 1000;
  }
  worker(): MonoMs {
    return Number(Atomics.load(this.#micros, WORKER)) / 1000;
  }
}
