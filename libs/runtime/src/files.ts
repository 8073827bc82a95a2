/** Reading files with errors that an operator can act on. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { AppError, isUtf8, messageOf } from '@tocsin/kernel';
import type { ErrorCode } from '@tocsin/kernel';

export const textFileBytesMax: number = 16 * 1024 * 1024;

/**
 * The file's text; it must be UTF-8. Throws AppError `not-found`, `permission`, `limit` or `invalid`, each naming the path.
 */
export async function readTextFile(path: string, bytesMax: number = textFileBytesMax): Promise<string> {
  try {
    checkSize(path, (await stat(path)).size, bytesMax);
    return decode(path, await readFile(path), bytesMax);
  } catch (thrown) {
    throw fileError(path, thrown);
  }
}

/** For start-up only: it blocks. */
export function readTextFileSync(path: string, bytesMax: number = textFileBytesMax): string {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    checkSize(path, fstatSync(handle).size, bytesMax);
    return decode(path, readFileSync(handle), bytesMax);
  } catch (thrown) {
    throw fileError(path, thrown);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function checkSize(path: string, bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new AppError('limit', `${path}: ${bytes} bytes; at most ${bytesMax} are read`);
}

/** A pipe or a file in /proc has no size beforehand, so the bytes that came are counted again. */
function decode(path: string, bytes: Buffer, bytesMax: number): string {
  checkSize(path, bytes.length, bytesMax);
  if (!isUtf8(bytes)) throw AppError.invalid(`${path}: is not UTF-8 text`);
  return bytes.toString('utf8');
}

const reasons: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['ENOENT', ['not-found', 'no such file']],
  ['ENOTDIR', ['not-found', 'a part of the path is not a folder']],
  ['EACCES', ['permission', 'this process may not read it']],
  ['EPERM', ['permission', 'this process may not read it']],
  ['EISDIR', ['invalid', 'is a folder; expected a file']],
]);

function fileError(path: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const [kind, why] = reasons.get(code) ?? (['unavailable', messageOf(thrown)] as const);
  return new AppError(kind, `${path}: ${why}`, { cause: thrown });
}
