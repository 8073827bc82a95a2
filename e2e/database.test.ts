/** The database goes away under load and comes back. */
import { expect, it } from 'vitest';
import {
  countsOf,
  firing,
  postAlerts,
  postAlertsToThoseUp,
  sameCounts,
  silence,
  untilFiring,
  untilSilence,
} from './support/alerts.ts';
import {
  allTurns,
  peerTimeout,
  planCluster,
  startReplica,
  untilReady,
  webhookConfig,
} from './support/cluster.ts';
import { hasPostgres, startDatabase } from './support/database.ts';
import { sleep, stageOfTest } from './support/processes.ts';
import { startSink } from './support/sink.ts';

const AWAY_MS = 3_000;
const NEW_ALERT_MS = 250;

it.skipIf(!hasPostgres()).concurrent(
  'PostgreSQL stopped and started under load: no notification is lost or repeated, a silence made meanwhile is kept, and the replicas write again by themselves',
  async (context) => {
    const stage = stageOfTest(context);
    const [sink, database] = await Promise.all([startSink(stage), startDatabase(stage)]);
    const plans = await planCluster(
      ['tocsin', 'tocsin', 'tocsin'],
      [peerTimeout, `--database.url=${database.url}`],
    );
    const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
    const start = (): ReturnType<typeof startReplica>[] =>
      plans.map((plan) => startReplica(stage, plan, plans, config));
    let replicas = await Promise.all(start());
    await untilReady(replicas);

    const names: string[] = [];
    let isOver = false;
    const load = (async (): Promise<void> => {
      while (!isOver) {
        names.push(`Alert${names.length}`);
        await postAlerts(
          replicas,
          names.map((name) => firing(name)),
        );
        await sleep(NEW_ALERT_MS);
      }
    })();
    await untilFiring(sink, ['Alert0', 'Alert5']);
    const [first, second] = replicas;
    if (first === undefined || second === undefined) throw new Error('three replicas');
    await database.stop();
    const [id] = await Promise.all([silence(second, 'MadeWhileAway'), sleep(AWAY_MS)]);
    await untilSilence(replicas, id, 'active');
    await database.start();
    const after = await silence(first, 'MadeAfterwards');
    await untilFiring(sink, [names.at(-1) ?? '']);
    isOver = true;
    await load;
    await untilFiring(sink, names);
    await allTurns(replicas.length);
    const told = sameCounts(names, '1 firing, 0 resolved');
    expect(countsOf(await sink.seen(), names)).toEqual(told);
    for (const { process } of replicas) expect(process.log()).toContain('The database is back');

    // What was written before, while it was away, and after it came back: it is all in the rows.
    await Promise.all(replicas.map(({ process }) => process.kill()));
    replicas = await Promise.all(start());
    await untilReady(replicas);
    for (const each of [id, after]) await untilSilence(replicas, each, 'active');
    await postAlertsToThoseUp(
      replicas,
      names.map((name) => firing(name)),
    );
    await sleep(4_000);
    await allTurns(replicas.length);
    expect(countsOf(await sink.seen(), names)).toEqual(told);
  },
);
