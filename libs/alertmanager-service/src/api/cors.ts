/**
 * Requests of pages of other origins (spec/alertmanager.md 7.3). DELETE is not granted, as upstream does
 * not grant it: a page of another origin may not end a silence.
 */
import type { HttpRequest, HttpResponse } from '@tocsin/kernel';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'HEAD']);
const HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'x-requested-with', 'origin']);

/** The answer to a preflight; undefined when the request is none. */
export function preflightOf(request: HttpRequest): HttpResponse | undefined {
  const asked = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || request.headers['origin'] === undefined || asked === undefined)
    return undefined;
  const vary = { Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers' };
  const wanted = request.headers['access-control-request-headers'];
  if (!METHODS.has(asked) || !areGranted(wanted)) return { status: 204, headers: vary, body: '' };
  return {
    status: 204,
    headers: {
      ...vary,
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': asked,
      ...(wanted === undefined ? {} : { 'Access-Control-Allow-Headers': wanted }),
    },
    body: '',
  };
}

const areGranted = (names: string | undefined): boolean =>
  (names ?? '').split(',').every((name) => name.trim() === '' || HEADERS.has(name.trim().toLowerCase()));

/** Whether the answer, good or bad, may be read by the page that asked. */
export const isReadableAcross = (request: HttpRequest): boolean =>
  request.headers['origin'] !== undefined && (METHODS.has(request.method) || request.method === 'OPTIONS');

/** Which of our headers such a page may read. */
export const acrossHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Tocsin-Rejected-Alerts',
} as const;
