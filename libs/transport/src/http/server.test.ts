/**
 * Goal: the server keeps to HTTP/1.1 and its own limits, whatever clients do.
 * Method: raw sockets and node's own client against a server on a free port.
 */
import { createServer, request as httpRequest } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import {
  AppError,
  type HttpRequest,
  type HttpResponse,
  type LogFacts,
  type Logger,
  noMeter,
  type Meter,
} from '@tocsin/kernel';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { inheritedSockets } from './descriptors.ts';
import { BODIES_AT_ONCE, EVENT_STREAMS_MAX } from './front.ts';
import { serveHttp, type HttpServing, type ServeHttpOptions } from './server.ts';
import { readQuery, readTarget } from './target.ts';
import { Http1Wire, STALL_MS } from './wire.ts';

const logged: { message: string; facts: LogFacts | undefined }[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, facts) => void logged.push({ message, facts }),
  error: (message, facts) => void logged.push({ message, facts }),
  with: () => logger,
};
const servings: HttpServing[] = [];
afterEach(async () => {
  await Promise.all(servings.splice(0).map((serving) => serving.stop(0)));
  logged.length = 0;
});

async function serve(
  handler: ServeHttpOptions['handler'],
  more: Partial<ServeHttpOptions> = {},
): Promise<{ port: number; serving: HttpServing }> {
  const serving = await serveHttp({
    addresses: ['127.0.0.1:0'],
    handler,
    maxBodyBytes: 1000,
    logger,
    ...more,
  });
  servings.push(serving);
  return { port: Number(serving.addresses[0]?.split(':').at(-1)), serving };
}

const text = (body: HttpResponse['body'], status = 200): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'text/plain' },
  body,
});
const show = ({ method, path, query, body }: HttpRequest): HttpResponse =>
  text(`${method} ${path} ${JSON.stringify(query)} ${Buffer.from(body).toString()}`);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
function ask(
  port: number,
  method: string,
  path: string,
  body?: string | Buffer,
  chunked = false,
): Promise<Answer> {
  return new Promise((settle, fail) => {
    const headers = body === undefined || chunked ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
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
    if (chunked && body !== undefined)
      for (const byte of body) request.write(typeof byte === 'number' ? Buffer.of(byte) : byte);
    request.end(chunked ? undefined : body);
  });
}

/** Says what was recorded, values of durations left out. */
const recordingMeter = (into: string[]): Meter => ({
  ...noMeter,
  add: (spec, value, labels) => void into.push(`add ${spec.name} ${JSON.stringify(labels)} ${value}`),
  set: (spec, value, labels) => void into.push(`set ${spec.name} ${JSON.stringify(labels)} ${value}`),
  observe: (spec, value, labels) =>
    void into.push(
      `observe ${spec.name} ${JSON.stringify(labels)}${spec.name.endsWith('_bytes') ? ` ${value}` : ''}`,
    ),
});

