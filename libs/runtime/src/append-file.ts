/**
 * @module runtime/append-file
 *
 * Whole lines at the end of a file. A file that was moved away or removed (log rotation) is made anew,
 * without a signal; one that was cut short is gone on with at its new end. A write that fails half way,
 * as on a full disk, is taken back, so that no line is ever half there.
 */
import type { Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { AppError, messageOf } from '@tocsin/kernel';

export interface AppendFile {
  /** Rejects with AppError `unavailable` naming the path; then nothing of it is in the file. */
  write(lines: string): Promise<void>;
  /** The file is opened again with the next write. */
  renew(): void;
  close(): Promise<void>;
}

/** Opens the file with the first write. One write at a time. */
export function appendFile(path: string): AppendFile {
  return new OpenedLate(path);
}

/** Lines on this process's standard output. */
export function appendStdout(): AppendFile {
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        process.stdout.write(lines, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(new AppError('unavailable', `stdout: ${messageOf(error)}`, { cause: error }));
        });
      }),
    renew: () => undefined,
    close: () => Promise.resolve(),
  };
}

class OpenedLate implements AppendFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #isStale = false;

  constructor(path: string) {
    this.#path = path;
  }

  async write(lines: string): Promise<void> {
    try {
      const handle = await this.#current();
      await this.#append(handle, Buffer.from(lines));
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('unavailable', `${this.#path}: can't be written: ${messageOf(cause)}`, { cause });
    }
  }

  renew(): void {
    this.#isStale = true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** The file that the path names now. */
  async #current(): Promise<FileHandle> {
    if (this.#handle !== undefined && (this.#isStale || !(await this.#isStillThere(this.#handle)))) {
      await this.close().catch(() => undefined);
    }
    this.#isStale = false;
    return (this.#handle ??= await open(this.#path, 'a', 0o640));
  }

  async #isStillThere(handle: FileHandle): Promise<boolean> {
    const [ours, named] = await Promise.all([
      handle.stat(),
      stat(this.#path).catch((): Stats | undefined => undefined),
    ]);
    return named !== undefined && named.ino === ours.ino && named.dev === ours.dev;
  }

  async #append(handle: FileHandle, bytes: Buffer): Promise<void> {
    const before = await handle.stat();
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at);
        at += bytesWritten;
      }
    } catch (cause) {
      // A pipe or device can't be cut.
      if (before.isFile()) await handle.truncate(before.size).catch(() => undefined);
      throw cause;
    }
  }
}
