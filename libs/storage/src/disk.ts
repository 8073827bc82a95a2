/**
 * The few things the file store does to a disk, each of them whole or not at all. A seam, so that
 * tests can fill the disk or pull the plug between any two of them.
 */
import { constants, copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '@tocsin/kernel';

export interface Disk {
  makeFolder(path: string): Promise<void>;
  /** Undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Opens a file, made when absent, to continue after its first `length` bytes; what follows them is cut off. */
  openAt(path: string, length: number): Promise<DiskFile>;
  /** Either the old or the new content is there, whatever happens. Returns the new size in bytes. */
  replace(path: string, chunks: Iterable<Uint8Array>): Promise<number>;
  keepCopy(path: string, as: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Fine when there is no such file. */
  remove(path: string): Promise<void>;
}

export interface DiskFile {
  /** On the disk when it resolves. After a rejection anything may be there: open the file anew. */
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Full, read-only, missing rights: all of them may be put right while we run. */
export const diskError = (doing: string, cause: unknown): AppError =>
  cause instanceof AppError ? cause : new AppError('unavailable', `${doing}: ${messageOf(cause)}`, { cause });

export const nodeDisk: Disk = {
  makeFolder: async (path) => void (await mkdir(path, { recursive: true })),
  read: async (path) => {
    try {
      return await readFile(path);
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw cause;
    }
  },
  openAt,
  replace,
  keepCopy: (path, as) => copyFile(path, as, constants.COPYFILE_FICLONE),
  rename: async (from, to) => {
    await rename(from, to);
    await syncFolder(dirname(to));
  },
  remove: async (path) => {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  },
};

async function openAt(path: string, length: number): Promise<DiskFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    await handle.truncate(length);
    await syncFolder(dirname(path));
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  let end = length;
  return {
    async append(bytes) {
      await writeAll(handle, bytes, end);
      await handle.datasync();
      end += bytes.length;
    },
    close: () => handle.close(),
  };
}

async function replace(path: string, chunks: Iterable<Uint8Array>): Promise<number> {
  const temporary = `${path}.tmp`;
  let size = 0;
  try {
    const handle = await open(temporary, 'w', 0o644);
    try {
      for (const chunk of chunks) {
        await writeAll(handle, chunk, size);
        size += chunk.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cause;
  }
  await syncFolder(dirname(path));
  return size;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Without it a new name may be gone after a power cut. Some file systems can't; then they need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  await folder.sync().catch((cause: unknown) => {
    if (!isUnsupported(cause)) throw cause;
  });
  await folder.close();
}

const codeOf = (cause: unknown): unknown =>
  cause instanceof Error && 'code' in cause ? cause.code : undefined;
const isAbsent = (cause: unknown): boolean => codeOf(cause) === 'ENOENT';
const isUnsupported = (cause: unknown): boolean =>
  ['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'].includes(String(codeOf(cause)));
