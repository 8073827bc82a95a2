import { AppError, type HttpOut } from '@tocsin/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHttpConfig } from './http-config.ts';
import { HttpSender } from './http-send.ts';
import { parseHttpUrl } from './http-url.ts';
import type { ReadingMeans, SendContext } from './integration.ts';
import { isInNetwork, parseIp } from './ip-address.ts';
import { JsonSettings } from './json-settings.ts';
import { proxyFor, readProxy } from './proxy.ts';
import { FakeHttp, HandClock } from './testing/fixtures.ts';

function sender(config: object, means: ReadingMeans = {}) {
  const http = new FakeHttp();
  const clock = new HandClock();
  const context: SendContext = {
    clock,
    http,
    readSecret: (path) => Promise.resolve(`content of ${path}\n`),
    deadline: clock.now + 10_000,
    traceparent: '',
  };
  const sending = new HttpSender(readHttpConfig(JsonSettings.parse(JSON.stringify(config)), means));
  const request = { method: 'POST' as const, url: 'https://target/x', headers: {}, body: 'hi' };
  return { http, clock, send: () => sending.send(request, { ...context, deadline: clock.now + 10_000 }) };
}
const errorOf = async (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'no error',
    (thrown: unknown) => (thrown instanceof AppError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  );
const bodies = (http: FakeHttp): readonly unknown[] => http.sent.map(({ body }) => body);
const authorizations = (http: FakeHttp): readonly unknown[] =>
  http.sent.map(({ headers }) => headers['Authorization']);

describe('oauth2', () => {
  const oauth2 = {
    client_id: 'c id',
    client_secret_file: '/s',
    token_url: 'http://idp/token',
    scopes: ['a', 'b'],
    endpoint_params: { audience: 'x y' },
  };
  const token = (more: object = {}): string =>
    JSON.stringify({ access_token: 't-1', token_type: 'bearer', ...more });

  it('asks for a token once, and uses it until ten seconds before its end', async () => {
    const { http, clock, send } = sender({ oauth2 });
    http.answer = ({ url }) =>
      url === 'http://idp/token' ? { status: 200, body: token({ expires_in: 60 }) } : { status: 200 };
    await send();
    expect(http.sent[0]).toMatchObject({
      method: 'POST',
      url: 'http://idp/token',
      headers: { Authorization: `Basic ${Buffer.from('c+id:content+of+%2Fs').toString('base64')}` },
      body: 'audience=x+y&grant_type=client_credentials&scope=a+b',
    });
    expect(http.sent[1]?.headers['Authorization']).toBe('Bearer t-1');
    clock.now += 49_999;
    await send();
    expect(http.sent).toHaveLength(3);
    clock.now += 1;
    await send();
    expect(http.sent.map(({ url }) => url).slice(3)).toEqual(['http://idp/token', 'https://target/x']);
  });

  it('puts the secret into the form for a server that refuses it in the header, and remembers that', async () => {
    const { http, clock, send } = sender({ oauth2 });
    http.answer = ({ url, headers }) => {
      if (url !== 'http://idp/token') return { status: 200 };
      return headers['Authorization'] === undefined
        ? { status: 200, body: token({ expires_in: 11 }) }
        : { status: 401 };
    };
    await send();
    expect(bodies(http)[1]).toBe(
      'audience=x+y&client_id=c+id&client_secret=content+of+%2Fs&grant_type=client_credentials&scope=a+b',
    );
    clock.now += 5_000;
    await send();
    expect(authorizations(http)).toEqual([
      expect.stringMatching(/^Basic /),
      undefined,
      'Bearer t-1',
      undefined,
      'Bearer t-1',
    ]);
  });

  it.each([
    [{ status: 500 }, 'unavailable: Post "<redacted>": oauth2: cannot fetch token: status code 500'],
    [
      { status: 200, body: 'x' },
      'unavailable: Post "<redacted>": oauth2: cannot parse the answer: it is no JSON',
    ],
    [
      { status: 200, body: '{}' },
      'unavailable: Post "<redacted>": oauth2: server response missing access_token',
    ],
  ])('that gives no token (%j) may be tried again', async (answer, message) => {
    const { http, send } = sender({ oauth2 });
    http.answer = () => answer;
    expect(await errorOf(send())).toBe(message);
  });
});

describe('tls_config', () => {
  it('is handed to the transport, files read at each use', async () => {
    const tls_config = {
      ca_file: '/ca',
      cert: 'CERT',
      key_file: '/key',
      server_name: 'other',
      insecure_skip_verify: true,
      min_version: 'TLS12',
    };
    const { http, send } = sender({ tls_config });
    await send();
    expect(http.sent[0]?.connection).toEqual({
      tls: {
        caPem: 'content of /ca',
        certificatePem: 'CERT',
        keyPem: 'content of /key',
        serverName: 'other',
        isUnverified: true,
        minVersion: 'TLSv1.2',
      },
    });
  });

  it('of defaults needs no connection of its own', async () => {
    const { http, send } = sender({ tls_config: { insecure_skip_verify: false } });
    await send();
    expect(http.sent[0]).not.toHaveProperty('connection');
  });

  it.each([
    [{ cert: 'x' }, 'tls_config: cert and key must be configured together'],
    [
      { min_version: 'SSL3' },
      'tls_config.min_version: expected one of TLS10, TLS11, TLS12, TLS13, found SSL3',
    ],
    [{ ca: 'x', ca_file: 'y' }, 'at most one of tls_config.ca & tls_config.ca_file must be configured'],
  ])('%j is refused', (tls_config, message) => {
    expect(() => sender({ tls_config })).toThrow(message);
  });
});

describe('a proxy', () => {
  const proxyOf = (config: object, target: string, means: ReadingMeans = {}): string | undefined =>
    proxyFor(readProxy(JsonSettings.parse(JSON.stringify(config)), means), parseHttpUrl(target));

  it('that is named alone serves every target, this machine too', () => {
    expect(proxyOf({ proxy_url: 'http://p' }, 'http://127.0.0.1/')).toBe('http://p');
    expect(proxyOf({ proxy_url: 'http://p' }, 'https://localhost/')).toBe('http://p');
    expect(proxyOf({}, 'http://h/')).toBeUndefined();
  });

  it.each([
    ['example.com', 'http://example.com/', false],
    ['example.com', 'http://a.example.com/', false],
    ['example.com', 'http://notexample.com/', true],
    ['.example.com', 'http://example.com/', true],
    ['.example.com', 'http://a.example.com/', false],
    ['*.example.com', 'http://a.example.com/', false],
    ['example.com:8080', 'http://example.com:8080/', false],
    ['example.com:8080', 'http://example.com/', true],
    ['example.com:443', 'https://example.com/', false],
    ['10.0.0.0/8', 'http://10.1.2.3/', false],
    ['10.0.0.0/8', 'http://11.1.2.3/', true],
    ['10.1.2.3', 'http://10.1.2.3:99/', false],
    ['10.1.2.3:80', 'http://10.1.2.3/', false],
    ['fd00::/8', 'http://[fd12::1]/', false],
    ['::2', 'http://[0:0::2]:8080/', false],
    ['*', 'http://anything/', false],
    ['other', 'http://127.9.9.9/', false],
    ['other', 'http://localhost/', false],
    ['other', 'http://[::1]:80/', false],
    [' a , EXAMPLE.com ', 'http://example.com/', false],
  ])('with no_proxy %s and the target %s is used: %s', (no_proxy, target, isUsed) => {
    expect(proxyOf({ proxy_url: 'http://p', no_proxy }, target)).toBe(isUsed ? 'http://p' : undefined);
  });

  it('of the environment depends on the scheme, and may be named without one', () => {
    const variables = new Map([
      ['HTTP_PROXY', 'p1:3128'],
      ['https_proxy', 'http://p2'],
      ['NO_PROXY', 'skip'],
    ]);
    const means = { environment: (name: string) => variables.get(name) };
    const config = { proxy_from_environment: true };
    expect(proxyOf(config, 'http://h/', means)).toBe('http://p1:3128');
    expect(proxyOf(config, 'https://h/', means)).toBe('http://p2');
    expect(proxyOf(config, 'https://skip/', means)).toBeUndefined();
  });

  it('gets the headers that are meant for it', async () => {
    const { http, send } = sender({ proxy_url: 'http://p', proxy_connect_header: { 'X-P': ['a', 'b'] } });
    await send();
    expect(http.sent[0]?.connection).toEqual({ proxyUrl: 'http://p', proxyHeaders: { 'X-P': ['a', 'b'] } });
  });

  it('of another kind is refused', () => {
    expect(() => sender({ proxy_url: 'ftp://p' })).toThrow('proxy_url: expected http://host:port');
  });
});

describe('one integration', () => {
  it('has one kind of credentials', () => {
    const config = { basic_auth: { username: 'x' }, authorization: { credentials: 'y' } };
    expect(() => sender(config)).toThrow(
      'at most one of basic_auth, authorization, oauth2 must be configured',
    );
  });

  it('sends nothing when the deadline is over', async () => {
    const sent: unknown[] = [];
    const http: HttpOut = { send: (request) => (sent.push(request), Promise.reject(new Error('sent'))) };
    const clock = new HandClock();
    const context = {
      clock,
      http,
      readSecret: () => Promise.resolve(''),
      deadline: clock.now,
      traceparent: '',
    };
    const sending = new HttpSender(readHttpConfig(undefined, {}));
    const outcome = sending.send({ method: 'POST', url: 'http://h', headers: {}, body: '' }, context);
    expect(await errorOf(outcome)).toBe('deadline: Post "<redacted>": context deadline exceeded');
    expect(sent).toEqual([]);
  });
});

describe('an IP address', () => {
  it('of any form is read as the platform reads it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(parseIp(text)).toEqual(parseIp(canonical));
        expect(parseIp(text)).toHaveLength(16);
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(parseIp(text)?.join('.')).toBe(text);
      }),
    );
  });

  it('is in every network that its own prefix names', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (text, bits) => {
        expect(isInNetwork(parseIp(text) ?? [], `${text}/${bits}`)).toBe(true);
      }),
    );
    expect(isInNetwork(parseIp('10.0.0.1') ?? [], '10.0.0.0/32')).toBe(false);
    expect(isInNetwork(parseIp('10.0.0.1') ?? [], '10.0.0.0/33')).toBe(false);
  });
});
