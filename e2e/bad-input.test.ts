/** Mistakes and malice: the good part counts, the error says where, nothing else changes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AlertmanagerMethods, type WireAlert } from '@tocsin/contracts';
import { seededRandom } from '@tocsin/kernel';
import { dialGrpc } from '@tocsin/transport';
import { expect, it } from 'vitest';
import { countsOf, firing, postAlerts, silence, untilFiring, untilSilence } from './support/alerts.ts';
import {
  allTurns,
  planCluster,
  startCluster,
  startReplica,
  untilReady,
  webhookConfig,
  type Replica,
} from './support/cluster.ts';
import { garbageGrpc, garbageHttp, garbagePackets, garbageStreams } from './support/garbage.ts';
import { HOST, freePort, stageOfTest, until } from './support/processes.ts';
import { startReceivers } from './support/services.ts';
import { startSink } from './support/sink.ts';

const alertNames = async (replica: Replica): Promise<readonly string[]> =>
  ((await replica.api('alerts')) as { labels: { alertname: string } }[])
    .map(({ labels }) => labels.alertname)
    .toSorted();

it.concurrent(
  'a batch with bad alerts keeps the good ones and says what is wrong with each of the others, over HTTP and over gRPC',
  async (context) => {
    const stage = stageOfTest(context);
    const [replica] = await startCluster(stage, 1, `http://${HOST}:1`);
    if (replica === undefined) throw new Error('one replica');
    await untilReady([replica]);
    const answer = await fetch(`${replica.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify([
        firing('HttpGood'),
        { labels: {} },
        { ...firing('HttpBackwards'), endsAt: '2020-01-01T00:00:00Z' },
        { labels: { alertname: 'HttpBadLabel', '': 'x' } },
        firing('HttpGoodToo'),
      ]),
    });
    expect(answer.status).toBe(400);
    const said = await answer.text();
    expect(said).toContain('at least one label pair required');
    expect(said).toContain('start time must be before end time');
    expect(said).toContain('invalid label set');

    const link = dialGrpc(replica.grpc);
    const alert = (labels: Readonly<Record<string, string>>): WireAlert => ({
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
      annotations: [],
      generatorUrl: '',
      traceparent: '',
    });
    const ack = await link.call(
      AlertmanagerMethods.postAlerts,
      {
        number: 1,
        tenant: '',
        sender: 'e2e',
        traceparent: '',
        alerts: [alert({ alertname: 'GrpcGood' }), alert({}), alert({ alertname: 'GrpcGoodToo' })],
      },
      { deadlineMs: 10_000 },
    );
    link.close();
    expect(ack.rejections).toEqual([
      { index: 1, reason: expect.stringContaining('at least one label pair') as string },
    ]);
    expect(await alertNames(replica)).toEqual(['GrpcGood', 'GrpcGoodToo', 'HttpGood', 'HttpGoodToo']);
  },
);

it.concurrent(
  'a configuration with a mistake is refused with line and field, and the running one goes on notifying',
  async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    const [plan] = await planCluster(['tocsin']);
    if (plan === undefined) throw new Error('one plan');
    const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
    const replica = await startReplica(stage, plan, [plan], config);
    await untilReady([replica]);
    const before = await configurationMetrics(replica);
    expect(before['last_reload_successful']).toBe(1);
    writeFileSync(config, `${webhookConfig(sink.url)}  - url: []\ntime_intervals: soon\n`);
    const answer = await fetch(`${replica.url}/-/reload`, { method: 'POST' });
    expect(answer.status).toBe(500);
    const said = await answer.text();
    expect(said).toContain('line 11, column 10: receivers[0].webhook_configs[1].url');
    expect(said).toContain('line 12, column 17: time_intervals');
    // SIGHUP says it in the log.
    replica.process.signal('SIGHUP');
    await until('the log says it', () =>
      replica.process.log().includes('line 12, column') ? true : undefined,
    );
    expect(await configurationMetrics(replica)).toEqual({ ...before, last_reload_successful: 0 });
    await postAlerts([replica], [firing('AfterBadReload')]);
    await untilFiring(sink, ['AfterBadReload']);
    // Signals that come during a reload are one more reload, not twenty.
    writeFileSync(config, `${webhookConfig(sink.url)}# mended\n`);
    for (let count = 0; count < 20; count++) replica.process.signal('SIGHUP');
    const after = await until('the mended file is loaded', async () => {
      const now = await configurationMetrics(replica);
      return now['last_reload_successful'] === 1 ? now : undefined;
    });
    expect(replica.process.log().split('Completed loading of configuration file').length - 1).toBeLessThan(5);
    expect(after['hash']).not.toBe(before['hash']);
    expect(after['last_reload_success_timestamp_seconds']).toBeGreaterThan(
      before['last_reload_success_timestamp_seconds'] ?? Infinity,
    );
  },
);

/** `alertmanager_config_*` by the rest of the name. */
async function configurationMetrics({ url }: Replica): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const found = [...page.matchAll(/^alertmanager_config_(\w+) (\S+)$/gm)];
  return Object.fromEntries(found.map(([, name = '', value]) => [name, Number(value)]));
}

const memoryMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const GROWTH_MAX_MIB = 50;

it.concurrent(
  'garbage on the cluster, HTTP and gRPC ports costs no more than the connection: the process lives, its memory stays, the cluster works',
  async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    const replicas = await startCluster(stage, 2, sink.url);
    const [first, second] = replicas;
    if (first === undefined || second === undefined) throw new Error('two replicas');
    await untilReady(replicas);
    const random = seededRandom('garbage');
    const bombard = async (scale: number): Promise<void> => {
      await Promise.all([
        garbagePackets(first.gossip, 10_000 * scale, random.fork('udp')),
        garbageStreams(first.gossip, 300 * scale, random.fork('tcp')),
        garbageHttp(first.url.slice('http://'.length), 300 * scale, random.fork('http')),
        garbageGrpc(first.grpc, 300 * scale, random.fork('grpc')),
      ]);
    };
    // What is loaded and compiled on the first use is no growth.
    await bombard(0.1);
    const before = memoryMiB(first.process.pid);
    await bombard(1);
    await until('memory is given back', () =>
      memoryMiB(first.process.pid) - before < GROWTH_MAX_MIB ? true : undefined,
    );
    await untilReady(replicas);
    await untilSilence(replicas, await silence(first, 'Other'), 'active');
    await untilSilence(replicas, await silence(second, 'Other'), 'active');
    await postAlerts(replicas, [firing('AfterGarbage')]);
    await untilFiring(sink, ['AfterGarbage']);
    await allTurns(replicas.length);
    expect(countsOf(await sink.seen(), ['AfterGarbage'])).toEqual({ AfterGarbage: '1 firing, 0 resolved' });
    expect(first.process.log()).not.toMatch(/level=error|Uncaught|Unhandled/);
  },
);

it.concurrent(
  'a start that cannot work ends with one line that names the port, flag, file or database that is wrong',
  async (context) => {
    const stage = stageOfTest(context);
    const config = stage.file('alertmanager.yml', webhookConfig(`http://${HOST}:1`));
    const taken = (await startReceivers(stage, 'receivers')).address;
    const free = [`${HOST}:${await freePort()}`, `${HOST}:${await freePort()}`] as const;
    const args = (web: string, cluster: string, ...more: string[]): string[] => [
      `--config.file=${config}`,
      `--storage.path=${stage.dir}/data-${more.length}-${web}-${cluster}`,
      `--web.listen-address=${web}`,
      `--cluster.listen-address=${cluster}`,
      ...more,
    ];
    const failing: [readonly string[], RegExp][] = [
      [args(taken, free[1]), new RegExp(`${taken} is already in use`)],
      [args(free[0], taken), new RegExp(`cluster listen address ${taken} .*already in use`)],
      [args(free[0], free[1], `--grpc.listen-address=${taken}`), new RegExp(`${taken} is already in use`)],
      [['--config.fil=x'], /unknown long flag '--config\.fil'/],
      [['--cluster.peer-timeout=soon'], /--cluster\.peer-timeout.*soon/],
      [['--config.file=/none/am.yml', '--cluster.listen-address='], /\/none\/am\.yml/],
      [
        args(free[0], free[1], `--database.url=postgres://u:topsecret@${HOST}:1/x`),
        /127\.0\.0\.1:1\/x.*ECONNREFUSED/,
      ],
    ];
    for (const [given, wanted] of failing) {
      const ended = await stage.start('alertmanager', given);
      expect(ended.code, given.join(' ')).toBe(1);
      expect(ended.said).toMatch(wanted);
      expect(ended.said).not.toContain('topsecret');
      expect(ended.said).not.toMatch(/\n\s+at /);
    }
  },
);
