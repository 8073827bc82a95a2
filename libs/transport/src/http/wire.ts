/**
 * @module transport/http/wire
 *
 * One request and its answer, whichever HTTP it came by. Node's own compatible objects for HTTP/2 cost
 * twice what its streams do and hide when a body begins, so both are put behind this.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';

/** How long the rest of a refused body is read before the connection is cut, so that the client sees the answer. */
const DRAIN_MS = 1_000;
/** For the body of a request by HTTP/2; for HTTP/1.1 the server itself has the limit. */
const BODY_MS = 60_000;
/** A client that takes nothing of its answer is cut off after this time, or twice it: Node looks no more often. */
export const STALL_MS = 30_000;

/** Name, value, name, value. */
export type RawHeaders = string[];

export interface Wire {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly hasBody: boolean;
  readonly isHeadSent: boolean;
  /** The client went away, or the answer is over. */
  readonly isGone: boolean;
  /** Once: the client went away, or the answer is over. */
  onGone(run: () => void): void;
  readBody(onChunk: (chunk: Buffer) => void, onEnd: () => void): void;
  /** What has not been read of the body is dropped; the connection can't be used again if it is long. */
  dropBody(): void;
  /** The whole answer. */
  send(status: number, headers: RawHeaders, body: string | Uint8Array): void;
  head(status: number, headers: RawHeaders): void;
  /** Sends the head now instead of with the first slice. */
  flushHead(): void;
  /** False when the client does not read as fast: wait for `drained`. */
  write(slice: string): boolean;
  /** Resolves when there is room again or the client is gone; one that reads nothing for `STALL_MS` is cut off. */
  drained(): Promise<void>;
  end(): void;
  /** So that the client sees that the answer is not whole. */
  cut(): void;
  /** No request comes after this one on its connection. */
  isLast(): void;
}

export class Http1Wire implements Wire {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }
  get url(): string {
    return this.#request.url ?? '/';
  }
  get headers(): Readonly<Record<string, string>> {
    // Node joins what is repeated; only set-cookie, which no client sends, is a list.
    return this.#request.headers as Readonly<Record<string, string>>;
  }
  get hasBody(): boolean {
    const { headers } = this.#request;
    return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  }
  get isHeadSent(): boolean {
    return this.#response.headersSent;
  }
  get isGone(): boolean {
    return this.#response.destroyed;
  }

  onGone(run: () => void): void {
    this.#response.once('close', run);
  }

  readBody(onChunk: (chunk: Buffer) => void, onEnd: () => void): void {
    this.#request.on('data', onChunk);
    this.#request.on('end', onEnd);
    // The client went away before the end; nobody is left to be answered.
    this.#request.on('error', ignore);
  }

  dropBody(): void {
    const request = this.#request;
    if (!this.hasBody || request.complete) return;
    this.#response.shouldKeepAlive = false;
    const { socket } = request;
    const timer = setTimeout(() => socket.destroy(), DRAIN_MS);
    socket.once('close', () => clearTimeout(timer));
    request.on('error', ignore);
    request.once('end', () => clearTimeout(timer));
    request.resume();
  }

  send(status: number, headers: RawHeaders, body: string | Uint8Array): void {
    const response = this.#response;
    // A list is written as it is; an object would be copied and checked twice.
    response.writeHead(status, headers);
    response.end(body.length === 0 ? undefined : body);
    // Node puts the keep-alive time in place of it when all is written.
    if (response.writableLength > 0) response.socket?.setTimeout(STALL_MS);
  }

  head(status: number, headers: RawHeaders): void {
    this.#response.writeHead(status, headers);
  }

  flushHead(): void {
    this.#response.flushHeaders();
  }

  write(slice: string): boolean {
    return this.#response.write(slice);
  }

  drained(): Promise<void> {
    const { socket } = this.#response;
    socket?.setTimeout(STALL_MS);
    return eitherEvent(this.#response, 'drain', 'close').finally(() => socket?.setTimeout(0));
  }

  end(): void {
    this.#response.end();
    if (this.#response.writableLength > 0) this.#response.socket?.setTimeout(STALL_MS);
  }

  cut(): void {
    this.#response.destroy();
  }

  isLast(): void {
    this.#response.shouldKeepAlive = false;
  }
}

/** Headers of a connection, which HTTP/2 forbids. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

export class Http2Wire implements Wire {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.method = headers[':method'] ?? 'GET';
    this.url = headers[':path'] ?? '/';
    this.headers = plainHeaders(headers);
    stream.on('error', ignore);
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }
  get isHeadSent(): boolean {
    return this.#stream.headersSent;
  }
  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  onGone(run: () => void): void {
    this.#stream.once('close', run);
  }

  readBody(onChunk: (chunk: Buffer) => void, onEnd: () => void): void {
    const stream = this.#stream;
    if (this.headers['expect']?.toLowerCase() === '100-continue')
      stream.additionalHeaders({ ':status': 100 });
    const timer = setTimeout(() => this.cut(), BODY_MS);
    stream.once('close', () => clearTimeout(timer));
    (stream as Readable).on('data', onChunk);
    stream.on('end', () => {
      clearTimeout(timer);
      if (!stream.aborted) onEnd();
    });
  }

  dropBody(): void {
    const stream = this.#stream;
    if (!this.hasBody || stream.readableEnded) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), DRAIN_MS);
    stream.once('close', () => clearTimeout(timer));
    stream.once('end', () => clearTimeout(timer));
    stream.resume();
  }

  send(status: number, headers: RawHeaders, body: string | Uint8Array): void {
    const stream = this.#stream;
    // To HEAD, 204 and 304 Node ends the stream with the headers.
    this.head(status, headers, body.length === 0);
    if (stream.writableEnded) return;
    stream.end(body);
    this.#watch();
  }

  head(status: number, headers: RawHeaders, isAll = false): void {
    const named: Record<string, string | number> = { ':status': status };
    for (let at = 0; at < headers.length; at += 2) {
      const name = (headers[at] ?? '').toLowerCase();
      if (!OF_CONNECTIONS.has(name)) named[name] = headers[at + 1] ?? '';
    }
    this.#stream.respond(named, { endStream: isAll });
  }

  flushHead(): void {
    // A frame of its own, and sent already.
  }

  write(slice: string): boolean {
    return this.#stream.writableEnded || this.#stream.write(slice);
  }

  drained(): Promise<void> {
    this.#watch();
    return eitherEvent(this.#stream, 'drain', 'close').finally(() => this.#stream.setTimeout(0));
  }

  end(): void {
    if (!this.#stream.writableEnded) this.#stream.end();
    this.#watch();
  }

  cut(): void {
    // Node's close() would end the stream as if all had been said.
    this.#stream.destroy(new Error('the answer is not whole'));
  }

  isLast(): void {
    // The session says goodbye by itself when the server stops.
  }

  #watch(): void {
    const stream = this.#stream;
    if (!stream.destroyed) stream.setTimeout(STALL_MS, () => this.cut());
  }
}

function plainHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':') && value !== undefined)
      plain[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const authority = headers[':authority'];
  if (authority !== undefined) plain['host'] ??= authority;
  return plain;
}

const ignore = (): void => undefined;

interface Emits {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

function eitherEvent(emitter: Emits, one: string, other: string): Promise<void> {
  return new Promise((goOn) => {
    const done = (): void => {
      emitter.off(one, done);
      emitter.off(other, done);
      goOn();
    };
    emitter.on(one, done);
    emitter.on(other, done);
  });
}
