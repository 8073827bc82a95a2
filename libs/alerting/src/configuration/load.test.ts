import { AppError, type DocNode, type Mistake } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Configuration, RouteNode } from '../configuration.ts';
import { configurationHash, loadConfiguration, type LoadOptions } from './load.ts';

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** A document as a YAML reader would give it; strings count as quoted. */
function documentOf(value: Value): DocNode {
  const at = { line: 1, column: 1 };
  if (Array.isArray(value)) return { kind: 'list', items: value.map(documentOf), ...at };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => ({
      key,
      value: documentOf(item as Value),
      ...at,
    }));
    return { kind: 'map', entries, ...at };
  }
  return { kind: 'scalar', text: String(value), isPlain: typeof value !== 'string', ...at };
}

const load = (value: Value, options: Partial<LoadOptions> = {}): Configuration =>
  loadConfiguration(documentOf(value), '', { mode: 'fallback', ...options });

function mistakesOf(value: Value, options: Partial<LoadOptions> = {}): readonly string[] {
  try {
    load(value, options);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
    const mistakes = (thrown as AppError).facts['mistakes'] as readonly Mistake[];
    return mistakes.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  }
  return [];
}

const withRoute = (
  route: { readonly [key: string]: Value },
  more: { readonly [key: string]: Value } = {},
): Value => ({
  route: { receiver: 'r', ...route },
  receivers: [{ name: 'r' }],
  ...more,
});
const withWebhook = (webhook: Value, more: { readonly [key: string]: Value } = {}): Value => ({
  route: { receiver: 'r' },
  receivers: [{ name: 'r', webhook_configs: [webhook] }],
  ...more,
});
const withHttp = (http: Value): Value => withWebhook({ url: 'http://a/', http_config: http });
const groupByOf = (route: RouteNode | undefined): unknown =>
  route?.groupBy === 'all' ? 'all' : [...(route?.groupBy ?? ['no route'])];

const FIELD_NAMES: readonly string[] = (
  'global route receivers routes receiver name matchers match match_re group_by webhook_configs http_config ' +
  'url payload labels time_intervals times tls_config tracing event_recorder inhibit_rules equal ' +
  'continue group_wait oauth2 http_headers webhook_outputs templates __proto__ x'
).split(' ');

