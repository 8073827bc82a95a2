/**
 * Recorded requests, in order, against one fresh server. Status, content type and shape must be equal;
 * texts that quote another language's parser need not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, textOf } from '@tocsin/alertmanager-service/testing';
import { encodeUtf8, type HttpRequest, type HttpResponse } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Recorded {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
interface ApiCase {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: Recorded;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As the transport hands it over: decoded path, query apart, header names in lower case. */
export function requestOf({ method, path, headers = {}, body = '' }: ApiCase['request']): HttpRequest {
  const url = new URL(path, 'http://alertmanager.test');
  return {
    method,
    path: decodeURIComponent(url.pathname),
    query: [...url.searchParams],
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: encodeUtf8(body),
  };
}

const FOREIGN = /unmarshal|parsing time|unexpected EOF|error parsing regexp/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const METHODS = /\[[A-Z,]+\] are/;
const withPlaceholders = (text: string): string =>
  text.replace(UUID, '<uuid>').replace(TIME, '<time>').replace(METHODS, '[<methods in any order>] are');

/** Where a text may differ: what kind of value it is, and a code when it has one. */
function shapeOf(body: string): string {
  const value = JSON.parse(body) as unknown;
  return typeof value === 'object' && value !== null && 'code' in value
    ? `code ${String(value.code)}`
    : typeof value;
}

/** Undefined: as recorded. */
async function compare(answer: HttpResponse, wanted: Recorded, method: string): Promise<string | undefined> {
  if (answer.status !== wanted.status) return `status ${answer.status}, expected ${wanted.status}`;
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of Object.entries(wanted.headers)) {
    if (headers.get(name) !== value) return `${name}: ${headers.get(name) ?? 'none'}, expected ${value}`;
  }
  const body = method === 'HEAD' ? '' : withPlaceholders(await textOf(answer));
  if (body === wanted.body) return undefined;
  if (FOREIGN.test(wanted.body) && shapeOf(body) === shapeOf(wanted.body)) return undefined;
  return `body ${JSON.stringify(body)}, expected ${JSON.stringify(wanted.body)}`;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'api',
  async run(dir): Promise<Verdict> {
    const text = readFileSync(join(dir, 'alertmanager/api/index.json'), 'utf8');
    const { config, cases } = JSON.parse(text) as {
      readonly config: string;
      readonly cases: readonly ApiCase[];
    };
    const bench = new Bench({ turn, configuration: config, readDocument: readYaml });
    await bench.start();
    const failed: CaseNote[] = [];
    for (const { name, request, response } of cases) {
      const answer = await bench.settled(Promise.resolve(bench.alertmanager.http(requestOf(request))));
      const why = await compare(answer, response, request.method);
      if (why !== undefined) failed.push({ case: name, why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
