/**
 * @module storage/file-state-store
 *
 * State rows in a folder that Alertmanager could use as well: its snapshot files `nflog` and `silences`
 * for the default tenant, and `tocsin.state` beside them for everything else, which it ignores.
 *
 * A merge is appended to `tocsin.journal` and synced; calls that come while one write runs share the
 * next one. From time to time, and at the end, the rows are written into the snapshot files and the
 * journal is dropped. All rows are in memory too, sharing the `bytes` they were merged with.
 *
 * Invariants
 *  - Memory changes only after the journal is on the disk: what a call rejects with is nowhere.
 *  - Snapshot files + old journal + journal, read in this order, are the state at any moment. Reading a
 *    record twice does no harm, so a crash between any two steps does none.
 *  - A file that can't be read completely is never overwritten before a copy of it has been kept.
 */
import { join } from 'node:path';
import { AppError, messageOf } from '@tocsin/kernel';
import type { Cancel, Clock, Logger, StateKind, StateRow, StateStore, Timers } from '@tocsin/kernel';
import { diskError, nodeDisk } from './disk.ts';
import type { Disk } from './disk.ts';
import { lockFolder } from './folder-lock.ts';
import type { Unlock } from './folder-lock.ts';
import { Journal, journalName } from './journal.ts';
import { encodeRecord } from './record-file.ts';
import type { Operation } from './record-file.ts';
import { acceptedRows } from './rows.ts';
import type { RowTable } from './rows.ts';
import {
  applyOperation,
  readStateFolder,
  snapshotChunks,
  snapshotFileOf,
  snapshotFiles,
} from './state-folder.ts';
import type { DamagedFile, SnapshotFile, SnapshotSplitters, StateFolderContent } from './state-folder.ts';

export interface FileStateStoreOptions {
  /** `--storage.path`; made when absent. */
  readonly path: string;
  readonly splitters: SnapshotSplitters;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Pause between two snapshots, as `--data.maintenance-interval`. Default 15 minutes. */
  readonly snapshotIntervalMs?: number;
  /** After each snapshot of a file, for metrics; `cause` when it failed. Must not throw. */
  readonly onSnapshot?: (report: SnapshotReport) => void;
  readonly disk?: Disk;
}

export interface SnapshotReport {
  readonly file: SnapshotFile;
  readonly bytes: number;
  readonly tookMs: number;
  readonly cause?: unknown;
}

const defaultSnapshotIntervalMs = 15 * 60_000;
/** A journal longer than this, and than the snapshots themselves, is turned into snapshots at once. */
const journalBytesMin = 16 * 1024 * 1024;
/** After a failure to write snapshots; the journal goes on meanwhile. */
const snapshotRetryMs = 60_000;
/** Of one write; a single larger call is written alone. */
const writeBytesMax = 16 * 1024 * 1024;
/** Calls beyond this are refused with AppError `limit`: the disk can't keep up. */
const waitingBytesMax = 1024 * 1024 * 1024;

/**
 * Opens its files at the first call. `merge` and `remove` reject with AppError `unavailable` while the
 * disk is full or read-only, and any call with `precondition` when another process uses the folder.
 */
export function fileStateStore(options: FileStateStoreOptions): StateStore {
  return new FileStateStore(options);
}

interface Waiting {
  readonly operation: Operation;
  readonly record: Buffer;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

class FileStateStore implements StateStore {
  readonly #options: FileStateStoreOptions;
  readonly #disk: Disk;
  #opened: Promise<OpenFolder> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: FileStateStoreOptions) {
    this.#options = options;
    this.#disk = options.disk ?? nodeDisk;
  }

  async merge(kind: StateKind, rows: readonly StateRow[]): Promise<void> {
    const accepted = acceptedRows(rows);
    const folder = await this.#open();
    if (accepted.length > 0) await folder.write({ does: 'merge', kind, rows: accepted });
  }

