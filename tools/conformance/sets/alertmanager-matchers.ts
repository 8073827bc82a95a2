/** Texts with matchers, in both forms and three modes, against the verdicts of amtool and its parser. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@tocsin/kernel';
import { formatMatchers, parseMatcher, parseMatchers, type Matcher, type MatcherMode } from '@tocsin/model';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Expected {
  readonly ok: boolean;
  readonly error?: string;
  readonly string?: string;
  readonly matchers?: readonly ExpectedMatcher[];
  readonly matcher?: ExpectedMatcher;
}
interface ExpectedMatcher {
  readonly name: string;
  readonly op: string;
  readonly value: string;
}
interface MatcherCase {
  readonly input: string;
  readonly list: Readonly<Record<MatcherMode, Expected>>;
  readonly single: Readonly<Record<MatcherMode, Expected>>;
  readonly fallback_warning: string | null;
}

interface Outcome {
  readonly text?: string;
  readonly matchers?: readonly Matcher[];
  readonly error?: string;
  readonly warning?: string | undefined;
}

function readList(input: string, mode: MatcherMode): Outcome {
  const { matchers, warning } = parseMatchers(input, mode);
  return { text: formatMatchers(matchers), matchers, warning: warning?.kind };
}

function readSingle(input: string, mode: MatcherMode): Outcome {
  const { matcher } = parseMatcher(input, mode);
  return { text: String(matcher), matchers: [matcher] };
}

function attempt(read: () => Outcome): Outcome {
  try {
    return read();
  } catch (thrown) {
    return { error: messageOf(thrown) };
  }
}

function compare(outcome: Outcome, expected: Expected): string | undefined {
  if (!expected.ok)
    return outcome.error === expected.error
      ? undefined
      : `${JSON.stringify(outcome)}, expected ${expected.error}`;
  if (outcome.text !== expected.string) return `${JSON.stringify(outcome)}, expected ${expected.string}`;
  const found = outcome.matchers?.map(({ name, type: op, value }) => ({ name, op, value }));
  const wanted = (expected.matchers ?? (expected.matcher === undefined ? [] : [expected.matcher])).map(
    ({ name, op, value }) => ({ name, op, value }),
  );
  return JSON.stringify(found) === JSON.stringify(wanted)
    ? undefined
    : `${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`;
}

const MODES: readonly MatcherMode[] = ['classic', 'utf8', 'fallback'];

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'matchers',
  run(dir): Verdict {
    const { cases } = JSON.parse(readFileSync(join(dir, 'alertmanager/matchers/index.json'), 'utf8')) as {
      readonly cases: readonly MatcherCase[];
    };
    const failed: CaseNote[] = [];
    let passed = 0;
    const judge = (name: string, why: string | undefined): void => {
      if (why === undefined) passed++;
      else failed.push({ case: name, why });
    };
    for (const one of cases) {
      for (const mode of MODES) {
        const list = attempt(() => readList(one.input, mode));
        const name = `${JSON.stringify(one.input)} ${mode}`;
        judge(`${name} list`, compare(list, one.list[mode]));
        judge(
          `${name} single`,
          compare(
            attempt(() => readSingle(one.input, mode)),
            one.single[mode],
          ),
        );
        if (mode === 'fallback') {
          const wanted = one.fallback_warning ?? undefined;
          judge(
            `${name} warning`,
            list.warning === wanted ? undefined : `warning ${list.warning}, expected ${wanted}`,
          );
        }
      }
    }
    return { passed, failed, notCovered: [] };
  },
};
