/**
 * The same requests, in the same order, to our alertmanager and to Debian's Alertmanager 0.25: status,
 * headers and bodies must agree, except where a case says why they do not. Ours follows 0.34; what
 * changed between the two is named one by one.
 */
import { describe, expect, it } from 'vitest';
import { HOST, freePort, has, programs, stageOfTest, type Stage } from './support/processes.ts';
import { exchange, type RawAnswer, type RawRequest } from './support/raw-http.ts';

/** How our answer differs, and why. The other one must differ from it indeed. */
interface Difference {
  readonly why: string;
  readonly status: number;
  readonly body?: string;
}
interface Case extends RawRequest {
  readonly differs?: Difference;
  /** 0.25 sorts in another order where times are equal. */
  readonly isUnordered?: boolean;
  /** The text quotes a parser of Go's: only the kind of value and the code must agree. */
  readonly isForeignText?: boolean;
}

const config = `route:
  receiver: hook
  group_by: [alertname]
  group_wait: 1h
  group_interval: 1h
  repeat_interval: 1h
  routes:
  - receiver: team-a
    matchers: ['team="a"']
  - receiver: hook2
    matchers: ['team="b"']
    continue: true
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [cluster]
receivers:
- name: hook
  webhook_configs:
  - url: http://127.0.0.1:1/hook
- name: hook2
- name: team-a
- name: unused
`;

const JSON_TYPE = { 'Content-Type': 'application/json' };
const get = (target: string, more: Partial<Case> = {}): Case => ({ method: 'GET', target, ...more });
const post = (target: string, body: string, more: Partial<Case> = {}): Case => ({
  method: 'POST',
  target,
  headers: JSON_TYPE,
  body,
  ...more,
});
const alerts = (value: unknown, more: Partial<Case> = {}): Case =>
  post('/api/v2/alerts', JSON.stringify(value), more);
const silence = (value: object, more: Partial<Case> = {}): Case =>
  post(
    '/api/v2/silences',
    JSON.stringify({
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '2090-01-01T00:00:00Z',
      createdBy: 'me',
      comment: 'c',
      ...value,
    }),
    more,
  );

const utf8Names = (status = 200): { readonly differs: Difference } => ({
  differs: { why: 'label names are UTF-8 since 0.27', status },
});
const afterTheValue: Difference = {
  why: 'what follows the JSON value is ignored upstream; half a body that is not understood is refused here',
  status: 400,
};
const servedAtOnce = (status: number): { readonly differs: Difference } => ({
  differs: {
    why: 'upstream redirects to the clean path; a client that follows with a GET has lost what it posted',
    status,
  },
});
const setNamed = { why: 'the text names the matcher set since 0.32', status: 400 };

const END = '2090-01-01T00:00:00Z';
const NOBODY = '00000000-0000-0000-0000-000000000000';
const CORS = { Origin: 'http://e.example' };
const preflight = (target: string, method: string, headers?: string): Case => ({
  method: 'OPTIONS',
  target,
  headers: {
    ...CORS,
    'Access-Control-Request-Method': method,
    ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
  },
});

const V1: Difference = { why: 'v1 is gone since 0.27', status: 410 };

