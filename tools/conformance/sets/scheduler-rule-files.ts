/** Rule files that promtool accepts or refuses. We and it must agree on the verdict; the words are ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRuleFile, expressionMistake } from '@tocsin/evaluation';
import { messageOf } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';

interface RuleFileCase {
  readonly id: string;
  readonly title: string;
  readonly yaml: string;
  readonly valid: boolean;
}

/** '' when the file is good. */
function refusalOf(yaml: string): string {
  try {
    const { mistakes } = decodeRuleFile(readYaml(yaml), {
      file: 'rules.yml',
      intervalMs: 60_000,
      queryOffsetMs: 0,
      checkExpression: expressionMistake,
    });
    return mistakes
      .map(({ column, line, message }) => `line ${line}, column ${column}: ${message}`)
      .join('; ');
  } catch (cause) {
    return messageOf(cause);
  }
}

export const set: ConformanceSet = {
  area: 'scheduler',
  name: 'rule-files',
  run(dir) {
    const { cases } = JSON.parse(readFileSync(join(dir, 'scheduler/rule-files.json'), 'utf8')) as {
      readonly cases: readonly RuleFileCase[];
    };
    const failed: CaseNote[] = [];
    for (const { id, title, valid, yaml } of cases) {
      const refusal = refusalOf(yaml);
      if ((refusal === '') !== valid)
        failed.push({ case: id, why: `${title}: ${refusal || 'expected a refusal'}` });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
