/**
 * @module transport/http/out
 *
 * Requests that leave the process. undici's `request()` with one pool of connections for each target:
 * the global fetch costs eight times its CPU.
 *
 * The one rule of secrets: a URL may hold a token in its path, its query or its user part, so an error
 * never holds a URL, only `<redacted>` (spec/receivers.md 3).
 */
import {
  AppError,
  messageOf,
  noMeter,
  type HttpConnection,
  type HttpOut,
  type HttpTls,
  type Meter,
  type TlsVersion,
} from '@tocsin/kernel';
import { Agent, Pool, ProxyAgent, buildConnector, request as undiciRequest, type Dispatcher } from 'undici';
import { countedConnector, dialerMetrics } from './dialer.ts';

const IDLE_MS = 300_000;
const CONNECT_MS_MAX = 30_000;
/** To one target at once; more wait for a free connection. */
const CONNECTIONS_PER_TARGET_MAX = 128;
const HEADER_BYTES_MAX = 64 * 1024;
/** Proxies and TLS settings in use at once; the connections of the least recently used are closed. */
const CONNECTION_KINDS_MAX = 256;

export interface HttpOutClient extends HttpOut {
  /** Waits for what is under way. */
  close(): Promise<void>;
}

type Request = Parameters<HttpOut['send']>[0];
type Answer = Awaited<ReturnType<HttpOut['send']>>;

export interface HttpOutOptions {
  /** PEM; absent: the public authorities. */
  readonly caPem?: string;
  /** Counts connections. */
  readonly meter?: Meter;
}

export function httpOut(options: HttpOutOptions = {}): HttpOutClient {
  options.meter?.declare(dialerMetrics);
  const dispatchers = new Dispatchers(options);
  return {
    send: (request) => exchange(dispatchers, request),
    close: () => dispatchers.close(),
  };
}

/** Pools of connections for each dialer: one for all that is reached directly, and one for each other way. */
class Dispatchers {
  /** By dialer. */
  readonly #direct = new Map<string, Agent>();
  readonly #options: HttpOutOptions;
  /** Least recently used first. */
  readonly #others = new Map<string, Dispatcher>();

  constructor(options: HttpOutOptions) {
    this.#options = options;
  }

  of(url: URL, connection: HttpConnection | undefined, dialer: string): Dispatcher {
    if (connection === undefined) return this.#directly(dialer);
    // A tunnel's TLS must name its target, and only a tunnel takes the proxy's headers.
    const isProxied = connection.proxyUrl !== undefined;
    const key = JSON.stringify([dialer, connection, isProxied ? [url.protocol, url.hostname] : []]);
    const found = this.#others.get(key) ?? this.#make(url, connection, dialer);
    this.#others.delete(key);
    this.#others.set(key, found);
    if (this.#others.size > CONNECTION_KINDS_MAX) this.#dropOldest();
    return found;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#direct.values(), ...this.#others.values()].map((dispatcher) => dispatcher.close()),
    );
  }

