import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { AppError, type HttpConnection, type HttpOut } from '@tocsin/kernel';
import { captureMeter } from '@tocsin/kernel/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../testing/certificate.ts';
import { httpOut, type HttpOutClient } from './out.ts';

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

function client(): HttpOutClient {
  const out = httpOut();
  ends.push(() => out.close());
  return out;
}
async function port(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  ends.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}
const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> =>
  port(createServer(answer));

const post = { method: 'POST', headers: {}, body: 'hi', timeoutMs: 5_000, maxBytes: 1000 };
const errorOf = async (sent: ReturnType<HttpOut['send']>): Promise<AppError> => {
  const thrown: unknown = await sent.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
};

describe('a request', () => {
  it('carries method, path, headers and body, and gives status, headers and body back', async () => {
    const at = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.writeHead(207, { 'X-Two': ['a', 'b'] });
        response.end(`${request.method} ${request.url} ${String(request.headers['x-team'])} ${body}`);
      });
    });
    const answer = await client().send({
      ...post,
      url: `http://127.0.0.1:${at}/p?q=1`,
      headers: { 'X-Team': 'sre' },
    });
    expect(answer.status).toBe(207);
    expect(answer.headers['x-two']).toBe('a, b');
    expect(Buffer.from(answer.body).toString()).toBe('POST /p?q=1 sre hi');
  });

  it('uses a connection again', async () => {
    const sockets = new Set<unknown>();
    const at = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('ok');
    });
    const out = client();
    for (let count = 0; count < 5; count++) {
      await out.send({ ...post, url: `http://127.0.0.1:${at}/` });
      await new Promise((later) => setImmediate(later));
    }
    expect(sockets.size).toBe(1);
  });

  it('does not follow redirects by itself', async () => {
    const at = await serve((_, response) => response.writeHead(302, { Location: '/x' }).end());
    expect((await client().send({ ...post, url: `http://127.0.0.1:${at}/` })).status).toBe(302);
  });
});

describe('an answer beyond the limit', () => {
  it('is refused, or cut when the caller says so', async () => {
    const at = await serve((_, response) => response.end('x'.repeat(1001)));
    const out = client();
    const url = `http://127.0.0.1:${at}/`;
    const error = await errorOf(out.send({ ...post, url }));
    expect([error.code, error.message]).toEqual(['limit', 'the answer is larger than 1000 bytes']);
    expect((await out.send({ ...post, url, truncate: true })).body.length).toBe(1000);
    expect((await out.send({ ...post, url, maxBytes: 1001 })).body.length).toBe(1001);
  });

  it('that never ends is cut as well', async () => {
    const at = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(100)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const answer = await client().send({ ...post, url: `http://127.0.0.1:${at}/`, truncate: true });
    expect(answer.body.length).toBe(1000);
  });
});

describe('an error', () => {
  it('is deadline when no answer comes, or not all of it', async () => {
    const silent = await serve(() => undefined);
    const slow = await serve((_, response) => void response.write('a'));
    for (const at of [silent, slow]) {
      const error = await errorOf(client().send({ ...post, url: `http://127.0.0.1:${at}/`, timeoutMs: 50 }));
      expect([error.code, error.message]).toEqual([
        'deadline',
        'Post "<redacted>": no complete answer within 50 ms',
      ]);
    }
  });

  it('is unavailable when nobody listens', async () => {
    const server = createTcpServer();
    const at = await port(server);
    await new Promise((closed) => server.close(closed));
    const error = await errorOf(client().send({ ...post, url: `http://127.0.0.1:${at}/secret-token` }));
    expect([error.code, error.message]).toEqual(['unavailable', 'Post "<redacted>": connection refused']);
  });

  it('is unavailable when the connection is closed without an answer', async () => {
    const at = await port(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
    const error = await errorOf(client().send({ ...post, url: `http://127.0.0.1:${at}/` }));
    expect(error.code).toBe('unavailable');
    expect(error.message).toMatch(/^Post "<redacted>": (EOF|connection reset by peer)$/);
  });

  it('never holds what the URL holds', async () => {
    const at = await port(
      createTcpServer((socket) => socket.once('data', () => socket.end('garbage\r\n\r\n'))),
    );
    const urls = [
      `http://user:hunter2@127.0.0.1:${at}/T0/hunter2?token=hunter2`,
      'http://hunter2.invalid/hunter2',
      'ftp://hunter2/hunter2',
      'hunter2',
      `http://127.0.0.1:${at}/\u0000hunter2`,
    ];
    for (const url of urls) {
      const error = await errorOf(client().send({ ...post, url }));
      expect(`${error.message} ${JSON.stringify(error.facts)}`).not.toMatch(/hunter2(?!\.invalid)/);
    }
  });

  it('is invalid for a URL that is none', async () => {
    expect((await errorOf(client().send({ ...post, url: '/no/host' }))).code).toBe('invalid');
  });
});

describe('a proxy', () => {
  it('gets plain http as an absolute URL', async () => {
    const at = await serve((request, response) => response.end(`${request.url} ${request.headers.host}`));
    const answer = await client().send({
      ...post,
      url: 'http://target.invalid/p?q',
      connection: { proxyUrl: `http://127.0.0.1:${at}` },
    });
    expect(Buffer.from(answer.body).toString()).toBe('http://target.invalid/p?q target.invalid');
  });

  it('is asked for a tunnel for https, and its credentials and headers stay between us and it', async () => {
    const { certificate, key } = makeCertificate('target.test');
    const seen: Record<string, unknown>[] = [];
    const target = createTlsServer({ cert: certificate, key }, (request, response) => {
      seen.push(request.headers);
      response.end('inside');
    });
    const targetPort = await port(target);
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      seen.push({ ...request.headers, url: request.url });
      const tunnel = connect(targetPort, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(tunnel).pipe(socket);
      });
      tunnel.on('error', () => socket.destroy());
      socket.on('error', () => tunnel.destroy());
    });
    const proxyPort = await port(proxy);
    const answer = await client().send({
      ...post,
      url: 'https://target.test/x',
      connection: {
        proxyUrl: `http://bob:hunter2@127.0.0.1:${proxyPort}`,
        proxyHeaders: { 'X-Proxy': ['p'] },
        tls: { caPem: certificate },
      },
    });
    expect(Buffer.from(answer.body).toString()).toBe('inside');
    expect(seen[0]).toMatchObject({
      url: 'target.test:443',
      'x-proxy': 'p',
      'proxy-authorization': 'Basic Ym9iOmh1bnRlcjI=',
    });
    expect(seen[1]).not.toHaveProperty('x-proxy');
    expect(seen[1]).not.toHaveProperty('proxy-authorization');
  });
});