const sets: Readonly<Record<string, readonly Case[]>> = {
  'posted alerts': [
    alerts([]),
    post('/api/v2/alerts', 'null'),
    post('/api/v2/alerts', '{', { isForeignText: true }),
    post('/api/v2/alerts', '', { isForeignText: true }),
    post('/api/v2/alerts', '{}', { isForeignText: true }),
    post('/api/v2/alerts', '"x"', { isForeignText: true }),
    post('/api/v2/alerts', '[] trailing', { differs: afterTheValue }),
    post('/api/v2/alerts', '[]]', { differs: afterTheValue }),
    alerts([{}]),
    alerts([{ labels: null }]),
    alerts([{ labels: {} }]),
    alerts([{ labels: { a: '' } }]),
    alerts([{ labels: { a: 1 } }], { isForeignText: true }),
    alerts([{ labels: { a: null } }]),
    alerts([{ labels: [] }], { isForeignText: true }),
    alerts([{ labels: { 'a b': 'c' } }], utf8Names()),
    alerts([{ labels: { '0': 'c' } }], utf8Names()),
    alerts([{ labels: { a: 'b' }, annotations: { 'x y': 'z' } }], utf8Names()),
    alerts([{ labels: { a: 'b' }, annotations: 'x' }], { isForeignText: true }),
    alerts([{ labels: { a: 'b' }, startsAt: 'nonsense' }], { isForeignText: true }),
    alerts([{ labels: { a: 'b' }, startsAt: 5 }], { isForeignText: true }),
    alerts([{ labels: { a: 'b' }, startsAt: END, endsAt: '2026-01-01T00:00:00Z' }]),
    alerts([{ labels: { a: 'b' }, startsAt: '2099-01-01T00:00:00Z' }]),
    alerts([{ labels: { a: 'b' }, generatorURL: '::::' }], { isForeignText: true }),
    alerts([{ labels: { a: 'b' }, generatorURL: 5 }], { isForeignText: true }),
    alerts([{ labels: { z: 'good' }, endsAt: END }, { labels: {} }, { labels: { '': 'x' } }], {
      differs: {
        why: 'texts are joined by a line break since 0.28',
        status: 400,
        body: `${JSON.stringify('at least one label pair required\ninvalid label set: invalid name ""')}\n`,
      },
    }),
    post('/api/v2/alerts', '[]', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
    post('/api/v2/alerts', '[]', { headers: { 'Content-Type': 'text/plain' } }),
    post('/api/v2/alerts', '[]', { headers: {} }),
    post('/api/v2/alerts', '[]', { headers: { 'Content-Type': 'APPLICATION/JSON; charset=utf-8' } }),
    post('/api/v2/alerts', '[]', { headers: { 'Content-Type': 'nonsense;;=' } }),
    post('/api/v2/alerts', '[]', { headers: { 'Content-Type': '*/*' } }),
    post('/api/v2/alerts', '', { headers: {} }),
    post('/api/v2/alerts', '[]', { headers: { ...JSON_TYPE, Accept: 'text/html' } }),
    post('/api/v2/alerts', '[]', { headers: { ...JSON_TYPE, Accept: 'text/html, application/json;q=0.1' } }),
    post('/api/v2/alerts?unknown=1', '[]'),
    post('/api/v2/alerts/', '[]'),
  ],
  'listed alerts': [
    alerts([
      {
        labels: { alertname: 'One', team: 'a', severity: 'critical', cluster: 'c' },
        endsAt: END,
        startsAt: '2026-01-01T00:00:00Z',
        annotations: { summary: '' },
      },
      {
        labels: { alertname: 'Two', team: 'b', severity: 'warning', cluster: 'c' },
        endsAt: END,
        startsAt: '2026-01-01T10:00:00.5+02:00',
        generatorURL: 'http://p/g',
      },
      {
        labels: { alertname: 'Three', odd: 'é€😀"\\\n' },
        endsAt: END,
        startsAt: '2026-01-01T00:00:00.123456789+05:30',
      },
      { labels: { alertname: 'Quiet' }, endsAt: END, startsAt: '2026-01-01 00:00:00' },
    ]),
    silence({ matchers: [{ name: 'alertname', value: 'Quiet', isRegex: false }] }),
    get('/api/v2/alerts'),
    ...['active', 'silenced', 'inhibited', 'unprocessed'].flatMap((name) =>
      ['true', 'false', 'TRUE', 'yes', '', 'nonsense', '0', 'enabled', 'ON'].map((word) =>
        get(`/api/v2/alerts?${name}=${word}`),
      ),
    ),
    get('/api/v2/alerts?active'),
    get('/api/v2/alerts?active=false&active=true'),
    get('/api/v2/alerts?active=true&active=false'),
    get('/api/v2/alerts?active=false&silenced=false'),
    get('/api/v2/alerts?active=false&silenced=false&inhibited=false'),
    get('/api/v2/alerts?filter=alertname%3DOne'),
    get('/api/v2/alerts?filter=alertname%3D%22One%22'),
    get('/api/v2/alerts?filter=alertname%3D~%22O.*%22&filter=team%3Da'),
    get('/api/v2/alerts?filter=alertname!%3DOne'),
    get('/api/v2/alerts?filter=alertname+%3D+One'),
    get('/api/v2/alerts?filter=team%3D'),
    get('/api/v2/alerts?filter='),
    get('/api/v2/alerts?filter=x'),
    get('/api/v2/alerts?filter=%7Ba%3Db%7D', {
      differs: { why: 'the UTF-8 parser says it in other words since 0.27', status: 400 },
    }),
    get('/api/v2/alerts?filter=a%3D~%22(%22', { isForeignText: true }),
    get('/api/v2/alerts?filter=a%3Db%2Cc%3Dd'),
    get('/api/v2/alerts?receiver=hook'),
    get('/api/v2/alerts?receiver=hook.*'),
    get('/api/v2/alerts?receiver=ook'),
    get('/api/v2/alerts?receiver=hook&receiver=team-a'),
    get('/api/v2/alerts?receiver='),
    get('/api/v2/alerts?receiver=x%5B', { isForeignText: true }),
    get('/api/v2/alerts?unknown=1&unknown=2'),
    get('/api/v2/alerts?filter=alertname%3DOne;filter=x'),
    get('/api/v2/alerts?filter=%zz'),
    get('/api/v2/alerts?%66ilter=alertname%3DOne'),
    get('/api/v2/alerts?&&=&filter=alertname%3DOne&'),
    get('/api/v2/alerts?Filter=alertname%3DOne'),
    get('/api/v2/alerts?filter=alertname%3D%FF', {
      differs: {
        why: 'a value that is no UTF-8 is read with U+FFFD, which no label holds',
        status: 200,
        body: '[]\n',
      },
    }),
    get('/api/v2/%61lerts', { differs: { why: 'escapes in a path mean what they stand for', status: 200 } }),
    get('/api/v2/alerts?filter=odd%3D~%22.*%F0%9F%98%80.*%22'),
    get('/api/v2/alerts/groups'),
    get('/api/v2/alerts/groups?receiver=team-a'),
    get('/api/v2/alerts/groups?filter=alertname%3DTwo'),
    get('/api/v2/alerts/groups?active=false'),
    get('/api/v2/alerts/groups?silenced=false&inhibited=false'),
    get('/api/v2/alerts/groups?filter=x'),
    get('/api/v2/alerts/groups?receiver=x%5B', { isForeignText: true }),
    get('/api/v2/alerts/groups/'),
  ],
  silences: [
    silence({}),
    silence({ id: NOBODY }),
    silence({ id: 'x' }),
    silence({ id: '' }),
    silence({ id: null }),
    silence({ id: 5 }, { isForeignText: true }),
    silence({ matchers: [] }),
    silence({ matchers: null }),
    silence({ matchers: {} }, { isForeignText: true }),
    silence({ matchers: [{ name: 'a', value: 'b' }] }),
    silence({ matchers: [{ name: 'a', isRegex: false }] }),
    silence({ matchers: [{ value: 'b', isRegex: false }] }),
    silence({ matchers: [{ name: 'a', value: '', isRegex: false }] }, { differs: setNamed }),
    silence({ matchers: [{ name: 'a', value: '.*', isRegex: true }] }, { differs: setNamed }),
    silence({ matchers: [{ name: 'a', value: '(', isRegex: true }] }, { isForeignText: true }),
    silence({ matchers: [{ name: '', value: 'b', isRegex: false }] }, { differs: setNamed }),

    silence({ matchers: [{ name: 'a', value: 'b', isRegex: 'no' }] }, { isForeignText: true }),
    silence({ matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: false }] }),
    silence({ matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: null }] }),
    silence({ createdBy: null }),
    silence({ comment: null }),
    silence({ createdBy: '', comment: '' }),
    silence({ startsAt: null }),
    silence({ endsAt: null }),
    silence({ startsAt: '' }),
    silence({ startsAt: 'soon' }, { isForeignText: true }),
    silence({ startsAt: END }),
    silence({ startsAt: '2020-01-01T00:00:00Z', endsAt: '2021-01-01T00:00:00Z' }),
    post('/api/v2/silences', '[]', { isForeignText: true }),
    post('/api/v2/silences', 'null'),
    post('/api/v2/silences', '', { isForeignText: true }),
    post('/api/v2/silences', '{', { isForeignText: true }),
    get('/api/v2/silences', { isUnordered: true }),
    get('/api/v2/silences?filter=a%3Db', { isUnordered: true }),
    get('/api/v2/silences?filter=a%3D%22b%22&filter=c%3Dd'),
    get('/api/v2/silences?filter=foo'),
    get('/api/v2/silences?filter='),
    get('/api/v2/silences?unknown=1', { isUnordered: true }),
    get(`/api/v2/silence/${NOBODY}`),
    get('/api/v2/silence/x'),
    get('/api/v2/silence/'),
    get('/api/v2/silence'),
    get(`/api/v2/silence/${NOBODY}/x`),
    get('/api/v2/silence/%2F', servedAtOnce(404)),
    get('/api/v2/silence/a%2Fb', {
      differs: { why: 'an escaped slash in an id is a slash; neither is an id', status: 404 },
    }),
    get('/api/v2/silence/00000000-0000-0000-0000-00000000000G'),
    get('/api/v2/silence/00000000000000000000000000000000'),
    {
      method: 'DELETE',
      target: `/api/v2/silence/${NOBODY}`,
      differs: { why: 'an unknown silence is 404 since 0.26', status: 404, body: '' },
    },
    { method: 'DELETE', target: '/api/v2/silence/x' },
    { method: 'POST', target: `/api/v2/silence/${NOBODY}` },
    { method: 'PUT', target: '/api/v2/silences' },
  ],
  'everything else': [
    get('/api/v2/receivers'),
    get('/api/v2', {
      differs: { why: 'the Location is relative, and there is no page of HTML', status: 301, body: '' },
    }),
    get('/api/v2/'),
    get('/api/v2/nothing'),
    get('/api/v2/swagger.json'),
    get('/api/v2/Alerts'),
    get('//api/v2/alerts', servedAtOnce(200)),
    get('/api//v2/alerts', servedAtOnce(200)),
    get('/api/v2//alerts', servedAtOnce(200)),
    get('/api/v2/./receivers', servedAtOnce(200)),
    get('/api/v2/x/../receivers', servedAtOnce(200)),
    get('/api/v3/alerts'),
    get('/api'),
    get('/api/'),
    get('/api/v1/alerts', { differs: V1 }),
    get('/api/v1/nothing'),
    get('/api/v1'),
    post('/api/v1/alerts', '[]', { differs: V1 }),
    get('/nothing'),
    { method: 'PUT', target: '/api/v2/alerts' },
    { method: 'DELETE', target: '/api/v2/alerts' },
    { method: 'PATCH', target: '/api/v2/receivers' },
    { method: 'HEAD', target: '/api/v2/alerts' },
    { method: 'HEAD', target: '/api/v2/silences' },
    { method: 'HEAD', target: '/api/v2/nothing' },
    { method: 'OPTIONS', target: '/api/v2/alerts' },
    { method: 'OPTIONS', target: '/api/v2/alerts', headers: CORS },
    get('/api/v2/receivers', { headers: { Accept: 'text/html' } }),
    get('/api/v2/receivers', { headers: { Accept: '*/*' } }),
    get('/api/v2/receivers', { headers: { Accept: 'application/*' } }),
    get('/api/v2/receivers', { headers: { Accept: 'application/json;q=0' } }),
    get('/api/v2/receivers', { headers: { Accept: 'application/json; charset=utf-8' } }),
    get('/api/v2/receivers', { headers: { Accept: 'application/jsonx' } }),
    get('/api/v2/receivers', { headers: { Accept: '' } }),
    get('/api/v2/receivers', { headers: { Accept: ',,' } }),
    get('/api/v2/nothing', { headers: { Accept: 'text/html' } }),
    get('/api/v2/receivers', { headers: CORS }),
    get('/api/v2/nothing', { headers: CORS }),
    alerts([{}], { headers: { ...JSON_TYPE, ...CORS } }),
    { method: 'DELETE', target: '/api/v2/silence/x', headers: CORS },
    { method: 'DELETE', target: `/api/v2/silence/${NOBODY}`, headers: { Accept: 'text/html' } },
    get('/api/v2/receivers', { headers: JSON_TYPE, body: '[]' }),
    get('/api/v2/receivers', { headers: { 'Content-Type': 'text/plain' }, body: '[]' }),
    preflight('/api/v2/alerts', 'POST'),
    preflight('/api/v2/alerts', 'GET'),
    preflight('/api/v2/alerts', 'HEAD'),
    {
      ...preflight('/api/v2/alerts', 'post'),
      differs: { why: 'methods are told apart by case since the cors package of 0.28', status: 204 },
    },
    preflight('/api/v2/alerts', 'PUT'),
    preflight('/api/v2/alerts', 'DELETE'),
    {
      ...preflight('/api/v2/alerts', 'POST', 'content-type'),
      differs: { why: 'header names are echoed as they were asked for', status: 204 },
    },
    preflight('/api/v2/alerts', 'POST', 'Content-Type, X-Requested-With'),
    preflight('/api/v2/alerts', 'POST', 'authorization'),
    preflight('/api/v2/nothing', 'GET'),
    preflight('/-/healthy', 'GET'),
    get('/-/healthy'),
    { method: 'HEAD', target: '/-/ready' },
    { method: 'OPTIONS', target: '/-/ready' },
    { method: 'POST', target: '/-/ready' },
    get('/-/reload'),
    { method: 'POST', target: '/-/reload' },
    get('/-/healthy', { headers: CORS }),
  ],
};

