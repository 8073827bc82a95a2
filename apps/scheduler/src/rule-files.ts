/** The files that the flags name, read afresh at each load. */
import { AppError } from '@tocsin/kernel';
import { expandGlob, isGlob, readTextFile } from '@tocsin/runtime';
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
  const files = await expandGlob(glob);
  if (files.length === 0 && !isGlob(glob))
    throw new AppError('not-found', `--rules=${flag}: there is no such file`);
  return Promise.all(files.map(async (file) => ({ file, dataSource, text: await readTextFile(file) })));
}
