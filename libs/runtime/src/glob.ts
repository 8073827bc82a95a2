import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { AppError, compareUtf8 } from '@tocsin/kernel';
import { readTextFile } from './files.ts';

/** Paths that one pattern may name. */
const MATCHES_MAX = 10_000;

/** Whether a path has wildcards. */
export const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

/**
 * Files that a pattern names, sorted: Go's filepath.Match (`* ? [a-z] [^x] \\`) in the last element of
 * the path; a plain path stands for itself, whether or not it is there. A folder that is not there
 * matches nothing. Rejects with AppError `invalid` for wildcards before the last element.
 */
export async function expandGlob(pattern: string): Promise<readonly string[]> {
  if (!isGlob(pattern)) return [pattern];
  const folder = dirname(pattern);
  if (isGlob(folder)) throw AppError.invalid(`${pattern}: wildcards are allowed in the file name only`);
  return matchesIn(folder, pattern);
}

/**
 * As Go's filepath.Glob: wildcards in any element of the path, and only what is there. Rejects with
 * AppError `limit` for more than 10,000 paths.
 */
export async function findPaths(pattern: string): Promise<readonly string[]> {
  if (!isGlob(pattern)) return (await isThere(pattern)) ? [pattern] : [];
  const found: string[] = [];
  for (const folder of await findFolders(dirname(pattern))) found.push(...(await matchesIn(folder, pattern)));
  if (found.length > MATCHES_MAX)
    throw new AppError('limit', `${pattern}: matches ${found.length} paths; at most ${MATCHES_MAX} are read`);
  return found;
}

const findFolders = async (pattern: string): Promise<readonly string[]> =>
  isGlob(pattern) ? findPaths(pattern) : [pattern];

/** The template files that `templates` of a configuration names, relative to its folder; none is fine. */
export async function readTemplateFiles(
  globs: readonly string[],
  folder: string,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const files: { readonly name: string; readonly text: string }[] = [];
  for (const glob of globs) {
    for (const name of await findPaths(isAbsolute(glob) ? glob : join(folder, glob)))
      files.push({ name, text: await readTextFile(name) });
  }
  return files;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What the last element of `pattern` matches in a folder. */
async function matchesIn(folder: string, pattern: string): Promise<readonly string[]> {
  const regex = globRegex(pattern);
  const names = await readdir(folder).catch((): readonly string[] => []);
  return names
    .filter((name) => regex.test(name))
    .toSorted(compareUtf8)
    .map((name) => join(folder, name));
}

function globRegex(pattern: string): RegExp {
  const source = basename(pattern).replace(
    /\\(.)|\*|\?|\[\^?[^\]]*\]|[.+^${}()|/[\]]/g,
    (token, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped.replace(/\W/g, '\\$&');
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      return token.length > 1 && token.startsWith('[') ? token : `\\${token}`;
    },
  );
  try {
    return new RegExp(`^${source}$`);
  } catch (cause) {
    throw new AppError('invalid', `${pattern}: syntax error in pattern`, { cause });
  }
}
