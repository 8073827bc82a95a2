import { InvariantError, metric } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { meterMetrics, prometheusMeter } from './prometheus-meter.ts';

const specs = {
  sent: metric({
    name: 'alertmanager_notifications_total',
    help: 'Attempted notifications.',
    type: 'counter',
    labels: ['integration'],
    initial: [{ integration: 'webhook' }],
  }),
  members: metric({ name: 'alertmanager_cluster_members', help: 'Members.', type: 'gauge', labels: [] }),
  latency: metric({
    name: 'latency_seconds',
    help: 'Latency.',
    type: 'histogram',
    labels: [],
    buckets: [1, 5],
  }),
  gc: metric({ name: 'gc_seconds', help: 'Collections.', type: 'summary', labels: [] }),
};

const linesOf = async (meter: ReturnType<typeof prometheusMeter>, start: string): Promise<string[]> =>
  (await meter.render()).split('\n').filter((line) => line.startsWith(start));

describe('prometheusMeter', () => {
  it('prints exactly the declared names, types and labels, with 0 from the start', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false });
    meter.declare(specs);
    meter.add(specs.sent, 2, { integration: 'sla"ck\n' });
    meter.set(specs.members, 3, {});
    meter.observe(specs.latency, 2, {});
    meter.observe(specs.gc, 0.5, {});
    meter.observe(specs.gc, 1, {});
    const text = await meter.render();
    expect(text).toContain(
      '# HELP alertmanager_notifications_total Attempted notifications.\n# TYPE alertmanager_notifications_total counter\n',
    );
    expect(text).toContain('alertmanager_notifications_total{integration="webhook"} 0\n');
    expect(text).toContain('alertmanager_notifications_total{integration="sla\\"ck\\n"} 2\n');
    expect(text).toContain('\nalertmanager_cluster_members 3\n');
    expect(text).toContain(
      'latency_seconds_bucket{le="1"} 0\nlatency_seconds_bucket{le="5"} 1\nlatency_seconds_bucket{le="+Inf"} 1\n',
    );
    expect(text).toContain('# TYPE gc_seconds summary\ngc_seconds_sum 1.5\ngc_seconds_count 2\n');
    expect(text).not.toMatch(/otel|target_info|quantile/);
    expect(meter.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('shows a summary with 0 from the start, and adds what was summed elsewhere', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false });
    meter.declare(specs);
    expect(await linesOf(meter, 'gc_seconds')).toEqual(['gc_seconds_sum 0', 'gc_seconds_count 0']);
    meter.observe(specs.gc, 0.5, {});
    meter.tally(specs.gc, 2, 7, {});
    expect(await linesOf(meter, 'gc_seconds')).toEqual(['gc_seconds_sum 2.5', 'gc_seconds_count 8']);
  });

  it('shows a gauge no more whose thing is gone, and makes room for another', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false, seriesMax: 1 });
    const held = metric({ name: 'held', help: 'Held.', type: 'gauge', labels: ['group'] });
    meter.set(held, 1, { group: 'a' });
    meter.remove(held, { group: 'a' });
    meter.remove(held, { group: 'never' });
    meter.set(held, 2, { group: 'b' });
    expect(await linesOf(meter, 'held')).toEqual(['held{group="b"} 2']);
  });

  it('prints process metrics when they are wanted', async () => {
    expect(await prometheusMeter().render()).toContain('\nprocess_cpu_seconds_total ');
  });

  it('runs collectors before each scrape', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false });
    let value = 0;
    meter.onCollect(() => meter.set(specs.members, ++value, {}));
    expect(await linesOf(meter, 'alertmanager_cluster_members')).toEqual(['alertmanager_cluster_members 1']);
    expect(await linesOf(meter, 'alertmanager_cluster_members')).toEqual(['alertmanager_cluster_members 2']);
  });

  it('takes two equal declarations of one name as one metric, and refuses different ones', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false });
    meter.add(specs.sent, 1, { integration: 'webhook' });
    meter.add(metric({ ...specs.sent, help: 'Another text.' }), 1, { integration: 'webhook' });
    expect(await linesOf(meter, 'alertmanager_notifications_total{')).toEqual([
      'alertmanager_notifications_total{integration="webhook"} 2',
    ]);
    expect(() => meter.declare({ other: metric({ ...specs.sent, labels: ['other'], initial: [] }) })).toThrow(
      InvariantError,
    );
    expect(() => meter.add(specs.sent, -1, { integration: 'webhook' })).toThrow(InvariantError);
  });

  it('stops a metric from growing without end, and counts what it leaves out', async () => {
    const meter = prometheusMeter({ hasProcessMetrics: false, seriesMax: 3 });
    for (let index = 0; index < 10; index++) meter.add(specs.sent, 1, { integration: `x${index % 5}` });
    expect(await linesOf(meter, 'alertmanager_notifications_total{')).toHaveLength(3);
    expect(await linesOf(meter, `${meterMetrics.dropped.name}{`)).toEqual([
      'tocsin_metric_samples_dropped_total{metric="alertmanager_notifications_total"} 6',
    ]);
  });
});
