/** The `tracing:` section: traces go where the configuration says, from the reload on that says so. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { firing, postAlerts, untilFiring } from './support/alerts.ts';
import { planCluster, startReplica, untilReady, webhookConfig, type Replica } from './support/cluster.ts';
import { startCollector, type Collector } from './support/collector.ts';
import { stageOfTest, until, type Stage } from './support/processes.ts';
import { startSink, type SinkProcess } from './support/sink.ts';

interface World {
  readonly sink: SinkProcess;
  readonly replica: Replica;
  reload(section: string): Promise<number>;
}

async function startWorld(stage: Stage, section: string, env: NodeJS.ProcessEnv = {}): Promise<World> {
  const sink = await startSink(stage);
  const textOf = (tracing: string): string => `${webhookConfig(sink.url)}${tracing}`;
  const config = stage.file('alertmanager.yml', textOf(section));
  const plans = await planCluster(['tocsin']);
  const [plan] = plans;
  if (plan === undefined) throw new Error('a plan');
  const replica = await startReplica(stage, plan, plans, config, [], env);
  await untilReady([replica]);
  const reload = async (tracing: string): Promise<number> => {
    writeFileSync(config, textOf(tracing));
    return (await fetch(`${replica.url}/-/reload`, { method: 'POST' })).status;
  };
  return { sink, replica, reload };
}

const http = ({ url }: Collector, fraction = 1): string =>
  `tracing: {client_type: http, endpoint: '${url.slice('http://'.length)}', insecure: true, sampling_fraction: ${fraction}, compression: gzip, headers: {X-Scope: {values: [team]}}}\n`;
const grpc = (collector: Collector): string =>
  `tracing: {endpoint: '${collector.grpc}', insecure: true, sampling_fraction: 1, compression: gzip}\n`;
const names = ({ spans }: Collector): readonly string[] => spans.map(({ name }) => name);
const untilSpan = (collector: Collector, name: string): Promise<unknown> =>
  until(`a span ${name}`, () => (names(collector).includes(name) ? true : undefined));

it.concurrent(
  'by HTTP: a request is a server span, its handler and the stages of the flush are below, and the service is named as upstream names it',
  async (context) => {
    const stage = stageOfTest(context);
    const collector = await startCollector(stage);
    const { sink, replica } = await startWorld(stage, http(collector));
    await postAlerts([replica], [firing('Traced')]);
    await untilFiring(sink, ['Traced']);
    await untilSpan(collector, 'notify.SetNotifiesStage.Exec');
    const { spans } = collector;
    const one = (name: string): (typeof spans)[number] | undefined =>
      spans.find((span) => span.name === name);
    const flush = one('dispatch.AggregationGroup.flush');
    expect(one('api.postAlertsHandler')?.parentId).toBe(one('POST /api/v2/alerts')?.spanId);
    expect(flush?.links).toEqual([one('POST /api/v2/alerts')?.traceId]);
    for (const stageName of ['MuteStage', 'TimeMuteStage', 'DedupStage', 'RetryStage', 'SetNotifiesStage'])
      expect([stageName, one(`notify.${stageName}.Exec`)?.parentId]).toEqual([stageName, flush?.spanId]);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['alertmanager']));
    expect(collector.headers.at(-1)).toMatchObject({ 'x-scope': 'team', 'content-encoding': 'gzip' });
  },
);

it.concurrent(
  'a reload moves traces from one collector to another by gRPC, nothing of the old is lost, and without the section none are made',
  async (context) => {
    const stage = stageOfTest(context);
    const [first, second] = await Promise.all([startCollector(stage), startCollector(stage)]);
    const { replica, reload } = await startWorld(stage, http(first));
    await replica.api('receivers');
    expect(await reload(grpc(second))).toBe(200);
    await untilSpan(first, 'GET /api/v2/receivers');
    await replica.api('silences');
    await untilSpan(second, 'GET /api/v2/silences');
    expect(names(first)).not.toContain('GET /api/v2/silences');

    expect(await reload('tracing: {client_type: smoke, endpoint: x}\n')).toBe(500);
    await replica.api('alerts');
    await untilSpan(second, 'GET /api/v2/alerts');

    expect(await reload('')).toBe(200);
    await replica.api('alerts/groups');
    await replica.process.stop();
    expect([...names(first), ...names(second)]).not.toContain('GET /api/v2/alerts/groups');
  },
);

it.concurrent(
  'nothing is sampled by default, except what the caller samples; the section rules over the OTEL variables, which rule without it',
  async (context) => {
    const stage = stageOfTest(context);
    const [section, environment] = await Promise.all([startCollector(stage), startCollector(stage)]);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: environment.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
    const { replica, reload } = await startWorld(stage, http(section, 0), env);
    await replica.api('receivers');
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    await replica.api('silences', { headers: { traceparent } });
    await untilSpan(section, 'GET /api/v2/silences');
    expect(section.spans.map(({ traceId }) => traceId)).toContain('ab'.repeat(16));
    expect(names(section)).not.toContain('GET /api/v2/receivers');
    expect(await reload('')).toBe(200);
    await replica.api('alerts');
    await untilSpan(environment, 'GET /api/v2/alerts');
    expect(names(environment)).not.toContain('GET /api/v2/silences');
  },
);
