/** Goal: one alert name gone wild takes no more than its share, and nobody has to guess what was lost. */
import { expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function started(limit: number, names = false): Promise<Bench> {
  const settings = {
    alertsPerAlertname: limit,
    metricFeatures: new Set(names ? (['alert-names-in-metrics'] as const) : []),
  };
  const bench = new Bench({ turn, configuration: configurationOf(), settings });
  await bench.start();
  return bench;
}
const alert = (
  bench: Bench,
  alertname: string,
  instance: string,
  endsInMs = HOUR,
): { labels: Record<string, string>; endsAt: string } => ({
  labels: { alertname, instance },
  endsAt: bench.time(endsInMs),
});
async function held(bench: Bench): Promise<readonly string[]> {
  const { body } = await bench.request('GET', '/api/v2/alerts');
  return (body as { labels: { alertname: string; instance: string } }[])
    .map(({ labels }) => `${labels.alertname} ${labels.instance}`)
    .toSorted();
}
const LIMITED = { name: 'alertmanager_alerts_limited_total' };

it('alerts above the limit are dropped, answered as if taken, counted and on record; other names and known alerts pass', async () => {
  const bench = await started(2);
  await bench.post(alert(bench, 'A', '1'), alert(bench, 'A', '2'));
  await bench.post(alert(bench, 'A', '3'), alert(bench, 'A', '1', 2 * HOUR), alert(bench, 'B', '1'));
  await bench.post(alert(bench, 'A', '4'));
  expect(await held(bench)).toEqual(['A 1', 'A 2', 'B 1']);
  expect(bench.meter.value(LIMITED)).toBe(2);
  expect(bench.decisions('dropped-at-limit')).toHaveLength(1);
  const told = bench.logger.lines.filter(({ message }) => message.startsWith('Alerts are dropped'));
  expect(told.map(({ facts }) => facts['alertname'])).toEqual(['A']);
  expect(bench.meter.value({ name: 'alertmanager_alerts_per_alert_limit' })).toBe(2);
});

it('one that has ended makes room, the oldest end first; one that fires again keeps its place', async () => {
  const bench = await started(3);
  await bench.post(
    alert(bench, 'A', 'late', 2 * MINUTE),
    alert(bench, 'A', 'early', MINUTE),
    alert(bench, 'A', 'lasting'),
  );
  await bench.run(3 * MINUTE);
  await bench.post(alert(bench, 'A', 'early'));
  await bench.post(alert(bench, 'A', 'new'));
  expect(await held(bench)).toEqual(['A early', 'A lasting', 'A new']);
  await bench.post(alert(bench, 'A', 'newer'));
  expect(await held(bench)).not.toContain('A newer');
});

it('places are free again when alerts were collected, and held after a restart', async () => {
  const bench = await started(2);
  await bench.post(alert(bench, 'A', '1', SECOND), alert(bench, 'A', '2', 2 * HOUR));
  await bench.run(HOUR);
  await bench.post(alert(bench, 'A', '3', 2 * HOUR));
  await bench.run(SECOND);
  await bench.restart(SECOND);
  await bench.post(alert(bench, 'A', '4'));
  expect(await held(bench)).toEqual(['A 2', 'A 3']);
});

it('the metric has the alert name only when that was asked for', async () => {
  const bench = await started(1, true);
  await bench.post(alert(bench, 'A', '1'), alert(bench, 'A', '2'));
  expect(bench.meter.value(LIMITED, { alertname: 'A' })).toBe(1);
  expect(bench.meter.value(LIMITED)).toBe(0);
});
