import { metric } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { withMetrics } from './metrics-page.ts';
import { openMetricsOf, prefersOpenMetrics } from './openmetrics.ts';
import { prometheusMeter } from './prometheus-meter.ts';

const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

const specs = {
  sent: metric({ name: 'sent_total', help: 'Sent "x".', type: 'counter', labels: ['to'] }),
  odd: metric({ name: 'odd', help: 'A counter with a wrong name.', type: 'counter', labels: [] }),
  members: metric({ name: 'members', help: 'Members.', type: 'gauge', labels: [] }),
  size: metric({ name: 'size', help: 'Size.', type: 'histogram', labels: ['le_not'], buckets: [0.5, 5] }),
};

function page(): (
  accept?: string,
  method?: string,
) => Promise<{ type: string; body: string; status: number }> {
  const meter = prometheusMeter({ hasProcessMetrics: false });
  meter.declare(specs);
  meter.add(specs.sent, 2, { to: 'a b{le="3"}\n_total' });
  meter.add(specs.odd, 1, {});
  meter.set(specs.members, 3, {});
  meter.observe(specs.size, 1, { le_not: '7' });
  const handler = withMetrics(() => ({ status: 404, headers: {}, body: '' }), meter);
  return async (accept, method = 'GET') => {
    const headers = accept === undefined ? {} : { accept };
    const answer = await handler({ method, path: '/metrics', query: [], headers, body: new Uint8Array(0) });
    return {
      status: answer.status,
      type: answer.headers['Content-Type'] ?? '',
      body: typeof answer.body === 'string' ? answer.body : '',
    };
  };
}

describe('/metrics', () => {
  it('is plain text for who asks for nothing or for that, also after somebody got OpenMetrics', async () => {
    const get = page();
    await get(PROMETHEUS_3);
    for (const accept of [undefined, '*/*', 'text/plain;version=0.0.4', 'text/html']) {
      const answer = await get(accept);
      expect(answer.type).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(answer.body).toContain('# TYPE sent_total counter\nsent_total{');
      expect(answer.body).not.toContain('# EOF');
    }
  });

  it('is OpenMetrics for a Prometheus that prefers it', async () => {
    const { type, body } = await page()(PROMETHEUS_3);
    expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body).toContain(
      '# HELP sent Sent \\"x\\".\n# TYPE sent counter\nsent_total{to="a b{le=\\"3\\"}\\n_total"} 2\n',
    );
    expect(body).toContain('# TYPE odd counter\nodd_total 1\n');
    expect(body).toContain('# TYPE members gauge\nmembers 3\n');
    expect(body).toContain('size_bucket{le="0.5",le_not="7"} 0\nsize_bucket{le="5.0",le_not="7"} 1\n');
    expect(body).toContain('size_bucket{le="+Inf",le_not="7"} 1\n');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
    expect(body).not.toContain('\n\n');
  });

  it('counts its scrapes, and shows the one that reads it as under way', async () => {
    const get = page();
    expect((await get()).body).toContain('promhttp_metric_handler_requests_total{code="200"} 0\n');
    const { body } = await get();
    expect(body).toContain('promhttp_metric_handler_requests_total{code="200"} 1\n');
    expect(body).toContain('\npromhttp_metric_handler_requests_in_flight 1\n');
  });

  it('is for GET only', async () => {
    const get = page();
    for (const method of ['POST', 'HEAD', 'DELETE']) {
      const { status, body } = await get(undefined, method);
      expect([status, body]).toEqual([405, 'Method Not Allowed\n']);
    }
  });
});

describe('what a scraper prefers', () => {
  it.each([
    ['application/openmetrics-text', true],
    ['application/openmetrics-text; version=1.0.0, text/plain;q=0.5', true],
    ['text/plain, application/openmetrics-text;q=0.5', false],
    ['application/openmetrics-text;version=2.0.0', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=x', false],
    [PROMETHEUS_3, true],
    [';;;,,,=', false],
  ])('%j: OpenMetrics %s', (accept, isOpen) => {
    expect(prefersOpenMetrics(accept)).toBe(isOpen);
  });
});

describe('openMetricsOf', () => {
  it('of no metrics is an end', () => expect(openMetricsOf('\n')).toBe('\n# EOF\n'));
});