describe('TLS', () => {
  it('trusts the authority that is named, or all when told so, and nobody else', async () => {
    const { certificate, key } = makeCertificate('localhost');
    const at = await port(
      createTlsServer({ cert: certificate, key }, (_, response) => response.end('secure')),
    );
    const out = client();
    const url = `https://localhost:${at}/`;
    const statusWith = async (connection: HttpConnection): Promise<number> =>
      (await out.send({ ...post, url, connection })).status;
    expect(await statusWith({ tls: { caPem: certificate } })).toBe(200);
    expect(await statusWith({ tls: { isUnverified: true } })).toBe(200);
    const error = await errorOf(out.send({ ...post, url }));
    expect([error.code, error.message]).toEqual([
      'unavailable',
      'Post "<redacted>": self-signed certificate',
    ]);
    const mismatch = await errorOf(
      out.send({ ...post, url, connection: { tls: { caPem: certificate, serverName: 'other' } } }),
    );
    expect(mismatch.code).toBe('unavailable');
  });

  it('shows our certificate to a server that asks for one', async () => {
    const { certificate, key } = makeCertificate('localhost');
    const server = createTlsServer(
      { cert: certificate, key, ca: certificate, requestCert: true },
      (_, response) => response.end(),
    );
    const at = await port(server);
    const out = client();
    const url = `https://localhost:${at}/`;
    const ours = { caPem: certificate, certificatePem: certificate, keyPem: key };
    expect((await out.send({ ...post, url, connection: { tls: ours } })).status).toBe(200);
    expect(
      (await errorOf(out.send({ ...post, url, connection: { tls: { caPem: certificate } } }))).code,
    ).toBe('unavailable');
  });
});

describe('connections', () => {
  it('are counted for who asked: attempted, established, failed and why, closed; also those to a proxy', async () => {
    const meter = captureMeter();
    const out = httpOut({ meter });
    const at = await serve((_, response) => response.end('ok'));
    const gone = createTcpServer();
    const nobody = await port(gone);
    await new Promise((closed) => gone.close(closed));
    await out.send({ ...post, url: `http://127.0.0.1:${at}/`, dialer: 'webhook' });
    await out.send({ ...post, url: `http://127.0.0.1:${at}/`, dialer: 'slack' });
    await out.send({
      ...post,
      url: 'http://target.invalid/',
      dialer: 'slack',
      connection: { proxyUrl: `http://127.0.0.1:${at}` },
    });
    await errorOf(out.send({ ...post, url: `http://127.0.0.1:${nobody}/`, dialer: 'webhook' }));
    await out.close();
    const of = (name: string, labels: Readonly<Record<string, string>>): number =>
      meter.value({ name: `net_conntrack_dialer_conn_${name}_total` }, labels);
    const webhook = { dialer_name: 'webhook' };
    const slack = { dialer_name: 'slack' };
    expect([of('attempted', webhook), of('established', webhook), of('closed', webhook)]).toEqual([2, 1, 1]);
    expect(of('failed', { ...webhook, reason: 'refused' })).toBe(1);
    expect([of('attempted', slack), of('established', slack), of('closed', slack)]).toEqual([2, 2, 2]);
  });
});
