/**
 * What lies in a storage folder and how it becomes rows again. Damage never stops a start: what can be
 * read is used, and the caller is told which files to keep a copy of before it writes.
 */
import { join } from 'node:path';
import { messageOf } from '@tocsin/kernel';
import type { Logger, StateKind, StateRow } from '@tocsin/kernel';
import type { Disk } from './disk.ts';
import { journalName, oldJournalName } from './journal.ts';
import { encodeRecord, isRecordFile, readRecordFile, recordFileHeader } from './record-file.ts';
import type { Operation } from './record-file.ts';
import { RowTable, acceptedRows, stateKinds } from './rows.ts';
import { delimited, readSnapshot } from './snapshot-file.ts';
import type { SnapshotSplitter } from './snapshot-file.ts';

/** The first two are Alertmanager's. */
export type SnapshotFile = 'nflog' | 'silences' | 'tocsin.state';
export const snapshotFiles: readonly SnapshotFile[] = ['nflog', 'silences', 'tocsin.state'];

/** How Alertmanager's entries are taken apart; the codecs are those of the gossip messages. */
export interface SnapshotSplitters {
  readonly nflog: SnapshotSplitter;
  readonly silence: SnapshotSplitter;
}

/** Alertmanager's files know no tenants: they are the default tenant's. */
const defaultTenant = '';
const writtenChunkBytes = 1024 * 1024;

export function snapshotFileOf(kind: StateKind, tenant: string): SnapshotFile {
  if (tenant !== defaultTenant) return 'tocsin.state';
  if (kind === 'nflog') return 'nflog';
  return kind === 'silence' ? 'silences' : 'tocsin.state';
}

/** The content of a snapshot file, in pieces that a disk likes. */
export function snapshotChunks(file: SnapshotFile, table: RowTable): Iterable<Uint8Array> {
  if (file === 'tocsin.state') return inChunks(stateRecords(table));
  const kind = file === 'nflog' ? 'nflog' : 'silence';
  return inChunks(delimited(table.all(kind).filter(({ tenant }) => tenant === defaultTenant)));
}

function* stateRecords(table: RowTable): Iterable<Uint8Array> {
  yield recordFileHeader;
  for (const kind of stateKinds) {
    for (const row of table.all(kind)) {
      // One row a record: damage costs no more than that.
      if (snapshotFileOf(kind, row.tenant) === 'tocsin.state')
        yield encodeRecord({ does: 'merge', kind, rows: [row] });
    }
  }
}

function* inChunks(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let chunk: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    chunk.push(piece);
    bytes += piece.length;
    if (bytes < writtenChunkBytes) continue;
    yield Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(chunk);
}

export interface DamagedFile {
  readonly name: string;
  readonly copyName: string;
}

export interface StateFolderContent {
  readonly table: RowTable;
  /** Up to where the journal may be continued. */
  readonly journalBytes: number;
  readonly hasOldJournal: boolean;
  /** Snapshot files that lack rows of the journals, or are damaged. */
  readonly changed: ReadonlySet<SnapshotFile>;
  readonly damaged: readonly DamagedFile[];
}

export interface ReadContext {
  readonly disk: Disk;
  readonly logger: Logger;
  /** Names the copies of damaged files. */
  readonly nowMs: number;
}

/** Rejects only when a file is there but can't be read at all: rights, or a failing disk. */
export async function readStateFolder(
  path: string,
  splitters: SnapshotSplitters,
  context: ReadContext,
): Promise<StateFolderContent> {
  const reading = new FolderReading(path, context);
  await reading.snapshot('nflog', 'nflog', splitters.nflog);
  await reading.snapshot('silences', 'silence', splitters.silence);
  await reading.records('tocsin.state');
  const oldJournal = await reading.records(oldJournalName);
  const journal = await reading.records(journalName);
  const { changed, damaged, table } = reading;
  return { table, journalBytes: journal.soundBytes, hasOldJournal: oldJournal.isPresent, changed, damaged };
}

class FolderReading {
  readonly table = new RowTable();
  readonly changed = new Set<SnapshotFile>();
  readonly damaged: DamagedFile[] = [];
  readonly #path: string;
  readonly #context: ReadContext;

  constructor(path: string, context: ReadContext) {
    this.#path = path;
    this.#context = context;
  }

  async snapshot(file: 'nflog' | 'silences', kind: StateKind, split: SnapshotSplitter): Promise<void> {
    const blob = await this.#context.disk.read(join(this.#path, file));
    if (blob === undefined) return;
    const { damage, entries, lostEntries } = readSnapshot(blob, (part) => asRows(split(part)));
    for (const entry of entries) this.table.put(kind, { ...entry, tenant: defaultTenant });
    if (damage === undefined) return;
    this.changed.add(file);
    this.#noteDamage(file, { kept_rows: entries.length, lost_entries: lostEntries, err: messageOf(damage) });
  }

  async records(
    name: 'tocsin.state' | typeof journalName | typeof oldJournalName,
  ): Promise<{ readonly isPresent: boolean; readonly soundBytes: number }> {
    const file = await this.#context.disk.read(join(this.#path, name));
    if (file === undefined) return { isPresent: false, soundBytes: 0 };
    if (!isRecordFile(file)) {
      if (name === 'tocsin.state') this.changed.add(name);
      this.#noteDamage(name, { kept_rows: 0, err: 'not a state file, or one of a newer release' });
      return { isPresent: true, soundBytes: 0 };
    }
    const { isTorn, operations, soundBytes, unreadable } = readRecordFile(file);
    for (const operation of operations) this.#apply(operation, name === 'tocsin.state');
    const rows = operations.reduce((sum, operation) => sum + operation.rows.length, 0);
    if (unreadable > 0) {
      if (name === 'tocsin.state') this.changed.add(name);
      this.#noteDamage(name, { kept_rows: rows, err: `${unreadable} places can't be read` });
    }
    if (isTorn) {
      this.#context.logger.warn(
        'A state file ends in an unfinished record, which is dropped. Nothing to do',
        {
          file: join(this.#path, name),
          kept_rows: rows,
          dropped_bytes: file.length - soundBytes,
        },
      );
      if (name === 'tocsin.state') this.changed.add(name);
    }
    return { isPresent: true, soundBytes };
  }

  #apply(operation: Operation, isInSnapshot: boolean): void {
    applyOperation(this.table, operation);
    if (isInSnapshot) return;
    for (const { tenant } of operation.rows) this.changed.add(snapshotFileOf(operation.kind, tenant));
  }

  #noteDamage(name: string, facts: Readonly<Record<string, unknown>>): void {
    const { logger, nowMs } = this.#context;
    const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
    const copyName = `${name}.corrupt-${time}`;
    this.damaged.push({ name, copyName });
    logger.error(
      'A state file is damaged: what can be read of it is used, and a copy is kept. ' +
        'Peers repair the rest; else restore the file from a backup with this process stopped. The copy may be deleted',
      { file: join(this.#path, name), copy: join(this.#path, copyName), ...facts },
    );
  }
}

/** Copies, since a view of one entry would keep the whole file in memory. */
const asRows = (entries: ReturnType<SnapshotSplitter>): readonly StateRow[] =>
  acceptedRows(
    entries.map((entry) => ({ ...entry, tenant: defaultTenant, bytes: new Uint8Array(entry.bytes) })),
  );

export function applyOperation(table: RowTable, operation: Operation): void {
  if (operation.does === 'merge') for (const row of operation.rows) table.put(operation.kind, row);
  else for (const row of operation.rows) table.remove(operation.kind, row);
}
