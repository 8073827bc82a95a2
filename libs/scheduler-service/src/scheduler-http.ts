/**
 * @module scheduler-service/scheduler-http
 *
 * The HTTP API: what Prometheus answers about rules and alerts, so that its users' tools and
 * Grafana's rule list work against a scheduler, and the usual three under `/-/`.
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type { HttpHandler, HttpRequest, HttpResponse } from '@tocsin/kernel';
import type { GroupRunner } from './group-runner.ts';
import { alertsJson, rulesJson } from './rules-json.ts';
import { parseRulesQuery, selectRules } from './rules-query.ts';

export interface HttpSource {
  readonly isReady: boolean;
  readonly groups: readonly GroupRunner[];
  /** Addresses that alerts go to. */
  readonly alertmanagers: readonly string[];
  /** Rejects with AppError, with every mistake in its message. */
  reload(): Promise<void>;
}

type Route = (request: HttpRequest, source: HttpSource) => Promise<HttpResponse> | HttpResponse;

const routes: ReadonlyMap<string, { readonly methods: readonly string[]; readonly answer: Route }> = new Map([
  ['/api/v1/rules', { methods: ['GET', 'HEAD'], answer: rules }],
  ['/api/v1/alerts', { methods: ['GET', 'HEAD'], answer: (_, { groups }) => json(200, alertsJson(groups)) }],
  [
    '/api/v1/alertmanagers',
    { methods: ['GET', 'HEAD'], answer: (_, source) => json(200, alertmanagers(source)) },
  ],
  ['/-/healthy', { methods: ['GET', 'HEAD'], answer: () => text(200, 'Tocsin scheduler is healthy.\n') }],
  ['/-/ready', { methods: ['GET', 'HEAD'], answer: ready }],
  ['/-/reload', { methods: ['POST', 'PUT'], answer: reload }],
]);

export function schedulerHttp(source: HttpSource): HttpHandler {
  return (request) => {
    const route = routes.get(request.path);
    if (route === undefined) return text(404, '404 page not found\n');
    if (route.methods.includes(request.method)) return route.answer(request, source);
    return {
      ...text(405, 'Method Not Allowed\n'),
      headers: { 'content-type': TEXT, allow: route.methods.join(', ') },
    };
  };
}

function rules(request: HttpRequest, { groups }: HttpSource): HttpResponse {
  try {
    const query = parseRulesQuery(request);
    return json(200, rulesJson(selectRules(groups, query), query.isWithoutAlerts));
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'invalid') throw cause;
    return json(400, JSON.stringify({ status: 'error', errorType: 'bad_data', error: cause.message }));
  }
}

const alertmanagers = (source: HttpSource): string =>
  JSON.stringify({
    status: 'success',
    data: { activeAlertmanagers: source.alertmanagers.map((url) => ({ url })), droppedAlertmanagers: [] },
  });

function ready(_: HttpRequest, { isReady }: HttpSource): HttpResponse {
  if (isReady) return text(200, 'Tocsin scheduler is ready.\n');
  return text(503, 'Tocsin scheduler is not ready: alert instances are being restored.\n');
}

/** A load with mistakes changes nothing; the answer lists them all. */
async function reload(_: HttpRequest, source: HttpSource): Promise<HttpResponse> {
  try {
    await source.reload();
    return text(200, '');
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    return text(500, `failed to reload config: ${messageOf(cause)}\n`);
  }
}

const TEXT = 'text/plain; charset=utf-8';
const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': TEXT },
  body,
});
const json = (status: number, body: HttpResponse['body']): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body,
});