describe('loadConfiguration', () => {
  it('fills in every default', () => {
    const { route, resolveTimeoutMs, receivers, ...rest } = load(withRoute({}));
    expect(resolveTimeoutMs).toBe(300_000);
    expect(route).toMatchObject({
      id: '{}',
      key: '{}',
      receiver: 'r',
      continue: false,
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
      routes: [],
    });
    expect(groupByOf(route)).toEqual([]);
    expect(receivers[0]?.labels.toString()).toBe('{name="r"}');
    expect(rest).toMatchObject({ inhibitRules: [], timeIntervals: [], templates: [], warnings: [] });
  });

  it('tells all mistakes at once, each with the path of its field', () => {
    expect(
      mistakesOf({
        global: {
          resolve_timeout: 'soon',
          slack_api_url: 'x',
          telegram_bot_token: 'a',
          telegram_bot_token_file: 'b',
        },
        route: {
          receiver: 'nobody',
          continue: true,
          group_interval: '0s',
          routes: [{ matchers: ['='], match: { 'a-b': 'c' }, mute_time_intervals: ['ghost'] }, null],
        },
        receivers: [{ name: 'r', webhook_configs: [null, {}], labels: { name: 's' } }, { name: 'r' }, null],
        inhibit_rules: [{ equal: [''] }],
        time_intervals: [{ name: 'n', time_intervals: [{ weekdays: ['funday'] }] }, { name: 'n' }, {}],
        extra: 1,
      }),
    ).toEqual([
      expect.stringContaining('unknown field "extra"'),
      'global.resolve_timeout: not a valid duration string: "soon"',
      'global.slack_api_url: unsupported scheme "" for URL',
      'global: at most one of telegram_bot_token & telegram_bot_token_file must be configured',
      'route.group_interval: group_interval cannot be zero',
      'route.routes[0].matchers[0]: bad matcher format: =',
      'route.routes[0].match.a-b: invalid label name "a-b"',
      'route.routes[1]: expected a route, found null',
      'route: cannot have continue in root route',
      'inhibit_rules[0].equal: invalid label name "" in equal list',
      'receivers[0].labels: receiver label "name" must match receiver name "r", got "s"',
      'receivers[0].webhook_configs[0]: missing webhook config',
      'receivers[0].webhook_configs[1]: one of url or url_file must be configured',
      'receivers[2]: missing name in receiver',
      'receivers: notification config name "r" is not unique',
      'time_intervals[0].time_intervals[0].weekdays[0]: funday is not a valid weekday',
      'time_intervals[1]: time interval "n" is not unique',
      'time_intervals[2]: missing name in time interval',
      'route: undefined receiver "nobody" used in route',
      'route.routes[0]: undefined time interval "ghost" used in route',
    ]);
  });

  it('tells mistakes in the order of the file, and not more of them than anybody reads', () => {
    const scalar = (text: string, line: number, column: number): DocNode => ({
      kind: 'scalar',
      text,
      isPlain: true,
      line,
      column,
    });
    const document = (items: readonly DocNode[]): DocNode => ({
      kind: 'map',
      line: 1,
      column: 1,
      entries: [
        { key: 'templates', line: 1, column: 1, value: { kind: 'list', line: 1, column: 12, items } },
        { key: 'route', line: 2, column: 1, value: scalar('x', 2, 8) },
        { key: 'global', line: 3, column: 1, value: scalar('x', 3, 9) },
      ],
    });
    const linesOf = (node: DocNode): readonly string[] => {
      try {
        loadConfiguration(node, '', { mode: 'fallback' });
        return [];
      } catch (thrown) {
        return (thrown as AppError).message.split('\n');
      }
    };
    expect(linesOf(document([])).map((line) => line.replace(/: .*/, ''))).toEqual([
      'line 2, column 8',
      'line 2, column 8',
      'line 3, column 9',
    ]);
    const bad: DocNode = { kind: 'list', items: [], line: 1, column: 2 };
    expect(linesOf(document(Array.from({ length: 200 }, () => bad)))).toHaveLength(101);
    expect(linesOf(document(Array.from({ length: 200 }, () => bad))).at(-1)).toBe('and 103 more');
  });

  it('inherits what a route does not set, and only what is inherited', () => {
    const { route } = load(
      withRoute(
        {
          group_by: ['...'],
          group_wait: '1s',
          labels: { a: '1', b: '1' },
          routes: [
            {
              matchers: ['x=1'],
              continue: true,
              active_time_intervals: ['n'],
              group_by: ['k'],
              labels: { b: '2' },
              routes: [{ match: { y: '2' } }, { group_by: [] }, { group_by: ['...'] }, { group_by: null }],
            },
            {},
          ],
        },
        { time_intervals: [{ name: 'n' }] },
      ),
    );
    const [first, second] = route.routes;
    expect([route, first, ...(first?.routes ?? []), second].map(groupByOf)).toEqual([
      'all',
      ['k'],
      ['k'],
      [],
      'all',
      ['k'],
      'all',
    ]);
    expect(first?.routes[0]).toMatchObject({
      id: '{}/{x="1"}/0/{y="2"}/0',
      key: '{}/{x="1"}/{y="2"}',
      receiver: 'r',
      continue: false,
      groupWaitMs: 1000,
      activeTimeIntervals: [],
    });
    expect([...(first?.routes[0]?.labels ?? [])]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('anchors match_re twice and sorts all matchers of a route together', () => {
    const { route } = load(
      withRoute({
        routes: [{ matchers: ['t!=3', '{b="1",a=~"x"}'], match: { z: '1' }, match_re: { env: 'p.*' } }],
      }),
    );
    const [child] = route.routes;
    expect(child?.key).toBe('{}/{a=~"x",b="1",env=~"^(?:p.*)$",t!="3",z="1"}');
    expect(child?.matchers.find(({ name }) => name === 'env')?.matches('prod')).toBe(true);
  });

  it('knows every integration of Alertmanager and refuses, by receiver and name, those it cannot deliver', () => {
    const receiver = (list: Value): Value => ({
      route: { receiver: 'on call' },
      receivers: [{ name: 'on call', slack_configs: list }],
    });
    expect(mistakesOf(receiver([{ channel: '#a' }]))).toEqual([
      'receivers[0].slack_configs: receiver "on call" uses slack_configs, and this version delivers by webhook only',
    ]);
    expect(mistakesOf(receiver([]))).toEqual([]);
    expect(mistakesOf(withRoute({}, { receivers: [{ name: 'r', pigeon_configs: [] }] }))[0]).toContain(
      'unknown field "pigeon_configs"',
    );
  });

  it('hands a webhook its settings in clear, with global values filled in', () => {
    const { receivers } = load(
      withWebhook(
        {
          url: 'http://a/{{ .GroupLabels.x }}',
          max_alerts: 3,
          timeout: '90s',
          send_resolved: false,
          payload: { n: 7, t: '7', b: true, nothing: null, list: ['{{ .Status }}', 1.5], deep: { k: '0x1' } },
        },
        {
          global: { http_config: { basic_auth: { username: 'u', password: 'p' }, follow_redirects: false } },
        },
      ),
    );
    expect(receivers[0]?.integrations).toEqual([
      {
        integration: 'webhook',
        index: 0,
        sendResolved: false,
        settings: {
          http_config: {
            basic_auth: { username: 'u', password: 'p' },
            follow_redirects: false,
            enable_http2: true,
          },
          url: 'http://a/{{ .GroupLabels.x }}',
          max_alerts: 3,
          timeout: '1m30s',
          payload: { n: 7, t: '7', b: true, nothing: null, list: ['{{ .Status }}', 1.5], deep: { k: '0x1' } },
        },
      },
    ]);
  });

  it('takes the http_config of an integration as a whole, never mixed with the global one', () => {
    const { receivers } = load(
      withWebhook(
        { url: 'http://a/', http_config: {} },
        { global: { http_config: { proxy_url: 'http://p:1' } } },
      ),
    );
    expect(receivers[0]?.integrations[0]?.settings).toMatchObject({
      http_config: { follow_redirects: true, enable_http2: true },
    });
    expect(receivers[0]?.integrations[0]?.settings).not.toHaveProperty('http_config.proxy_url');
  });

  it('makes the files of http_config relative to the folder of the configuration, and shows them as written', () => {
    const { receivers, rendered } = load(
      withHttp({ authorization: { credentials_file: 'creds' }, tls_config: { ca_file: '/etc/ca' } }),
      { folder: '/etc/am/' },
    );
    expect(receivers[0]?.integrations[0]?.settings).toMatchObject({
      http_config: {
        authorization: { type: 'Bearer', credentials_file: '/etc/am/creds' },
        tls_config: { ca_file: '/etc/ca' },
      },
    });
    expect(rendered).toContain('credentials_file: creds\n');
  });

  it.each<readonly [string, Value, string]>([
    [
      'two credentials',
      { basic_auth: {}, oauth2: { client_id: 'a', token_url: 'http://t' } },
      'at most one of basic_auth, oauth2 & authorization must be configured',
    ],
    [
      'an old and a new token',
      { bearer_token: 'a', authorization: {} },
      'authorization is not compatible with bearer_token & bearer_token_file',
    ],
    [
      'an old token and a password',
      { bearer_token: 'a', basic_auth: {} },
      'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
    ],
    [
      'a password twice',
      { basic_auth: { password: 'a', password_file: 'b' } },
      'at most one of basic_auth password & password_file must be configured',
    ],
    ['oauth2 without a client', { oauth2: { token_url: 'http://t' } }, 'oauth2 client_id must be configured'],
    ['oauth2 without a token URL', { oauth2: { client_id: 'a' } }, 'oauth2 token_url must be configured'],
    ['an unknown TLS version', { tls_config: { min_version: 'TLS9' } }, 'unknown TLS version: TLS9'],
    [
      'a certificate without its key',
      { tls_config: { cert_file: 'c' } },
      'exactly one of key or key_file must be configured when a client certificate is configured',
    ],
    [
      'TLS versions turned round',
      { tls_config: { min_version: 'TLS13', max_version: 'TLS12' } },
      'tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified',
    ],
    [
      'a header that the client sets',
      { http_headers: { authorization: { values: ['a'] } } },
      'setting header "authorization" is not allowed',
    ],
    [
      'a header value that breaks the line',
      { http_headers: { 'X-A': { values: ['a\r\nX-B: c'] } } },
      'a header value holds no line breaks',
    ],
    [
      'a connect header without a proxy',
      { proxy_connect_header: { a: ['b'] } },
      'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
    ],
    ['a bad escape in a URL', { proxy_url: 'http://%zz' }, 'parse "http://%zz": invalid URL escape "%zz"'],
    [
      'a proxy that speaks no HTTP',
      { proxy_url: 'ftp://u:pw@a' },
      'expected a proxy URL with scheme http, https or socks5 and a host, found "ftp://u:xxxxx@a"',
    ],
  ])('refuses %s', (_, http, message) => {
    expect(mistakesOf(withHttp(http)).map((line) => line.replace(/^[^:]*: /, ''))).toContain(message);
  });

  it('never shows a secret, and shows the user and host of a proxy', () => {
    const { rendered } = load(
      withWebhook(
        {
          url: 'http://a/hook?token=S3CRET',
          http_config: {
            oauth2: {
              client_id: 'me',
              client_secret: 'S3CRET',
              token_url: 'http://t/',
              tls_config: { key: 'S3CRET', cert: 'c' },
            },
            proxy_url: 'http://u:S3CRET@p:1',
            proxy_connect_header: { a: ['S3CRET'] },
            http_headers: { 'X-A': { secrets: ['S3CRET'], values: ['v'] } },
          },
        },
        {
          global: {
            smtp_auth_password: 'S3CRET',
            slack_api_url: 'http://S3CRET/',
            telegram_bot_token: 'S3CRET',
            http_config: { authorization: { credentials: 'S3CRET' } },
          },
          tracing: { endpoint: 'e', headers: { a: { secrets: ['S3CRET'] } } },
          event_recorder: { webhook_outputs: [{ url: 'http://S3CRET/' }] },
        },
      ),
    );
    expect(rendered).not.toContain('S3CRET');
    expect(rendered).toContain('proxy_url: http://u:xxxxx@p:1\n');
    expect(rendered).toContain('url: <secret>\n');
  });

  it('never tells a secret in a mistake', () => {
    const messages = mistakesOf(
      withWebhook(
        { url: 'htp://u:S3CRET@a/', http_config: { proxy_url: 'ftp://u:S3CRET@a' } },
        { global: { slack_api_url: 'http://u:S3CRET@ a/' } },
      ),
    );
    expect(messages.length).toBe(3);
    expect(messages.join()).not.toContain('S3CRET');
  });

  it('warns of what loads but can hardly be meant', () => {
    const { warnings } = load(
      withRoute(
        {
          group_interval: '1h',
          routes: [
            { match: { a: 'b' }, repeat_interval: '30m' },
            { matchers: ['a=~"\\d"'], repeat_interval: '30d' },
          ],
        },
        { mute_time_intervals: [{ name: 'n' }] },
      ),
      { retentionMs: 432_000_000 },
    );
    expect(warnings).toEqual([
      expect.stringContaining(
        'route.routes[1].matchers[0]: matchers "a=~\\"\\\\d\\"" can only be read by the classic parser',
      ),
      'match and match_re are deprecated: write matchers',
      'mute_time_intervals is deprecated: write time_intervals',
      expect.stringContaining('route {}/{a="b"}/0: repeat_interval 30m is less than group_interval 1h'),
      expect.stringContaining('repeat_interval 30d is greater than the data retention of 5d'),
    ]);
  });

  it('judges label names by the mode', () => {
    const config = withRoute({ group_by: ['my label'] }, { inhibit_rules: [{ equal: ['1'] }] });
    expect(mistakesOf(config)).toEqual([]);
    expect(mistakesOf(config, { mode: 'classic' })).toEqual([
      'route.group_by: invalid label name "my label" in group_by list',
      'inhibit_rules[0].equal: invalid label name "1" in equal list',
    ]);
  });

  it('takes a slack app token beside an api url only when that is the app url', () => {
    const global = (apiUrl: string): Value =>
      withRoute({}, { global: { slack_app_token: 't', slack_api_url: apiUrl } });
    expect(mistakesOf(global('https://slack.com/api/chat.postMessage'))).toEqual([]);
    expect(mistakesOf(global('https://hooks.slack.com/x'))).toEqual([
      'global: at most one of slack_app_token & slack_api_url must be configured',
    ]);
  });

  it('gives only an AppError for whatever document it gets', () => {
    const keys = fc.constantFrom(...FIELD_NAMES);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<Value>(
          '',
          'a',
          'r',
          null,
          true,
          0,
          -1,
          'a=b',
          '5m',
          'http://a/',
          '...',
          '{{',
          '<secret>',
          '\u0000',
          'a=~(',
        ),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keys, tree, { maxKeys: 6 }), (top) => {
        mistakesOf(top as Value);
        mistakesOf({
          route: { receiver: 'r' },
          receivers: [{ name: 'r' }],
          ...(top as { readonly [key: string]: Value }),
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe('configurationHash', () => {
  it('is the first 48 bits of the MD5, little-endian', () => {
    // d41d8cd98f00… is the MD5 of nothing.
    expect(configurationHash('')).toBe(0x008fd98c1dd4);
  });
});
