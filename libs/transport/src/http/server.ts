/**
 * @module transport/http/server
 *
 * HTTP/1.1 for the services, on node:http alone: a framework costs more per request than a small
 * POST does. It owns the sockets and their limits; what a request means is the handler's.
 *
 * - A body is read whole, up to `maxBodyBytes`, before the handler runs.
 * - Answers that come in slices are written as the client reads them.
 * - On stop, what runs may end; connections close with their current answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  AppError,
  type HostPort,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type Logger,
} from '@tocsin/kernel';
import { httpStatusOf, listenError } from '../errors.ts';
import { hostPort, parseListenAddress } from '../listen-address.ts';
import type { ServerTls } from '../tls.ts';
import { readTarget, type RouteAnswer } from './target.ts';

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** For the whole request, body included. */
const REQUEST_TIMEOUT_MS = 60_000;
// Longer than any client's own limit: whoever closes an idle connection first should not be us, since a
// request may be on its way on it.
const KEEP_ALIVE_MS = 300_000;
const CONNECTIONS_MAX = 20_000;
/** How long the rest of a refused body is read before the connection is cut, so that the client sees the answer. */
const DRAIN_MS = 1_000;

export interface ServeHttpOptions {
  /** `host:port`, `:port`; port 0 takes any free one. */
  readonly addresses: readonly string[];
  readonly handler: HttpHandler;
  /** `/` or '' for none; else like `/alertmanager`: nothing is served outside of it. */
  readonly routePrefix?: string;
  readonly maxBodyBytes: number;
  /** A handler that takes longer is answered for with 503. 0: no limit. */
  readonly timeoutMs?: number;
  /** GET requests under way at once; more are refused with 503. 0: no limit. */
  readonly getConcurrency?: number;
  /** Called for each GET refused. */
  readonly onGetRefused?: () => void;
  readonly tls?: ServerTls;
  readonly logger: Logger;
}

export interface HttpServing {
  /** With the real ports. */
  readonly addresses: readonly HostPort[];
  readonly getsInFlight: () => number;
  /** Takes no new connections, lets requests end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Rejects with AppError `unavailable` that names the address and what can be done, `invalid` for a bad one. */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServing> {
  const front = new Front(options);
  const servers: Server[] = [];
  const addresses: HostPort[] = [];
  try {
    for (const address of options.addresses) {
      const server = front.server();
      addresses.push(await listen(server, address));
      servers.push(server);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return {
    addresses,
    getsInFlight: () => front.getsInFlight,
    async stop(graceMs) {
      front.stop();
      await Promise.all(servers.map((server) => close(server, graceMs)));
    },
  };
}

function listen(server: Server, address: string): Promise<HostPort> {
  const { host, port } = parseListenAddress(address);
  return new Promise((listening, fail) => {
    const refused = (cause: unknown): void => fail(listenError(address, cause));
    server.once('error', refused);
    server.listen(host === '' ? { port } : { host, port }, () => {
      server.off('error', refused);
      listening(hostPort(host, (server.address() as AddressInfo).port));
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((closed) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      closed();
    });
  });
}

class Front {
  getsInFlight = 0;
  #isStopping = false;
  /** Connections without a request so far: Node does not count them as idle. */
  readonly #fresh = new Set<Socket>();
  readonly #options: ServeHttpOptions;
  readonly #prefix: string;

  constructor(options: ServeHttpOptions) {
    this.#options = options;
    this.#prefix = (options.routePrefix ?? '').replace(/\/+$/, '');
  }

  server(): Server {
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      this.#request(request, response);
    const { tls } = this.#options;
    const server =
      tls === undefined
        ? createServer(limits, onRequest)
        : createTlsServer({ ...limits, ...tlsOptions(tls) }, onRequest);
    server.maxConnections = CONNECTIONS_MAX;
    server.on('clientError', refuseBadClient);
    server.on('connection', (socket: Socket) => {
      this.#fresh.add(socket);
      socket.once('close', () => this.#fresh.delete(socket));
    });
    return server;
  }

  stop(): void {
    this.#isStopping = true;
    for (const socket of this.#fresh) socket.destroy();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    this.#fresh.delete(request.socket);
    const target = readTarget(request.url ?? '/', this.#prefix);
    if ('status' in target) return this.#refuse(request, response, target);
    const method = request.method ?? 'GET';
    const { getConcurrency = 0 } = this.#options;
    if (method === 'GET') {
      if (getConcurrency > 0 && this.getsInFlight >= getConcurrency) {
        this.#options.onGetRefused?.();
        const text = `Limit of concurrent GET requests reached (${getConcurrency}), try again later.\n\n`;
        return this.#refuse(request, response, plain(503, text));
      }
      this.getsInFlight++;
      response.once('close', () => this.getsInFlight--);
    }
    const ask = (body: Uint8Array): void => {
      const headers = request.headers as Readonly<Record<string, string>>;
      const text = (): string => Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
      this.#handle({ method, path: target.path, query: target.query, headers, body, text }, response);
    };
    if (hasNoBody(request)) return ask(NO_BYTES);
    this.#readBody(request, response, ask);
  }

  #readBody(request: IncomingMessage, response: ServerResponse, ask: (body: Uint8Array) => void): void {
    const { maxBodyBytes } = this.#options;
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes)
      return this.#tooLarge(request, response);
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      if (length > maxBodyBytes) return;
      length += chunk.length;
      if (length > maxBodyBytes) return this.#tooLarge(request, response);
      if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    });
    request.on('end', () => {
      if (length <= maxBodyBytes) ask(more === undefined ? (first ?? NO_BYTES) : Buffer.concat(more, length));
    });
    // The client went away before the end; nobody is left to be answered.
    request.on('error', () => undefined);
  }

  #tooLarge(request: IncomingMessage, response: ServerResponse): void {
    this.#refuse(
      request,
      response,
      plain(413, `request body larger than ${this.#options.maxBodyBytes} bytes\n`),
    );
  }

  /** Answers without having read the body; the connection can't be used again. */
  #refuse(request: IncomingMessage, response: ServerResponse, answer: RouteAnswer): void {
    if (!hasNoBody(request) && !request.complete) {
      response.shouldKeepAlive = false;
      const { socket } = request;
      const timer = setTimeout(() => socket.destroy(), DRAIN_MS);
      socket.once('close', () => clearTimeout(timer));
      request.on('error', () => undefined);
      request.once('end', () => clearTimeout(timer));
      request.resume();
    }
    this.#send(response, answer.status, answer.headers, answer.body);
  }

