import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { StateKind, StateRow, StateStore, Timers } from '@tocsin/kernel';
import { fileStateStore } from './file-state-store.ts';
import type { FileStateStoreOptions, SnapshotReport } from './file-state-store.ts';
import { aRow, comparable, kinds, withOwnBytes } from './state-store.contract.ts';
import { faultyDisk } from './testing/faulty-disk.ts';
import { jsonSplitter, jsonSplitters } from './testing/json-splitter.ts';
import { listLogger, nodeClock, nodeTimers } from './testing/node-seams.ts';

const stores: StateStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-file-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let logger = listLogger();

function openStore(path: string, options: Partial<FileStateStoreOptions> = {}): StateStore {
  logger = listLogger();
  const store = fileStateStore({
    path,
    splitters: jsonSplitters,
    logger,
    clock: nodeClock,
    timers: nodeTimers,
    ...options,
  });
  stores.push(store);
  return store;
}

/** As the folder would be found after the process was killed now. */
async function afterCrash(path: string): Promise<string> {
  const copy = newFolder();
  await cp(path, copy, { recursive: true });
  return copy;
}

const keysOf = async (store: StateStore, kind: StateKind): Promise<readonly string[]> =>
  (await store.load(kind, 0)).map(({ key }) => key).sort();
const levels = (): readonly string[] => logger.lines.map(({ level }) => level);
const entry = (key: string, overrides: Partial<StateRow> = {}): StateRow =>
  withOwnBytes('nflog', aRow(key, overrides));