/** Sends raw bytes, gives all that comes back until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let got = '';
    socket.on('data', (chunk) => (got += chunk.toString()));
    socket.on('close', () => settle(got));
    socket.on('error', () => undefined);
  });
}
function opened(port: number): Promise<Socket> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1', () => settle(socket));
    socket.on('error', () => undefined);
  });
}
const heard = (socket: Socket): (() => string) => {
  let got = '';
  socket.on('data', (chunk) => (got += chunk.toString()));
  return () => got;
};

describe('a request', () => {
  it('arrives with its decoded path, query in order, lower-case headers and whole body', async () => {
    let seen: HttpRequest | undefined;
    const { port } = await serve((request) => ((seen = request), show(request)));
    const answer = await ask(port, 'POST', '/a%20b?filter=x%3D%22y%22&filter=z+w&flag', 'body ü');
    expect(answer.body).toBe('POST /a b [["filter","x=\\"y\\""],["filter","z w"],["flag",""]] body ü');
    expect(seen?.headers['content-length']).toBe('7');
  });

  it('may send its body in chunks', async () => {
    const { port } = await serve(show);
    expect((await ask(port, 'POST', '/', 'abcdef', true)).body).toBe('POST / [] abcdef');
  });

  it('with a body of exactly the limit is taken, one byte more is 413', async () => {
    const { port } = await serve((request) => text(String(request.body.length)));
    expect((await ask(port, 'POST', '/', 'x'.repeat(1000))).body).toBe('1000');
    expect((await ask(port, 'POST', '/', 'x'.repeat(1001))).status).toBe(413);
    expect((await ask(port, 'POST', '/', 'x'.repeat(1000), true)).body).toBe('1000');
    expect((await ask(port, 'POST', '/', 'x'.repeat(1001), true)).status).toBe(413);
  });

  it('with a body far beyond the limit is answered 413 while the client still sends', async () => {
    const { port } = await serve(show);
    const answer = await ask(port, 'POST', '/', Buffer.alloc(5_000_000));
    expect(answer.status).toBe(413);
    expect(answer.headers['connection']).toBe('close');
  });

  it('with a large body is refused while too many are being sent, and taken when they are gone', async () => {
    const { port } = await serve((request) => text(String(request.body.length)));
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';
    const halves = await Promise.all(Array.from({ length: BODIES_AT_ONCE + 1 }, () => opened(port)));
    for (const socket of halves) {
      socket.resume();
      socket.write(`${head}${'x'.repeat(400)}`);
      await new Promise((later) => setTimeout(later, 20));
      socket.write('x'.repeat(500));
    }
    const late = async (): Promise<string> => {
      const socket = await opened(port);
      const got = heard(socket);
      socket.write(`${head}${'x'.repeat(500)}`);
      await new Promise((later) => setTimeout(later, 20));
      socket.write('x'.repeat(500));
      await expect.poll(got).toContain('HTTP/1.1');
      return got().slice(9, 12);
    };
    await expect.poll(late).toBe('503');
    for (const socket of halves) socket.destroy();
    await expect.poll(late).toBe('200');
    // What fits in one piece is never refused for it.
    expect((await ask(port, 'POST', '/', 'x')).status).toBe(200);
  });

  it('with a bad escape in its path is 400', async () => {
    const { port } = await serve(show);
    expect((await ask(port, 'GET', '/%zz')).status).toBe(400);
  });

  it('that is no HTTP is 400, and the server goes on', async () => {
    const { port } = await serve(show);
    expect(await raw(port, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nope\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect((await ask(port, 'GET', '/')).status).toBe(200);
  });

  it('with huge headers is 431', async () => {
    const { port } = await serve(show);
    expect(await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it('that breaks off in the body never reaches the handler', async () => {
    let calls = 0;
    const { port } = await serve((request) => (calls++, show(request)));
    const socket = await opened(port);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    await new Promise((sent) => setTimeout(sent, 50));
    socket.destroy();
    expect((await ask(port, 'GET', '/')).status).toBe(200);
    expect(calls).toBe(1);
  });
});

describe('an answer', () => {
  it('to HEAD has the headers of the body but no body', async () => {
    const { port } = await serve(() => text('hello'));
    const answer = await ask(port, 'HEAD', '/');
    expect(answer.headers['content-length']).toBe('5');
    expect(answer.body).toBe('');
  });

  it('counts bytes, not characters', async () => {
    const { port } = await serve(() => text('ü😀'));
    const answer = await ask(port, 'GET', '/');
    expect(answer.headers['content-length']).toBe('6');
    expect(answer.body).toBe('ü😀');
  });

  it('of 204 has no length', async () => {
    const { port } = await serve(() => ({ status: 204, headers: {}, body: '' }));
    expect((await ask(port, 'GET', '/')).headers['content-length']).toBeUndefined();
  });

  it('may come as bytes', async () => {
    const { port } = await serve(() => text(Buffer.from([0x68, 0x69])));
    expect((await ask(port, 'GET', '/')).body).toBe('hi');
  });

  it('may come in slices, which are made only as fast as the client reads', async () => {
    let made = 0;
    let isClosed = false;
    async function* slices(): AsyncGenerator<string> {
      try {
        for (; made < 1000; made++) yield 'x'.repeat(100_000);
      } finally {
        isClosed = true;
      }
    }
    const { port } = await serve(() => text(slices()));
    const socket = await opened(port);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((later) => setTimeout(later, 200));
    expect(made).toBeLessThan(500);
    socket.destroy();
    await expect.poll(() => isClosed).toBe(true);
    expect(made).toBeLessThan(1000);
  });

  it('in slices arrives whole', async () => {
    async function* slices(): AsyncGenerator<string> {
      yield 'a';
      await Promise.resolve();
      yield 'b';
    }
    const { port } = await serve(() => text(slices()));
    expect((await ask(port, 'GET', '/')).body).toBe('ab');
  });

  it('whose slices fail half-way is cut, so that the client knows', async () => {
    async function* slices(): AsyncGenerator<string> {
      yield 'a'.repeat(10);
      await new Promise((later) => setTimeout(later, 20));
      throw new Error('store gone');
    }
    const { port } = await serve(() => text(slices()));
    await expect(ask(port, 'GET', '/')).rejects.toThrow('aborted');
    expect(JSON.stringify(logged)).toContain('store gone');
  });

  it('of a handler that fails with an AppError has its status and message', async () => {
    const { port } = await serve(() => {
      throw new AppError('not-found', 'no rule "x"');
    });
    const answer = await ask(port, 'GET', '/');
    expect([answer.status, answer.body]).toEqual([404, 'no rule "x"\n']);
  });

  it('of a handler with a bug is 500, says nothing and is logged', async () => {
    const { port } = await serve(() => Promise.reject(new Error('password is hunter2')));
    const answer = await ask(port, 'GET', '/');
    expect([answer.status, answer.body]).toEqual([500, 'internal error\n']);
    expect(JSON.stringify(logged)).toContain('hunter2');
  });
});

describe('one connection', () => {
  it('serves many requests, also when they are sent ahead', async () => {
    const { port } = await serve(show);
    const got = await raw(
      port,
      'GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi' +
        'GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(got.match(/(GET|POST) \/\d \[\] (hi)?/g)).toEqual(['GET /1 [] ', 'POST /2 [] hi', 'GET /3 [] ']);
  });
});

describe('limits', () => {
  it('refuses the GET beyond the concurrency, and no POST', async () => {
    const release: (() => void)[] = [];
    const counted: string[] = [];
    const { port, serving } = await serve(
      (request) =>
        request.method === 'GET'
          ? new Promise((settle) => release.push(() => settle(text('ok'))))
          : text('posted'),
      { getConcurrency: 2, meter: recordingMeter(counted) },
    );
    const pending = [ask(port, 'GET', '/'), ask(port, 'GET', '/')];
    await expect.poll(() => serving.getsInFlight()).toBe(2);
    const third = await ask(port, 'GET', '/');
    expect([third.status, third.body]).toEqual([
      503,
      'Limit of concurrent GET requests reached (2), try again later.\n\n',
    ]);
    expect(counted).toContain('add alertmanager_http_concurrency_limit_exceeded_total {"method":"get"} 1');
    expect((await ask(port, 'POST', '/', 'x')).body).toBe('posted');
    for (const each of release) each();
    expect((await Promise.all(pending)).map((answer) => answer.status)).toEqual([200, 200]);
    await expect.poll(() => serving.getsInFlight()).toBe(0);
  });

  it('answers 503 for a handler that takes longer than the time-out', async () => {
    const { port } = await serve(() => new Promise(() => undefined), { timeoutMs: 50 });
    const answer = await ask(port, 'GET', '/');
    expect([answer.status, answer.body]).toEqual([503, 'Exceeded configured timeout of 50ms.\n']);
  });
});

/** An iterator that waits for ever for its next value, and knows when it is told to end. */
function waiting(first: readonly string[] = []): {
  readonly events: AsyncIterable<string>;
  ended: () => boolean;
} {
  let isEnded = false;
  const left = [...first];
  const iterator: AsyncIterator<string> = {
    next: () => {
      const value = left.shift();
      return value === undefined ? new Promise(() => undefined) : Promise.resolve({ value, done: false });
    },
    return: () => {
      isEnded = true;
      return Promise.resolve({ value: undefined, done: true });
    },
  };
  return { events: { [Symbol.asyncIterator]: () => iterator }, ended: () => isEnded };
}
const eventStream = (body: AsyncIterable<string>): HttpResponse => ({
  status: 200,
  headers: { 'Content-Type': 'text/event-stream; charset=utf-8' },
  body,
});

