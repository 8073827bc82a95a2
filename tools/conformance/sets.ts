/** Finds the conformance sets, one a file in sets/, and the data that none of them covers. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ConformanceSet } from './conformance-set.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** The root of the data: CONFORMANCE_DIR, or the folder beside the repository. */
export const conformanceDir: string = resolve(
  process.env['CONFORMANCE_DIR'] ?? join(here, '../../../shared/conformance'),
);

export const isDataThere = (): boolean => existsSync(conformanceDir);

export const absentNotice: string = `The conformance data is not at ${conformanceDir} (set CONFORMANCE_DIR to where it is): nothing was compared with the real programs.`;

export async function loadSets(): Promise<readonly ConformanceSet[]> {
  const folder = join(here, 'sets');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const modules = await Promise.all(
    names.map(
      async (name) =>
        [name, (await import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href)) as unknown] as const,
    ),
  );
  return modules.map(([name, module]) => setOf(name, module));
}

function setOf(name: string, module: unknown): ConformanceSet {
  const { set, default: byDefault } = module as {
    readonly set?: ConformanceSet;
    readonly default?: ConformanceSet;
  };
  const found = set ?? byDefault;
  if (found === undefined) throw new Error(`tools/conformance/sets/${name}: exports no set`);
  return found;
}

/** Files and folders of the data, as `area/name`, that no set reads. */
export function uncovered(sets: readonly ConformanceSet[], dir: string = conformanceDir): readonly string[] {
  const covered = sets.flatMap((set) => set.covers ?? [`${set.area}/${set.name}`]);
  const isCovered = (path: string): boolean => {
    const stem = path.replace(/\.[a-z]+$/, '').replaceAll('_', '-');
    return covered.some(
      (name) => name === path || name === stem || (name.endsWith('*') && path.startsWith(name.slice(0, -1))),
    );
  };
  return readdirSync(dir, { withFileTypes: true })
    .filter((area) => area.isDirectory())
    .flatMap((area) => readdirSync(join(dir, area.name)).map((name) => `${area.name}/${name}`))
    .filter((path) => !isCovered(path))
    .sort();
}
