import { describe, expect, it } from 'vitest';
import { metric } from './metrics.ts';
import { captureLogger, captureMeter } from './testing.ts';

describe('captureLogger', () => {
  it('keeps lines of all levels with the facts of every `with`', () => {
    const log = captureLogger();
    log.with({ component: 'a', x: 1 }).with({ x: 2 }).warn('Slow', { ms: 3 });
    log.debug('Quiet');
    expect(log.lines).toEqual([
      { level: 'warn', message: 'Slow', facts: { component: 'a', x: 2, ms: 3 } },
      { level: 'debug', message: 'Quiet', facts: {} },
    ]);
  });
});

describe('captureMeter', () => {
  const requests = metric({ name: 'requests_total', help: '', type: 'counter', labels: ['method', 'code'] });
  const members = metric({ name: 'members', help: '', type: 'gauge', labels: [] });
  const latency = metric({ name: 'latency_seconds', help: '', type: 'histogram', labels: [] });

  it('adds, sets and observes by name and labels, whatever the order of the labels', () => {
    const meter = captureMeter();
    meter.add(requests, 1, { method: 'get', code: '200' });
    meter.add(requests, 2, { code: '200', method: 'get' });
    meter.observe(latency, 0.5, {});
    meter.observe(latency, 0.25, {});
    meter.onCollect(() => meter.set(members, 3, {}));
    expect(meter.value(members)).toBe(0);
    meter.collect();
    expect(meter.value(members)).toBe(3);
    expect(meter.value(requests, { method: 'get', code: '200' })).toBe(3);
    expect(meter.value(requests, { method: 'get', code: '500' })).toBe(0);
    expect(meter.observations(latency)).toEqual([0.5, 0.25]);
  });
});
