/** A cluster on its way from Alertmanager to Tocsin: two of ours and one of Debian's. */
import { describe, expect, it } from 'vitest';
import {
  countsOf,
  firing,
  postAlertsToThoseUp,
  postAlerts,
  resolved,
  sameCounts,
  silence,
  untilFiring,
  untilResolved,
  untilSilence,
} from './support/alerts.ts';
import {
  allTurns,
  peerTimeout,
  planCluster,
  replicaAt,
  startReplica,
  untilReady,
  webhookConfig,
  type Replica,
} from './support/cluster.ts';
import { has, sleep, stageOfTest } from './support/processes.ts';
import { startSink } from './support/sink.ts';

/** A log entry has reached every member. */
const SPREAD_MS = 1_000;

describe.skipIf(!has('alertmanager'))('two of ours and one real Alertmanager in one cluster', () => {
  it('share silences both ways, notify once for an alert that all three got, and once still when any one of them is killed', async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    // The name that the real one gives itself begins with 01, so one of ours stands before it, one behind.
    const kinds = await planCluster(
      ['tocsin', 'tocsin', 'real'],
      [peerTimeout, '--cluster.pushpull-interval=3s'],
    );
    const plans = kinds.map((plan, index) => (index === 0 ? { ...plan, name: '0-am' } : plan));
    const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
    const start = (index: number): Promise<Replica> => {
      const plan = plans[index];
      if (plan === undefined) throw new Error(`no replica ${index}`);
      return startReplica(stage, plan, plans, config);
    };
    const replicas = await Promise.all([start(0), start(1), start(2)]);
    await untilReady(replicas);

    const told = async (name: string, to: readonly Replica[]): Promise<void> => {
      const startsAt = Date.now();
      await postAlertsToThoseUp(to, [firing(name, startsAt)]);
      await untilFiring(sink, [name]);
      await postAlertsToThoseUp(to, [resolved(name, startsAt)]);
      await untilResolved(sink, [name]);
      // Until all know it: what is in flight at a kill may repeat, and is counted elsewhere.
      await sleep(SPREAD_MS);
    };

    const silences = await Promise.all(replicas.map((replica) => silence(replica, `Quiet-${replica.name}`)));
    for (const id of silences) await untilSilence(replicas, id, 'active');
    const quiet = replicas.map(({ name }) => `Quiet-${name}`);
    await postAlerts(
      replicas,
      quiet.map((name) => firing(name)),
    );
    // Each is expired on another replica than the one it was made on.
    const expired = await Promise.all(replicas.map((replica) => silence(replica, `Brief-${replica.name}`)));
    for (const id of expired) await untilSilence(replicas, id, 'active');
    await Promise.all(
      expired.map((id, index) =>
        replicaAt(replicas, (index + 1) % 3).api(`silence/${id}`, { method: 'DELETE' }),
      ),
    );
    for (const id of expired) await untilSilence(replicas, id, 'expired');

    await told('AllThree', replicas);
    for (const index of [0, 1, 2]) {
      const replica = replicaAt(replicas, index);
      await replica.process.kill();
      await told(`Without-${replica.name}`, replicas);
      if (index === 2) break;
      replicas[index] = await start(index);
      await untilReady(replicas);
    }
    await allTurns(replicas.length);
    const names = ['AllThree', ...replicas.map(({ name }) => `Without-${name}`)];
    expect(countsOf(await sink.seen(), [...names, ...quiet])).toEqual({
      ...sameCounts(names, '1 firing, 1 resolved'),
      ...sameCounts(quiet, '0 firing, 0 resolved'),
    });
  });
});
