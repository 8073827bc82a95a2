/** A server span, `<METHOD> <path>`, for every request while somebody listens; what runs inside hangs below it. */
import type { HttpHandler, HttpResponse, Span, Tracer } from '@tocsin/kernel';

export function tracedHttp(handler: HttpHandler, tracer: Tracer): HttpHandler {
  return (request) => {
    if (!tracer.isOn) return handler(request);
    const span = tracer.start(`${request.method} ${request.path}`, {
      parent: request.headers['traceparent'] ?? '',
      kind: 'server',
      attributes: { 'http.request.method': request.method, 'url.path': request.path },
    });
    const headers = { ...request.headers, traceparent: span.traceparent };
    try {
      const answer = handler({ ...request, headers });
      return answer instanceof Promise ? answer.then((each) => ended(span, each)) : ended(span, answer);
    } catch (error) {
      span.end(String(error));
      throw error;
    }
  };
}

function ended(span: Span, answer: HttpResponse): HttpResponse {
  span.set({ 'http.response.status_code': answer.status });
  span.end(answer.status >= 500 ? `status ${answer.status}` : undefined);
  return answer;
}

/** Runs `act` in a span of its own, while somebody listens. */
export function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: NonNullable<Parameters<Tracer['start']>[1]>,
  act: (span: Span) => T,
): T {
  const span = tracer.start(name, options);
  if (!tracer.isOn) return act(span);
  try {
    const result = act(span);
    if (result instanceof Promise) {
      void result.then(
        () => span.end(),
        (error: unknown) => span.end(String(error)),
      );
    } else span.end();
    return result;
  } catch (error) {
    span.end(String(error));
    throw error;
  }
}
