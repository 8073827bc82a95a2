/** Notification templates as the real engine rendered them, with Alertmanager's functions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import { DEFAULT_TEMPLATE_SET, notificationValue } from '@tocsin/templating';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';
import { NOW, readNotification, type RawNotification } from '../template-data.ts';

interface Case {
  readonly id: string;
  readonly type: 'text' | 'html';
  readonly template: string;
  readonly data: string;
  readonly output?: string;
  /** Where the latest version differs from the released one that `output` is of. */
  readonly outputHead?: string;
  readonly error?: string;
}

interface File {
  readonly datasets: Readonly<Record<string, RawNotification>>;
  readonly cases: readonly Case[];
}

/** Errors that ours words differently: a lower limit of depth, and a node named as it is written. */
const OWN_MESSAGES: ReadonlyMap<string, string> = new Map([
  [
    'tc-097',
    'template: :1:30: executing "inf" at <{{template "inf" .}}>: exceeded maximum template depth (1000)',
  ],
  [
    'tc-242',
    'template: :1:20: executing "" at <(index .Alerts 0).StartsAt.Date>: error calling Date: function Date has 3 return values; should be 1 or 2',
  ],
]);

function check(entry: Case, data: RawNotification): string | undefined {
  const value = notificationValue(readNotification(data));
  const expected = entry.outputHead ?? entry.output;
  try {
    const output = DEFAULT_TEMPLATE_SET.compile('', entry.template).execute(value, { now: NOW });
    if (expected === undefined) return `no error, but ${output}`;
    return output === expected ? undefined : `got ${output}, want ${expected}`;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const wanted = expected ?? OWN_MESSAGES.get(entry.id) ?? entry.error;
    return expected === undefined && thrown.message === wanted
      ? undefined
      : `${thrown.message}, want ${wanted}`;
  }
}

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'template-cases',
  run(dir: string): Verdict {
    const { datasets, cases } = JSON.parse(
      readFileSync(join(dir, 'receivers/template-cases.json'), 'utf8'),
    ) as File;
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const entry of cases) {
      const data = datasets[entry.data];
      if (entry.type === 'html')
        notCovered.push({ case: entry.id, why: 'contextual HTML escaping is not built yet' });
      else {
        const why = data === undefined ? `no data set ${entry.data}` : check(entry, data);
        if (why !== undefined) failed.push({ case: entry.id, why });
      }
    }
    return { passed: cases.length - failed.length - notCovered.length, failed, notCovered };
  },
};
