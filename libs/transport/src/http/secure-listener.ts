/**
 * @module transport/http/secure-listener
 *
 * From a raw connection to one that speaks HTTP over TLS. Each TLS configuration gets a TLS server of its
 * own that never listens: connections are handed to the one that is current when their first byte comes.
 * So a new certificate (or authority, or rule for clients) holds for every handshake after it, and no
 * session that was made under the old one can be resumed.
 *
 * HTTP/2 is chosen by ALPN. Its limits: streams at once, memory of a session, and the rate at which a
 * client may reset streams ("rapid reset").
 */
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { messageOf, type Logger } from '@tocsin/kernel';
import type { ServedTls, WebSecurity } from '../web/web-security.ts';
import { clientRefusal } from '../web/web-tls.ts';
import { Http2Wire, type Wire } from './wire.ts';

/** For the first byte, and again for the handshake. */
const HANDSHAKE_MS = 10_000;
const STREAMS_MAX = 128;
const SESSION_MEGABYTES_MAX = 16;
/** Resets that a client may save up, and how many it gets back a second. */
const RESETS = { streamResetBurst: 1_000, streamResetRate: 33 } as const;
/** The type of the record that every TLS connection begins with. */
const HANDSHAKE_RECORD = 0x16;
const PLAIN_HTTP_ANSWER = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

export interface SecureListenerOptions {
  readonly security: WebSecurity;
  /** Takes a connection that speaks HTTP/1.1. */
  readonly serveHttp1: (socket: TLSSocket) => void;
  readonly onRequest: (wire: Wire) => void;
  readonly headerBytesMax: number;
  readonly keepAliveMs: number;
  readonly logger: Logger;
}

export class SecureListener {
  readonly #options: SecureListenerOptions;
  readonly #sockets = new Set<Socket>();
  /** Those that sent nothing so far. */
  readonly #silent = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #http2: ReturnType<typeof createHttp2Server>;
  #tls: { readonly of: ServedTls; readonly server: TlsServer } | undefined;
  #isStopping = false;

  constructor(options: SecureListenerOptions) {
    this.#options = options;
    this.#http2 = createHttp2Server({
      settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: options.headerBytesMax },
      maxSessionMemory: SESSION_MEGABYTES_MAX,
      ...RESETS,
    });
    this.#http2.on('session', (session) => this.#watch(session));
    this.#http2.on('stream', (stream, headers) => options.onRequest(new Http2Wire(stream, headers)));
    this.#http2.on('sessionError', (error) => this.#debug(error));
  }

  accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#silent.add(socket);
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
      this.#silent.delete(socket);
    });
    socket.on('error', (error) => this.#debug(error));
    socket.once('data', (first: Buffer) => {
      clearTimeout(timer);
      this.#silent.delete(socket);
      socket.pause();
      if (first[0] !== HANDSHAKE_RECORD) return refusePlain(socket, first);
      socket.unshift(first);
      void this.#handshake(socket);
    });
  }

  /** Takes no new requests. */
  stop(): void {
    this.#isStopping = true;
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#sessions) session.close();
  }

  /** Cuts what is left. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #handshake(socket: Socket): Promise<void> {
    try {
      const tls = await this.#options.security.tls();
      if (tls === undefined || socket.destroyed) return void socket.destroy();
      this.#serverFor(tls).emit('connection', socket);
    } catch (error) {
      this.#debug(error);
      socket.destroy();
    }
  }

  #serverFor(tls: ServedTls): TlsServer {
    if (this.#tls?.of === tls) return this.#tls.server;
    const server = createTlsServer({
      ...tls.options,
      ALPNProtocols: tls.isHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      handshakeTimeout: HANDSHAKE_MS,
    });
    server.on('secureConnection', (socket) => this.#secured(socket, tls));
    server.on('tlsClientError', (error, socket) => {
      this.#debug(error);
      // Node leaves it open, also when its handshake took too long.
      socket.destroy();
    });
    this.#tls = { of: tls, server };
    return server;
  }

  #secured(socket: TLSSocket, tls: ServedTls): void {
    const refusal = clientRefusal(socket, tls.rules);
    if (refusal !== undefined) {
      this.#options.logger.debug('A TLS client was refused', { client: socket.remoteAddress, err: refusal });
      return void socket.destroy();
    }
    if (this.#isStopping) return void socket.destroy();
    if (socket.alpnProtocol === 'h2') this.#http2.emit('connection', socket);
    else this.#options.serveHttp1(socket);
  }

  #watch(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    let streams = 0;
    session.on('stream', (stream) => {
      streams++;
      stream.once('close', () => streams--);
    });
    session.once('close', () => this.#sessions.delete(session));
    session.on('error', (error) => this.#debug(error));
    session.setTimeout(this.#options.keepAliveMs, () => {
      if (streams === 0) session.close();
    });
  }

  #debug(error: unknown): void {
    this.#options.logger.debug('A TLS connection failed', { err: messageOf(error) });
  }
}

/** A word to browsers and to operators with curl; others are cut off. */
function refusePlain(socket: Socket, first: Buffer): void {
  if (!/^[A-Z]{3,} /.test(first.toString('latin1', 0, 16))) return void socket.destroy();
  socket.resume();
  socket.end(PLAIN_HTTP_ANSWER, () => socket.destroy());
}