/** Timers that the test fires. */
function handTimers(): Timers & { fire(): number; readonly delays: number[] } {
  const delays: number[] = [];
  let pending: (() => void)[] = [];
  return {
    delays,
    after(delayMs, run) {
      delays.push(delayMs);
      pending.push(run);
      return () => {
        pending = pending.filter((each) => each !== run);
      };
    },
    fire() {
      const due = pending.splice(0);
      for (const run of due) run();
      return due.length;
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets the interval pass and waits for what comes of it: at its end a snapshot arms the timer for the next. */
async function passInterval(timers: ReturnType<typeof handTimers>): Promise<void> {
  const armed = timers.delays.length;
  if (timers.fire() === 0) return;
  while (timers.delays.length === armed) await nextTurn();
}

describe('fileStateStore', () => {
  it('has every acknowledged row after a kill, before any snapshot was written', async () => {
    const path = newFolder();
    const store = openStore(path);
    for (const kind of kinds)
      await store.merge(kind, [withOwnBytes(kind, aRow('a')), withOwnBytes(kind, aRow('b'))]);
    await store.merge('group', [aRow('a', { seconds: 1_800_000_000 })]);
    await store.remove('group', [aRow('b')]);
    expect(readdirSync(path)).toEqual(['tocsin.journal']);
    const again = openStore(await afterCrash(path));
    for (const kind of kinds) {
      expect(comparable(await again.load(kind, 0))).toEqual(comparable(await store.load(kind, 0)));
    }
    expect(await keysOf(again, 'group')).toEqual(['a']);
  });

  it('leaves snapshots and no journal behind when it is closed', async () => {
    const path = newFolder();
    const store = openStore(path);
    await store.merge('nflog', [entry('a')]);
    await store.merge('silence', [entry('s')]);
    await store.merge('alert', [aRow('x')]);
    await store.close();
    expect(readdirSync(path).sort()).toEqual(['nflog', 'silences', 'tocsin.state']);
    expect(jsonSplitter(readFileSync(join(path, 'nflog'))).map(({ key }) => key)).toEqual(['a']);
    expect(jsonSplitter(readFileSync(join(path, 'silences'))).map(({ key }) => key)).toEqual(['s']);
  });

  it('keeps other tenants out of the files that Alertmanager reads', async () => {
    const path = newFolder();
    const store = openStore(path);
    await store.merge('silence', [entry('mine'), entry('theirs', { tenant: '7' })]);
    await store.close();
    expect(jsonSplitter(readFileSync(join(path, 'silences'))).map(({ key }) => key)).toEqual(['mine']);
    const again = openStore(path);
    expect(comparable(await again.load('silence', 0))).toEqual(
      comparable([entry('mine'), entry('theirs', { tenant: '7' })]),
    );
  });

  it('appends to the journal without rewriting a snapshot, until the interval is over', async () => {
    const path = newFolder();
    const disk = faultyDisk();
    const timers = handTimers();
    const reports: SnapshotReport[] = [];
    const store = openStore(path, {
      disk,
      timers,
      snapshotIntervalMs: 900_000,
      onSnapshot: (report) => reports.push(report),
    });
    for (let n = 0; n < 50; n++) await store.merge('nflog', [entry(`k${n}`)]);
    expect(disk.replaced).toEqual([]);
    expect(timers.delays).toEqual([900_000]);
    await passInterval(timers);
    // Alerts and silences did not change, so their files are not written.
    expect(disk.replaced).toEqual([join(path, 'nflog')]);
    expect(reports).toMatchObject([{ file: 'nflog', bytes: readFileSync(join(path, 'nflog')).length }]);
    expect(existsSync(join(path, 'tocsin.journal'))).toBe(false);
    await store.merge('nflog', [entry('later')]);
    expect(await keysOf(openStore(await afterCrash(path)), 'nflog')).toHaveLength(51);
    await passInterval(timers);
    await passInterval(timers);
    // The second interval saw a change, the third none.
    expect(reports).toHaveLength(2);
  });

  it('turns a long journal into snapshots without waiting for the interval, and goes on writing meanwhile', async () => {
    const path = newFolder();
    const store = openStore(path);
    const bytes = new Uint8Array(1024 * 1024);
    const all: Promise<void>[] = [];
    for (let n = 0; n < 40; n++) all.push(store.merge('alert', [aRow(`k${n}`, { bytes })]));
    await Promise.all(all);
    for (let n = 0; n < 10; n++) await store.merge('group', [aRow(`g${n}`)]);
    const isDone = (): boolean =>
      existsSync(join(path, 'tocsin.state')) && !existsSync(join(path, 'tocsin.journal.old'));
    while (!isDone()) await nextTurn();
    const again = openStore(await afterCrash(path));
    expect(await keysOf(again, 'alert')).toHaveLength(40);
    expect(await keysOf(again, 'group')).toHaveLength(10);
  });

  it('shares one write among calls that come while another runs', async () => {
    const disk = faultyDisk();
    const store = openStore(newFolder(), { disk });
    await store.load('alert', 0);
    const before = disk.steps;
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.merge('alert', [aRow(`k${n}`)])));
    // Opening, and both halves of each append, count as steps.
    expect(disk.steps - before).toBeLessThanOrEqual(5);
    expect(await keysOf(store, 'alert')).toHaveLength(100);
  });

  it('writes nothing for rows it already has', async () => {
    const disk = faultyDisk();
    const store = openStore(newFolder(), { disk });
    await store.merge('nflog', [entry('a')]);
    const before = disk.steps;
    for (let n = 0; n < 10; n++) await store.merge('nflog', [entry('a'), entry('a', { seconds: 1 })]);
    expect(disk.steps).toBe(before);
  });

  it('drops the torn end of a journal with a warning and continues it, wherever it was cut', async () => {
    const path = newFolder();
    const store = openStore(path);
    await store.merge('alert', [aRow('a1'), aRow('a2')]);
    const complete = readFileSync(join(path, 'tocsin.journal')).length;
    await store.merge('alert', [aRow('b1'), aRow('b2')]);
    const journal = readFileSync(join(path, 'tocsin.journal'));
    for (let length = complete + 1; length < journal.length; length += 7) {
      const crashed = newFolder();
      writeFileSync(join(crashed, 'tocsin.journal'), journal.subarray(0, length));
      const again = openStore(crashed);
      expect(await keysOf(again, 'alert')).toEqual(['a1', 'a2']);
      expect(levels()).toEqual(['warn']);
      await again.merge('alert', [aRow('c')]);
      const third = openStore(await afterCrash(crashed));
      expect(await keysOf(third, 'alert')).toEqual(['a1', 'a2', 'c']);
      expect(levels()).toEqual([]);
    }
  });

  describe('with a damaged file', () => {
    const corruptCopies = (path: string, name: string): readonly string[] =>
      readdirSync(path).filter((each) => each.startsWith(`${name}.corrupt-`));

    async function filled(): Promise<string> {
      const path = newFolder();
      const store = openStore(path);
      await store.merge('nflog', [entry('n1'), entry('n2'), entry('n3')]);
      await store.merge('silence', [entry('s1')]);
      await store.merge('alert', [aRow('a1'), aRow('a2'), aRow('a3')]);
      await store.close();
      return path;
    }

    it('starts with the entries of a damaged snapshot that can be read, keeps a copy, and says so', async () => {
      const path = await filled();
      const damaged = readFileSync(join(path, 'nflog'));
      // In the second entry's JSON; lengths stay as they are.
      damaged[damaged.indexOf('n2') - 3] = 0;
      writeFileSync(join(path, 'nflog'), damaged);
      const store = openStore(path);
      expect(await keysOf(store, 'nflog')).toEqual(['n1', 'n3']);
      expect(await keysOf(store, 'silence')).toEqual(['s1']);
      const [copy = ''] = corruptCopies(path, 'nflog');
      expect(copy).toMatch(/^nflog\.corrupt-\d{8}T\d{6}Z$/);
      expect(readFileSync(join(path, copy))).toEqual(damaged);
      expect(logger.lines).toMatchObject([
        { level: 'error', facts: { copy: join(path, copy), kept_rows: 2, lost_entries: 1 } },
      ]);
      // Put in order at once: a kill right now finds a sound file.
      expect(await keysOf(openStore(await afterCrash(path)), 'nflog')).toEqual(['n1', 'n3']);
      expect(levels()).toEqual([]);
    });

    it.each(['nflog', 'silences', 'tocsin.state', 'tocsin.journal', 'tocsin.journal.old'])(
      'starts with noise in %s and keeps it',
      async (name) => {
        const path = await filled();
        const noise = Buffer.from('\u00ff\u0003\u0009 this was never ours \u0001', 'latin1');
        writeFileSync(join(path, name), noise);
        const store = openStore(path);
        expect(await keysOf(store, 'nflog')).toEqual(name === 'nflog' ? [] : ['n1', 'n2', 'n3']);
        expect(await keysOf(store, 'alert')).toEqual(name === 'tocsin.state' ? [] : ['a1', 'a2', 'a3']);
        const [copy = ''] = corruptCopies(path, name);
        expect(readFileSync(join(path, copy))).toEqual(noise);
        await store.merge('alert', [aRow('new')]);
        expect(await keysOf(openStore(await afterCrash(path)), 'alert')).toContain('new');
        expect(readFileSync(join(path, copy))).toEqual(noise);
      },
    );

    it('loses one row of tocsin.state to one damaged byte', async () => {
      const path = await filled();
      const damaged = readFileSync(join(path, 'tocsin.state'));
      const at = damaged.indexOf('bytes of a2');
      damaged[at] = 0;
      writeFileSync(join(path, 'tocsin.state'), damaged);
      expect(await keysOf(openStore(path), 'alert')).toEqual(['a1', 'a3']);
      expect(corruptCopies(path, 'tocsin.state')).toHaveLength(1);
    });

    it('starts, and overwrites nothing, when there is no room for the copy', async () => {
      const path = await filled();
      const noise = Buffer.from('noise');
      writeFileSync(join(path, 'tocsin.journal'), noise);
      const disk = faultyDisk();
      disk.failNext(2);
      const store = openStore(path, { disk });
      expect(await keysOf(store, 'alert')).toEqual(['a1', 'a2', 'a3']);
      await expect(store.merge('alert', [aRow('b')])).rejects.toMatchObject({ code: 'unavailable' });
      expect(readFileSync(join(path, 'tocsin.journal'))).toEqual(noise);
      await store.merge('alert', [aRow('b')]);
      expect(readFileSync(join(path, corruptCopies(path, 'tocsin.journal')[0] ?? ''))).toEqual(noise);
    });

    it('does not start, and touches nothing, when a file is there but can not be read', async () => {
      const path = await filled();
      rmSync(join(path, 'silences'));
      await mkdir(join(path, 'silences'));
      await expect(openStore(path).load('silence', 0)).rejects.toMatchObject({ code: 'unavailable' });
      expect(readdirSync(path).sort()).toEqual(['nflog', 'silences', 'tocsin.state']);
    });
  });

  it('refuses a folder that another store uses, and takes it when that is closed', async () => {
    const path = newFolder();
    const first = openStore(path);
    await first.merge('alert', [aRow('a')]);
    const second = openStore(path);
    await expect(second.load('alert', 0)).rejects.toMatchObject({ code: 'precondition' });
    await first.close();
    expect(await keysOf(second, 'alert')).toEqual(['a']);
  });

  it('rejects while the disk fails, applies nothing of it, and takes the next call', async () => {
    const path = newFolder();
    const disk = faultyDisk();
    const store = openStore(path, { disk });
    await store.merge('alert', [aRow('a')]);
    disk.failNext(3);
    for (const key of ['b', 'c']) {
      await expect(store.merge('alert', [aRow(key)])).rejects.toMatchObject({ code: 'unavailable' });
      expect(await keysOf(store, 'alert')).toEqual(['a']);
    }
    disk.failNext(0);
    await store.merge('alert', [aRow('d')]);
    expect(await keysOf(openStore(await afterCrash(path)), 'alert')).toEqual(['a', 'd']);
  });

  it('goes on with the journal while snapshots fail, again and again, and catches up', async () => {
    const path = newFolder();
    const disk = faultyDisk();
    const timers = handTimers();
    const store = openStore(path, { disk, timers });
    const errors = logger.lines;
    const expectAfterCrash = async (nflog: readonly string[], alert: readonly string[]): Promise<void> => {
      const again = openStore(await afterCrash(path));
      expect(await keysOf(again, 'nflog')).toEqual(nflog);
      expect(await keysOf(again, 'alert')).toEqual(alert);
    };
    await store.merge('nflog', [entry('a')]);
    // The journal is set aside, then its rows can't be written.
    disk.failNext(1, 1);
    await passInterval(timers);
    expect(errors.map(({ level }) => level)).toEqual(['error']);
    expect(readdirSync(path)).toEqual(['tocsin.journal.old']);
    await store.merge('alert', [aRow('b')]);
    disk.failNext(1);
    await passInterval(timers);
    disk.failNext(1, 1);
    await passInterval(timers);
    await expectAfterCrash(['a'], ['b']);
    await passInterval(timers);
    await expectAfterCrash(['a'], ['b']);
    await passInterval(timers);
    await expectAfterCrash(['a'], ['b']);
    expect(readdirSync(path).sort()).toEqual(['nflog', 'tocsin.state']);
  });

  it('writes what it found in the journal into the snapshots when it is closed', async () => {
    const path = newFolder();
    const store = openStore(path);
    for (const kind of kinds) await store.merge(kind, [withOwnBytes(kind, aRow('a'))]);
    const crashed = await afterCrash(path);
    const second = openStore(crashed);
    expect(await keysOf(second, 'nflog')).toEqual(['a']);
    await second.close();
    const third = openStore(crashed);
    for (const kind of kinds) expect(await keysOf(third, kind)).toEqual(['a']);
  });

  const kindOfPair = (pair: number): StateKind => (pair % 2 === 0 ? 'nflog' : 'alert');
  const change = { pair: fc.nat(3), seconds: fc.nat(5) };
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('merge' as const), ...change }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('remove' as const), ...change }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('snapshot' as const), isAwaited: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constant('fail' as const),
        count: fc.integer({ min: 1, max: 3 }),
        skipped: fc.nat(3),
      }),
    },
  );

  it('holds every acknowledged call, and no half of any, when power is lost at any step of the disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.oneof(fc.nat(40), fc.constant(Infinity)),
        async (steps, lastStep) => {
          const path = newFolder();
          const disk = faultyDisk();
          const timers = handTimers();
          disk.losePowerAt(lastStep);
          const store = fileStateStore({
            path,
            splitters: jsonSplitters,
            logger: listLogger(),
            clock: nodeClock,
            timers,
            disk,
          });
          // What may be there after the crash: for each pair the versions that are possible; undefined: no row.
          const possible = new Map<number, Set<number | undefined>>();
          for (const each of steps) {
            if (each.does === 'snapshot' && each.isAwaited) await passInterval(timers);
            if (each.does === 'snapshot') timers.fire();
            if (each.does === 'fail') disk.failNext(each.count, each.skipped);
            if (each.does !== 'merge' && each.does !== 'remove') continue;
            const rows = ['left', 'right'].map((side) =>
              entry(`${each.pair}/${side}`, { seconds: each.seconds }),
            );
            const kind = kindOfPair(each.pair);
            const before = possible.get(each.pair) ?? new Set([undefined]);
            const applied = new Set(
              [...before].map((known) =>
                each.does === 'merge'
                  ? Math.max(known ?? -1, each.seconds)
                  : known !== undefined && known <= each.seconds
                    ? undefined
                    : known,
              ),
            );
            const isAcknowledged = await (
              each.does === 'merge' ? store.merge(kind, rows) : store.remove(kind, rows)
            ).then(
              () => true,
              () => false,
            );
            possible.set(each.pair, isAcknowledged ? applied : new Set([...before, ...applied]));
          }
          disk.losePowerAt(0);
          await store.close();
          const again = openStore(path);
          const loaded = [...(await again.load('nflog', 0)), ...(await again.load('alert', 0))];
          const found = new Map(loaded.map(({ key, seconds }) => [key, seconds]));
          for (const [pair, versions] of possible) {
            expect(versions).toContain(found.get(`${pair}/left`));
            expect(found.get(`${pair}/left`)).toBe(found.get(`${pair}/right`));
          }
          expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
          await again.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});

