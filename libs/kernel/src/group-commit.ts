/**
 * @module kernel/group-commit
 *
 * Group commit without delay: the first row is stored at once, and whatever arrives while that
 * write runs goes into the next one. So a lone notification waits for one write, and a thousand at
 * once for two.
 *
 * Apart from the stores, because the rule who waits for what is the same for all of them, and the
 * services must not know which one they have.
 *
 * Invariants
 *  - `write` resolves only after the store has acknowledged that version or a newer one of its key.
 *  - At most one merge per kind is under way; kinds don't wait for each other.
 *  - Within a kind rows are stored in the order in which their keys were first queued.
 *  - A key is queued once: a newer version takes the place, and the waiters, of the older one.
 */
import { AppError, InvariantError, assert, messageOf } from './errors.ts';
import { metric } from './metrics.ts';
import type { Meter, MetricSpec } from './metrics.ts';
import type { Cancel, Logger, Random, Timers } from './seams.ts';
import type { StateKind, StateRow, StateStore } from './state-store.ts';

export interface GroupCommitMetrics {
  readonly batches: MetricSpec<'kind'>;
  readonly rows: MetricSpec<'kind'>;
  readonly failures: MetricSpec<'kind'>;
  readonly queueLength: MetricSpec<'kind'>;
  readonly limitReached: MetricSpec<'kind'>;
}

export const groupCommitMetrics: GroupCommitMetrics = {
  batches: metric({
    name: 'tocsin_state_commit_batches_total',
    help: 'Batches of state rows that the store has acknowledged.',
    type: 'counter',
    labels: ['kind'],
  }),
  rows: metric({
    name: 'tocsin_state_commit_rows_total',
    help: 'State rows that the store has acknowledged.',
    type: 'counter',
    labels: ['kind'],
  }),
  failures: metric({
    name: 'tocsin_state_commit_failures_total',
    help: 'Batches of state rows that the store did not take. They are tried again.',
    type: 'counter',
    labels: ['kind'],
  }),
  queueLength: metric({
    name: 'tocsin_state_commit_queue_rows',
    help: 'State rows that wait to be stored, those of the write under way included.',
    type: 'gauge',
    labels: ['kind'],
  }),
  limitReached: metric({
    name: 'tocsin_state_commit_limit_reached_total',
    help: 'State rows that were refused because too many were waiting for the store.',
    type: 'counter',
    labels: ['kind'],
  }),
};

export interface GroupCommitLimits {
  /** Rows of one kind that may wait; one more is refused with AppError `limit`. */
  readonly queuedRowsMax: number;
  /** Rows of one merge. */
  readonly batchRowsMax: number;
  /** Pause after the first failed merge; doubles with each further one. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export const groupCommitLimits: GroupCommitLimits = {
  queuedRowsMax: 100_000,
  batchRowsMax: 4_000,
  retryMinMs: 100,
  retryMaxMs: 10_000,
};

export interface GroupCommitDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface GroupCommitter {
  /**
   * Resolves when this version of the row, or a newer one of the same key, is durable; while the
   * store is away that takes as long as it takes: callers that can't wait race it with a timer.
   * Rejects with AppError `limit` (queue full), `invalid` (the store refuses this very row) or
   * `unavailable` (closed before the row was stored).
   */
  write(kind: StateKind, row: StateRow): Promise<void>;
  /** Rows not yet acknowledged. */
  readonly queuedRows: number;
  /** Resolves when everything queued so far has been acknowledged or refused. Never rejects. */
  flush(): Promise<void>;
  /** Refuses new rows, tries for at most `budgetMs` to store the queued ones, then rejects the rest. */
  close(budgetMs: number): Promise<void>;
}

export function groupCommitter(
  store: Pick<StateStore, 'merge'>,
  deps: GroupCommitDeps,
  limits: Partial<GroupCommitLimits> = {},
): GroupCommitter {
  return new Committer(store, deps, { ...groupCommitLimits, ...limits });
}

interface Queued {
  row: StateRow;
  readonly waiters: { readonly resolve: () => void; readonly reject: (cause: unknown) => void }[];
}

