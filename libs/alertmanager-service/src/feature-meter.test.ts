/** Goal: labels that can have many values exist when asked for, and go with what they name. */
import { expect, it } from 'vitest';
import type { MetricFeature } from './feature-meter.ts';
import { Bench, HOUR, MINUTE } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function started(...features: readonly MetricFeature[]): Promise<Bench> {
  const bench = new Bench({
    turn,
    configuration: configurationOf(),
    settings: { metricFeatures: new Set(features) },
  });
  await bench.start();
  return bench;
}
const down = (bench: Bench, endsInMs: number): { labels: Record<string, string>; endsAt: string } => ({
  labels: { alertname: 'Down' },
  endsAt: bench.time(endsInMs),
});
const valueOf = (bench: Bench, name: string, labels: Record<string, string>): number => {
  bench.meter.collect();
  return bench.meter.value({ name: `alertmanager_${name}` }, labels);
};

it('notifications are counted by receiver with receiver-name-in-metrics, and only then', async () => {
  const plain = await started();
  const named = await started('receiver-name-in-metrics');
  for (const bench of [plain, named]) {
    bench.only.answer = () => ({ status: 'failed', reason: 'clientError', error: 'no', statusCode: 400 });
    await bench.post(down(bench, HOUR));
    await bench.run(MINUTE);
  }
  const label = { receiver_name: 'team' };
  for (const [name, labels] of [
    ['notifications_total', { integration: 'webhook' }],
    ['notification_requests_total', { integration: 'webhook' }],
    ['notification_requests_failed_total', { integration: 'webhook' }],
    ['notifications_failed_total', { integration: 'webhook', reason: 'clientError' }],
  ] as const) {
    expect([name, valueOf(plain, name, labels), valueOf(plain, name, { ...labels, ...label })]).toEqual([
      name,
      1,
      0,
    ]);
    expect([name, valueOf(named, name, labels), valueOf(named, name, { ...labels, ...label })]).toEqual([
      name,
      0,
      1,
    ]);
  }
});

it('alerts are counted by group with group-key-in-metrics, and no more when the group is gone', async () => {
  const bench = await started('group-key-in-metrics');
  const key = { group_key: '{}:{alertname="Down"}' };
  await bench.post(down(bench, 5 * MINUTE));
  expect(valueOf(bench, 'alerts', { ...key, state: 'unprocessed' })).toBe(1);
  await bench.run(MINUTE);
  expect(valueOf(bench, 'alerts', { ...key, state: 'active' })).toBe(1);
  expect(valueOf(bench, 'alerts', { ...key, state: 'unprocessed' })).toBe(0);
  await bench.run(10 * MINUTE);
  bench.meter.collect();
  expect(bench.meter.has({ name: 'alertmanager_alerts' }, { ...key, state: 'active' })).toBe(false);
});
