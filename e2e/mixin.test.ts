/**
 * Goal: alerts that people have on their Alertmanagers work on ours unchanged.
 * Method: the well-known conditions, over windows short enough for a test, asked of Debian's Prometheus
 * that scrapes our replicas: silent while all is well, and each true in a state that it is there for.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { firing, postAlerts } from './support/alerts.ts';
import { peerTimeout, planCluster, startReplica, untilReady, webhookConfig } from './support/cluster.ts';
import { HOST, has, stageOfTest, until } from './support/processes.ts';
import { startPrometheus } from './support/prometheus.ts';
import { startSink } from './support/sink.ts';

const OURS = 'job="others"';
const failedShare = `rate(alertmanager_notifications_failed_total{${OURS}}[10s])
  / ignoring (reason) group_left rate(alertmanager_notifications_total{${OURS}}[10s])`;
const conditions = {
  failedReload: `max_over_time(alertmanager_config_last_reload_successful{${OURS}}[5s]) == 0`,
  membersInconsistent: `max_over_time(alertmanager_cluster_members{${OURS}}[5s])
    < on (job) group_left count by (job) (max_over_time(alertmanager_cluster_members{${OURS}}[5s]))`,
  failedToSend: `${failedShare} > 0.01`,
  // Every reason has its series from the start, with 0: the share is that of all reasons together.
  clusterFailedToSend: `min by (job, integration) (sum without (reason) (${failedShare})) > 0.01`,
  configInconsistent: `count by (job) (count_values by (job) ("config_hash", alertmanager_config_hash{${OURS}})) != 1`,
  clusterDown: `count by (job) (avg_over_time(up{${OURS}}[5s]) < 0.5) / count by (job) (up{${OURS}}) >= 0.5`,
  crashlooping: `count by (job) (changes(process_start_time_seconds{${OURS}}[10m]) > 4)
    / count by (job) (up{${OURS}}) >= 0.5`,
} as const;
type Condition = keyof typeof conditions;

describe.skipIf(!has('prometheus'))('the usual alerts on an Alertmanager', () => {
  it.concurrent('are silent while all is well, and each tells of its fault', async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    const plans = await planCluster(['tocsin', 'tocsin', 'tocsin'], [peerTimeout]);
    const [first, second, loner] = plans;
    if (first === undefined || second === undefined || loner === undefined) throw new Error('three plans');
    const pair = [first, second];
    const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
    let replicas = await Promise.all(pair.map((plan) => startReplica(stage, plan, pair, config)));
    const prometheus = await startPrometheus(stage, {
      scrape: plans.map(({ web }) => `${HOST}:${web}`),
    });
    const ask = async (expression: string): Promise<readonly unknown[]> => {
      const url = `${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`;
      return ((await (await fetch(url)).json()) as { data: { result: unknown[] } }).data.result;
    };
    const holding = async (): Promise<readonly string[]> => {
      const names = Object.keys(conditions) as Condition[];
      const results = await Promise.all(names.map((name) => ask(conditions[name])));
      return names.filter((_, index) => (results[index]?.length ?? 0) > 0);
    };
    const untilHolds = (...names: readonly Condition[]): Promise<unknown> =>
      until(`${names.join(', ')} holds`, async () => {
        const found = await holding();
        return names.every((name) => found.includes(name)) ? true : undefined;
      });
    const untilQuiet = (): Promise<unknown> =>
      until('no condition holds', async () => ((await holding()).length === 0 ? true : undefined));
    const reload = (replica: { readonly url: string } | undefined): Promise<Response> =>
      fetch(`${replica?.url}/-/reload`, { method: 'POST' });

    await untilReady(replicas);
    await postAlerts(replicas, [firing('Well')]);
    await until('the notification was scraped', async () =>
      (await ask(`alertmanager_notifications_total{${OURS},integration="webhook"} > 0`)).length > 0
        ? true
        : undefined,
    );
    await untilQuiet();

    await sink.behave({ fail: 400 });
    await postAlerts(replicas, [firing('Unsent')]);
    await untilHolds('failedToSend', 'clusterFailedToSend');
    await sink.behave({ fail: 0 });
    await untilQuiet();

    appendFileSync(config, '# another text, the same meaning\n');
    await reload(replicas[0]);
    await untilHolds('configInconsistent');
    await reload(replicas[1]);
    await untilQuiet();

    writeFileSync(config, 'route: {receiver: nobody}\n');
    expect((await reload(replicas[0])).status).toBe(500);
    await untilHolds('failedReload');
    writeFileSync(config, webhookConfig(sink.url));
    await Promise.all(replicas.map(reload));
    await untilQuiet();

    const alone = await startReplica(stage, loner, [loner], config);
    await untilHolds('membersInconsistent');
    await alone.process.stop();
    await untilQuiet();

    for (let crashes = 1; crashes <= 5; crashes++) {
      await Promise.all(replicas.map((replica) => replica.process.kill()));
      replicas = await Promise.all(pair.map((plan) => startReplica(stage, plan, pair, config)));
      await until(`start ${crashes} was scraped`, async () =>
        (await ask(`changes(process_start_time_seconds{${OURS}}[10m]) >= ${crashes}`)).length === pair.length
          ? true
          : undefined,
      );
    }
    await untilHolds('crashlooping');
    await Promise.all(replicas.map((replica) => replica.process.kill()));
    await untilHolds('clusterDown');
  });
});
