/** Faults between replicas: cut off, without UDP, paused. */
import { expect, it } from 'vitest';
import {
  countsOf,
  firing,
  firingsOf,
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
  startCluster,
  startReplica,
  untilReady,
  webhookConfig,
  type Replica,
} from './support/cluster.ts';
import { HOST, sleep, stageOfTest, until, type Stage } from './support/processes.ts';
import { Relay } from './support/relay.ts';
import { startSink, type SinkProcess } from './support/sink.ts';

const PAUSE_MS = 6_000;
const REPLICAS = ['am-0', 'am-1', 'am-2'];

interface World {
  readonly sink: SinkProcess;
  readonly relay: Relay;
  readonly replicas: readonly [Replica, Replica, Replica];
}

/** Three replicas that reach each other by the relay alone. */
async function startWorld(stage: Stage): Promise<World> {
  const sink = await startSink(stage);
  const relay = new Relay(stage);
  const plans = await planCluster(['tocsin', 'tocsin', 'tocsin']);
  const advertised = await Promise.all(plans.map(({ name, gossip }) => relay.add(name, gossip)));
  const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
  const replicas = await Promise.all(
    plans.map(async (plan, index) => {
      const replica = await startReplica(stage, plan, [], config, [
        peerTimeout,
        `--cluster.advertise-address=${HOST}:${advertised[index] ?? 0}`,
        ...advertised.filter((_, peer) => peer !== index).map((port) => `--cluster.peer=${HOST}:${port}`),
        '--cluster.reconnect-interval=1s',
        '--cluster.pushpull-interval=3s',
      ]);
      relay.setPid(plan.name, replica.process.pid);
      return replica;
    }),
  );
  const [first, second, third] = replicas;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three replicas');
  await untilReady(replicas);
  return { sink, relay, replicas: [first, second, third] };
}

/** Notifications that this replica has delivered for the alert name. */
async function deliveredBy(replica: Replica, name: string): Promise<number> {
  const { events } = (await replica.api('tocsin/events?type=delivered&limit=1000')) as {
    events: readonly { decision: { groupKey: string } }[];
  };
  return events.filter(({ decision }) => decision.groupKey.includes(`"${name}"`)).length;
}

const untilMembers = (replica: Replica, count: number): Promise<true> =>
  until(`${replica.name} sees ${count} members`, async () =>
    (await replica.status()).peers.length === count ? true : undefined,
  );

it.concurrent(
  'a partition costs at most one notification on each side; healed, silences and logs are the same everywhere and nothing is repeated',
  async (context) => {
    const { sink, relay, replicas } = await startWorld(stageOfTest(context));
    const [alone, ...others] = replicas;
    const [second] = others;
    await postAlerts(replicas, [firing('Before')]);
    await untilFiring(sink, ['Before']);
    await sleep(1_000);

    relay.partition(['am-0'], ['am-1', 'am-2']);
    await postAlerts(replicas, [firing('RightAfterTheCut')]);
    await untilMembers(alone, 1);
    await Promise.all(others.map((replica) => untilMembers(replica, 2)));
    await postAlerts(replicas, [firing('WhileCut')]);
    const made = await Promise.all([
      silence(alone, 'Quiet'),
      second === undefined ? '' : silence(second, 'Quiet'),
    ]);
    const during = ['RightAfterTheCut', 'WhileCut'];
    await untilFiring(sink, during);
    await allTurns(replicas.length);
    for (const name of during) {
      const [ofAlone = 0, ...ofOthers] = await Promise.all(
        replicas.map((replica) => deliveredBy(replica, name)),
      );
      expect([ofAlone, ofOthers.reduce((sum, each) => sum + each, 0)], name).toEqual([1, 1]);
    }

    relay.heal();
    await untilReady(replicas);
    for (const id of made) await untilSilence(replicas, id, 'active');
    await postAlerts(replicas, [firing('Healed'), firing('Quiet')]);
    await untilFiring(sink, ['Healed']);
    const all = ['Before', ...during, 'Healed'];
    await postAlerts(
      replicas,
      all.map((name) => resolved(name)),
    );
    await untilResolved(sink, all);
    await allTurns(replicas.length);
    expect(countsOf(await sink.seen(), [...all, 'Quiet'])).toEqual({
      Before: '1 firing, 1 resolved',
      ...sameCounts(during, '2 firing, 1 resolved'),
      Healed: '1 firing, 1 resolved',
      Quiet: '0 firing, 0 resolved',
    });
  },
);

it.concurrent(
  'without UDP, TCP is enough: all stay members, and each alert makes one notification',
  async (context) => {
    const { sink, relay, replicas } = await startWorld(stageOfTest(context));
    relay.blockUdp();
    const names = Array.from({ length: 8 }, (_, index) => `NoUdp${index}`);
    for (const name of names) {
      await postAlerts(replicas, [firing(name)]);
      await sleep(1_000);
    }
    await untilFiring(sink, names);
    await allTurns(replicas.length);
    await untilSilence(replicas, await silence(replicas[1], 'Quiet'), 'active');
    for (const replica of replicas) {
      expect((await replica.status()).peers.map(({ name }) => name).toSorted()).toEqual(REPLICAS);
    }
    await postAlerts(
      replicas,
      names.map((name) => resolved(name)),
    );
    await untilResolved(sink, names);
    await allTurns(replicas.length);
    expect(countsOf(await sink.seen(), names)).toEqual(sameCounts(names, '1 firing, 1 resolved'));
  },
);

it.concurrent(
  'the replica in position 0, paused for seconds and going on, repeats nothing that others have sent meanwhile, nor what it had sent itself',
  async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    const replicas = await startCluster(stage, 3, sink.url);
    await untilReady(replicas);
    const [first, ...others] = replicas;
    await postAlerts(replicas, [firing('Before')]);
    await untilFiring(sink, ['Before']);
    await allTurns(replicas.length);

    // Received by all, flushed by nobody yet: group_wait is a second.
    await postAlerts(replicas, [firing('DueInThePause'), firing('Before')]);
    first?.process.signal('SIGSTOP');
    await postAlerts(others, [firing('NewInThePause')]);
    await sleep(PAUSE_MS);
    const during = ['DueInThePause', 'NewInThePause'];
    await untilFiring(sink, during);
    first?.process.signal('SIGCONT');
    const all = ['Before', ...during];
    await postAlerts(
      replicas,
      all.map((name) => firing(name)),
    );
    await sleep(3_000);
    await allTurns(replicas.length);
    expect(countsOf(await sink.seen(), all)).toEqual(sameCounts(all, '1 firing, 0 resolved'));
    expect(firingsOf(await sink.seen(), 'Before')).toHaveLength(1);
  },
);