  async load(kind: StateKind, nowMs: number): Promise<readonly StateRow[]> {
    return (await this.#open()).table.live(kind, nowMs);
  }

  async remove(kind: StateKind, rows: Parameters<StateStore['remove']>[1]): Promise<void> {
    const folder = await this.#open();
    const named = rows.map(({ key, nanos, seconds, tenant }) => ({ tenant, key, seconds, nanos }));
    if (named.length > 0) await folder.write({ does: 'remove', kind, rows: named });
  }

  async collectGarbage(kind: StateKind, nowMs: number): Promise<number> {
    return (await this.#open()).collectGarbage(kind, nowMs);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const folder = await this.#opened?.catch(() => undefined);
    await folder?.close();
  }

  #open(): Promise<OpenFolder> {
    if (this.#closed !== undefined) {
      return Promise.reject(new AppError('unavailable', `state store in ${this.#options.path}: closed`));
    }
    this.#opened ??= this.#openFolder().catch((cause: unknown) => {
      this.#opened = undefined;
      throw diskError(`opening the storage folder ${this.#options.path}`, cause);
    });
    return this.#opened;
  }

  async #openFolder(): Promise<OpenFolder> {
    const { clock, logger, path, splitters } = this.#options;
    await this.#disk.makeFolder(path);
    const unlock = await lockFolder(path);
    try {
      const content = await readStateFolder(path, splitters, {
        disk: this.#disk,
        logger,
        nowMs: clock.wall(),
      });
      const folder = new OpenFolder(this.#options, this.#disk, content, unlock);
      await folder.begin();
      return folder;
    } catch (cause) {
      await unlock();
      throw cause;
    }
  }
}

/** The folder once it has been read: one writer, one snapshot at a time. */
class OpenFolder {
  readonly table: RowTable;
  readonly #options: FileStateStoreOptions;
  readonly #disk: Disk;
  readonly #journal: Journal;
  readonly #unlock: Unlock;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  readonly #chores: (() => Promise<void>)[] = [];
  /** Files that don't hold everything that memory does. */
  #changed: Set<SnapshotFile>;
  /** Files of which a copy is to be kept before anything is written. */
  readonly #damaged: DamagedFile[];
  readonly #snapshotBytes = new Map<SnapshotFile, number>();
  #snapshotting: Promise<void> | undefined;
  #isRetryPending = false;
  #cancelTimer: Cancel = () => undefined;
  #isClosing = false;

  constructor(options: FileStateStoreOptions, disk: Disk, content: StateFolderContent, unlock: Unlock) {
    this.#options = options;
    this.#disk = disk;
    this.table = content.table;
    this.#journal = new Journal(disk, options.path, content.journalBytes, content.hasOldJournal);
    this.#changed = new Set(content.changed);
    this.#damaged = [...content.damaged];
    this.#unlock = unlock;
  }

