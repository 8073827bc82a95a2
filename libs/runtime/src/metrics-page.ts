import { metric, type HttpHandler, type HttpResponse, type MetricSpec } from '@tocsin/kernel';
import { OPENMETRICS_TYPE, openMetricsOf, prefersOpenMetrics } from './openmetrics.ts';
import type { PrometheusMeter } from './prometheus-meter.ts';

export interface MetricsPageMetrics {
  readonly requests: MetricSpec<'code'>;
  readonly inFlight: MetricSpec;
}

export const metricsPageMetrics: MetricsPageMetrics = {
  requests: metric({
    name: 'promhttp_metric_handler_requests_total',
    help: 'Scrapes answered, by status code.',
    type: 'counter',
    labels: ['code'],
    initial: [{ code: '200' }, { code: '500' }, { code: '503' }],
  }),
  inFlight: metric({
    name: 'promhttp_metric_handler_requests_in_flight',
    help: 'Scrapes being served now.',
    type: 'gauge',
    labels: [],
  }),
};

/** The handler, with `/metrics` in front of it: Prometheus' text, or OpenMetrics for scrapers that prefer it. */
export function withMetrics(handler: HttpHandler, meter: PrometheusMeter): HttpHandler {
  meter.declare({ ...metricsPageMetrics });
  let inFlight = 0;
  const page = async (accept: string | undefined): Promise<HttpResponse> => {
    meter.set(metricsPageMetrics.inFlight, ++inFlight, {});
    let code = '500';
    try {
      const text = await meter.render();
      code = '200';
      return prefersOpenMetrics(accept)
        ? { status: 200, headers: { 'Content-Type': OPENMETRICS_TYPE }, body: openMetricsOf(text) }
        : { status: 200, headers: { 'Content-Type': meter.contentType }, body: text };
    } finally {
      meter.set(metricsPageMetrics.inFlight, --inFlight, {});
      meter.add(metricsPageMetrics.requests, 1, { code });
    }
  };
  return (request) => {
    if (request.path !== '/metrics') return handler(request);
    if (request.method === 'GET') return page(request.headers['accept']);
    return request.method === 'OPTIONS'
      ? { status: 200, headers: { Allow: 'GET,OPTIONS' }, body: '' }
      : NOT_ALLOWED;
  };
}

const NOT_ALLOWED: HttpResponse = {
  status: 405,
  headers: {
    Allow: 'GET,OPTIONS',
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  },
  body: 'Method Not Allowed\n',
};
