/** Annotation templates as Prometheus 3.5.3 expanded them, error texts included. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '@tocsin/kernel';
import { checkRuleTemplate, expandRuleTemplate, type TemplateSample } from '@tocsin/templating';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Case {
  readonly id: string;
  readonly template: string;
  readonly expr: string;
  readonly output?: string;
  readonly loadError?: string;
  readonly value?: string;
}

const sample = (instance: string, job: string, value: number): TemplateSample => ({
  labels: [
    ['__name__', 'm'],
    ['instance', instance],
    ['job', job],
  ],
  value,
});
const SERIES = [sample('a:9100', 'api', 1), sample('b:9100', 'db', 2), sample('c:9100', 'api', 2.5)];

/** The few expressions of the data, answered as the real engine did. */
function query(expression: string): readonly TemplateSample[] {
  switch (expression) {
    case 'm':
    case 'sort(m)':
      return SERIES;
    case "m{instance='a:9100'}":
    case 'm{instance="a:9100"}':
      return SERIES.slice(0, 1);
    case 'bad(':
      throw AppError.invalid('1:5: parse error: unclosed left parenthesis');
    default:
      return [];
  }
}

const numberOf = (text: string): number =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);

const OPTIONS = { now: Date.parse('2026-11-22T00:00:00Z'), query, alertName: 'NAME' };

function check({ template, expr, output, loadError, value }: Case): string | undefined {
  if (loadError !== undefined) {
    try {
      checkRuleTemplate(template, 'NAME');
    } catch (thrown) {
      const message = messageOf(thrown);
      return message === loadError ? undefined : `load error ${message}`;
    }
    return 'loads';
  }
  checkRuleTemplate(template, 'NAME');
  const data = {
    labels: expr.startsWith('m{') ? (query(expr)[0]?.labels ?? []) : [],
    value: numberOf(value ?? ''),
    externalLabels: Object.entries({ region: 'eu', dc: 'x' }),
    externalURL: 'http://prom.example.com:9090/pre',
  };
  const text = expandRuleTemplate(template, data, OPTIONS);
  return text === output ? undefined : `got ${text}, want ${output}`;
}

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'prometheus-rule-templates',
  run(dir: string): Verdict {
    const path = join(dir, 'receivers/prometheus-rule-templates.json');
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly Case[] };
    const failed: CaseNote[] = [];
    for (const entry of cases) {
      const why = check(entry);
      if (why !== undefined) failed.push({ case: entry.id, why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
