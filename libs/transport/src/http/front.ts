/**
 * @module transport/http/front
 *
 * What happens to every request, whichever HTTP it came by: who may come in, the route prefix, the limits,
 * the handler, the answer.
 *
 * - A body is read whole, up to `maxBodyBytes`, before the handler runs.
 * - `timeoutMs` runs until an answer begins; one that comes in slices may last as long as its client stays.
 * - Answers in slices are made as fast as the client reads, and their maker is told when it went away.
 */
import {
  AppError,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type Logger,
  type Meter,
} from '@tocsin/kernel';
import { httpStatusOf } from '../errors.ts';
import type { Refusal, Verdict, WebSecurity } from '../web/web-security.ts';
import { HttpObserver } from './http-metrics.ts';
import { readTarget, type RouteAnswer } from './target.ts';
import type { RawHeaders, Wire } from './wire.ts';

/** Answers of `text/event-stream` open at once. They last for hours, so they don't count as GETs under way. */
export const EVENT_STREAMS_MAX = 512;
/** All bodies that are being read may hold so many times the limit of one. */
export const BODIES_AT_ONCE = 4;

export interface FrontOptions {
  readonly handler: HttpHandler;
  /** `/` or '' for none; else like `/alertmanager`: nothing is served outside of it. */
  readonly routePrefix?: string;
  readonly maxBodyBytes: number;
  /** A handler that takes longer to begin its answer is answered for with 503. 0 or less: no limit. */
  readonly timeoutMs?: number;
  /** GET requests under way at once; more are refused with 503. 0: no limit. */
  readonly getConcurrency?: number;
  /** Who may come in. Absent: everybody. */
  readonly security?: WebSecurity;
  /** Absent: nothing is counted. */
  readonly meter?: Meter;
  readonly logger: Logger;
}

/** One request on its way through. */
interface Exchange {
  readonly wire: Wire;
  readonly startedAt: number;
  /** Configured ones, for any answer. */
  readonly extra: Verdict['headers'];
  readonly request: HttpRequest;
  /** Takes the request off the count of GETs. */
  readonly release: () => void;
}

