import { AppError, type StateKind, type StateRow, type StateStore } from '@tocsin/kernel';

/** A state store that outlives the alertmanager of a test, and can be away. */
export class MemoryStore implements StateStore {
  readonly #rows = new Map<string, StateRow>();
  isAway = false;
  /** Waited for before each merge is done. */
  beforeMerge: () => Promise<void> = () => Promise.resolve();

  rows(kind: StateKind): StateRow[] {
    return [...this.#rows].filter(([id]) => id.startsWith(`${kind}\n`)).map(([, row]) => row);
  }

  async merge(kind: StateKind, rows: readonly StateRow[]): Promise<void> {
    await this.beforeMerge();
    this.#check();
    for (const row of rows) {
      const id = `${kind}\n${row.tenant}\n${row.key}`;
      const held = this.#rows.get(id);
      if (held === undefined || isNewer(row, held)) this.#rows.set(id, row);
    }
  }

  load(kind: StateKind, nowMs: number): Promise<readonly StateRow[]> {
    this.#check();
    return Promise.resolve(this.rows(kind).filter((row) => row.expiresAtMs > nowMs));
  }

  remove(
    kind: StateKind,
    rows: readonly Pick<StateRow, 'tenant' | 'key' | 'seconds' | 'nanos'>[],
  ): Promise<void> {
    this.#check();
    for (const row of rows) {
      const id = `${kind}\n${row.tenant}\n${row.key}`;
      const held = this.#rows.get(id);
      if (held !== undefined && !isNewer(held, row)) this.#rows.delete(id);
    }
    return Promise.resolve();
  }

  collectGarbage(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #check(): void {
    if (this.isAway) throw new AppError('unavailable', 'the store is away');
  }
}

type Stamp = Pick<StateRow, 'seconds' | 'nanos'>;
const isNewer = (left: Stamp, right: Stamp): boolean =>
  left.seconds > right.seconds || (left.seconds === right.seconds && left.nanos > right.nanos);
