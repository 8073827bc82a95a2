/** Planned stops: one replica after the other, and all at once; with a database and with files. */
import { expect, it } from 'vitest';
import {
  countsOf,
  firing,
  postAlertsToThoseUp,
  resolved,
  sameCounts,
  untilFiring,
  untilResolved,
  type PostedAlert,
} from './support/alerts.ts';
import {
  allTurns,
  peerTimeout,
  planCluster,
  startReplica,
  untilReady,
  webhookConfig,
  type Replica,
} from './support/cluster.ts';
import { hasPostgres, startDatabase } from './support/database.ts';
import { sleep, stageOfTest, type Stage } from './support/processes.ts';
import { startSink, type SinkProcess } from './support/sink.ts';

const REPLICAS = 3;
const RESEND_MS = 300;
/** New alerts come all the time. */
const NEW_ALERT_MS = 400;
const STEADY = ['SteadyA', 'SteadyB', 'SteadyC'];
const stopped = 0;

interface World {
  readonly sink: SinkProcess;
  /** Changed in place by `restart`. */
  readonly replicas: Replica[];
  stop(index: number): Promise<void>;
  start(index: number): Promise<void>;
}

async function startWorld(stage: Stage, databaseUrl: string): Promise<World> {
  const sink = await startSink(stage);
  const plans = await planCluster(Array<'tocsin'>(REPLICAS).fill('tocsin'), [
    peerTimeout,
    ...(databaseUrl === '' ? [] : [`--database.url=${databaseUrl}`]),
  ]);
  const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
  const launch = (index: number): Promise<Replica> => {
    const plan = plans[index];
    if (plan === undefined) throw new Error(`no replica ${index}`);
    return startReplica(stage, plan, plans, config);
  };
  const replicas = await Promise.all(plans.map((_, index) => launch(index)));
  await untilReady(replicas);
  return {
    sink,
    replicas,
    stop: async (index) => expect(await replicas[index]?.process.stop()).toBe(stopped),
    start: async (index) => void (replicas[index] = await launch(index)),
  };
}

/** Sends what fires again and again, as a Prometheus does, and a new alert now and then, until `stop`. */
function steadyLoad(world: World): { readonly names: readonly string[]; stop(): Promise<void> } {
  const alerts: PostedAlert[] = STEADY.map((name) => firing(name));
  const names = [...STEADY];
  let isOver = false;
  const resend = async (): Promise<void> => {
    while (!isOver) {
      await postAlertsToThoseUp(world.replicas, alerts);
      await sleep(RESEND_MS);
    }
  };
  const add = async (): Promise<void> => {
    while (!isOver) {
      const name = `New${names.length}`;
      names.push(name);
      alerts.push(firing(name));
      await sleep(NEW_ALERT_MS);
    }
  };
  const running = Promise.all([resend(), add()]);
  const stop = async (): Promise<void> => {
    isOver = true;
    await running;
    await postAlertsToThoseUp(world.replicas, alerts);
  };
  return { names, stop };
}

async function rollingRestart(stage: Stage, databaseUrl: string): Promise<void> {
  const world = await startWorld(stage, databaseUrl);
  const load = steadyLoad(world);
  await untilFiring(world.sink, STEADY);
  for (let index = 0; index < REPLICAS; index++) {
    await world.stop(index);
    await world.start(index);
    await untilReady(world.replicas);
  }
  await load.stop();
  await untilFiring(world.sink, load.names);
  await allTurns(REPLICAS);
  expect(countsOf(await world.sink.seen(), load.names)).toEqual(
    sameCounts(load.names, '1 firing, 0 resolved'),
  );
}

async function restartOfAll(stage: Stage, databaseUrl: string): Promise<void> {
  const world = await startWorld(stage, databaseUrl);
  const all = [0, 1, 2];
  const startsAt = Date.now();
  await postAlertsToThoseUp(
    world.replicas,
    ['Stays', 'Ends'].map((name) => firing(name, startsAt)),
  );
  await untilFiring(world.sink, ['Stays', 'Ends']);
  await allTurns(REPLICAS);
  // Its end is told one group_interval after; the stop comes before.
  await postAlertsToThoseUp(world.replicas, [resolved('Ends', startsAt), firing('JustBefore')]);
  await Promise.all(all.map((index) => world.stop(index)));
  await Promise.all(all.map((index) => world.start(index)));
  await untilResolved(world.sink, ['Ends']);
  await untilFiring(world.sink, ['JustBefore']);
  await allTurns(REPLICAS);
  const names = ['Stays', 'Ends', 'JustBefore'];
  expect(countsOf(await world.sink.seen(), names)).toEqual({
    Stays: '1 firing, 0 resolved',
    Ends: '1 firing, 1 resolved',
    JustBefore: '1 firing, 0 resolved',
  });
  expect((await world.sink.seen()).filter(({ isDuplicate }) => isDuplicate)).toEqual([]);
}

it.skipIf(!hasPostgres()).concurrent(
  'each of three replicas stopped and started in turn under load, with a database: no notification is lost, none repeated',
  async (context) => {
    const stage = stageOfTest(context);
    await rollingRestart(stage, (await startDatabase(stage)).url);
  },
);

it.concurrent(
  'each of three replicas stopped and started in turn under load, with files: no notification is lost, none repeated',
  async (context) => {
    await rollingRestart(stageOfTest(context), '');
  },
);

it.skipIf(!hasPostgres()).concurrent(
  'all replicas stopped and started, with a database: nothing is repeated, and the end of an alert that came just before is told',
  async (context) => {
    const stage = stageOfTest(context);
    await restartOfAll(stage, (await startDatabase(stage)).url);
  },
);

it.concurrent(
  'all replicas stopped and started, with files: nothing is repeated, and the end of an alert that came just before is told',
  async (context) => {
    await restartOfAll(stageOfTest(context), '');
  },
);
