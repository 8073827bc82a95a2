/**
 * The append-only file that makes a merge durable at the price of one small write. While it is turned
 * into snapshots a new one takes its place, so nobody waits for that.
 */
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { recordFileHeader } from './record-file.ts';

export const journalName = 'tocsin.journal';
/** The journal whose records are being written into the snapshots. Read before the current one. */
export const oldJournalName = 'tocsin.journal.old';

export class Journal {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #oldPath: string;
  #file: DiskFile | undefined;
  /** What is known to be on the disk; whatever follows is cut off before the next record. */
  #soundBytes: number;
  #hasOld: boolean;

  constructor(disk: Disk, folder: string, soundBytes: number, hasOld: boolean) {
    this.#disk = disk;
    this.#path = join(folder, journalName);
    this.#oldPath = join(folder, oldJournalName);
    this.#soundBytes = soundBytes;
    this.#hasOld = hasOld;
  }

  get size(): number {
    return this.#soundBytes;
  }

  get isEmpty(): boolean {
    return this.#soundBytes <= recordFileHeader.length && !this.#hasOld;
  }

  /** Durable when it resolves. When it rejects, none of it counts, and the next call starts over. */
  async append(records: readonly Buffer[]): Promise<void> {
    const header = this.#soundBytes === 0 ? [recordFileHeader] : [];
    const bytes = Buffer.concat([...header, ...records]);
    try {
      this.#file ??= await this.#disk.openAt(this.#path, this.#soundBytes);
      await this.#file.append(bytes);
      this.#soundBytes += bytes.length;
    } catch (cause) {
      await this.#abandonFile();
      throw cause;
    }
  }

  /** Everything appended so far becomes the old journal, unless one is still there. */
  async rotate(): Promise<void> {
    if (this.#hasOld || this.#soundBytes === 0) return;
    await this.#closeFile();
    await this.#disk.rename(this.#path, this.#oldPath);
    this.#hasOld = true;
    this.#soundBytes = 0;
  }

  /** Its records are in the snapshots. */
  async dropOld(): Promise<void> {
    if (!this.#hasOld) return;
    await this.#disk.remove(this.#oldPath);
    this.#hasOld = false;
  }

  async close(): Promise<void> {
    await this.#closeFile();
  }

  /** Cutting a half-written record off at once gives its room back to a full disk. */
  async #abandonFile(): Promise<void> {
    await this.#closeFile().catch(() => undefined);
    const file = await this.#disk.openAt(this.#path, this.#soundBytes).catch(() => undefined);
    await file?.close().catch(() => undefined);
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
