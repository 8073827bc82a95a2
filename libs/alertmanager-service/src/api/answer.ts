/** The two error shapes of API v2, and the good answers (spec/alertmanager.md 7.2). */
import type { AppError, HttpResponse } from '@tocsin/kernel';

const always = { 'Cache-Control': 'no-store', Vary: 'Origin' } as const;
const json = { ...always, 'Content-Type': 'application/json' } as const;

/** Handler answers end with a newline. */
export const ok = (value: unknown): HttpResponse => ({
  status: 200,
  headers: json,
  body: `${JSON.stringify(value)}\n`,
});
/** `text` is JSON already, perhaps in slices. */
export const okJson = (text: HttpResponse['body']): HttpResponse => ({
  status: 200,
  headers: json,
  body: text,
});
/** Server-sent events. A proxy in between must not gather them. */
export const eventStream = (body: AsyncIterable<string>): HttpResponse => ({
  status: 200,
  headers: { ...always, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' },
  body,
});
export const empty = (status: number): HttpResponse => ({ status, headers: always, body: '' });
/** What a handler refuses: a JSON string. */
export const refused = (status: 400 | 404 | 500 | 503, text: string): HttpResponse => ({
  status,
  headers: json,
  body: `${JSON.stringify(text)}\n`,
});
/** Rejected alerts named in the header; more are only told by their texts. */
const REJECTED_NAMED_MAX = 500;

/**
 * The alerts of a batch that were not taken: upstream's texts, one a line, and in a header the place of
 * each in the batch, from 0, in the same order.
 */
export function refusedAlerts(
  rejections: readonly { readonly index: number; readonly reason: string }[],
): HttpResponse {
  const answer = refused(400, rejections.map(({ reason }) => reason).join('\n'));
  const places = rejections.slice(0, REJECTED_NAMED_MAX).map(({ index }) => index);
  return { ...answer, headers: { ...answer.headers, 'Tocsin-Rejected-Alerts': places.join(',') } };
}
/** What the schema or the transport refuses: an object, without a newline. */
export const malformed = (
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({ status, headers: { ...json, ...headers }, body: JSON.stringify({ code, message }) });
export const text = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({
  status,
  headers: body === '' ? headers : { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
  body,
});

/** A request that the schema refuses; thrown by the body readers, answered by the router. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly response: HttpResponse;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.response = malformed(status, code, message);
  }
}

/** Operating errors of handlers. */
export function refusalOf(error: AppError): HttpResponse {
  switch (error.code) {
    case 'not-found':
      return refused(404, error.message);
    case 'unavailable':
    case 'deadline':
    case 'cancelled':
      return refused(503, error.message);
    case 'internal':
      return refused(500, error.message);
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'precondition':
    case 'unauthenticated':
    case 'permission':
      return refused(400, error.message);
  }
}
