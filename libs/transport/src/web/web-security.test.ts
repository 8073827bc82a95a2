/**
 * Goal: what --web.config.file asks for protects every request and every handshake, also while its files change.
 * Method: a real server on loopback, certificates made by openssl, Node's own clients.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
} from 'node:http2';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { HttpResponse, LogFacts, Logger } from '@tocsin/kernel';
import { hashSync } from 'bcryptjs';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serveHttp, type HttpServing, type ServeHttpOptions } from '../http/server.ts';
import { makeCertificate } from '../testing/certificate.ts';
import { readJson } from '../testing/document.ts';
import { PASSWORD_CHECKS_MAX } from './passwords.ts';
import { openWebSecurity, type WebSecurity } from './web-security.ts';

const dir = mkdtempSync(join(tmpdir(), 'tocsin-web-'));
const server = makeCertificate('localhost');
const trusted = makeCertificate('trusted.test');
const stranger = makeCertificate('stranger.test');
/** The cheapest hash there is. */
const hash = hashSync('correct horse', 4);
const passwordWorkerUrl = pathToFileURL(join(dir, 'password-worker.mjs'));
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, '../testing/password-test-worker.ts')],
    outfile: fileURLToPath(passwordWorkerUrl),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@tocsin/source'],
    logLevel: 'error',
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

const logged: { level: string; message: string; facts: LogFacts | undefined }[] = [];
const log =
  (level: string) =>
  (message: string, facts?: LogFacts): void =>
    void logged.push({ level, message, facts });
const logger: Logger = {
  debug: log('debug'),
  info: log('info'),
  warn: log('warn'),
  error: log('error'),
  with: () => logger,
};
const linesOf = (level: string): readonly string[] =>
  logged.filter((line) => line.level === level).map((line) => line.message);

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  logged.length = 0;
});

const write = (name: string, content: unknown): string => {
  const path = join(dir, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const tlsWith = (more: object = {}, http: object = {}): object => {
  write('cert.pem', server.certificate);
  write('key.pem', server.key);
  write('ca.pem', trusted.certificate);
  return {
    tls_server_config: { cert_file: 'cert.pem', key_file: 'key.pem', ...more },
    http_server_config: http,
  };
};

const text = (body: HttpResponse['body']): HttpResponse => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain' },
  body,
});
const show: ServeHttpOptions['handler'] = ({ method, path, body, headers }) =>
  text(`${method} ${path} ${body.length} ${headers['host'] ?? ''}`);

interface Served {
  readonly port: number;
  readonly serving: HttpServing;
  readonly security: WebSecurity;
}
async function serve(
  config: unknown,
  handler: ServeHttpOptions['handler'] = show,
  more: Partial<ServeHttpOptions> = {},
): Promise<Served> {
  const security = await openWebSecurity({
    path: write('web.json', config),
    readFile: (path) => Promise.resolve().then(() => readFileSync(path, 'utf8')),
    readDocument: readJson,
    passwordWorkerUrl,
    lookAgainMs: 10,
    logger,
  });
  endings.push(() => security.stop());
  const serving = await serveHttp({
    addresses: ['127.0.0.1:0'],
    handler,
    maxBodyBytes: 1000,
    security,
    logger,
    ...more,
  });
  endings.push(() => serving.stop(0));
  return { port: Number(serving.addresses[0]?.split(':').at(-1)), serving, security };
}
const lookedAgain = (): Promise<void> => new Promise((later) => setTimeout(later, 30));

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
interface Asked {
  readonly auth?: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly tls?: ConnectionOptions;
}
function ask(port: number, { auth, method = 'GET', path = '/', body, tls }: Asked = {}): Promise<Answer> {
  const send = tls === undefined ? httpRequest : httpsRequest;
  return new Promise((settle, fail) => {
    const request = send(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        method,
        path,
        agent: false,
        ...(auth === undefined ? {} : { auth }),
        ...tls,
      },
      (response) => {
        let got = '';
        response.on('data', (chunk: Buffer) => (got += chunk.toString()));
        response.on('end', () =>
          settle({ status: response.statusCode ?? 0, headers: response.headers, body: got }),
        );
        response.on('error', fail);
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}
const trust = { ca: server.certificate };
const withCertificate = (of: typeof trusted): ConnectionOptions => ({
  ...trust,
  cert: of.certificate,
  key: of.key,
});

async function http2(port: number, tls: ConnectionOptions = trust): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://localhost:${port}`, { ...tls, host: '127.0.0.1' } as object);
  session.on('error', () => undefined);
  endings.push(() => session.destroy());
  await new Promise<void>((settle, fail) => {
    session.once('connect', () => settle());
    session.once('error', fail);
  });
  return session;
}
function ask2(
  session: ClientHttp2Session,
  { auth, method = 'GET', path = '/', body }: Asked = {},
): Promise<Answer> {
  return new Promise((settle, fail) => {
    const stream = session.request({
      ':method': method,
      ':path': path,
      ...(auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
    });
    let headers: IncomingHttpHeaders = {};
    let got = '';
    stream.on('response', (each) => (headers = each));
    stream.on('data', (chunk: Buffer) => (got += chunk.toString()));
    stream.on('error', fail);
    // Node says 'end' also for a stream that was reset.
    stream.on('close', () => settle({ status: Number(headers[':status'] ?? 0), headers, body: got }));
    stream.end(body);
  });
}
const handshake = (port: number, options: ConnectionOptions = trust): Promise<TLSSocket> =>
  new Promise((settle, fail) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options }, () =>
      settle(socket),
    );
    socket.on('error', fail);
    endings.push(() => socket.destroy());
  });