  /** Files that are damaged or left over from a crash are put in order at once, if the disk lets us. */
  async begin(): Promise<void> {
    if (this.#damaged.length > 0) await this.#snapshot();
    else this.#scheduleSnapshot();
  }

  write(operation: Operation): Promise<void> {
    const record = encodeRecord(operation);
    if (this.#waitingBytes + record.length > waitingBytesMax) {
      return Promise.reject(
        new AppError(
          'limit',
          `state store in ${this.#options.path}: ${this.#waitingBytes} bytes are waiting`,
        ),
      );
    }
    this.#waitingBytes += record.length;
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ operation, record, resolve, reject });
    });
    this.#writing ??= this.#writeAll();
    return written;
  }

  collectGarbage(kind: StateKind, nowMs: number): number {
    // Not in the journal: reading an expired row again is harmless.
    const expired = this.table.all(kind).filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
    for (const { tenant } of expired) this.#changed.add(snapshotFileOf(kind, tenant));
    return this.table.collectGarbage(kind, nowMs);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelTimer();
    await this.#writing;
    await this.#snapshotting;
    await this.#snapshot();
    await this.#journal.close().catch(() => undefined);
    await this.#unlock();
  }

  async #writeAll(): Promise<void> {
    // One turn later: calls of the same turn share the first write.
    await Promise.resolve();
    for (;;) {
      const chore = this.#chores.shift();
      if (chore !== undefined) await chore();
      else if (this.#waiting.length > 0) await this.#writeSome(this.#take());
      else break;
    }
    this.#writing = undefined;
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += record.length;
      if (count > 0 && bytes > writeBytesMax) break;
      count++;
    }
    const taken = this.#waiting.splice(0, count);
    for (const { record } of taken) this.#waitingBytes -= record.length;
    return taken;
  }

  async #writeSome(batch: readonly Waiting[]): Promise<void> {
    try {
      const records = this.#needed(batch).map(({ record }) => record);
      if (records.length > 0) {
        await this.#keepDamaged();
        await this.#journal.append(records);
      }
    } catch (cause) {
      const refusal = diskError(`writing the journal in ${this.#options.path}`, cause);
      for (const { reject } of batch) reject(refusal);
      return;
    }
    for (const { operation, resolve } of batch) {
      applyOperation(this.table, operation);
      for (const { tenant } of operation.rows) this.#changed.add(snapshotFileOf(operation.kind, tenant));
      resolve();
    }
    if (this.#isJournalLong() && !this.#isRetryPending) void this.#snapshot();
  }

  /** Rows that come again, as gossip makes them, cost no write. */
  #needed(batch: readonly Waiting[]): readonly Waiting[] {
    if (batch.some(({ operation }) => operation.does === 'remove')) return batch;
    return batch.filter(({ operation }) => {
      return (
        operation.does === 'merge' && operation.rows.some((row) => this.table.isNews(operation.kind, row))
      );
    });
  }

  #isJournalLong(): boolean {
    let snapshotBytes = 0;
    for (const bytes of this.#snapshotBytes.values()) snapshotBytes += bytes;
    return this.#journal.size > Math.max(journalBytesMin, snapshotBytes);
  }

  #scheduleSnapshot(): void {
    this.#cancelTimer();
    if (this.#isClosing) return;
    const { snapshotIntervalMs = defaultSnapshotIntervalMs, timers } = this.#options;
    const delayMs = this.#isRetryPending ? Math.min(snapshotRetryMs, snapshotIntervalMs) : snapshotIntervalMs;
    this.#cancelTimer = timers.after(delayMs, () => void this.#snapshot());
  }

  /** Never rejects: what is not in the snapshots stays in the journal. */
  #snapshot(): Promise<void> {
    this.#snapshotting ??= this.#snapshotAll().finally(() => {
      this.#snapshotting = undefined;
      this.#scheduleSnapshot();
    });
    return this.#snapshotting;
  }

  async #snapshotAll(): Promise<void> {
    const { logger, path } = this.#options;
    const changed = this.#changed;
    if (changed.size === 0 && this.#journal.isEmpty && this.#damaged.length === 0) return;
    try {
      await this.#betweenWrites(async () => {
        await this.#keepDamaged();
        await this.#journal.rotate();
        this.#changed = new Set();
      });
      for (const file of snapshotFiles) {
        if (changed.has(file)) await this.#writeSnapshot(file);
      }
      await this.#journal.dropOld();
      this.#isRetryPending = false;
    } catch (cause) {
      for (const file of changed) this.#changed.add(file);
      this.#isRetryPending = true;
      logger.error(
        'Snapshots can not be written; nothing is lost, the journal grows. Check space and rights',
        {
          path,
          err: messageOf(cause),
        },
      );
    }
  }

  async #writeSnapshot(file: SnapshotFile): Promise<void> {
    const { clock, onSnapshot, path } = this.#options;
    const startedAt = clock.mono();
    const report = (bytes: number, cause?: unknown): void =>
      onSnapshot?.({
        file,
        bytes,
        tookMs: clock.mono() - startedAt,
        ...(cause === undefined ? {} : { cause }),
      });
    try {
      const bytes = await this.#disk.replace(join(path, file), snapshotChunks(file, this.table));
      this.#snapshotBytes.set(file, bytes);
      report(bytes);
    } catch (cause) {
      report(0, cause);
      throw cause;
    }
  }

  /** Runs `act` while no write is under way; calls that come meanwhile queue behind it. */
  #betweenWrites(act: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#chores.push(() => act().then(resolve, reject));
      this.#writing ??= this.#writeAll();
    });
  }

  /** Before anything is written: the copies that damaged files were promised. */
  async #keepDamaged(): Promise<void> {
    const { path } = this.#options;
    for (let next = this.#damaged[0]; next !== undefined; next = this.#damaged[0]) {
      await this.#disk.keepCopy(join(path, next.name), join(path, next.copyName));
      // Nothing in it could be read: without it the next start finds no damage again.
      if (next.name === journalName && this.#journal.size === 0)
        await this.#disk.remove(join(path, next.name));
      this.#damaged.shift();
    }
  }
}