export class Front {
  getsInFlight = 0;
  readonly #eventStreams = new Map<Wire, AsyncIterator<string>>();
  /** Of bodies that are being read and came in more than one piece. */
  #bodyBytes = 0;
  #isStopping = false;
  readonly #options: FrontOptions;
  readonly #prefix: string;
  readonly #observer: HttpObserver | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#prefix = (options.routePrefix ?? '').replace(/\/+$/, '');
    const { meter } = options;
    if (meter !== undefined) this.#observer = new HttpObserver(meter, () => this.getsInFlight);
  }

  /** Event streams would never end by themselves; their clients find another replica. */
  stop(): void {
    this.#isStopping = true;
    for (const [wire, iterator] of this.#eventStreams) {
      void end(iterator);
      wire.end();
    }
  }

  request(wire: Wire): void {
    const { security } = this.#options;
    if (security === undefined) return this.#admitted(wire, NO_HEADERS);
    const verdict = security.admit(wire.headers['authorization']);
    if (!(verdict instanceof Promise)) return this.#judged(wire, verdict);
    verdict.then(
      (each) => this.#judged(wire, each),
      (thrown: unknown) => {
        this.#report(wire, thrown);
        this.#refuse(wire, NO_HEADERS, plain(500, 'internal error\n'));
      },
    );
  }

  #judged(wire: Wire, { refusal, headers }: Verdict): void {
    if (refusal === undefined) return this.#admitted(wire, headers);
    this.#observer?.refused(refusal);
    this.#refuse(wire, headers, REFUSALS[refusal]);
  }

  #admitted(wire: Wire, extra: Verdict['headers']): void {
    const startedAt = performance.now();
    const { method } = wire;
    const target = readTarget(wire.url, this.#prefix, method);
    if ('status' in target) return this.#refuse(wire, extra, target);
    let release = nothing;
    if (method === 'GET') {
      const { getConcurrency = 0 } = this.#options;
      if (getConcurrency > 0 && this.getsInFlight >= getConcurrency) {
        this.#observer?.getRefused();
        const text = `Limit of concurrent GET requests reached (${getConcurrency}), try again later.\n\n`;
        return this.#refuse(wire, extra, plain(503, text));
      }
      release = this.#countGet(wire);
    }
    const ask = (body: Uint8Array): void => {
      const text = (): string => Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
      const request = { method, path: target.path, query: target.query, headers: wire.headers, body, text };
      this.#handle({ wire, startedAt, extra, request, release });
    };
    if (wire.hasBody) this.#readBody(wire, extra, ask);
    else ask(NO_BYTES);
  }

  #countGet(wire: Wire): () => void {
    let isCounted = true;
    this.getsInFlight++;
    const release = (): void => {
      if (isCounted) this.getsInFlight--;
      isCounted = false;
    };
    wire.onGone(release);
    return release;
  }

  #readBody(wire: Wire, extra: Verdict['headers'], ask: (body: Uint8Array) => void): void {
    const { maxBodyBytes } = this.#options;
    if (Number(wire.headers['content-length'] ?? 0) > maxBodyBytes) return this.#tooLarge(wire, extra);
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    let isRefused = false;
    const forget = (): void => {
      if (more !== undefined) this.#bodyBytes -= length;
      [first, more, length] = [undefined, undefined, 0];
    };
    const refuse = (how: () => void): void => {
      isRefused = true;
      forget();
      how();
    };
    const onChunk = (chunk: Buffer): void => {
      if (isRefused) return;
      if (first === undefined) {
        first = chunk;
      } else if (more === undefined) {
        more = [first];
        this.#bodyBytes += length;
        // A client that goes away in the middle gives its bytes back.
        wire.onGone(forget);
      }
      more?.push(chunk);
      length += chunk.length;
      if (more !== undefined) this.#bodyBytes += chunk.length;
      if (length > maxBodyBytes) refuse(() => this.#tooLarge(wire, extra));
      else if (more !== undefined && this.#bodyBytes > maxBodyBytes * BODIES_AT_ONCE)
        refuse(() => this.#refuse(wire, extra, BODIES_FULL));
    };
    wire.readBody(onChunk, () => {
      if (isRefused) return;
      const body = more === undefined ? (first ?? NO_BYTES) : Buffer.concat(more, length);
      forget();
      ask(body);
    });
  }

  #tooLarge(wire: Wire, extra: Verdict['headers']): void {
    this.#refuse(wire, extra, plain(413, `request body larger than ${this.#options.maxBodyBytes} bytes\n`));
  }

  /** Answers without having read the body. */
  #refuse(wire: Wire, extra: Verdict['headers'], { status, headers, body }: RouteAnswer): void {
    wire.dropBody();
    if (wire.isHeadSent || wire.isGone) return;
    if (this.#isStopping) wire.isLast();
    wire.send(status, withLength(rawHeaders(headers, extra), status, body), body);
  }

  #handle(exchange: Exchange): void {
    let answer: Promise<HttpResponse> | HttpResponse;
    try {
      answer = this.#options.handler(exchange.request);
    } catch (thrown) {
      return this.#failed(exchange, thrown);
    }
    if (answer instanceof Promise) void this.#answerLater(exchange, answer);
    else this.#answer(exchange, answer);
  }

  async #answerLater(exchange: Exchange, pending: Promise<HttpResponse>): Promise<void> {
    const { timeoutMs = 0 } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs > 0) {
      timer = setTimeout(() => {
        const answer = plain(503, `Exceeded configured timeout of ${formatTimeout(timeoutMs)}.\n`);
        this.#send(exchange, answer.status, answer.headers, answer.body);
      }, timeoutMs);
    }
    try {
      const answer = await pending;
      if (exchange.wire.isHeadSent || exchange.wire.isGone) giveUp(answer.body);
      else this.#answer(exchange, answer);
    } catch (thrown) {
      this.#failed(exchange, thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  #answer(exchange: Exchange, answer: HttpResponse): void {
    const { status, headers, body } = answer;
    if (typeof body === 'string' || body instanceof Uint8Array)
      return this.#send(exchange, status, headers, body);
    if (isEventStream(headers) && (this.#isStopping || this.#eventStreams.size >= EVENT_STREAMS_MAX)) {
      giveUp(body);
      return this.#send(exchange, STREAMS_FULL.status, STREAMS_FULL.headers, STREAMS_FULL.body);
    }
    void this.#stream(exchange, answer, body);
  }

  async #stream(
    { wire, extra, request, startedAt, release }: Exchange,
    { status, headers }: HttpResponse,
    slices: AsyncIterable<string>,
  ): Promise<void> {
    const iterator = slices[Symbol.asyncIterator]();
    // Said at once, also while the next slice is awaited: a watcher would otherwise be kept until it has news.
    wire.onGone(() => void end(iterator));
    const isEvents = isEventStream(headers);
    let bytes = 0;
    try {
      if (this.#isStopping) wire.isLast();
      wire.head(status, rawHeaders(headers, extra));
      if (isEvents) {
        // The first event may be minutes away, and how long a watcher stays is no measure of us.
        release();
        this.#eventStreams.set(wire, iterator);
        wire.onGone(() => this.#eventStreams.delete(wire));
        wire.flushHead();
        this.#observe(request, status, startedAt, 0);
      }
      while (request.method !== 'HEAD') {
        const next = await iterator.next();
        if (next.done === true || wire.isGone) break;
        bytes += next.value.length;
        if (next.value !== '' && !wire.write(next.value)) await wire.drained();
        // A client that reads as fast as we write must not keep everything else waiting.
        await nextTurn();
      }
      wire.end();
      if (!isEvents) this.#observe(request, status, startedAt, bytes);
    } catch (thrown) {
      // The status is sent already: a cut connection is the only way left to say that the answer is not whole.
      if (!wire.isGone) this.#report(wire, thrown);
      wire.cut();
    }
  }

  #failed(exchange: Exchange, thrown: unknown): void {
    const isOurs = !(thrown instanceof AppError);
    if (isOurs) this.#report(exchange.wire, thrown);
    if (exchange.wire.isHeadSent) return;
    const answer = isOurs
      ? plain(500, 'internal error\n')
      : plain(httpStatusOf(thrown.code), `${thrown.message}\n`);
    this.#send(exchange, answer.status, answer.headers, answer.body);
  }

  #send(
    { wire, extra, request, startedAt }: Exchange,
    status: number,
    headers: HttpResponse['headers'],
    body: string | Uint8Array,
  ): void {
    if (wire.isHeadSent || wire.isGone) return;
    if (this.#isStopping) wire.isLast();
    wire.send(status, withLength(rawHeaders(headers, extra), status, body), body);
    this.#observe(request, status, startedAt, body.length);
  }

  #observe({ path, method }: HttpRequest, status: number, startedAt: number, bytes: number): void {
    this.#observer?.answered(path, method, status, (performance.now() - startedAt) / 1000, bytes);
  }

  #report(wire: Wire, thrown: unknown): void {
    this.#options.logger.error('An HTTP handler failed unexpectedly; please report this', {
      method: wire.method,
      path: wire.url.split('?')[0],
      err: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_HEADERS: Verdict['headers'] = [];