describe('an event stream', () => {
  it('begins before its first event, outlasts the time-out, and its maker hears at once of a client that goes', async () => {
    const { events, ended } = waiting();
    const { port } = await serve(() => Promise.resolve(eventStream(events)), { timeoutMs: 50 });
    const socket = await opened(port);
    const got = heard(socket);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(got).toContain('text/event-stream');
    await new Promise((later) => setTimeout(later, 120));
    expect(socket.closed).toBe(false);
    expect(ended()).toBe(false);
    socket.destroy();
    await expect.poll(ended).toBe(true);
  });

  it('does not take a place among the GETs under way', async () => {
    const { port, serving } = await serve(
      ({ path }) => (path === '/watch' ? eventStream(waiting(['data: 1\n\n']).events) : text('ok')),
      { getConcurrency: 1 },
    );
    const watchers = await Promise.all([opened(port), opened(port), opened(port)]);
    for (const watcher of watchers) {
      const got = heard(watcher);
      watcher.write('GET /watch HTTP/1.1\r\nHost: x\r\n\r\n');
      await expect.poll(got).toContain('data: 1');
    }
    expect(serving.getsInFlight()).toBe(0);
    expect((await ask(port, 'GET', '/')).status).toBe(200);
  });

  it('beyond the limit is refused, and there is room again when one ends', async () => {
    const { port } = await serve(() => eventStream(waiting(['data: 1\n\n']).events));
    const watchers: Socket[] = [];
    for (let count = 0; count < EVENT_STREAMS_MAX; count++) {
      const socket = await opened(port);
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      watchers.push(socket);
    }
    await expect.poll(async () => (await raw(port, 'GET / HTTP/1.0\r\n\r\n')).slice(9, 12)).toBe('503');
    for (const watcher of watchers) watcher.destroy();
    await expect
      .poll(async () => {
        const socket = await opened(port);
        const got = heard(socket);
        socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        await expect.poll(got).toContain('HTTP/1.1');
        return got().slice(9, 12);
      })
      .toBe('200');
  });

  it('ends when the server stops, without waiting for the grace', async () => {
    const { events, ended } = waiting(['data: 1\n\n']);
    const { port, serving } = await serve(() => eventStream(events));
    const socket = await opened(port);
    const got = heard(socket);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(got).toContain('data: 1');
    await serving.stop(25_000);
    expect(ended()).toBe(true);
    await expect.poll(() => got().endsWith('0\r\n\r\n')).toBe(true);
  });

  it('to HEAD has no events', async () => {
    const { events, ended } = waiting();
    const { port } = await serve(() => eventStream(events));
    const answer = await ask(port, 'HEAD', '/');
    expect([answer.status, answer.body]).toEqual([200, '']);
    await expect.poll(ended).toBe(true);
  });
});

