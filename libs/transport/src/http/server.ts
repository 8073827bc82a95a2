/**
 * @module transport/http/server
 *
 * The sockets of HTTP for the services, on node:http and node:http2 alone: a framework costs more per
 * request than a small POST does. What a request means is the handler's; what is done with every request is
 * `front.ts`, TLS and HTTP/2 are `secure-listener.ts`.
 *
 * Slow and silent clients are cut off: those that take too long for their headers, for the whole request,
 * or for taking their answer. On stop, what runs may end; connections close with their current answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HostPort } from '@tocsin/kernel';
import { listenError } from '../errors.ts';
import { hostPort, parseListenAddress } from '../listen-address.ts';
import { Front, type FrontOptions } from './front.ts';
import { SecureListener } from './secure-listener.ts';
import { Http1Wire } from './wire.ts';

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** For the whole request, body included. */
const REQUEST_TIMEOUT_MS = 60_000;
// Longer than any client's own limit: whoever closes an idle connection first should not be us, since a
// request may be on its way on it.
const KEEP_ALIVE_MS = 300_000;
/** Silence after which TCP asks whether the other side is still there. */
const PROBE_MS = 60_000;
const CONNECTIONS_MAX = 20_000;
/** How often node looks for clients that take too long. */
const LOOK_MS = 1_000;

export interface ServeHttpOptions extends FrontOptions {
  /** `host:port`, `:port`; port 0 takes any free one. */
  readonly addresses: readonly string[];
  /** Sockets that listen already, by file descriptor; then `addresses` are not used. */
  readonly descriptors?: readonly number[];
}

export interface HttpServing {
  /** With the real ports; a Unix socket by its path. */
  readonly addresses: readonly HostPort[];
  readonly getsInFlight: () => number;
  /** Takes no new connections, lets requests end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Rejects with AppError `unavailable` that names the address and what can be done, `invalid` for a bad one. */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServing> {
  const front = new Front(options);
  const listeners: Listener[] = [];
  const addresses: HostPort[] = [];
  const open = async (how: (server: Server) => Promise<HostPort>): Promise<void> => {
    const listener = new Listener(options, front);
    addresses.push(await how(listener.server));
    listeners.push(listener);
  };
  try {
    if (options.descriptors === undefined)
      for (const address of options.addresses) await open((server) => listen(server, address));
    else for (const fd of options.descriptors) await open((server) => listenOn(server, fd));
  } catch (error) {
    for (const { server } of listeners) server.close();
    throw error;
  }
  return {
    addresses,
    getsInFlight: () => front.getsInFlight,
    async stop(graceMs) {
      front.stop();
      await Promise.all(listeners.map((listener) => listener.stop(graceMs)));
    },
  };
}

function listen(server: Server, address: string): Promise<HostPort> {
  const { host, port } = parseListenAddress(address);
  return bound(server, address, host, () => server.listen(host === '' ? { port } : { host, port }));
}

const listenOn = (server: Server, fd: number): Promise<HostPort> =>
  bound(server, `file descriptor ${fd}`, undefined, () => server.listen({ fd }));

function bound(server: Server, name: string, host: string | undefined, begin: () => void): Promise<HostPort> {
  return new Promise((listening, fail) => {
    const refused = (cause: unknown): void => fail(listenError(name, cause));
    server.once('error', refused);
    server.once('listening', () => {
      server.off('error', refused);
      const address = server.address();
      if (address === null || typeof address === 'string') listening(address ?? name);
      else listening(hostPort(host ?? address.address, address.port));
    });
    begin();
  });
}

/** One listening socket. */
class Listener {
  readonly server: Server;
  readonly #secure: SecureListener | undefined;
  /** Connections without a request so far: Node does not count them as idle. */
  readonly #fresh = new Set<Socket>();

  constructor({ security, logger }: ServeHttpOptions, front: Front) {
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: LOOK_MS,
      noDelay: true,
      // A watcher whose machine vanished says nothing more; without this its place would stay taken.
      keepAlive: true,
      keepAliveInitialDelay: PROBE_MS,
    };
    this.server = createServer(limits, (request: IncomingMessage, response: ServerResponse) => {
      this.#fresh.delete(request.socket);
      front.request(new Http1Wire(request, response));
    });
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.on('clientError', refuseBadClient);
    const keep = (socket: Socket): void => {
      this.#fresh.add(socket);
      socket.once('close', () => this.#fresh.delete(socket));
    };
    if (security?.isTls !== true) {
      this.server.on('connection', keep);
      return;
    }
    // What this server does with a connection, it is to do with the decrypted one.
    const serveHttp1 = this.server.listeners('connection');
    this.server.removeAllListeners('connection');
    const secure = new SecureListener({
      security,
      serveHttp1: (socket) => {
        keep(socket);
        for (const serve of serveHttp1) serve.call(this.server, socket);
      },
      onRequest: (wire) => front.request(wire),
      headerBytesMax: HEADER_BYTES_MAX,
      keepAliveMs: KEEP_ALIVE_MS,
      logger,
    });
    this.server.on('connection', (socket: Socket) => secure.accept(socket));
    this.#secure = secure;
  }

  stop(graceMs: number): Promise<void> {
    for (const socket of this.#fresh) socket.destroy();
    this.#secure?.stop();
    return new Promise((closed) => {
      const timer = setTimeout(() => {
        this.server.closeAllConnections();
        this.#secure?.destroy();
      }, graceMs);
      this.server.close(() => {
        clearTimeout(timer);
        closed();
      });
    });
  }
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
