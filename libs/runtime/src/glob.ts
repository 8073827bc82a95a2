import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '@tocsin/kernel';

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
  const regex = globRegex(basename(pattern));
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => regex.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

function globRegex(glob: string): RegExp {
  const source = glob.replace(
    /\\(.)|\*|\?|\[\^?[^\]]*\]|[.+^${}()|/]/g,
    (token, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped.replace(/\W/g, '\\$&');
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      return token.startsWith('[') ? token : `\\${token}`;
    },
  );
  return new RegExp(`^${source}$`);
}