class Committer implements GroupCommitter {
  readonly #store: Pick<StateStore, 'merge'>;
  readonly #deps: GroupCommitDeps;
  readonly #limits: GroupCommitLimits;
  readonly #lanes = new Map<StateKind, Lane>();
  #closing: Promise<void> | undefined;

  constructor(store: Pick<StateStore, 'merge'>, deps: GroupCommitDeps, limits: GroupCommitLimits) {
    assert(limits.batchRowsMax >= 1 && limits.queuedRowsMax >= 1, 'group commit needs room for one row');
    this.#store = store;
    this.#deps = deps;
    this.#limits = limits;
    deps.meter.declare({ ...groupCommitMetrics });
    deps.meter.onCollect(() => {
      for (const [kind, { length }] of this.#lanes) {
        deps.meter.set(groupCommitMetrics.queueLength, length, { kind });
      }
    });
  }

  write(kind: StateKind, row: StateRow): Promise<void> {
    if (this.#closing !== undefined) {
      return Promise.reject(new AppError('unavailable', `state row "${kind}": the committer is closed`));
    }
    let lane = this.#lanes.get(kind);
    if (lane === undefined) {
      lane = new Lane(kind, this.#store, this.#deps, this.#limits);
      this.#lanes.set(kind, lane);
    }
    return lane.write(row);
  }

  get queuedRows(): number {
    let rows = 0;
    for (const lane of this.#lanes.values()) rows += lane.length;
    return rows;
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()));
  }

