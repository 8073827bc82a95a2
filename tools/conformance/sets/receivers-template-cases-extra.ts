/** Generic JSON data and the functions of Alertmanager's latest version, by the real engine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import {
  ALERTMANAGER_FUNCTIONS,
  DEFAULT_TEMPLATE_SET,
  GoMap,
  listOf,
  MAP_OF_ANY,
  notificationValue,
  routeLabelFunctions,
  TemplateSet,
  type ExecuteOptions,
  type Value,
} from '@tocsin/templating';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';
import { NOW, readNotification, type RawNotification } from '../template-data.ts';

interface Case {
  readonly id: string;
  readonly engine: 'raw' | 'rawdefault' | 'alertmanager' | 'grafana';
  readonly type: 'text' | 'html';
  readonly template: string;
  readonly data: unknown;
  readonly output?: string;
  readonly error?: string;
  readonly RouteLabelsRendered?: boolean;
}

// As Go decodes JSON into empty interfaces: every number is a float.
function jsonValue(json: unknown): Value {
  if (Array.isArray(json)) return listOf(json.map(jsonValue));
  if (json !== null && typeof json === 'object') {
    return new GoMap(
      MAP_OF_ANY,
      new Map(Object.entries(json).map(([key, value]) => [key, jsonValue(value)])),
    );
  }
  return json as string | number | boolean | null;
}

function render(entry: Case): string {
  if (entry.engine === 'alertmanager') return renderNotification(entry);
  const missingKey = entry.engine === 'raw' ? 'zero' : 'invalid';
  const set = TemplateSet.of(ALERTMANAGER_FUNCTIONS, { missingKey });
  return set.compile('', entry.template).execute(jsonValue(entry.data), { now: NOW });
}

function renderNotification(entry: Case): string {
  const raw = entry.data as RawNotification;
  const value = notificationValue(readNotification(raw));
  const labels = Object.entries(raw.routeLabels ?? {});
  const options: ExecuteOptions = { now: NOW };
  const escaped = labels.map(
    ([name, text]) => [name, entry.RouteLabelsRendered === true ? quote(text) : text] as const,
  );
  const functions = routeLabelFunctions(DEFAULT_TEMPLATE_SET, escaped, value, options);
  return DEFAULT_TEMPLATE_SET.compile('', entry.template).execute(value, { ...options, functions });
}

// A label that was rendered before is not to be read as a template again.
const quote = (text: string): string => `{{ ${JSON.stringify(text)} }}`;

function check(entry: Case): string | undefined {
  try {
    const output = render(entry);
    if (entry.output === undefined) return `no error, but ${output}`;
    return output === entry.output ? undefined : `got ${output}, want ${entry.output}`;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return entry.output === undefined ? undefined : `${thrown.message}, want ${entry.output}`;
  }
}

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'template-cases-extra',
  run(dir: string): Verdict {
    const path = join(dir, 'receivers/template-cases-extra.json');
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly Case[] };
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const entry of cases) {
      if (entry.engine === 'grafana')
        notCovered.push({ case: entry.id, why: "Grafana's data and functions are not built yet" });
      else if (entry.type === 'html')
        notCovered.push({ case: entry.id, why: 'contextual HTML escaping is not built yet' });
      else {
        const why = check(entry);
        if (why !== undefined) failed.push({ case: entry.id, why });
      }
    }
    return { passed: cases.length - failed.length - notCovered.length, failed, notCovered };
  },
};
