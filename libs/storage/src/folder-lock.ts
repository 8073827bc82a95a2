/**
 * Keeps two processes from using one storage folder. The lock is an abstract socket of Linux, named
 * after the folder: the kernel frees it however its holder ends, so there is never a stale one. It is
 * seen by processes of the same network namespace only, and elsewhere than on Linux not at all: it
 * never refuses wrongly, and catches the usual mistake, a second instance with the same flags.
 */
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { AppError } from '@tocsin/kernel';

export type Unlock = () => Promise<void>;

/** Rejects with AppError `precondition` when another store holds the folder. */
export async function lockFolder(path: string): Promise<Unlock> {
  if (process.platform !== 'linux') return () => Promise.resolve();
  const { dev, ino } = await stat(path);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      // Where abstract sockets are forbidden we go without.
      if (cause.code !== 'EADDRINUSE') return resolve();
      reject(
        new AppError(
          'precondition',
          `storage folder ${path} is in use by another process: give each instance its own --storage.path`,
        ),
      );
    });
    server.listen(`\0tocsin-storage-${dev}-${ino}`, resolve);
  });
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}
