/** RE2 patterns: which compile, and which values they match when anchored at both ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@tocsin/kernel';
import { compileAnchored, type AnchoredRegex } from '@tocsin/model';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface PatternCase {
  readonly pattern: string;
  readonly compiles: boolean;
  readonly error?: string;
  readonly cases: readonly { readonly value: string; readonly matches: boolean }[];
}

function attempt(pattern: string): AnchoredRegex | string {
  try {
    return compileAnchored(pattern);
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function judge(one: PatternCase): string | undefined {
  const regex = attempt(one.pattern);
  if (typeof regex === 'string') {
    return !one.compiles && regex === one.error
      ? undefined
      : `${regex}, expected ${one.error ?? 'a valid pattern'}`;
  }
  if (!one.compiles) return `compiles, expected ${one.error}`;
  const wrong = one.cases.find(({ value, matches }) => regex.matches(value) !== matches);
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong.value)} must ${wrong.matches ? '' : 'not '}match`;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'regex',
  run(dir): Verdict {
    const { cases } = JSON.parse(readFileSync(join(dir, 'alertmanager/regex/index.json'), 'utf8')) as {
      readonly cases: readonly PatternCase[];
    };
    const failed: CaseNote[] = [];
    for (const one of cases) {
      const why = judge(one);
      if (why !== undefined) failed.push({ case: one.pattern, why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