const HEADERS = [
  'content-type',
  'vary',
  'allow',
  'location',
  'x-content-type-options',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
];

const UUID = /(?!00000000)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const A_WHILE_MS = 600_000;
const METHODS = /\[[A-Z,]+\] are/;

interface Shown {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer without what is different on every run, and what 0.25 does not have at all. */
function shownOf(answer: RawAnswer, given: Case): Shown {
  const headers: Record<string, string> = {};
  for (const name of HEADERS) {
    const value = answer.headers[name];
    if (value !== undefined) headers[name] = name === 'allow' ? value.split(/,\s*/).sort().join(',') : value;
  }
  // A preflight was answered with 200 before.
  const isPreflight = answer.headers['vary']?.includes('Access-Control-Request-Method') === true;
  const status = isPreflight && answer.status === 200 ? 204 : answer.status;
  const body = given.isForeignText === true ? kindOf(answer.body) : textOf(answer.body);
  return { status, headers, body: given.isUnordered === true ? inOrder(body) : body };
}

const inOrder = (body: string): string =>
  JSON.stringify((JSON.parse(body) as unknown[]).map((each) => JSON.stringify(each)).sort());

const textOf = (body: string): string =>
  body
    .replace(UUID, '<uuid>')
    .replace(/"updatedAt":"[^"]+"/g, '"updatedAt":"<time>"')
    .replaceAll(/"startsAt":"([^"]+)"/g, (given, time: string) =>
      Math.abs(Date.parse(time) - Date.now()) < A_WHILE_MS ? '"startsAt":"<now>"' : given,
    )
    .replaceAll('"mutedBy":[],', '')
    .replaceAll(',"routeLabels":{}', '')
    .replaceAll(/"labels":\{"name":"[^"]*"\},/g, '')
    .replace(METHODS, '[<methods>] are');

function kindOf(body: string): string {
  const value = JSON.parse(body) as unknown;
  return typeof value === 'object' && value !== null && 'code' in value
    ? `code ${String(value.code)}`
    : typeof value;
}

async function startBoth(stage: Stage): Promise<{ readonly ours: string; readonly theirs: string }> {
  const file = stage.file('alertmanager.yml', config);
  const [one, two] = [await freePort(), await freePort()];
  const args = (port: number, name: string): string[] => [
    `--config.file=${file}`,
    `--storage.path=${stage.dir}/${name}`,
    `--web.listen-address=${HOST}:${port}`,
    '--cluster.listen-address=',
  ];
  const theirs = `http://${HOST}:${two}`;
  await stage.app('ours', 'alertmanager', args(one, 'ours'));
  await stage.run('theirs', programs.alertmanager, args(two, 'theirs'), () => fetch(`${theirs}/-/ready`));
  return { ours: `http://${HOST}:${one}`, theirs };
}

describe.skipIf(!has('alertmanager'))('API v2 beside the real Alertmanager', () => {
  for (const [name, cases] of Object.entries(sets)) {
    it(`answers ${cases.length} requests alike, or differs for the reason given: ${name}`, async (context) => {
      const { ours, theirs } = await startBoth(stageOfTest(context));
      for (const each of cases) {
        const what = `${each.method} ${each.target} ${each.body ?? ''} ${JSON.stringify(each.headers ?? {})}`;
        const answer = await exchange(ours, each);
        const got = shownOf(answer, each);
        const wanted = shownOf(await exchange(theirs, each), each);
        if (each.target.startsWith('/api/v2/') && each.method !== 'OPTIONS') {
          expect(answer.headers['cache-control'], what).toBe('no-store');
          expect(answer.headers['vary'], what).toBe('Origin');
        }
        if (each.differs === undefined) {
          expect(got, what).toEqual(wanted);
          continue;
        }
        const { why, status, body } = each.differs;
        expect(got.status, `${what}: ${why}`).toBe(status);
        if (body !== undefined) expect(answer.body, `${what}: ${why}`).toBe(body);
        expect(got, `no longer differs: ${what}`).not.toEqual(wanted);
      }
    });
  }
});
