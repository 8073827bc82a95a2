/** Goal: what dashboards of Alertmanager show is what happened. Method: whole alertmanagers on virtual time. */
import { expect, it } from 'vitest';
import { captureMeter } from '@tocsin/kernel/testing';
import { countSnapshot } from './snapshot-report.ts';
import { Bench, HOUR, MINUTE, SECOND } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function started(): Promise<Bench> {
  const bench = new Bench({ turn, configuration: configurationOf() });
  await bench.start();
  return bench;
}
const valueOf = (bench: Bench, name: string, labels: Record<string, string> = {}): number => {
  bench.meter.collect();
  return bench.meter.value({ name: `alertmanager_${name}` }, labels);
};

it('a first notification asks the notification log and misses; later ticks ask and find', async () => {
  const bench = await started();
  await bench.post({ labels: { alertname: 'Down' }, endsAt: bench.time(HOUR) });
  await bench.run(20 * SECOND);
  const misses = valueOf(bench, 'nflog_query_errors_total');
  expect(misses).toBeGreaterThan(0);
  expect(valueOf(bench, 'nflog_queries_total')).toBe(misses);
  await bench.run(5 * MINUTE);
  expect(valueOf(bench, 'nflog_query_errors_total')).toBe(misses);
  const queries = valueOf(bench, 'nflog_queries_total');
  expect(queries).toBeGreaterThan(misses);
  const durations = bench.meter.observations({ name: 'alertmanager_nflog_query_duration_seconds' });
  expect(durations).toHaveLength(queries);
});

it('each stored alert is handed to the inhibitor and to the dispatcher, once for each time it came', async () => {
  const bench = await started();
  for (let times = 0; times < 3; times++)
    await bench.post({ labels: { alertname: 'A' } }, { labels: { alertname: 'B' } });
  for (const subscriber of ['inhibitor', 'dispatcher'])
    expect(valueOf(bench, 'alerts_subscriber_channel_writes_total', { subscriber })).toBe(6);
});

it('silences are counted as they are held, and each question about them', async () => {
  const bench = await started();
  const silence = {
    matchers: [{ name: 'alertname', value: 'Down', isRegex: false }],
    startsAt: bench.time(),
    endsAt: bench.time(HOUR),
    createdBy: 'me',
    comment: 'c',
  };
  await bench.request('POST', '/api/v2/silences', silence);
  expect(valueOf(bench, 'silences_state_size')).toBe(1);
  expect(valueOf(bench, 'silences_matcher_index_size')).toBe(1);
  const before = valueOf(bench, 'silences_queries_total');
  await bench.request('GET', '/api/v2/silences');
  expect(valueOf(bench, 'silences_queries_total')).toBe(before + 1);
  await bench.post({ labels: { alertname: 'Down' } });
  await bench.request('GET', '/api/v2/alerts');
  expect(valueOf(bench, 'silences_queries_total')).toBeGreaterThan(before + 1);
});

it('maintenance of both is counted, its failures too', async () => {
  const bench = await started();
  bench.store.isAway = true;
  await bench.run(16 * MINUTE);
  for (const what of ['silences', 'nflog']) {
    expect(valueOf(bench, `${what}_maintenance_total`)).toBe(1);
    expect(bench.meter.observations({ name: `alertmanager_${what}_gc_duration_seconds` })).toHaveLength(1);
  }
});

it('a snapshot shows in the metrics of its own file, a failed one as a failed maintenance', () => {
  const meter = captureMeter();
  countSnapshot(meter, { file: 'silences', bytes: 700, tookMs: 20 });
  countSnapshot(meter, { file: 'nflog', bytes: 0, tookMs: 5, cause: new Error('disk full') });
  countSnapshot(meter, { file: 'tocsin.state', bytes: 9, tookMs: 1 });
  const of = (name: string): number => meter.value({ name: `alertmanager_${name}` });
  expect([of('silences_snapshot_size_bytes'), of('silences_snapshot_duration_seconds')]).toEqual([700, 0.02]);
  expect([of('nflog_snapshot_size_bytes'), of('nflog_maintenance_errors_total')]).toEqual([0, 1]);
  expect(of('silences_maintenance_errors_total')).toBe(0);
});
