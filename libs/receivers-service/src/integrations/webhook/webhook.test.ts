import { AppError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import type { NotifyRequest } from '@tocsin/contracts';
import type { Delivery, SendContext } from '../../integration.ts';
import { JsonSettings } from '../../json-settings.ts';
import { FakeHttp, HandClock, readJson, requestWith } from '../../testing/fixtures.ts';
import { readWebhook } from './webhook.ts';

const URL = 'https://hooks.example.com/T0/B0/secret-token?k=v';

function notify(
  settings: object,
  { request = requestWith(), ...more }: Partial<SendContext> & { request?: NotifyRequest } = {},
): { http: FakeHttp; outcome: Promise<Delivery>; clock: HandClock } {
  const http = new FakeHttp();
  const clock = new HandClock();
  const integration = readWebhook(JsonSettings.parse(JSON.stringify(settings)), { readDocument: readJson });
  const context: SendContext = {
    clock,
    http,
    readSecret: (path) => Promise.resolve(path === '/secrets/url' ? ` ${URL}\n` : ` content of ${path}\n`),
    deadline: clock.now + 10_000,
    traceparent: '',
    ...more,
  };
  // The answer may be set after the call: the request leaves in a later microtask.
  const outcome = Promise.resolve().then(() => integration.notify(request, context));
  return { http, outcome, clock };
}

const failedWith = async (outcome: Promise<Delivery>): Promise<string> =>
  outcome.then(
    (delivery) => `no error but ${delivery.status}`,
    (thrown: unknown) => (thrown instanceof AppError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  );

describe('the request', () => {
  it('is a POST of the payload with the notification id and the trace context', async () => {
    const { http, outcome } = notify({ url: URL }, { traceparent: '00-a-b-01' });
    expect(await outcome).toEqual({ status: 'delivered', statusCode: 200 });
    expect(http.sent).toHaveLength(1);
    expect(http.sent[0]).toMatchObject({
      method: 'POST',
      url: URL,
      headers: {
        'User-Agent': 'Alertmanager/0.34.0 (Tocsin)',
        'Content-Type': 'application/json',
        'Idempotency-Key': 'n-1',
        traceparent: '00-a-b-01',
      },
      timeoutMs: 10_000,
    });
  });

  it('has the fields of Alertmanager 0.34 in their order, as compact JSON with a final newline', async () => {
    const { http, outcome } = notify({ url: URL });
    await outcome;
    expect(http.sent[0]?.body).toBe(
      '{"receiver":"team","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"a"},' +
        '"annotations":{"summary":"a is down"},"startsAt":"2026-11-22T00:40:00.5Z","endsAt":"0001-01-01T00:00:00Z",' +
        '"generatorURL":"http://prom/graph","fingerprint":"b095cbba435360b4"}],"notification_reason":"first notification",' +
        '"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","instance":"a"},' +
        '"commonAnnotations":{"summary":"a is down"},"routeLabels":{},"externalURL":"http://am","version":"4",' +
        '"groupKey":"{}:{alertname=\\"Down\\"}","truncatedAlerts":0}\n',
    );
  });

  it('quotes the receiver name as a regular expression', async () => {
    const { http, outcome } = notify(
      { url: URL },
      { request: requestWith({ receiver: { groupName: 'a.b (c)', integration: 'webhook', index: 0 } }) },
    );
    await outcome;
    expect(JSON.parse(String(http.sent[0]?.body))).toMatchObject({ receiver: 'a\\.b \\(c\\)' });
  });

  it('shows the first max_alerts alerts, counts the rest, and takes common labels from those shown', async () => {
    const [first] = requestWith().alerts;
    if (first === undefined) throw new Error('the fixture has an alert');
    const other = { ...first, labels: [{ name: 'alertname', value: 'Other' }] };
    const { http, outcome } = notify(
      { url: URL, max_alerts: 1 },
      { request: requestWith({ alerts: [first, other, other] }) },
    );
    await outcome;
    const body = JSON.parse(String(http.sent[0]?.body)) as { alerts: unknown[]; truncatedAlerts: number };
    expect(body).toMatchObject({ truncatedAlerts: 2, commonLabels: { alertname: 'Down', instance: 'a' } });
    expect(body.alerts).toHaveLength(1);
  });
});

describe('a payload', () => {
  it('takes the place of the body: strings are rendered, and what they then mean is kept', async () => {
    const payload = {
      'b {{ .Status }}': '{{ len .Alerts }}',
      a: ['{{ .CommonLabels | toJson }}', 'true', '', 7, null, true, '<{{ .Status }}>'],
    };
    const { http, outcome } = notify({ url: URL, payload });
    await outcome;
    expect(http.sent[0]?.body).toBe(
      '{"a":[{"alertname":"Down","instance":"a"},true,null,7,null,true,"\\u003cfiring\\u003e"],"b firing":1}\n',
    );
  });

  it('that is no template is refused, one that does not fit the data fails for good', async () => {
    expect(() => notify({ url: URL, payload: { a: '{{ nope }}' } })).toThrow(
      'failed to template webhook payload',
    );
    const { outcome } = notify({ url: URL, payload: { a: '{{ .Nope }}' } });
    expect(await failedWith(outcome)).toContain(
      'invalid: failed to template webhook payload: template: :1:3',
    );
  });

  it('that JSON cannot hold fails for good', async () => {
    const { outcome } = notify({ url: URL, payload: { a: '.inf' } });
    expect(await failedWith(outcome)).toBe('invalid: json: unsupported value: +Inf');
  });
});

describe('the URL', () => {
  it('may be a template', async () => {
    const { http, outcome } = notify({
      url: 'http://h/{{ .CommonLabels.alertname | toLower }}/{{ .Status }}',
    });
    await outcome;
    expect(http.sent[0]?.url).toBe('http://h/down/firing');
  });

  it('may be a template that names one of those sent along', async () => {
    const templates = [{ name: 'a.tmpl', text: '{{ define "where" }}there{{ end }}' }];
    const { http, outcome } = notify({ url: 'http://h/{{ template "where" . }}', templates });
    await outcome;
    expect(http.sent[0]?.url).toBe('http://h/there');
  });

  it('is read from url_file at each notification, without white space', async () => {
    const { http, outcome } = notify({ url_file: '/secrets/url' });
    await outcome;
    expect(http.sent[0]?.url).toBe(URL);
  });

  it('that is empty after templating fails for good', async () => {
    const { outcome } = notify({ url: '{{ .CommonLabels.missing }}' });
    expect(await failedWith(outcome)).toBe('invalid: webhook URL is empty after templating');
  });

  it('whose file cannot be read fails for good, as upstream', async () => {
    const readSecret = (): Promise<string> => Promise.reject(new AppError('not-found', '/x: no such file'));
    const { outcome } = notify({ url_file: '/x' }, { readSecret });
    expect(await failedWith(outcome)).toBe('invalid: read url_file: /x: no such file');
  });

  it('with a user part becomes Basic credentials and is not sent', async () => {
    const { http, outcome } = notify({ url: 'http://bob:s%33cret@h/x' });
    await outcome;
    expect(http.sent[0]?.url).toBe('http://h/x');
    expect(http.sent[0]?.headers['Authorization']).toBe('Basic Ym9iOnMzY3JldA==');
  });
});

describe('http_config', () => {
  it('gives credentials and headers, also from files, and repeats a header with several values', async () => {
    const { http, outcome } = notify({
      url: URL,
      http_config: {
        basic_auth: { username: 'bob', password_file: '/p' },
        http_headers: { 'X-Team': { values: ['a'], secrets: ['b'], files: ['/c'] } },
        follow_redirects: true,
        enable_http2: true,
      },
    });
    await outcome;
    expect(http.sent[0]?.headers).toMatchObject({
      Authorization: 'Basic Ym9iOmNvbnRlbnQgb2YgL3A=',
      'X-Team': ['a', 'b', 'content of /c'],
    });
  });

  it('gives a bearer token', async () => {
    const { http, outcome } = notify({ url: URL, http_config: { authorization: { credentials: 'tok' } } });
    await outcome;
    expect(http.sent[0]?.headers['Authorization']).toBe('Bearer tok');
  });

  it('is refused where it would have no effect', () => {
    const http_config = { proxy_from_environment: true };
    expect(() => notify({ url: URL, http_config })).toThrow(
      'http_config.proxy_from_environment is not supported by this receivers service',
    );
    expect(() => notify({ url: URL, http_config: { proxy: 'x' } })).toThrow(
      'unknown settings: http_config.proxy',
    );
  });
});

describe('a redirect', () => {
  const redirecting = (status: number, location: string) => {
    const run = notify({ url: 'http://h/a/b', http_config: { authorization: { credentials: 'tok' } } });
    let isFirst = true;
    run.http.answer = () => {
      if (!isFirst) return { status: 200 };
      isFirst = false;
      return { status, headers: { location } };
    };
    return run;
  };

  it.each([301, 302, 303])('of %i is followed with GET and a Referer, without the body', async (status) => {
    const { http, outcome } = redirecting(status, '../c?d=e');
    expect((await outcome).status).toBe('delivered');
    expect(http.sent[1]).toMatchObject({
      method: 'GET',
      url: 'http://h/c?d=e',
      headers: { Referer: 'http://h/a/b' },
    });
    expect(http.sent[1]?.headers).not.toHaveProperty('Content-Type');
    expect(http.sent[1]).not.toHaveProperty('body');
  });

  it.each([307, 308])('of %i is followed with the same method and body', async (status) => {
    const { http, outcome } = redirecting(status, '/c');
    expect((await outcome).status).toBe('delivered');
    expect(http.sent[1]).toMatchObject({ method: 'POST', url: 'http://h/c', body: http.sent[0]?.body });
    expect(http.sent[1]?.headers['Authorization']).toBe('Bearer tok');
  });

  it('to another host takes no credentials along', async () => {
    const { http, outcome } = redirecting(307, 'http://evil/c');
    await outcome;
    expect(http.sent[1]?.url).toBe('http://evil/c');
    expect(http.sent[1]?.headers).not.toHaveProperty('Authorization');
  });

  it('is not followed when that is off', async () => {
    const { http, outcome } = notify({ url: URL, http_config: { follow_redirects: false } });
    http.answer = () => ({ status: 302, headers: { location: '/x' } });
    expect(await outcome).toMatchObject({
      status: 'failed',
      reason: 'other',
      error: 'unexpected status code 302',
    });
    expect(http.sent).toHaveLength(1);
  });

  it('that leads in a circle ends after ten', async () => {
    const { http, outcome } = notify({ url: URL });
    http.answer = () => ({ status: 307, headers: { location: '/x' } });
    expect(await failedWith(outcome)).toBe('invalid: Post "<redacted>": stopped after 10 redirects');
    expect(http.sent).toHaveLength(11);
  });
});

describe('the outcome', () => {
  it.each([
    [204, 'delivered', undefined],
    [304, 'failed', 'other'],
    [401, 'failed', 'authError'],
    [403, 'failed', 'authError'],
    [404, 'failed', 'clientError'],
    [429, 'failed', 'rateLimited'],
    [500, 'retry', 'serverError'],
    [503, 'retry', 'serverError'],
  ])('of status %i is %s, %s', async (status, expected, reason) => {
    const { http, outcome } = notify({ url: URL });
    http.answer = () => ({ status });
    const delivery = await outcome;
    expect(delivery.status).toBe(expected);
    expect(delivery.statusCode).toBe(status);
    if (delivery.status !== 'delivered') expect(delivery.reason).toBe(reason);
  });

  it.each([
    ['7', 7_000],
    ['Sun, 22 Nov 2026 00:47:40 GMT', 30_000],
    ['Sun, 22 Nov 2026 00:00:00 GMT', 0],
    ['99999999', 3_600_000],
    ['soon', 0],
  ])('carries Retry-After %s', async (value, retryAfterMs) => {
    const { http, outcome } = notify({ url: URL });
    http.answer = () => ({ status: 429, headers: { 'retry-after': value } });
    expect(await outcome).toMatchObject({ retryAfterMs });
  });

  it('quotes the first KiB of the answer', async () => {
    const { http, outcome } = notify({ url: URL });
    http.answer = () => ({ status: 400, body: 'x'.repeat(5000) });
    expect(await outcome).toMatchObject({ error: `unexpected status code 400: ${'x'.repeat(1024)}` });
  });

  it('masks secrets that the answer repeats', async () => {
    const { http, outcome } = notify({
      url: URL,
      http_config: {
        basic_auth: { username: 'bob', password: 'hunter2' },
        http_headers: { 'X-K': { secrets: ['k-secret'] } },
      },
    });
    http.answer = () => ({
      status: 404,
      body: 'Cannot POST /T0/B0/secret-token for hunter2 with Ym9iOmh1bnRlcjI= and k-secret',
    });
    expect(await outcome).toMatchObject({
      error:
        'unexpected status code 404: Cannot POST <redacted> for <redacted> with <redacted> and <redacted>',
    });
  });

  it('without an answer may be tried again', async () => {
    const { http, outcome } = notify({ url: URL });
    http.answer = () => Promise.reject(new AppError('unavailable', 'Post "<redacted>": EOF'));
    expect(await failedWith(outcome)).toBe('unavailable: Post "<redacted>": EOF');
  });

  it('of an own timeout that is over says so', async () => {
    const { http, outcome } = notify({ url: URL, timeout: '5s' });
    http.answer = () => Promise.reject(new AppError('deadline', 'too late'));
    expect(await outcome).toMatchObject({
      status: 'retry',
      reason: 'other',
      error: 'Post "<redacted>": context deadline exceeded: configured webhook timeout reached (5s)',
    });
    expect(http.sent[0]?.timeoutMs).toBe(5_000);
  });

  it('of the notification deadline that is over is the deadline', async () => {
    const { http, outcome } = notify({ url: URL, timeout: '1m' });
    http.answer = () => Promise.reject(new AppError('deadline', 'too late'));
    expect(await failedWith(outcome)).toBe('deadline: Post "<redacted>": context deadline exceeded');
  });
});

describe('settings', () => {
  it.each([
    [{}, 'one of url & url_file must be configured'],
    [{ url: URL, url_file: '/x' }, 'at most one of url & url_file must be configured'],
    [{ url: 'ftp://secret' }, 'the URL is none: expected http://host or https://host without spaces'],
    [{ url: '{{ nope }}' }, 'failed to template webhook URL: template: :1: function "nope" not defined'],
    [{ url: 7 }, 'url: expected a string, found 7'],
    [{ url: URL, max_alerts: -1 }, 'max_alerts: expected a whole number >= 0, found -1'],
    [{ url: URL, timeout: 'soon' }, 'timeout: expected a duration like 30s or 1m30s, found a string'],
    [{ url: URL, http_config: [] }, 'http_config: expected an object, found a list'],
    [
      { url: URL, http_config: { basic_auth: { username: 'x', usernam: 'y' } } },
      'unknown settings: http_config.basic_auth.usernam',
    ],
    [{ url: URL, urll: 'x' }, 'unknown settings: urll'],
    [
      { url: URL, payload: { a: 1 } },
      'payload is not supported by this receivers service: it has no YAML reader',
    ],
  ])('%j are refused, naming the field and no value that may be secret', (settings, message) => {
    expect(() => readWebhook(JsonSettings.parse(JSON.stringify(settings)), {})).toThrow(message);
  });
});