  #handle(request: HttpRequest, response: ServerResponse): void {
    let answer: Promise<HttpResponse> | HttpResponse;
    try {
      answer = this.#options.handler(request);
    } catch (thrown) {
      return this.#failed(request, response, thrown);
    }
    if (!(answer instanceof Promise)) return this.#answer(request, response, answer);
    void this.#answerLater(request, response, answer);
  }

  async #answerLater(
    request: HttpRequest,
    response: ServerResponse,
    pending: Promise<HttpResponse>,
  ): Promise<void> {
    const { timeoutMs = 0 } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs > 0) {
      timer = setTimeout(() => {
        const answer = plain(503, `Exceeded configured timeout of ${formatTimeout(timeoutMs)}.\n`);
        this.#send(response, answer.status, answer.headers, answer.body);
      }, timeoutMs);
    }
    try {
      const answer = await pending;
      if (!response.headersSent) this.#answer(request, response, answer);
    } catch (thrown) {
      this.#failed(request, response, thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  #answer(request: HttpRequest, response: ServerResponse, { status, headers, body }: HttpResponse): void {
    if (typeof body === 'string' || body instanceof Uint8Array)
      return this.#send(response, status, headers, body);
    void this.#stream(request, response, status, headers, body);
  }

  async #stream(
    request: HttpRequest,
    response: ServerResponse,
    status: number,
    headers: Readonly<Record<string, string>>,
    slices: AsyncIterable<string>,
  ): Promise<void> {
    try {
      if (this.#isStopping) response.shouldKeepAlive = false;
      response.writeHead(status, headers);
      for await (const slice of slices) {
        if (response.destroyed) return;
        if (!response.write(slice)) await drained(response);
      }
      response.end();
    } catch (thrown) {
      // The status is sent already: a cut connection is the only way left to say that the answer is not whole.
      this.#report(request, thrown);
      response.destroy();
    }
  }

  #failed(request: HttpRequest, response: ServerResponse, thrown: unknown): void {
    const isOurs = !(thrown instanceof AppError);
    if (isOurs) this.#report(request, thrown);
    if (response.headersSent) return void response.destroy();
    const answer = isOurs
      ? plain(500, 'internal error\n')
      : plain(httpStatusOf(thrown.code), `${thrown.message}\n`);
    this.#send(response, answer.status, answer.headers, answer.body);
  }

  #send(
    response: ServerResponse,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array,
  ): void {
    if (response.headersSent || response.destroyed) return;
    if (this.#isStopping) response.shouldKeepAlive = false;
    // A list is written as it is; an object would be copied and checked twice.
    const raw: string[] = [];
    for (const name in headers) raw.push(name, headers[name] ?? '');
    // 1xx, 204 and 304 have no body, and so no length.
    if (status >= 200 && status !== 204 && status !== 304) {
      raw.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
    }
    response.writeHead(status, raw);
    response.end(body.length === 0 ? undefined : body);
  }

  #report(request: HttpRequest, thrown: unknown): void {
    this.#options.logger.error('An HTTP handler failed unexpectedly; please report this', {
      method: request.method,
      path: request.path,
      err: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  }
}

const NO_BYTES = new Uint8Array(0);

const hasNoBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] === undefined && (request.headers['content-length'] ?? '0') === '0';

const plain = (status: number, body: string): RouteAnswer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  body,
});

function drained(response: ServerResponse): Promise<void> {
  return new Promise((goOn) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      goOn();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

const BAD_CLIENTS: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

function refuseBadClient(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const status = BAD_CLIENTS.get(error.code ?? '') ?? '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${status.length}\r\nConnection: close\r\n\r\n${status}`,
    () => socket.destroy(),
  );
}

function tlsOptions(tls: ServerTls): object {
  const options = { cert: tls.certificatePem, key: tls.keyPem, minVersion: 'TLSv1.2' };
  return tls.clientCaPem === undefined
    ? options
    : { ...options, ca: tls.clientCaPem, requestCert: true, rejectUnauthorized: true };
}

const formatTimeout = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
