/** What an answer, or the lack of one, means: spec/receivers.md 7. */
import { decodeUtf8, type AppError, type WallMs } from '@tocsin/kernel';
import type { Delivery, FailureReason } from './integration.ts';

/** Of an answer's body, in an error. */
export const ERROR_BODY_BYTES_MAX = 1024;
/** A receiver may ask for longer; the notification's own deadline ends the wait much earlier anyway. */
const RETRY_AFTER_MS_MAX = 3_600_000;

export function reasonOfStatus(status: number): FailureReason {
  if (status === 401 || status === 403) return 'authError';
  if (status === 429) return 'rateLimited';
  if (status >= 400 && status < 500) return 'clientError';
  return status >= 500 && status < 600 ? 'serverError' : 'other';
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What we sent that nobody may see; a server may have repeated it in its answer. */
  readonly secrets: readonly string[];
}

/** 2xx is delivered, 5xx may be tried again, all else has failed for good. */
export function deliveryOf(answer: HttpAnswer, now: WallMs): Delivery {
  const { status } = answer;
  if (status >= 200 && status < 300) return { status: 'delivered', statusCode: status };
  const body = masked(decodeUtf8(answer.body.subarray(0, ERROR_BODY_BYTES_MAX)), answer.secrets);
  return {
    status: status >= 500 && status < 600 ? 'retry' : 'failed',
    reason: reasonOfStatus(status),
    error: `unexpected status code ${status}${body === '' ? '' : `: ${body}`}`,
    statusCode: status,
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], now),
  };
}

/** Shorter ones would mask half of an innocent text. */
const SECRET_CHARS_MIN = 4;

function masked(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    .reduce((shown, secret) => shown.replaceAll(secret, '<redacted>'), text);
}

/** A failure without an answer. */
export function failureOf(error: AppError): Delivery & { readonly status: 'retry' | 'failed' } {
  const isDeadline = error.code === 'deadline';
  return {
    status: error.isRetryable ? 'retry' : 'failed',
    reason: isDeadline ? 'contextDeadlineExceeded' : 'other',
    error: error.message,
    statusCode: 0,
    retryAfterMs: 0,
  };
}

/** `Retry-After` as seconds or as an HTTP date; 0 when absent or not understood. */
export function retryAfterMs(value: string | undefined, now: WallMs): number {
  if (value === undefined) return 0;
  const text = value.trim();
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : (parseHttpDate(text) ?? now) - now;
  return Math.max(0, Math.min(ms, RETRY_AFTER_MS_MAX));
}

// The form that RFC 9110 wants to be sent; nobody uses the two obsolete ones.
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function parseHttpDate(text: string): WallMs | undefined {
  const [, day, monthName, year, hour, minute, second] = HTTP_DATE.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName ?? '');
  if (month < 0) return undefined;
  return Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
}