const nothing = (): void => undefined;

const isEventStream = (headers: HttpResponse['headers']): boolean =>
  headers['Content-Type']?.startsWith('text/event-stream') === true;

const plain = (status: number, body: string, more: HttpResponse['headers'] = {}): RouteAnswer => ({
  status,
  headers: { ...more, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  body,
});

const REFUSALS: Readonly<Record<Refusal, RouteAnswer>> = {
  config: plain(500, 'the web configuration file can not be used; the log of the server says why\n'),
  rate_limit: plain(429, 'Too Many Requests\n'),
  unauthorized: plain(401, 'Unauthorized\n', { 'WWW-Authenticate': 'Basic' }),
  busy: plain(503, 'too many passwords are being checked, try again later\n', { 'Retry-After': '1' }),
};

const STREAMS_FULL = plain(503, `${EVENT_STREAMS_MAX} event streams are open already; close some\n`);
const BODIES_FULL = plain(503, 'too many large requests at once, try again later\n', { 'Retry-After': '1' });

/** What the answer says itself wins over what is configured for all. */
function rawHeaders(headers: HttpResponse['headers'], extra: Verdict['headers']): RawHeaders {
  const raw: RawHeaders = [];
  for (const name in headers) raw.push(name, headers[name] ?? '');
  if (extra.length === 0) return raw;
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  for (const [name, value] of extra) if (!own.has(name.toLowerCase())) raw.push(name, value);
  return raw;
}

function withLength(raw: RawHeaders, status: number, body: string | Uint8Array): RawHeaders {
  // 1xx, 204 and 304 have no body, and so no length.
  if (status >= 200 && status !== 204 && status !== 304)
    raw.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
  return raw;
}

/** The client is gone, so nobody is left to hear of a maker that fails to end. */
async function end(iterator: AsyncIterator<string>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // See above.
  }
}

/** Slices that nobody will ask for. */
function giveUp(body: HttpResponse['body']): void {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) void end(body[Symbol.asyncIterator]());
}

const formatTimeout = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

const nextTurn = (): Promise<void> => new Promise((goOn) => setImmediate(goOn));
