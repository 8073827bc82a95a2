/** Durations of the configuration file: value, canonical text, and error text of what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@tocsin/kernel';
import { formatDuration, parseDuration } from '@tocsin/model';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface DurationCase {
  readonly input: string;
  readonly ok: boolean;
  readonly milliseconds?: number;
  readonly string?: string;
  readonly error?: string;
}

function judge(one: DurationCase): string | undefined {
  let ms: number;
  try {
    ms = parseDuration(one.input);
  } catch (thrown) {
    const text = messageOf(thrown);
    return !one.ok && text === one.error ? undefined : `${text}, expected ${one.error ?? one.string}`;
  }
  const text = formatDuration(ms);
  const isRight = one.ok && ms === one.milliseconds && text === one.string;
  return isRight
    ? undefined
    : `${ms} ms, ${text}; expected ${one.error ?? `${one.milliseconds} ms, ${one.string}`}`;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'durations',
  run(dir): Verdict {
    const { cases } = JSON.parse(readFileSync(join(dir, 'alertmanager/durations/index.json'), 'utf8')) as {
      readonly cases: readonly DurationCase[];
    };
    const failed: CaseNote[] = [];
    for (const one of cases) {
      const why = judge(one);
      if (why !== undefined) failed.push({ case: JSON.stringify(one.input), why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
