/** The files that the flags name, read afresh at each load. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import { readTextFile } from '@tocsin/runtime';
import { parseRulesFlag, type ConfigurationSource, type RuleFileText } from '@tocsin/scheduler-service';

export function configurationFiles(rules: readonly string[], datasourceFile: string): ConfigurationSource {
  return {
    load: async () => ({
      dataSources: { file: datasourceFile, text: await readTextFile(datasourceFile) },
      rules: (await Promise.all(rules.map(readRules))).flat(),
    }),
  };
}

async function readRules(flag: string): Promise<readonly RuleFileText[]> {
  const { dataSource, glob } = parseRulesFlag(flag);
  const files = await expand(glob);
  if (files.length === 0 && !isGlob(glob))
    throw new AppError('not-found', `--rules=${flag}: there is no such file`);
  return Promise.all(files.map(async (file) => ({ file, dataSource, text: await readTextFile(file) })));
}

const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Go's filepath.Match in the last element of the path; a plain path stands for itself. Sorted. */
async function expand(pattern: string): Promise<readonly string[]> {
  if (!isGlob(pattern)) return [pattern];
  const folder = dirname(pattern);
  if (isGlob(folder))
    throw AppError.invalid(`--rules=${pattern}: wildcards are allowed in the file name only`);
  const regex = globRegex(basename(pattern));
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => regex.test(name))
    .sort()
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