describe('what is counted', () => {
  it('has upstream’s labels, and no series for what strangers ask for', async () => {
    const counted: string[] = [];
    const { port } = await serve(
      ({ path }) => text('12345', path.startsWith('/no') || path.endsWith('/gone') ? 404 : 200),
      { routePrefix: '/am', meter: recordingMeter(counted) },
    );
    await ask(port, 'POST', '/am/api/v2/alerts', 'x');
    await ask(port, 'GET', '/am/api/v2/silence/63b9a5ad-9f5e-4d4c-8d2e-6f4d8b6f3f4a');
    await ask(port, 'DELETE', '/am/api/v2/silence/gone');
    await ask(port, 'POST', '/am/silences/63b9a5ad-9f5e-4d4c-8d2e-6f4d8b6f3f4a/expire', 'x');
    await ask(port, 'POST', '/am/alerts/00f1a5ad9f5e4d4c', 'x');
    await ask(port, 'GET', '/am/-/healthy');
    await ask(port, 'GET', '/am/nowhere');
    await ask(port, 'PURGE', '/am/-/healthy');
    await ask(port, 'GET', '/outside');
    const duration = 'observe alertmanager_http_request_duration_seconds';
    const size = 'observe alertmanager_http_response_size_bytes';
    expect(counted).toEqual([
      `${duration} {"handler":"/api/v2/alerts","method":"post","code":"200"}`,
      `${duration} {"handler":"/api/v2/silence/{silenceID}","method":"get","code":"200"}`,
      `${duration} {"handler":"/api/v2/silence/{silenceID}","method":"delete","code":"404"}`,
      `${duration} {"handler":"/silences/{silenceID}/expire","method":"post","code":"200"}`,
      `${size} {"handler":"/silences/{silenceID}/expire","method":"post"} 5`,
      `${duration} {"handler":"/alerts/{fingerprint}","method":"post","code":"200"}`,
      `${size} {"handler":"/alerts/{fingerprint}","method":"post"} 5`,
      `${duration} {"handler":"/-/healthy","method":"get","code":"200"}`,
      `${size} {"handler":"/-/healthy","method":"get"} 5`,
      `${duration} {"handler":"other","method":"get","code":"404"}`,
      `${size} {"handler":"other","method":"get"} 5`,
      `${duration} {"handler":"/-/healthy","method":"unknown","code":"200"}`,
      `${size} {"handler":"/-/healthy","method":"unknown"} 5`,
    ]);
  });

  it('stays bounded when every path has an answer', async () => {
    const counted: string[] = [];
    const { port } = await serve(() => text(''), { meter: recordingMeter(counted) });
    const paths = Array.from({ length: 300 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await raw(port, `${paths.join('')}GET /last HTTP/1.0\r\n\r\n`);
    expect(new Set(counted.filter((line) => line.includes('_seconds'))).size).toBe(129);
  });
});

describe('slow clients', () => {
  it('that never read their answer do not keep it for ever', async () => {
    const socket = await new Promise<Socket>((settle) => {
      const server = createServer((request, response) => {
        new Http1Wire(request, response).send(200, [], 'x'.repeat(20_000_000));
        settle(request.socket);
        server.close();
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        void opened(port).then((client) => client.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
      });
    });
    expect(socket.timeout).toBe(STALL_MS);
    socket.destroy();
  });
});

describe('a route prefix', () => {
  it('is taken off, leads in from / and from itself, and shuts out the rest', async () => {
    const { port } = await serve(show, { routePrefix: '/am/' });
    expect((await ask(port, 'GET', '/am/api/v2/alerts')).body).toBe('GET /api/v2/alerts [] ');
    expect((await ask(port, 'GET', '/am/')).body).toBe('GET / [] ');
    const [root, bare, outside] = [
      await ask(port, 'GET', '/'),
      await ask(port, 'GET', '/am'),
      await ask(port, 'GET', '/amx'),
    ];
    expect([root.status, root.headers['location'], root.body]).toEqual([
      302,
      '/am',
      '<a href="/am">Found</a>.\n\n',
    ]);
    expect([bare.status, bare.headers['location']]).toEqual([301, '/am/']);
    expect([outside.status, outside.body]).toEqual([404, '404 page not found\n']);
    const asked = await ask(port, 'GET', '/am?a=%22&b');
    expect([asked.headers['location'], asked.body]).toEqual([
      '/am/?a=%22&b',
      '<a href="/am/?a=%22&amp;b">Moved Permanently</a>.\n\n',
    ]);
  });

  it('leads in for GET only', async () => {
    const { port } = await serve(show, { routePrefix: '/am' });
    const posted = await ask(port, 'POST', '/');
    expect([posted.status, posted.headers['allow'], posted.body]).toEqual([
      405,
      'GET,OPTIONS',
      'Method Not Allowed\n',
    ]);
    expect((await ask(port, 'HEAD', '/am')).status).toBe(404);
  });
});

describe('listening', () => {
  it('says that an address is in use, and lets go of the others', async () => {
    const { serving } = await serve(show);
    const [taken = ''] = serving.addresses;
    await expect(
      serveHttp({ addresses: ['127.0.0.1:0', taken], handler: show, maxBodyBytes: 1, logger }),
    ).rejects.toThrow(
      `${taken} is already in use: stop the program that listens there, or choose another port`,
    );
  });

  it('takes several addresses, IPv6 too', async () => {
    const serving = await serveHttp({
      addresses: ['127.0.0.1:0', '[::1]:0'],
      handler: show,
      maxBodyBytes: 1,
      logger,
    });
    servings.push(serving);
    const port = Number(serving.addresses[1]?.split(':').at(-1));
    expect(serving.addresses[1]).toBe(`[::1]:${port}`);
    const got = await new Promise((settle) => {
      const socket = connect(port, '::1', () => socket.write('GET /six HTTP/1.0\r\n\r\n'));
      socket.on('data', (chunk) => settle(chunk.toString()));
    });
    expect(got).toContain('GET /six');
  });

  it('on a file descriptor that is no socket says so', async () => {
    const options = { addresses: [], descriptors: [999], handler: show, maxBodyBytes: 1, logger };
    await expect(serveHttp(options)).rejects.toThrow('file descriptor 999 is no socket that can listen');
  });

  it('says what is missing when no socket was handed over', () => {
    expect(inheritedSockets({ LISTEN_FDS: '2', LISTEN_PID: '7' }, 7)).toEqual([3, 4]);
    for (const [env, why] of [
      [{}, 'LISTEN_FDS is ""'],
      [{ LISTEN_FDS: '0', LISTEN_PID: '7' }, 'LISTEN_FDS is "0"'],
      [{ LISTEN_FDS: 'x', LISTEN_PID: '7' }, 'LISTEN_FDS is "x"'],
      [{ LISTEN_FDS: '1', LISTEN_PID: '8' }, 'LISTEN_PID is "8" and this process is 7'],
    ] as const)
      expect(() => inheritedSockets(env, 7)).toThrow(`no socket activation file descriptors found: ${why}`);
  });
});

describe('stopping', () => {
  it('lets a running request end, closes its connection and idle ones, and takes no new ones', async () => {
    let release = (): void => undefined;
    const { port, serving } = await serve(
      () => new Promise((settle) => (release = () => settle(text('late')))),
    );
    const [busy, idle] = [await opened(port), await opened(port)];
    const got = heard(busy);
    idle.resume();
    busy.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => serving.getsInFlight()).toBe(1);
    const stopped = serving.stop(5_000);
    release();
    await stopped;
    await expect.poll(got).toContain('late');
    expect(got()).toContain('Connection: close');
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    expect(idle.closed).toBe(true);
  });

  it('cuts a request that outlasts the grace', async () => {
    const { port, serving } = await serve(() => new Promise(() => undefined));
    const pending = ask(port, 'GET', '/');
    await expect.poll(() => serving.getsInFlight()).toBe(1);
    const [outcome] = await Promise.allSettled([pending, serving.stop(50)]);
    expect(outcome.status).toBe('rejected');
  });
});

describe('the request target', () => {
  it('gives back any query that URLSearchParams writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))),
        (pairs) => {
          expect(readQuery(new URLSearchParams(pairs).toString())).toEqual(pairs);
        },
      ),
    );
  });

  it('never throws, whatever the client sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '/am'), (url, prefix) => {
        const target = readTarget(url, prefix);
        if ('path' in target) expect(target.path.startsWith('/')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('of a proxy is read like any other', () => {
    expect(readTarget('http://host:80/a?b=c', '')).toEqual({ path: '/a', query: [['b', 'c']] });
    expect(readTarget('*', '')).toEqual({ path: '/', query: [] });
  });
});
