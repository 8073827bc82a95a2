import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, messageOf } from '@tocsin/kernel';
import { newUuid } from '@tocsin/runtime';

const FILE = 'tocsin.replica-id';

/** The id of this replica's rows: made at the first start, kept in the storage folder. Rejects with AppError `unavailable` when that can't be written. */
export async function keptId(storagePath: string): Promise<string> {
  const path = join(storagePath, FILE);
  try {
    await mkdir(storagePath, { recursive: true });
    const known = await readFile(path, 'utf8').catch(() => '');
    if (known.trim() !== '') return known.trim();
    const fresh = newUuid();
    await writeFile(path, `${fresh}\n`, { flag: 'w' });
    return fresh;
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `--storage.path=${storagePath}: the replica id can't be kept there: ${messageOf(cause)}`,
      { cause },
    );
  }
}
