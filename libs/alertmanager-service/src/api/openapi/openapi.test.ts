/**
 * The document beside the running service: every documented operation, parameter and status is seen,
 * and what is answered fits its schema. That no route is without its description is held by the compiler.
 */
import { encodeUtf8, type HttpRequest } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, HOUR, textOf } from '../../testing/bench.ts';
import { schemaMistakes } from '../../testing/json-schema.ts';
import { watchersMax } from '../watch.ts';

type Json = Readonly<Record<string, unknown>>;
interface ParameterDoc {
  readonly name: string;
  readonly in: string;
}
interface OperationDoc {
  readonly operationId: string;
  readonly parameters?: readonly ParameterDoc[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Json }>> };
  readonly responses: Readonly<
    Record<string, { headers?: Json; content?: Readonly<Record<string, { schema: Json }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationDoc>>>>;
  readonly components: { readonly schemas: Json };
}
interface Seen {
  readonly operation: string;
  readonly status: number;
  readonly query: readonly string[];
  readonly headers: readonly string[];
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const NOBODY = '00000000-0000-4000-8000-000000000000';
const config = `route: {receiver: team, group_by: [alertname], group_wait: 10s}
receivers: [{name: team, webhook_configs: [{url: "http://sink.test/"}]}]
inhibit_rules: [{source_matchers: [a="1"], target_matchers: [a="2"]}]
`;

const seen: Seen[] = [];
let bench: Bench;
let document: Document;

/** Which documented path a request is for; undefined: none. */
function pathOf(path: string): string | undefined {
  const below = path.slice('/api/v2'.length);
  return Object.keys(document.paths).find((each) =>
    new RegExp(`^${each.replace(/\{\w+\}/, '[^/]+')}$`).test(below),
  );
}

async function ask(
  method: string,
  target: string,
  given: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const url = new URL(target, 'http://alertmanager.test/api/v2/');
  const request: HttpRequest = {
    method,
    path: url.pathname,
    query: [...url.searchParams],
    headers: {
      ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...given.headers,
    },
    body: encodeUtf8(given.body ?? ''),
  };
  const answer = await bench.settled(Promise.resolve(bench.alertmanager.http(request)));
  const type = answer.headers['Content-Type'];
  let text: string;
  if (type === 'text/event-stream') {
    const body = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
    text = String((await body.next()).value);
    await body.return?.();
  } else text = await bench.settled(textOf(answer));
  const path = pathOf(url.pathname);
  expect(path, `${method} ${target} is not documented`).toBeDefined();
  const operation = document.paths[path ?? '']?.[method.toLowerCase()];
  if (operation === undefined) {
    expect(answer.status, `${method} ${target} is not documented`).toBe(405);
    return { status: answer.status, text };
  }
  const documented = operation.responses[String(answer.status)];
  expect(documented, `${method} ${target}: status ${answer.status} is not documented: ${text}`).toBeDefined();
  if (documented?.content === undefined) expect(text, `${method} ${target}`).toBe('');
  else {
    const content = documented.content[type ?? ''];
    expect(content, `${method} ${target}: ${type ?? 'no type'} is not documented`).toBeDefined();
    const value: unknown = type === 'application/json' ? JSON.parse(text) : text;
    expect(
      schemaMistakes(content?.schema ?? {}, value, document.components.schemas),
      `${method} ${target} ${text}`,
    ).toEqual([]);
  }
  for (const name of Object.keys(documented?.headers ?? {}))
    if (answer.headers[name] !== undefined)
      seen.push({ operation: `header ${name}`, status: answer.status, query: [], headers: [] });
  seen.push({
    operation: operation.operationId,
    status: answer.status,
    query: [...url.searchParams.keys()],
    headers: Object.keys(given.headers ?? {}),
  });
  return { status: answer.status, text };
}

const silence = (more: object = {}): string =>
  JSON.stringify({
    matchers: [{ name: 'a', value: 'b', isRegex: false }],
    startsAt: bench.time(),
    endsAt: bench.time(HOUR),
    createdBy: 'me',
    comment: 'c',
    annotations: { ticket: '5' },
    ...more,
  });

beforeAll(async () => {
  bench = new Bench({ turn, configuration: config, readDocument: readYaml });
  await bench.start();
  document = (await bench.request('GET', '/api/v2/openapi.json')).body as Document;
});
afterAll(() => bench.alertmanager.endWatches());

describe('the OpenAPI document', () => {
  it('is version 3.1, finds its server beside itself, and refers to nothing that is not there', () => {
    expect(document.openapi).toBe('3.1.0');
    const { url = '' } = document.servers[0] ?? {};
    expect(new URL(url, 'http://am.test/prefix/api/v2/openapi.json').pathname).toBe('/prefix/api/v2');
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name ?? '',
    );
    expect(refs.filter((name) => document.components.schemas[name] === undefined)).toEqual([]);
    expect(Object.keys(document.components.schemas).filter((name) => !refs.includes(name))).toEqual([]);
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is told by a running service: each operation, parameter, media type and status as documented', async () => {
    const alert = (name: string, more: object = {}): object => ({
      labels: { alertname: name, a: name },
      ...more,
    });
    await ask('POST', 'alerts', {
      body: JSON.stringify([
        alert('1', { endsAt: bench.time(HOUR), generatorURL: 'http://p/', annotations: { x: 'y' } }),
        alert('2'),
      ]),
    });
    await ask('POST', 'alerts', { body: JSON.stringify([{ labels: {} }]) });
    await ask('POST', 'alerts', { body: '{' });
    await ask('POST', 'alerts', { body: '[{}]' });
    await ask('POST', 'alerts', { body: '[]', headers: { 'content-type': 'text/plain' } });
    const { text } = await ask('POST', 'silences', { body: silence() });
    const { silenceID } = JSON.parse(text) as { silenceID: string };
    await ask('POST', 'silences', {
      body: silence({ matchers: [{ name: 'a', value: '', isRegex: false }] }),
    });
    await ask('POST', 'silences', { body: silence({ id: NOBODY }) });
    await ask('POST', 'silences', { body: silence({ matchers: [] }) });
    await ask('POST', 'silences', { body: 'x', headers: { 'content-type': 'text/plain' } });
    for (const method of ['GET', 'DELETE']) {
      await ask(method, `silence/${silenceID}`, { headers: { accept: 'text/html' } });
      await ask(method, `silence/${silenceID}`);
      await ask(method, `silence/${NOBODY}`);
      await ask(method, 'silence/x');
    }
    const states =
      'active=true&silenced=true&inhibited=true&filter=a%3D~".*"&receiver=team&receiver_matchers=name%3Dteam';
    const lists: Readonly<Record<string, string>> = {
      status: '',
      receivers: 'receiver_matchers=name%3D~".*"',
      alerts: `${states}&unprocessed=true`,
      'alerts/groups': `${states}&muted=true`,
      silences: 'filter=a%3Db&active=true&expired=true&pending=true',
      'openapi.json': '',
      'tocsin/alerts': `${states}&limit=1&sort=-label.a&cursor=`,
      'tocsin/alerts/counts': `${states}&by=a&limit=1`,
      'tocsin/silences': 'filter=a%3Db&active=true&expired=true&pending=true&limit=1&sort=id&cursor=',
      'tocsin/watch': 'kind=alert&filter=a%3D1&lastEventId=x',
      'tocsin/events': 'limit=5&type=alert-received&fingerprint=x&group_key=x&notification_id=x&after=x',
      'tocsin/explain': 'labels=alertname%3D1&labels=a%3D1&filter=a%3D1&receiver=team&at=',
      'tocsin/preview': 'labels=%7Balertname%3D"x"%7D&resolvesAfter=1h&for=2h',
      'tocsin/cluster': '',
      'tocsin/status': '',
    };
    const bad: Readonly<Record<string, string>> = {
      receivers: 'receiver_matchers=x',
      'tocsin/events': 'limit=x',
    };
    const cannotBeWrong = ['status', 'openapi.json', 'tocsin/cluster', 'tocsin/status'];
    for (const [path, query] of Object.entries(lists)) {
      const isStream = path === 'tocsin/watch';
      await ask(
        'GET',
        `${path}?${query}`,
        isStream ? { headers: { 'Last-Event-ID': 'x', 'last-event-id': 'x' } } : {},
      );
      await ask('GET', path, { headers: { accept: 'text/html' } });
      if (!cannotBeWrong.includes(path)) await ask('GET', `${path}?${bad[path] ?? 'filter=x'}`);
      await ask('PATCH', path);
    }
    await ask('GET', 'tocsin/explain?fingerprint=0123456789abcdef');
    expect((await ask('GET', 'tocsin/alerts?limit=1')).text).toContain('"next"');
    for (const type of ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/plain'])
      await ask('POST', 'config/validate', { body: config, headers: { 'content-type': type } });
    await ask('POST', 'config/validate', { body: JSON.stringify({ config: 'route: 5\nx: y\n' }) });
    await ask('POST', 'config/validate', { body: '{' });
    await ask('POST', 'config/validate', { body: '{}' });
    await ask('POST', 'config/validate', { body: 'a', headers: { 'content-type': 'image/png' } });
    await ask('POST', 'config/validate', {
      body: 'x'.repeat(1_000_000),
      headers: { 'content-type': 'text/plain' },
    });
    await Promise.all(
      Array.from({ length: 10 }, () =>
        ask('POST', 'config/validate', { body: config, headers: { 'content-type': 'text/yaml' } }),
      ),
    );
    const watching = await Promise.all(
      Array.from({ length: watchersMax }, async () => {
        const answer = await bench.alertmanager.http({
          method: 'GET',
          path: '/api/v2/tocsin/watch',
          query: [],
          headers: {},
          body: new Uint8Array(),
        });
        const body = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
        await body.next();
        return body;
      }),
    );
    await ask('GET', 'tocsin/watch');
    for (const body of watching) await body.return?.();

    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { operationId, parameters = [], responses, requestBody }] of Object.entries(
        methods,
      )) {
        const of = seen.filter(({ operation }) => operation === operationId);
        const statuses = new Set(of.map(({ status }) => String(status)));
        expect([...statuses].sort(), `${method} ${path}: statuses`).toEqual(Object.keys(responses).sort());
        for (const parameter of parameters) {
          if (parameter.in === 'path') expect(path).toContain(`{${parameter.name}}`);
          else
            expect(
              of.some((each) =>
                each[parameter.in === 'query' ? 'query' : 'headers'].includes(parameter.name),
              ),
              `${operationId}: ${parameter.name}`,
            ).toBe(true);
        }
        expect(requestBody !== undefined, `${method} ${path}: a body`).toBe(method === 'post');
      }
    }
    expect(seen.some(({ operation }) => operation === 'header Tocsin-Rejected-Alerts')).toBe(true);
  });

  it('is not where upstream has none either', async () => {
    expect((await bench.request('GET', '/api/v2/swagger.json')).status).toBe(404);
  });

  it('allows for each path the methods that the service allows, and no others', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const answer = await bench.alertmanager.http({
        method: 'TRACE',
        path: `/api/v2${path.replace('{silenceID}', NOBODY)}`,
        query: [],
        headers: {},
        body: new Uint8Array(),
      });
      expect(answer.headers['Allow'], path).toBe(
        Object.keys(methods)
          .map((method) => method.toUpperCase())
          .sort()
          .join(','),
      );
    }
  });
});