const mounted = mountSmallDisk();

describe.skipIf(mounted === undefined)('fileStateStore on a real disk of 1 MiB', () => {
  const folder = mounted ?? '';

  it('rejects with `unavailable` while it is full, half-applies nothing, and goes on when there is room', async () => {
    onTestFinished(() => unmount(folder));
    const path = join(folder, 'data');
    const store = openStore(path);
    await store.merge('alert', [aRow('first')]);
    writeFileSync(join(folder, 'ballast'), new Uint8Array(700 * 1024));
    const large = new Uint8Array(600 * 1024).fill(7);
    await expect(store.merge('alert', [aRow('x', { bytes: large }), aRow('y')])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ENOSPC') as unknown,
    });
    expect(await keysOf(store, 'alert')).toEqual(['first']);
    // What was written of it is cut off again, so smaller calls have room.
    await store.merge('alert', [aRow('small')]);
    expect(await keysOf(openStore(await afterCrash(path)), 'alert')).toEqual(['first', 'small']);
    rmSync(join(folder, 'ballast'));
    await store.merge('alert', [aRow('x', { bytes: large.subarray(0, 300 * 1024) }), aRow('y')]);
    expect(await keysOf(openStore(await afterCrash(path)), 'alert')).toEqual(['first', 'small', 'x', 'y']);

    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const reader = openStore(await afterCrash(path));
    expect(await keysOf(reader, 'alert')).toHaveLength(4);
    const readOnly = openStore(path);
    expect(await keysOf(readOnly, 'alert')).toEqual(['first', 'small', 'x', 'y']);
    await expect(readOnly.merge('alert', [aRow('z')])).rejects.toMatchObject({ code: 'unavailable' });
    execFileSync('mount', ['-o', 'remount,rw', folder]);
    await readOnly.merge('alert', [aRow('z')]);
    await readOnly.close();
    expect(await keysOf(openStore(await afterCrash(path)), 'alert')).toEqual([
      'first',
      'small',
      'x',
      'y',
      'z',
    ]);
  });
});

/** Undefined where we may not mount; the test of injected faults covers the rest. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    console.warn('skipped: a disk of 1 MiB can not be mounted here');
    return undefined;
  }
}

async function unmount(folder: string): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
}
