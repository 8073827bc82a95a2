/** Real rules on real series: Debian's Prometheus before our alertmanagers, and behind our schedulers. */
import { describe, expect, it } from 'vitest';
import { firingsOf, resolvesOf, untilFiring, untilResolved } from './support/alerts.ts';
import { allTurns, replicaAt, startCluster, untilReady } from './support/cluster.ts';
import { hasPostgres, startDatabase } from './support/database.ts';
import { startGauge } from './support/gauge.ts';
import { has, stageOfTest, until } from './support/processes.ts';
import { startPrometheus } from './support/prometheus.ts';
import { planScheduler, startReceivers, startScheduler, type SchedulerProcess } from './support/services.ts';
import { startSink } from './support/sink.ts';

describe.skipIf(!has('prometheus'))('with the real Prometheus', () => {
  it.concurrent(
    'an alert of its rule file, posted to two of our alertmanagers, makes one notification, and one more when it is over',
    async (context) => {
      const stage = stageOfTest(context);
      const [sink, gauge] = await Promise.all([startSink(stage), startGauge(stage)]);
      const replicas = await startCluster(stage, 2, sink.url);
      await startPrometheus(stage, {
        scrape: [gauge.address],
        alertmanagers: replicas.map(({ url }) => url.slice('http://'.length)),
        rules: `groups:
- name: switch
  rules:
  - alert: SwitchedOn
    expr: test_switch == 1
    for: 2s
    annotations:
      summary: '{{ $labels.job }} is at {{ $value }}'
`,
      });
      await untilReady(replicas);
      gauge.set(1);
      await until('the sink hears of it', async () => ((await sink.seen()).length > 0 ? true : undefined));
      await allTurns(replicas.length);
      const [alert] = (await replicaAt(replicas, 1).api('alerts')) as {
        annotations: unknown;
        generatorURL: string;
      }[];
      expect(alert?.annotations).toEqual({ summary: 'others is at 1' });
      expect(alert?.generatorURL).toContain('/graph?g0.expr=test_switch');
      gauge.set(0);
      await until('the sink hears the end', async () => ((await sink.seen()).length > 1 ? true : undefined));
      await allTurns(replicas.length);
      const name = `SwitchedOn{instance=${gauge.address},job=others}`;
      expect(
        (await sink.seen()).map(({ status, firing, resolved }) => ({ status, firing, resolved })),
      ).toEqual([
        { status: 'firing', firing: [name], resolved: [] },
        { status: 'resolved', firing: [], resolved: [name] },
      ]);
    },
  );

  it.skipIf(!hasPostgres()).concurrent(
    'our schedulers evaluate rules over it and deliver by gRPC to alertmanagers with receivers of their own: one notification; killed and started again they go on where they were',
    async (context) => {
      const stage = stageOfTest(context);
      const [sink, gauge, database, receivers] = await Promise.all([
        startSink(stage),
        startGauge(stage),
        startDatabase(stage),
        startReceivers(stage, 'receivers'),
      ]);
      const [replicas, prometheus] = await Promise.all([
        startCluster(stage, 2, sink.url, [
          `--receivers.address=${receivers.address}`,
          `--database.url=${database.url}`,
        ]),
        startPrometheus(stage, { scrape: [gauge.address] }),
      ]);
      const rules = stage.file(
        'rules.yml',
        `groups:
- name: real
  interval: 1s
  rules:
  - alert: PrometheusIsUp
    expr: up{job="prometheus"} == 1
    for: 2s
    annotations: {summary: '{{ $labels.instance }} is at {{ $value | humanize }}'}
  - alert: LongPending
    expr: up{job="prometheus"} == 1
    for: 1h
  - alert: SwitchedOn
    expr: sum by (job) (test_switch) > 0
`,
      );
      const dataSources = stage.file(
        'datasources.yml',
        `datasources:\n- name: main\n  type: prometheus\n  url: ${prometheus.url}\n`,
      );
      const options = {
        dataSources,
        rules: [rules],
        alertmanagers: replicas.map(({ grpc }) => grpc),
        databaseUrl: database.url,
      };
      const plans = [await planScheduler(stage, 's-0', options), await planScheduler(stage, 's-1', options)];
      const start = (): Promise<SchedulerProcess[]> =>
        Promise.all(plans.map((plan) => startScheduler(stage, plan)));
      const first = await start();
      const isUp = `PrometheusIsUp{instance=${prometheus.url.slice('http://'.length)},job=prometheus}`;
      await untilFiring(sink, [isUp]);
      const before = await activeAt(first);
      const [alert] = (await replicaAt(replicas, 0).api('alerts?filter=alertname=PrometheusIsUp')) as {
        startsAt: string;
        annotations: unknown;
      }[];
      expect(alert?.annotations).toMatchObject({ summary: expect.stringMatching(/ is at 1$/) as string });

      await Promise.all(first.map(({ process }) => process.kill()));
      gauge.set(1);
      const second = await start();
      await untilFiring(sink, ['SwitchedOn{job=others}']);
      gauge.set(0);
      await untilResolved(sink, ['SwitchedOn{job=others}']);
      expect(await activeAt(second)).toEqual(before);
      for (const replica of replicas) {
        expect(await replica.api('alerts?filter=alertname=PrometheusIsUp')).toMatchObject([
          { startsAt: alert?.startsAt },
        ]);
      }
      await allTurns(replicas.length);
      const seen = await sink.seen();
      expect(firingsOf(seen, isUp).map(({ reason }) => reason)).toHaveLength(1);
      expect(resolvesOf(seen, isUp)).toEqual([]);
      expect(seen.filter(({ isDuplicate }) => isDuplicate)).toEqual([]);
      expect(seen).toHaveLength(3);
    },
  );
});

/** activeAt of the two rules that stay, as each scheduler shows it; all firing or pending as they should be. */
async function activeAt(schedulers: readonly SchedulerProcess[]): Promise<readonly string[]> {
  return Promise.all(
    schedulers.map((scheduler) =>
      until('both alerts are active', async () => {
        const alerts = await scheduler.alerts();
        const shown = ['PrometheusIsUp firing', 'LongPending pending'].map((wanted) => {
          const found = alerts.find(({ labels, state }) => `${labels['alertname']} ${state}` === wanted);
          return found === undefined ? undefined : `${wanted} since ${found.activeAt}`;
        });
        return shown.includes(undefined) ? undefined : shown.join(', ');
      }),
    ),
  );
}
