/** One alert followed through all services by its trace. */
import { expect, it } from 'vitest';
import { firing, postAlerts, untilFiring } from './support/alerts.ts';
import { allTurns, startCluster, untilReady, type Replica } from './support/cluster.ts';
import { startCollector, type Collector, type SeenSpan } from './support/collector.ts';
import { startGauge, type Gauge } from './support/gauge.ts';
import { stageOfTest, until, type Stage } from './support/processes.ts';
import { planScheduler, startReceivers, startScheduler } from './support/services.ts';
import { startSink, type SinkProcess } from './support/sink.ts';

interface World {
  readonly collector: Collector;
  readonly sink: SinkProcess;
  readonly gauge: Gauge;
  readonly replicas: readonly Replica[];
}

async function startWorld(stage: Stage, envOf: (collector: Collector) => NodeJS.ProcessEnv): Promise<World> {
  const [collector, sink, gauge] = await Promise.all([
    startCollector(stage),
    startSink(stage),
    startGauge(stage),
  ]);
  const env = envOf(collector);
  const receivers = await startReceivers(stage, 'receivers', env);
  const replicas = await startCluster(stage, 2, sink.url, [`--receivers.address=${receivers.address}`], env);
  const plan = await planScheduler(stage, 'scheduler', {
    dataSources: stage.file(
      'datasources.yml',
      `datasources:\n- {name: gauge, type: exposition, url: 'http://${gauge.address}/metrics'}\n`,
    ),
    rules: [
      stage.file(
        'rules.yml',
        'groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: Traced, expr: test_switch == 1}\n',
      ),
    ],
    alertmanagers: replicas.map(({ grpc }) => grpc),
  });
  await Promise.all([startScheduler(stage, plan, env), untilReady(replicas)]);
  return { collector, sink, gauge, replicas };
}

const OF_ALERTMANAGER = 'tocsin-alertmanager';

it.concurrent(
  'with OTLP on, the trace of an evaluation goes on in both alertmanagers, the flush links to it, and the trace of the flush goes by wait, notify and receivers into the HTTP request',
  async (context) => {
    const stage = stageOfTest(context);
    const { collector, sink, gauge, replicas } = await startWorld(stage, ({ url }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    }));
    gauge.set(1);
    await untilFiring(sink, ['Traced']);
    await allTurns(replicas.length);
    const [notification] = await sink.seen();
    const [, traceId = '', spanId = ''] = notification?.traceparent.split('-') ?? [];

    const chain = await until('all spans are exported', () => {
      const found = upwards(collector.spans, traceId, spanId);
      return found.at(-1)?.parentId === '' ? found : undefined;
    });
    expect(chain.map(({ name, service }) => `${service} ${name}`)).toEqual([
      'tocsin-receivers notify.Integration.Notify',
      `${OF_ALERTMANAGER} notify.RetryStage.Exec`,
      `${OF_ALERTMANAGER} dispatch.AggregationGroup.flush`,
    ]);

    const [evaluation = ''] = chain.at(-1)?.links ?? [];
    const evaluated = await until('the spans of the evaluation are exported', () => {
      const found = collector.spans.filter((span) => span.traceId === evaluation);
      return count(found, OF_ALERTMANAGER, 'alertmanager.StreamAlerts') >= 2 ? found : undefined;
    });
    expect(count(evaluated, 'tocsin-scheduler', 'rule')).toBe(1);
    const root = evaluated.find(({ name }) => name === 'rule');
    const calls = evaluated.filter(({ name }) => name === 'StreamAlerts');
    expect(calls.map(({ parentId }) => parentId)).toEqual([root?.spanId, root?.spanId]);
    const received = evaluated.filter(({ name }) => name === 'alertmanager.StreamAlerts');
    expect(received.map(({ parentId }) => parentId).toSorted()).toEqual(
      calls.map((call) => call.spanId).toSorted(),
    );

    // The replica in position 1 waits in the trace of its own flush, which links to the same evaluation.
    const wait = await until('the wait is exported', () =>
      collector.spans.find(({ name }) => name === 'notify.WaitStage.Exec'),
    );
    expect(upwards(collector.spans, wait.traceId, wait.spanId).at(-1)).toMatchObject({
      name: 'dispatch.AggregationGroup.flush',
      links: [evaluation],
    });
  },
);

it.concurrent(
  'with no OTEL variable set, nothing is exported and no request carries a trace',
  async (context) => {
    const stage = stageOfTest(context);
    const { collector, sink, gauge, replicas } = await startWorld(stage, () => ({}));
    gauge.set(1);
    await postAlerts(replicas, [firing('Posted')]);
    await untilFiring(sink, ['Traced', 'Posted']);
    await allTurns(replicas.length);
    expect((await sink.seen()).map(({ traceparent }) => traceparent)).toEqual(['', '']);
    expect(collector.spans).toEqual([]);
  },
);

/** The span and its ancestors. */
function upwards(spans: readonly SeenSpan[], traceId: string, spanId: string): readonly SeenSpan[] {
  const found: SeenSpan[] = [];
  for (let id = spanId; id !== '';) {
    const span = spans.find((each) => each.traceId === traceId && each.spanId === id);
    if (span === undefined) break;
    found.push(span);
    id = span.parentId;
  }
  return found;
}

const count = (spans: readonly SeenSpan[], service: string, name: string): number =>
  spans.filter((span) => span.service === service && span.name === name).length;
