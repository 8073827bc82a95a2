import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { groupCommitter, groupCommitMetrics } from './group-commit.ts';
import type { GroupCommitDeps, GroupCommitLimits, GroupCommitter } from './group-commit.ts';
import type { Meter, MetricSpec } from './metrics.ts';
import type { Logger, Random } from './seams.ts';
import type { StateKind, StateRow } from './state-store.ts';

const row = (key: string, seconds = 1, nanos = 0, tenant = ''): StateRow => ({
  tenant,
  key,
  seconds,
  nanos,
  expiresAtMs: 1e12,
  bytes: new Uint8Array([seconds]),
});

const quiet = (): void => undefined;
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, with: () => logger };
const random: Random = {
  float: () => 0.5,
  below: () => 0,
  bytes: () => new Uint8Array(),
  fork: () => random,
};

/** A store whose merges end when the test says so. */
function slowStore(): {
  readonly merges: {
    kind: StateKind;
    rows: readonly StateRow[];
    done: () => void;
    fail: (cause: unknown) => void;
  }[];
  merge(kind: StateKind, rows: readonly StateRow[]): Promise<void>;
} {
  const merges: ReturnType<typeof slowStore>['merges'] = [];
  return {
    merges,
    merge: (kind, rows) => new Promise((done, fail) => merges.push({ kind, rows, done, fail })),
  };
}

/** Timers that fire when the test says so. */
function handTimers(): GroupCommitDeps['timers'] & { readonly delays: number[]; fire(): void } {
  let pending: { run: () => void }[] = [];
  const delays: number[] = [];
  return {
    delays,
    after(delayMs, run) {
      const timer = { run };
      delays.push(delayMs);
      pending.push(timer);
      return () => {
        pending = pending.filter((each) => each !== timer);
      };
    },
    fire() {
      const due = pending;
      pending = [];
      for (const { run } of due) run();
    },
  };
}

function countingMeter(): Meter & { readonly totals: Map<MetricSpec, number>; collect(): void } {
  const totals = new Map<MetricSpec, number>();
  const collectors: (() => void)[] = [];
  return {
    totals,
    collect: () => collectors.forEach((each) => each()),
    add: (spec, value) => void totals.set(spec, (totals.get(spec) ?? 0) + value),
    set: (spec, value) => void totals.set(spec, value),
    observe: () => undefined,
    declare: () => undefined,
    tally: () => undefined,
    remove: () => undefined,
    onCollect: (collect) => void collectors.push(collect),
  };
}

