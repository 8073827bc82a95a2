/** Whether an instant lies in a time interval, by the Go package after its last correction. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Field, Mistakes, messageOf } from '@tocsin/kernel';
import { msOf, parseInstant, readTimeIntervalSpec, specContains } from '@tocsin/model';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface IntervalCase {
  readonly name: string;
  readonly interval: string;
  readonly instant: string;
  readonly active: boolean;
}

function judge(one: IntervalCase): string | undefined {
  const instant = parseInstant(one.instant);
  if (instant === undefined) return `instant ${one.instant} can't be read`;
  try {
    const mistakes = new Mistakes();
    const spec = readTimeIntervalSpec(Field.root(readYaml(one.interval), mistakes));
    mistakes.throwIfAny();
    const isActive = specContains(spec, msOf(instant));
    return isActive === one.active ? undefined : `active is ${isActive}, expected ${one.active}`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'time-intervals',
  run(dir): Verdict {
    const { cases } = JSON.parse(
      readFileSync(join(dir, 'alertmanager/time-intervals/index.json'), 'utf8'),
    ) as {
      readonly cases: readonly IntervalCase[];
    };
    const failed: CaseNote[] = [];
    for (const one of cases) {
      const why = judge(one);
      if (why !== undefined) failed.push({ case: `${one.name}: ${one.interval} at ${one.instant}`, why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
