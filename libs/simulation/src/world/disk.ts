/** A state store that outlives the process that uses it, with a disk's delays and failures. */
import { AppError } from '@tocsin/kernel';
import type { Random, StateStore } from '@tocsin/kernel';
import { memoryStateStore } from '@tocsin/storage';
import type { VirtualThread, VirtualWorld } from '@tocsin/cluster/testing';

export type DiskMode = 'works' | 'refuses' | 'hangs';

export class Disk {
  /** What is durable. */
  readonly rows: StateStore = memoryStateStore();
  mode: DiskMode = 'works';
  readonly #world: VirtualWorld;
  readonly #random: Random;

  constructor(world: VirtualWorld, label: string) {
    this.#world = world;
    this.#random = world.random.fork(`disk ${label}`);
  }

  /** The store as one process sees it: an answer to a process that died is lost, the write is not. */
  mountedBy(thread: VirtualThread): StateStore {
    const use = <T>(act: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        if (this.mode === 'hangs') return;
        const isRefused = this.mode === 'refuses';
        this.#world.timers.after(1 + this.#random.below(8), () => {
          if (isRefused) return thread.deliver(() => reject(new AppError('unavailable', 'the disk refuses')));
          // Killed before the write reached the disk: nothing of it is there.
          if (thread.isKilled) return;
          void act().then(
            (result) => thread.deliver(() => resolve(result)),
            (error: unknown) => thread.deliver(() => reject(error)),
          );
        });
      });
    return {
      merge: (kind, rows) => use(() => this.rows.merge(kind, rows)),
      load: (kind, nowMs) => use(() => this.rows.load(kind, nowMs)),
      remove: (kind, rows) => use(() => this.rows.remove(kind, rows)),
      collectGarbage: (kind, nowMs) => use(() => this.rows.collectGarbage(kind, nowMs)),
      close: () => Promise.resolve(),
    };
  }
}
