/** One request and its answer, over the way that is configured: proxy, TLS, time that is left. */
import { AppError, type HttpConnection } from '@tocsin/kernel';
import { ERROR_BODY_BYTES_MAX, type HttpAnswer } from './delivery.ts';
import type { ConnectionConfig } from './http-config.ts';
import { formatHttpUrl, type HttpUrl } from './http-url.ts';
import type { SendContext } from './integration.ts';
import { proxyFor } from './proxy.ts';
import { tlsOf } from './tls-config.ts';

/** Of an answer's body; what integrations read of it is far smaller. */
const ANSWER_BYTES_MAX = 64 * ERROR_BODY_BYTES_MAX;
export const USER_AGENT = 'Alertmanager/0.34.0 (Tocsin)';

export type Headers = Readonly<Record<string, string | readonly string[]>>;
/** One request of a chain of redirects. */
export interface Hop {
  readonly method: string;
  readonly url: HttpUrl;
  readonly headers: Headers;
  readonly body: string | undefined;
  /** Of the answer's body; a longer one is refused. Absent: cut at 64 KiB. */
  readonly answerBytesMax?: number | undefined;
}

/** One request, one answer. */
export async function exchange(
  hop: Hop,
  connection: ConnectionConfig,
  context: SendContext,
): Promise<Omit<HttpAnswer, 'secrets'>> {
  const way = await wayTo(hop.url, connection, context);
  const timeoutMs = Math.ceil(context.deadline - context.clock.mono());
  if (timeoutMs <= 0) throw exceeded(hop.method);
  try {
    return await context.http.send({
      method: hop.method,
      url: formatHttpUrl(hop.url),
      headers: { 'User-Agent': USER_AGENT, ...hop.headers },
      ...(hop.body === undefined ? {} : { body: hop.body }),
      timeoutMs,
      ...(hop.answerBytesMax === undefined
        ? { maxBytes: ANSWER_BYTES_MAX, truncate: true }
        : { maxBytes: hop.answerBytesMax }),
      ...(context.dialer === undefined ? {} : { dialer: context.dialer }),
      ...(way === undefined ? {} : { connection: way }),
    });
  } catch (error) {
    throw error instanceof AppError && error.code === 'deadline' ? exceeded(hop.method) : error;
  }
}

async function wayTo(
  url: HttpUrl,
  { tls, proxy }: ConnectionConfig,
  context: SendContext,
): Promise<HttpConnection | undefined> {
  const proxyUrl = proxyFor(proxy, url);
  if (tls === undefined && proxyUrl === undefined) return undefined;
  return {
    ...(tls === undefined ? {} : { tls: await tlsOf(tls, context) }),
    ...(proxyUrl === undefined ? {} : { proxyUrl, proxyHeaders: proxy?.connectHeaders ?? {} }),
  };
}

export const inWords = (method: string): string => `${method[0] ?? ''}${method.slice(1).toLowerCase()}`;
const exceeded = (method: string): AppError =>
  new AppError('deadline', `${inWords(method)} "<redacted>": context deadline exceeded`);
