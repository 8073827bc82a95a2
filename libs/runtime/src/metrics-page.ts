import type { HttpHandler, HttpResponse } from '@tocsin/kernel';
import type { PrometheusMeter } from './prometheus-meter.ts';

/** The handler, with `GET /metrics` in front of it. */
export function withMetrics(handler: HttpHandler, meter: PrometheusMeter): HttpHandler {
  return (request) =>
    request.path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
      ? page(meter)
      : handler(request);
}

const page = async (meter: PrometheusMeter): Promise<HttpResponse> => ({
  status: 200,
  headers: { 'Content-Type': meter.contentType },
  body: await meter.render(),
});