/** Sends raw bytes, gives what comes back until the server closes. */
const raw = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise((settle) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(bytes));
    let got = '';
    socket.on('data', (chunk) => (got += chunk.toString('latin1')));
    socket.on('close', () => settle(got));
    socket.on('error', () => undefined);
  });

describe('basic authentication', () => {
  const users = { basic_auth_users: { alice: hash, bob: hashSync('other', 4) } };

  it('lets in who has the right password, on any path, and nobody else', async () => {
    const { port } = await serve(users);
    for (const path of ['/', '/metrics', '/-/healthy', '/api/v2/alerts', '/nothing']) {
      expect((await ask(port, { path })).status).toBe(401);
      expect((await ask(port, { path, auth: 'alice:correct horse' })).status).toBe(200);
    }
    for (const auth of ['alice:other', 'alice:', 'bob:correct horse', 'carol:correct horse', ':', 'alice'])
      expect((await ask(port, { auth })).status).toBe(401);
    // And again, when the outcomes are known.
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(200);
    expect((await ask(port, { auth: 'carol:correct horse' })).status).toBe(401);
  });

  it('answers 401 as upstream does, and never reads the request before', async () => {
    let calls = 0;
    const { port } = await serve(users, (request) => (calls++, show(request)));
    const answer = await ask(port, { method: 'POST', body: 'x'.repeat(2000) });
    expect([answer.status, answer.body]).toEqual([401, 'Unauthorized\n']);
    expect(answer.headers).toMatchObject({
      'www-authenticate': 'Basic',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    for (const authorization of ['Basic', 'Basic !!!', 'Bearer x', 'basic YWxpY2U='])
      expect(
        (await raw(port, `GET / HTTP/1.0\r\nAuthorization: ${authorization}\r\n\r\n`)).slice(9, 12),
      ).toBe('401');
    expect(calls).toBe(0);
  });

  it('forgets a password as soon as the file has another hash, and a user who is removed', async () => {
    const { port } = await serve(users);
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(200);
    write('web.json', { basic_auth_users: { alice: hashSync('new', 4) } });
    await lookedAgain();
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(401);
    expect((await ask(port, { auth: 'alice:new' })).status).toBe(200);
    expect((await ask(port, { auth: 'bob:other' })).status).toBe(401);
  });

  it('answers 503 when too many passwords are being checked, and still lets in whom it knows', async () => {
    const { port } = await serve({ basic_auth_users: { alice: hash, slow: hashSync('x', 9) } });
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(200);
    const flood = Array.from({ length: PASSWORD_CHECKS_MAX + 20 }, (_, index) =>
      ask(port, { auth: `slow:${index}` }),
    );
    await Promise.all(flood.slice(-1));
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(200);
    const answers = await Promise.all(flood);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status !== 503 && status !== 401)).toEqual([]);
    expect(answers.find(({ status }) => status === 503)?.headers['retry-after']).toBe('1');
  });

  it('checks one password once, however many requests bring it at the same time', async () => {
    const { port } = await serve({ basic_auth_users: { alice: hashSync('pw', 8) } });
    const many = Array.from({ length: PASSWORD_CHECKS_MAX * 3 }, () => ask(port, { auth: 'alice:pw' }));
    expect(new Set((await Promise.all(many)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('never writes a password to the log', async () => {
    const { port } = await serve(users);
    await ask(port, { auth: 'alice:hunter2' });
    await ask(port, { auth: 'nobody:hunter2' });
    expect(JSON.stringify(logged)).not.toMatch(/hunter2|aHVudGVyM/);
  });
});

describe('headers and rate limit', () => {
  it('are sent with every answer, also with 401, and an answer’s own header wins', async () => {
    const headers = { 'X-Frame-Options': 'deny', 'Content-Security-Policy': "default-src 'self'" };
    const { port } = await serve(
      { http_server_config: { headers }, basic_auth_users: { alice: hash } },
      ({ path }) =>
        path === '/page'
          ? { status: 200, headers: { 'content-security-policy': 'none' }, body: '' }
          : text(slices('a', 'b')),
    );
    const [refused, served, page] = [
      await ask(port),
      await ask(port, { auth: 'alice:correct horse' }),
      await ask(port, { auth: 'alice:correct horse', path: '/page' }),
    ];
    for (const { headers: sent } of [refused, served]) {
      expect(sent['x-frame-options']).toBe('deny');
      expect(sent['content-security-policy']).toBe("default-src 'self'");
    }
    expect(served.body).toBe('ab');
    expect(page.headers['content-security-policy']).toBe('none');
  });

  it('refuses what is over the rate before it looks at anything else', async () => {
    const { port } = await serve({
      rate_limit: { interval: '1h', burst: 2 },
      http_server_config: { headers: { 'X-Frame-Options': 'deny' } },
      basic_auth_users: { alice: hash },
    });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await ask(port)).status);
    expect(statuses).toEqual([401, 401, 429, 429]);
    const refused = await ask(port, { auth: 'alice:correct horse' });
    expect([refused.status, refused.body]).toEqual([429, 'Too Many Requests\n']);
    expect(refused.headers['x-frame-options']).toBeUndefined();
  });
});

async function* slices(...each: string[]): AsyncGenerator<string> {
  for (const slice of each) {
    await Promise.resolve();
    yield slice;
  }
}

describe('a configuration that changes', () => {
  it('refuses every request with 500 while it is broken, says so once, and works again when mended', async () => {
    const whole = { basic_auth_users: { alice: hash } };
    const { port } = await serve(whole);
    write('web.json', { basic_auth_user: {} });
    await lookedAgain();
    for (let count = 0; count < 3; count++) {
      expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(500);
      await lookedAgain();
    }
    rmSync(join(dir, 'web.json'));
    await lookedAgain();
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(500);
    expect(linesOf('error').length).toBe(2);
    expect(JSON.stringify(logged)).toContain('web.json: line 1, column 1: unknown field');
    write('web.json', whole);
    await lookedAgain();
    expect((await ask(port, { auth: 'alice:correct horse' })).status).toBe(200);
    expect(linesOf('info')).toContain('Read the web configuration file again');
  });

  it('is not read again, nor spoken of, while it stays as it is', async () => {
    const { port } = await serve(tlsWith());
    for (let count = 0; count < 3; count++) {
      expect((await ask(port, { tls: trust })).status).toBe(200);
      await lookedAgain();
    }
    expect(linesOf('info')).toEqual([]);
  });

  it('never turns an encrypted port plain, nor a plain one encrypted, without a restart', async () => {
    const encrypted = await serve(tlsWith());
    write('web.json', {});
    await lookedAgain();
    expect((await ask(encrypted.port, { tls: trust })).status).toBe(200);
    expect(linesOf('warn')).toEqual([
      'TLS is turned on or off by a restart only; until then it stays as it is',
    ]);
    const plain = await serve({});
    write('web.json', tlsWith());
    await lookedAgain();
    expect((await ask(plain.port)).status).toBe(200);
  });
});

describe('the start', () => {
  const opening = (config: unknown): Promise<unknown> => serve(config).then(() => 'started');

  it.each([
    [
      { tls_server_config: { cert_file: 'none.pem', key_file: 'key.pem' } },
      /tls_server_config.cert_file: .*none.pem/,
    ],
    [
      { tls_server_config: { cert_file: 'key.pem', key_file: 'key.pem' } },
      /cert_file: .*key.pem: is no certificate in PEM format/,
    ],
    [
      { tls_server_config: { cert_file: 'cert.pem', key_file: 'cert.pem' } },
      /key_file: .*is no private key in PEM/,
    ],
    [
      { tls_server_config: { cert_file: 'ca.pem', key_file: 'key.pem' } },
      /key_file: .*does not go with the certificate/,
    ],
    [
      tlsWith({ client_ca_file: 'key.pem', client_auth_type: 'RequireAndVerifyClientCert' }),
      /client_ca_file: .*is no certificate/,
    ],
  ])('fails for %j and names field and file', async (config, message) => {
    tlsWith();
    await expect(opening(config)).rejects.toThrow(message);
  });

  it('fails for a file that is not there', async () => {
    const security = openWebSecurity({
      path: '/no/such/web.yml',
      readFile: () => Promise.reject(new Error('/no/such/web.yml: no such file')),
      readDocument: readJson,
      passwordWorkerUrl,
      logger,
    });
    await expect(security).rejects.toThrow('/no/such/web.yml: no such file');
  });
});

describe('TLS', () => {
  it('serves HTTP/2 and HTTP/1.1 alike', async () => {
    const { port } = await serve(tlsWith());
    const session = await http2(port);
    expect(session.alpnProtocol).toBe('h2');
    expect((await ask2(session, { path: '/a%20b' })).body).toBe(`GET /a b 0 localhost:${port}`);
    expect((await ask2(session, { method: 'POST', body: 'hello' })).body).toBe(`POST / 5 localhost:${port}`);
    expect((await ask(port, { tls: trust, method: 'POST', body: 'hello' })).body).toMatch(/^POST \/ 5 /);
  });

  it('offers no HTTP/2 when http2 is false', async () => {
    const { port } = await serve(tlsWith({}, { http2: false }));
    const socket = await handshake(port, { ...trust, ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
  });

  it('takes certificates that stand in the file itself', async () => {
    const { port } = await serve({ tls_server_config: { cert: server.certificate, key: server.key } });
    expect((await ask(port, { tls: trust })).status).toBe(200);
  });

  it('keeps to the versions and ciphers that are allowed', async () => {
    const newest = await serve(tlsWith({ min_version: 'TLS13' }));
    await expect(handshake(newest.port, { ...trust, maxVersion: 'TLSv1.2' })).rejects.toThrow(
      /protocol version/i,
    );
    const one = await serve(
      tlsWith({ max_version: 'TLS12', cipher_suites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] }),
    );
    expect((await handshake(one.port)).getCipher().name).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
    const old = await serve(tlsWith({ min_version: 'TLS10', max_version: 'TLS10' }));
    const socket = await handshake(old.port, {
      ...trust,
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    expect(socket.getProtocol()).toBe('TLSv1');
  });

  const none = trust;
  it.each([
    ['NoClientCert', {}, [true, true, true]],
    ['RequestClientCert', {}, [true, true, true]],
    ['RequireAnyClientCert', {}, [false, true, true]],
    ['RequireClientCert', {}, [false, true, true]],
    ['VerifyClientCertIfGiven', { client_ca_file: 'ca.pem' }, [true, true, false]],
    ['RequireAndVerifyClientCert', { client_ca_file: 'ca.pem' }, [false, true, false]],
    [
      'RequireAndVerifyClientCert',
      { client_ca_file: 'ca.pem', client_allowed_sans: ['x', 'trusted.test'] },
      [false, true, false],
    ],
    [
      'RequireAndVerifyClientCert',
      { client_ca_file: 'ca.pem', client_allowed_sans: ['x'] },
      [false, false, false],
    ],
    ['RequireAnyClientCert', { client_allowed_sans: ['stranger.test'] }, [false, false, true]],
  ] as const)(
    '%s %j: lets in without, with a trusted, with a strange certificate: %j',
    async (client_auth_type, more, expected) => {
      const { port } = await serve(tlsWith({ client_auth_type, ...more }));
      const clients = [none, withCertificate(trusted), withCertificate(stranger)];
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const got = await Promise.all(
          clients.map((client) =>
            ask(port, { tls: { ...client, maxVersion } }).then(
              ({ status }) => status === 200,
              () => false,
            ),
          ),
        );
        expect(got).toEqual(expected);
      }
      const over2 = await Promise.all(
        clients.map((client) =>
          http2(port, client)
            .then((session) => ask2(session))
            .then(
              ({ status }) => status === 200,
              () => false,
            ),
        ),
      );
      expect(over2).toEqual(expected);
    },
  );

  it('shows a renewed certificate at the next handshake, and leaves running connections alone', async () => {
    const { port } = await serve(tlsWith());
    const session = await http2(port);
    const renewed = makeCertificate('localhost');
    write('cert.pem', renewed.certificate);
    write('key.pem', renewed.key);
    await lookedAgain();
    expect((await ask(port, { tls: { ca: renewed.certificate } })).status).toBe(200);
    await expect(ask(port, { tls: trust })).rejects.toThrow('self-signed certificate');
    expect((await ask2(session)).status).toBe(200);
  });

  it('keeps the certificate it has while a renewal is half written or broken, and says so once', async () => {
    const { port } = await serve(tlsWith());
    const renewed = makeCertificate('localhost');
    write('cert.pem', renewed.certificate);
    for (let count = 0; count < 3; count++) {
      await lookedAgain();
      expect((await ask(port, { tls: trust })).status).toBe(200);
    }
    expect(linesOf('error')).toEqual([
      'The certificates can not be used; those before stay in use until the files are mended',
    ]);
    write('key.pem', renewed.key);
    await lookedAgain();
    expect((await ask(port, { tls: { ca: renewed.certificate } })).status).toBe(200);
  });

  it('does not resume a session from before a change', async () => {
    const { port } = await serve(tlsWith());
    const first = await handshake(port);
    const session = await new Promise<Buffer>((got) => {
      first.once('session', got);
      first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    expect((await handshake(port, { ...trust, session })).isSessionReused()).toBe(true);
    write('web.json', tlsWith({ client_auth_type: 'RequireAndVerifyClientCert', client_ca_file: 'ca.pem' }));
    await lookedAgain();
    await expect(ask(port, { tls: { ...trust, session } })).rejects.toThrow(/certificate|ECONNRESET|hang up/);
  });

  it('tells who speaks plain HTTP to it, drops garbage, and goes on', async () => {
    const { port } = await serve(tlsWith());
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe(
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    );
    expect(await raw(port, Buffer.alloc(5_000, 0))).toBe('');
    expect(await raw(port, '\n\n\n')).toBe('');
    await raw(port, Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), Buffer.alloc(3_000, 7)]));
    expect((await ask(port, { tls: trust })).status).toBe(200);
  });

  it('is asked for a password like plain HTTP', async () => {
    const { port } = await serve({ ...tlsWith(), basic_auth_users: { alice: hash } });
    const session = await http2(port);
    expect((await ask2(session)).status).toBe(401);
    expect((await ask2(session, { auth: 'alice:correct horse' })).status).toBe(200);
    expect((await ask(port, { tls: trust, auth: 'alice:correct horse' })).status).toBe(200);
  });
});

describe('HTTP/2', () => {
  it('has the limit of bodies', async () => {
    const { port } = await serve(tlsWith());
    const session = await http2(port);
    expect((await ask2(session, { method: 'POST', body: 'x'.repeat(1000) })).body).toMatch(/^POST \/ 1000 /);
    for (const size of [1001, 3_000_000])
      expect((await ask2(session, { method: 'POST', body: 'x'.repeat(size) })).status).toBe(413);
    expect((await ask2(session)).status).toBe(200);
  });

  it('answers HEAD without a body', async () => {
    const { port } = await serve(tlsWith());
    const answer = await ask2(await http2(port), { method: 'HEAD' });
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(0);
  });

  it('streams slices as the client reads, and tells their maker when it goes away', async () => {
    let made = 0;
    let isClosed = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (; ; made++) {
          await Promise.resolve();
          yield 'x'.repeat(100_000);
        }
      } finally {
        isClosed = true;
      }
    }
    const { port } = await serve(tlsWith(), ({ path }) =>
      text(path === '/few' ? slices('a', 'b') : endless()),
    );
    const session = await http2(port);
    expect((await ask2(session, { path: '/few' })).body).toBe('ab');
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await new Promise((got) => stream.once('response', got));
    await new Promise((later) => setTimeout(later, 100));
    expect(made).toBeLessThan(500);
    stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => isClosed).toBe(true);
  });

  it('cuts an answer whose slices fail half-way', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield 'a';
      await new Promise((later) => setTimeout(later, 20));
      throw new Error('store gone');
    }
    const { port } = await serve(tlsWith(), () => text(failing()));
    await expect(ask2(await http2(port))).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
    expect(JSON.stringify(logged)).toContain('store gone');
  });

  it('serves more requests than streams fit at once, one after the other', async () => {
    const { port } = await serve(tlsWith());
    const session = await http2(port);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => ask2(session, { path: `/${index}` })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('ends a connection that resets its streams as fast as it opens them, and goes on', async () => {
    const { port } = await serve(tlsWith(), () => new Promise(() => undefined));
    const session = await http2(port);
    let isClosed = false;
    session.once('close', () => (isClosed = true));
    for (let round = 0; round < 40 && !isClosed; round++) {
      for (let count = 0; count < 100 && !session.destroyed; count++) {
        const stream = session.request({ ':path': '/' });
        stream.on('error', () => undefined);
        stream.close(constants.NGHTTP2_CANCEL);
      }
      await new Promise((later) => setTimeout(later, 5));
    }
    await expect.poll(() => isClosed).toBe(true);
    expect((await http2(port)).destroyed).toBe(false);
  });

  it('refuses headers beyond the limit and goes on', async () => {
    const { port } = await serve(tlsWith());
    const session = await http2(port);
    const huge = new Promise((settle) => {
      const stream = session.request({ ':path': '/', 'x-huge': 'x'.repeat(200_000) });
      stream.on('response', (headers) => settle(headers[':status']));
      stream.on('error', () => settle('refused'));
      stream.on('close', () => settle('refused'));
    });
    expect(await huge).not.toBe(200);
    expect((await ask2(await http2(port))).status).toBe(200);
  });

  it('lets a running request end when the server stops, and takes no new ones', async () => {
    let release = (): void => undefined;
    const { port, serving } = await serve(
      tlsWith(),
      () => new Promise((settle) => (release = () => settle(text('late')))),
    );
    const session = await http2(port);
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => undefined);
    const idle = await handshake(port);
    const pending = ask2(session);
    await expect.poll(() => serving.getsInFlight()).toBe(1);
    const stopped = serving.stop(5_000);
    release();
    expect((await pending).body).toBe('late');
    await stopped;
    await expect.poll(() => [session.closed, idle.closed, silent.closed]).toEqual([true, true, true]);
  });

  it('cuts what outlasts the grace', async () => {
    const { port, serving } = await serve(tlsWith(), () => new Promise(() => undefined));
    const session = await http2(port);
    const pending = ask2(session).then(
      ({ status }) => status,
      () => 'cut',
    );
    await expect.poll(() => serving.getsInFlight()).toBe(1);
    await serving.stop(50);
    expect(await pending).not.toBe(200);
    expect(serving.getsInFlight()).toBe(0);
  });
});