  close(budgetMs: number): Promise<void> {
    return (this.#closing ??= this.#close(budgetMs));
  }

  async #close(budgetMs: number): Promise<void> {
    let cancel: Cancel = nothing;
    const expiry = new Promise<void>((late) => {
      cancel = this.#deps.timers.after(budgetMs, late);
    });
    for (const lane of this.#lanes.values()) lane.retryNow();
    await Promise.race([this.flush(), expiry]);
    cancel();
    for (const lane of this.#lanes.values()) lane.abandon();
  }
}

/** The rows of one kind. */
class Lane {
  readonly #kind: StateKind;
  readonly #store: Pick<StateStore, 'merge'>;
  readonly #deps: GroupCommitDeps;
  readonly #limits: GroupCommitLimits;
  /** By tenant and key, in the order in which keys came. */
  readonly #queue = new Map<string, Queued>();
  /** Taken from the queue and not settled yet. */
  readonly #inFlight = new Set<Queued>();
  #isRunning = false;
  #isAbandoned = false;
  #failuresInARow = 0;
  #wake: (() => void) | undefined;

  constructor(
    kind: StateKind,
    store: Pick<StateStore, 'merge'>,
    deps: GroupCommitDeps,
    limits: GroupCommitLimits,
  ) {
    this.#kind = kind;
    this.#store = store;
    this.#deps = deps;
    this.#limits = limits;
  }

  get length(): number {
    return this.#queue.size + this.#inFlight.size;
  }

  write(row: StateRow): Promise<void> {
    const id = idOf(row);
    let queued = this.#queue.get(id);
    if (queued === undefined) {
      if (this.length >= this.#limits.queuedRowsMax) return Promise.reject(this.#refusal());
      queued = { row, waiters: [] };
      this.#queue.set(id, queued);
    } else if (isNewer(row, queued.row)) queued.row = row;
    const { waiters } = queued;
    const stored = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
    this.#start();
    return stored;
  }

  settled(): Promise<void> {
    const last = [...this.#inFlight, ...this.#queue.values()];
    return new Promise((resolve) => {
      let left = last.length;
      if (left === 0) resolve();
      const one = (): void => {
        if (--left === 0) resolve();
      };
      for (const each of last) each.waiters.push({ resolve: one, reject: one });
    });
  }

  retryNow(): void {
    this.#wake?.();
  }

  /** Rejects what is left; a merge under way may still succeed, but nobody waits for it any more. */
  abandon(): void {
    this.#isAbandoned = true;
    const left = [...this.#inFlight, ...this.#queue.values()];
    this.#inFlight.clear();
    this.#queue.clear();
    this.#wake?.();
    if (left.length === 0) return;
    this.#deps.logger.warn('State rows were not stored before the stop; peers or senders must repeat them', {
      kind: this.#kind,
      rows: left.length,
    });
    const cause = new AppError('unavailable', `state row "${this.#kind}": closed before it was stored`);
    for (const each of left) for (const waiter of each.waiters) waiter.reject(cause);
  }

  #refusal(): AppError {
    this.#deps.meter.add(groupCommitMetrics.limitReached, 1, { kind: this.#kind });
    const { queuedRowsMax } = this.#limits;
    return new AppError(
      'limit',
      `state rows "${this.#kind}": ${queuedRowsMax} are waiting for the store, expected fewer`,
      { facts: { kind: this.#kind, queuedRowsMax } },
    );
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // One turn later: rows that are written in the same turn share the first batch.
    void Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    while (this.#queue.size > 0) await this.#commit(this.#take());
    this.#isRunning = false;
  }

  #take(): readonly Queued[] {
    const batch: Queued[] = [];
    for (const [id, queued] of this.#queue) {
      if (batch.length === this.#limits.batchRowsMax) break;
      this.#queue.delete(id);
      this.#inFlight.add(queued);
      batch.push(queued);
    }
    return batch;
  }

  /** Tries until the store takes the batch, refuses rows of it, or the lane is abandoned. */
  async #commit(batch: readonly Queued[]): Promise<void> {
    while (!this.#isAbandoned) {
      try {
        await this.#store.merge(
          this.#kind,
          batch.map(({ row }) => row),
        );
        return this.#acknowledge(batch);
      } catch (cause) {
        // Nobody awaits this: it ends the process, as a mistake of our own must.
        if (cause instanceof InvariantError) throw cause;
        if (cause instanceof AppError && cause.code === 'invalid') return this.#refuse(batch, cause);
        await this.#pause(batch.length, cause);
      }
    }
  }

  #acknowledge(batch: readonly Queued[]): void {
    const { logger, meter } = this.#deps;
    if (this.#failuresInARow > 0) {
      logger.info('The state store takes rows again', { kind: this.#kind, failures: this.#failuresInARow });
    }
    this.#failuresInARow = 0;
    meter.add(groupCommitMetrics.batches, 1, { kind: this.#kind });
    meter.add(groupCommitMetrics.rows, batch.length, { kind: this.#kind });
    for (const each of batch) {
      this.#inFlight.delete(each);
      for (const waiter of each.waiters) waiter.resolve();
    }
  }

  /** One bad row must not keep its neighbours from being stored: halves until it stands alone. */
  async #refuse(batch: readonly Queued[], cause: AppError): Promise<void> {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) {
      this.#deps.meter.add(groupCommitMetrics.failures, 1, { kind: this.#kind });
      this.#inFlight.delete(first);
      for (const waiter of first.waiters) waiter.reject(cause);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    await this.#commit(batch.slice(0, middle));
    await this.#commit(batch.slice(middle));
  }

  #pause(rows: number, cause: unknown): Promise<void> {
    const { logger, meter, random, timers } = this.#deps;
    meter.add(groupCommitMetrics.failures, 1, { kind: this.#kind });
    const { retryMinMs, retryMaxMs } = this.#limits;
    const longest = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failuresInARow, 30));
    // Half of it is chance, so that replicas don't come back to a database all at once.
    const delayMs = longest / 2 + random.float() * (longest / 2);
    this.#failuresInARow++;
    logger.warn(
      'The state store did not take rows; they are kept and tried again. Check the database or disk',
      {
        kind: this.#kind,
        rows,
        queued_rows: this.length,
        retry_ms: Math.round(delayMs),
        err: messageOf(cause),
      },
    );
    return new Promise((resolve) => {
      const cancel = timers.after(delayMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}

const nothing = (): void => undefined;

// The length in front keeps ('ab', 'c') and ('a', 'bc') apart.
const idOf = ({ tenant, key }: StateRow): string => `${tenant.length}:${tenant}${key}`;

const isNewer = (row: StateRow, than: StateRow): boolean =>
  row.seconds > than.seconds || (row.seconds === than.seconds && row.nanos > than.nanos);
