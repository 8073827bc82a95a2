/**
 * State that survives. Rows are written by any replica in any order: a row replaces the stored one
 * only when its (seconds, nanos) is greater, so nothing is ever overwritten by something older.
 */
export type StateKind = 'nflog' | 'silence' | 'alert' | 'group' | 'rule-instance';

export interface StateRow {
  readonly tenant: string;
  readonly key: string;
  /** When this version was made: seconds since the epoch and nanoseconds 0..999,999,999. PostgreSQL's timestamps are too coarse. */
  readonly seconds: number;
  readonly nanos: number;
  /** Wall-clock milliseconds after which the row may be dropped. */
  readonly expiresAtMs: number;
  /** As they came from the wire: unknown fields of newer peers survive. */
  readonly bytes: Uint8Array;
}

export interface StateStore {
  /** Durable when it resolves. All rows or none. Rejects with AppError `unavailable` when the store is away. */
  merge(kind: StateKind, rows: readonly StateRow[]): Promise<void>;
  /** Rows not yet expired at `nowMs`. */
  load(kind: StateKind, nowMs: number): Promise<readonly StateRow[]>;
  /** Forgets rows, unless a version newer than the one named has been stored. */
  remove(
    kind: StateKind,
    rows: readonly Pick<StateRow, 'tenant' | 'key' | 'seconds' | 'nanos'>[],
  ): Promise<void>;
  /** Drops rows that have expired; returns how many. */
  collectGarbage(kind: StateKind, nowMs: number): Promise<number>;
  close(): Promise<void>;
}