function setUp(limits: Partial<GroupCommitLimits> = {}): {
  committer: GroupCommitter;
  store: ReturnType<typeof slowStore>;
  timers: ReturnType<typeof handTimers>;
  meter: ReturnType<typeof countingMeter>;
} {
  const store = slowStore();
  const timers = handTimers();
  const meter = countingMeter();
  return {
    committer: groupCommitter(store, { timers, random, logger, meter }, limits),
    store,
    timers,
    meter,
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};
const keysOf = (rows: readonly StateRow[] | undefined): readonly string[] =>
  (rows ?? []).map(({ key }) => key);
const away = new AppError('unavailable', 'the database is away');

describe('groupCommitter', () => {
  it('stores a lone row at once and answers only after the store has', async () => {
    const { committer, store } = setUp();
    let isStored = false;
    const stored = committer.write('nflog', row('a')).then(() => (isStored = true));
    await turns();
    expect(keysOf(store.merges[0]?.rows)).toEqual(['a']);
    expect(isStored).toBe(false);
    store.merges[0]?.done();
    await stored;
    expect(committer.queuedRows).toBe(0);
  });

  it('collects the next batch while a merge runs', async () => {
    const { committer, store, meter } = setUp();
    const all = [committer.write('nflog', row('a'))];
    await turns();
    all.push(committer.write('nflog', row('b')), committer.write('nflog', row('c')));
    await turns();
    expect(store.merges).toHaveLength(1);
    store.merges[0]?.done();
    await turns();
    expect(keysOf(store.merges[1]?.rows)).toEqual(['b', 'c']);
    store.merges[1]?.done();
    await Promise.all(all);
    expect(meter.totals.get(groupCommitMetrics.batches)).toBe(2);
    expect(meter.totals.get(groupCommitMetrics.rows)).toBe(3);
  });

  it('does not let one kind wait for another', async () => {
    const { committer, store } = setUp();
    void committer.write('alert', row('a'));
    await turns();
    const silence = committer.write('silence', row('s'));
    await turns();
    store.merges.find(({ kind }) => kind === 'silence')?.done();
    await silence;
  });

  it('keeps only the newest version of a queued key, in the place of the first, and answers every writer of it', async () => {
    const { committer, store } = setUp();
    void committer.write('nflog', row('first'));
    await turns();
    const all = [
      committer.write('nflog', row('a', 1, 5)),
      committer.write('nflog', row('b')),
      committer.write('nflog', row('a', 1, 6)),
      committer.write('nflog', row('a', 1, 4)),
    ];
    store.merges[0]?.done();
    await turns();
    expect(store.merges[1]?.rows.map(({ key, nanos }) => [key, nanos])).toEqual([
      ['a', 6],
      ['b', 0],
    ]);
    store.merges[1]?.done();
    await Promise.all(all);
  });

  it('keeps the same key of two tenants apart, even when their concatenations are equal', async () => {
    const { committer, store } = setUp();
    void committer.write('nflog', row('bc', 1, 0, 'a'));
    void committer.write('nflog', row('c', 1, 0, 'ab'));
    await turns();
    expect(store.merges[0]?.rows).toHaveLength(2);
  });

  it('tries the same rows again, oldest first, with growing pauses, while the store is away', async () => {
    const { committer, store, timers, meter } = setUp({ batchRowsMax: 2, retryMinMs: 100, retryMaxMs: 300 });
    const all = ['a', 'b', 'c'].map((key) => committer.write('nflog', row(key)));
    for (let attempt = 0; attempt < 4; attempt++) {
      await turns();
      expect(keysOf(store.merges.at(-1)?.rows)).toEqual(['a', 'b']);
      store.merges.at(-1)?.fail(away);
      await turns();
      timers.fire();
    }
    expect(timers.delays).toEqual([75, 150, 225, 225]);
    expect(meter.totals.get(groupCommitMetrics.failures)).toBe(4);
    await turns();
    store.merges.at(-1)?.done();
    await turns();
    store.merges.at(-1)?.done();
    await Promise.all(all);
  });

  it('refuses a new key when the queue is full, but still takes a newer version of a queued one', async () => {
    const { committer, store, meter } = setUp({ queuedRowsMax: 2 });
    void committer.write('nflog', row('a'));
    await turns();
    const second = committer.write('nflog', row('b'));
    await expect(committer.write('nflog', row('c'))).rejects.toMatchObject({ code: 'limit' });
    const newer = committer.write('nflog', row('b', 9));
    expect(meter.totals.get(groupCommitMetrics.limitReached)).toBe(1);
    meter.collect();
    expect(meter.totals.get(groupCommitMetrics.queueLength)).toBe(2);
    store.merges[0]?.done();
    await turns();
    expect(store.merges[1]?.rows[0]?.seconds).toBe(9);
    store.merges[1]?.done();
    await Promise.all([second, newer]);
  });

  it('rejects only the row that the store calls invalid and stores its neighbours', async () => {
    const stored: string[] = [];
    const picky = {
      merge: (_kind: StateKind, rows: readonly StateRow[]): Promise<void> => {
        if (keysOf(rows).includes('bad')) return Promise.reject(AppError.invalid('row key "bad"'));
        stored.push(...keysOf(rows));
        return Promise.resolve();
      },
    };
    const { timers, meter } = setUp();
    const committer = groupCommitter(picky, { timers, random, logger, meter });
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'bad', 'c', 'd'].map((key) => committer.write('alert', row(key))),
    );
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, true]);
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
    expect(committer.queuedRows).toBe(0);
  });

  it('stores what is queued before it closes, without waiting out the pause', async () => {
    const { committer, store } = setUp();
    const stored = committer.write('nflog', row('a'));
    await turns();
    store.merges[0]?.fail(away);
    await turns();
    const closed = committer.close(5_000);
    await turns();
    store.merges[1]?.done();
    await Promise.all([stored, closed]);
    await expect(committer.write('nflog', row('late'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up at the end of its budget and says so to every waiting writer', async () => {
    const { committer, timers } = setUp({ batchRowsMax: 1 });
    const writes = [committer.write('nflog', row('a')), committer.write('nflog', row('b'))];
    const refused = Promise.all(
      writes.map((each) => expect(each).rejects.toMatchObject({ code: 'unavailable' })),
    );
    await turns();
    const closed = committer.close(5_000);
    timers.fire();
    await closed;
    await refused;
  });

  it('flush waits for what was queued before it, not for what comes after', async () => {
    const { committer, store } = setUp();
    void committer.write('nflog', row('a'));
    await turns();
    let isFlushed = false;
    const flushed = committer.flush().then(() => (isFlushed = true));
    void committer.write('nflog', row('b'));
    await turns();
    expect(isFlushed).toBe(false);
    store.merges[0]?.done();
    await flushed;
  });

  it('whatever fails and whenever, an acknowledged write is in the store, in that version or a newer one', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      seconds: fc.nat(5),
      outcome: fc.constantFrom('done', 'fail', 'wait'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { committer, store, timers } = setUp({ batchRowsMax: 2 });
        const kept = new Map<string, number>();
        const violations: string[] = [];
        let acknowledged = 0;
        const settle = (isDone: boolean): void => {
          for (const { rows, done, fail } of store.merges.splice(0)) {
            if (!isDone) {
              fail(away);
              continue;
            }
            for (const { key, seconds } of rows) kept.set(key, Math.max(seconds, kept.get(key) ?? -1));
            done();
          }
        };
        for (const { key, seconds, outcome } of steps) {
          void committer.write('nflog', row(key, seconds)).then(() => {
            if ((kept.get(key) ?? -1) < seconds) violations.push(`${key}@${seconds}`);
            return ++acknowledged;
          });
          if (outcome !== 'wait') {
            await turns();
            settle(outcome === 'done');
            await turns();
            timers.fire();
          }
        }
        while (committer.queuedRows > 0) {
          await turns();
          settle(true);
          await turns();
          timers.fire();
        }
        expect(violations).toEqual([]);
        expect(acknowledged).toBe(steps.length);
      }),
    );
  });
});