  #dropOldest(): void {
    const [oldest] = this.#others;
    if (oldest === undefined) return;
    this.#others.delete(oldest[0]);
    void oldest[1].close();
  }

  #directly(dialer: string): Dispatcher {
    let agent = this.#direct.get(dialer);
    if (agent === undefined) {
      agent = new Agent({ ...POOL, connect: this.#connector(caOf(this.#options), dialer) });
      this.#direct.set(dialer, agent);
    }
    return agent;
  }

  #connector(tls: TlsOptions, dialer: string): buildConnector.connector {
    return this.#counted(buildConnector({ timeout: CONNECT_MS_MAX, ...tls }), dialer);
  }

  #counted(connect: buildConnector.connector, dialer: string): buildConnector.connector {
    return countedConnector(connect, dialer, this.#options.meter ?? noMeter);
  }

  #make(url: URL, { proxyUrl, proxyHeaders, tls }: HttpConnection, dialer: string): Dispatcher {
    const secure = { ...caOf(this.#options), ...(tls === undefined ? {} : tlsOptions(tls)) };
    if (proxyUrl === undefined) return new Agent({ ...POOL, connect: this.#connector(secure, dialer) });
    const isTunnel = url.protocol === 'https:';
    return new ProxyAgent({
      ...POOL,
      uri: proxyUrl,
      // Plain http goes to the proxy as an absolute URL, as every other client does it.
      proxyTunnel: false,
      requestTls: { servername: url.hostname, ...secure },
      proxyTls: { timeout: CONNECT_MS_MAX, ...caOf(this.#options) },
      // The connections to the proxy are those that this machine makes.
      [isTunnel ? 'clientFactory' : 'factory']: (origin: URL, given: Pool.Options) => {
        const { connect } = given as { readonly connect: buildConnector.connector };
        return new Pool(origin, { ...given, connect: this.#counted(connect, dialer) });
      },
      ...(isTunnel && proxyHeaders !== undefined
        ? { headers: proxyHeaders as Record<string, string[]> }
        : {}),
    });
  }
}

const POOL = {
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
  connections: CONNECTIONS_PER_TARGET_MAX,
  pipelining: 1,
  maxHeaderSize: HEADER_BYTES_MAX,
  // Our own timer ends the whole exchange; undici's are per phase.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

const caOf = ({ caPem }: HttpOutOptions): { readonly ca?: string } =>
  caPem === undefined ? {} : { ca: caPem };

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

function tlsOptions(tls: HttpTls): TlsOptions {
  return {
    ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
    ...(tls.certificatePem === undefined ? {} : { cert: tls.certificatePem }),
    ...(tls.keyPem === undefined ? {} : { key: tls.keyPem }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.isUnverified === true ? { rejectUnauthorized: false } : {}),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
  };
}

async function exchange(dispatchers: Dispatchers, request: Request): Promise<Answer> {
  const url = readUrl(request.url);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Late()), request.timeoutMs);
  try {
    const answer = await undiciRequest(url, {
      dispatcher: dispatchers.of(url, request.connection, request.dialer ?? 'default'),
      method: request.method,
      // A copy: undici's proxy agent writes a Host into what it is given.
      headers: { ...request.headers } as Record<string, string | string[]>,
      body: request.body ?? null,
      signal: abort.signal,
    });
    return {
      status: answer.statusCode,
      headers: flatten(answer.headers),
      body: await readBody(answer.body, request),
    };
  } catch (cause) {
    throw toAppError(request, url, cause);
  } finally {
    clearTimeout(timer);
  }
}

class Late extends Error {}

function readUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw AppError.invalid('the URL is none: expected http://host or https://host');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw AppError.invalid(`the URL has scheme ${url.protocol.slice(0, -1)}: expected http or https`);
  }
  return url;
}

async function readBody(body: Dispatcher.ResponseData['body'], request: Request): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const room = request.maxBytes - length;
    if (chunk.length > room && request.truncate !== true) {
      throw new AppError('limit', `the answer is larger than ${request.maxBytes} bytes`);
    }
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    length += Math.min(chunk.length, room);
    // Leaving the loop drops the connection: reading on would cost more than a new one.
    if (chunk.length > room) break;
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length);
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function toAppError(request: Request, url: URL, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const what = `${request.method[0] ?? ''}${request.method.slice(1).toLowerCase()} "<redacted>"`;
  if (cause instanceof Late) {
    return new AppError('deadline', `${what}: no complete answer within ${request.timeoutMs} ms`, { cause });
  }
  const { code } = cause as { readonly code?: unknown };
  const known = REASONS.get(typeof code === 'string' ? code : '');
  return new AppError('unavailable', `${what}: ${known ?? redact(messageOf(cause), url, request)}`, {
    cause,
  });
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['UND_ERR_SOCKET', 'EOF'],
  ['ECONNRESET', 'connection reset by peer'],
  ['ECONNREFUSED', 'connection refused'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the host name cannot be resolved now'],
  ['EHOSTUNREACH', 'no route to host'],
  ['ENETUNREACH', 'network is unreachable'],
  ['ETIMEDOUT', 'connection timed out'],
  ['UND_ERR_CONNECT_TIMEOUT', `no connection within ${CONNECT_MS_MAX} ms`],
]);

/** Every part of the URL that may be a secret, should a library quote it. */
function redact(message: string, url: URL, request: Request): string {
  const parts = [url.href, url.pathname + url.search, url.pathname, url.search, url.password, url.username];
  const proxy = request.connection?.proxyUrl;
  return [...parts, ...(proxy === undefined ? [] : [proxy])]
    .filter((part) => part.length > 1)
    .reduce((text, part) => text.replaceAll(part, '<redacted>'), message);
}
