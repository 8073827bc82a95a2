/** What HTTP requests are counted and timed by; names and labels are upstream's (spec/alertmanager.md 7.7). */
import { metric, type Meter, type MetricSpec } from '@tocsin/kernel';

const REASONS = ['unauthorized', 'rate_limit', 'busy', 'config'] as const;
export type RefusalReason = (typeof REASONS)[number];

export interface HttpMetrics {
  readonly getsInFlight: MetricSpec<'method'>;
  readonly getsRefused: MetricSpec<'method'>;
  readonly duration: MetricSpec<'handler' | 'method' | 'code'>;
  readonly responseSize: MetricSpec<'handler' | 'method'>;
  readonly refused: MetricSpec<'reason'>;
}

export const httpMetrics: HttpMetrics = {
  getsInFlight: metric({
    name: 'alertmanager_http_requests_in_flight',
    help: 'GET requests being processed now.',
    type: 'gauge',
    labels: ['method'],
    initial: [{ method: 'get' }],
  }),
  getsRefused: metric({
    name: 'alertmanager_http_concurrency_limit_exceeded_total',
    help: 'GET requests refused because --web.get-concurrency were being processed already.',
    type: 'counter',
    labels: ['method'],
    initial: [{ method: 'get' }],
  }),
  duration: metric({
    name: 'alertmanager_http_request_duration_seconds',
    help: 'Time from letting a request in to having written its answer, or its head when it is an event stream. Paths that no route has are handler "other".',
    type: 'histogram',
    labels: ['handler', 'method', 'code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  responseSize: metric({
    name: 'alertmanager_http_response_size_bytes',
    help: 'Size of the bodies of answers, those of API v2 left out.',
    type: 'histogram',
    labels: ['handler', 'method'],
    buckets: [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
  }),
  refused: metric({
    name: 'tocsin_http_requests_refused_total',
    help: 'Requests refused by what --web.config.file says: no right user and password, the rate limit, too many passwords being checked, or a file that can not be used.',
    type: 'counter',
    labels: ['reason'],
    initial: REASONS.map((reason) => ({ reason })),
  }),
};

/** Paths with series of their own. A path gets them by its first answer that is not 404. */
const HANDLERS_MAX = 128;
const METHODS: ReadonlyMap<string, string> = new Map(
  ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'].map((method) => [
    method,
    method.toLowerCase(),
  ]),
);
const SILENCE = '/api/v2/silence/';
const UUID = /\/[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?=\/|$)/;
const FINGERPRINT = /\/[0-9a-f]{16}(?=\/|$)/;

/** Keeps the labels of what strangers ask for within bounds. */
export class HttpObserver {
  readonly #meter: Meter;
  readonly #handlers = new Set<string>();

  constructor(meter: Meter, getsInFlight: () => number) {
    this.#meter = meter;
    meter.declare({ ...httpMetrics });
    meter.onCollect(() => meter.set(httpMetrics.getsInFlight, getsInFlight(), { method: 'get' }));
  }

  /** `path`: without the route prefix. */
  answered(path: string, method: string, status: number, seconds: number, bytes: number): void {
    const handler = this.#handlerOf(path, status);
    const named = METHODS.get(method) ?? 'unknown';
    this.#meter.observe(httpMetrics.duration, seconds, { handler, method: named, code: String(status) });
    if (!path.startsWith('/api/v2'))
      this.#meter.observe(httpMetrics.responseSize, bytes, { handler, method: named });
  }

  getRefused(): void {
    this.#meter.add(httpMetrics.getsRefused, 1, { method: 'get' });
  }

  refused(reason: RefusalReason): void {
    this.#meter.add(httpMetrics.refused, 1, { reason });
  }

  #handlerOf(path: string, status: number): string {
    if (this.#handlers.has(path)) return path;
    if (path.startsWith(SILENCE)) return `${SILENCE}{silenceID}`;
    if (status === 404) return 'other';
    const handler = path.replace(UUID, '/{silenceID}').replace(FINGERPRINT, '/{fingerprint}');
    if (this.#handlers.has(handler)) return handler;
    if (this.#handlers.size >= HANDLERS_MAX) return 'other';
    this.#handlers.add(handler);
    return handler;
  }
}
