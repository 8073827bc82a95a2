/**
 * kill -9 in the middle of notifications. Two classes of repeats are counted apart: of notifications
 * that were in flight at the kill (each may come twice, since anything better would risk a loss), and
 * of those that were answered before (never).
 */
import { expect, it } from 'vitest';
import { firing, postAlertsToThoseUp, untilFiring } from './support/alerts.ts';
import { allTurns, replicaAt, startCluster, untilReady, type Replica } from './support/cluster.ts';
import { hasPostgres, startDatabase } from './support/database.ts';
import { sleep, stageOfTest, until, type Stage } from './support/processes.ts';
import { startReceivers, type ReceiversProcess } from './support/services.ts';
import { startSink, type Seen, type SinkProcess } from './support/sink.ts';

const GROUPS = 60;
const SINK_SLOW_MS = 300;
/** A request that was sent before the kill may be read by a busy sink so much later. */
const SINK_LAG_MS = 200;
/** Between two alerts, so that at any moment some notifications are done, some in flight, some not begun. */
const STAGGER_MS = 50;
/** Delivered ones before the kill. */
const DONE_AT_KILL = 15;

interface World {
  readonly sink: SinkProcess;
  readonly receivers: readonly ReceiversProcess[];
  readonly replicas: readonly Replica[];
}

async function startWorld(stage: Stage): Promise<World> {
  const [sink, database, ...receivers] = await Promise.all([
    startSink(stage),
    startDatabase(stage),
    startReceivers(stage, 'receivers-0'),
    startReceivers(stage, 'receivers-1'),
  ]);
  const replicas = await startCluster(stage, 3, sink.url, [
    ...receivers.map(({ address }) => `--receivers.address=${address}`),
    `--database.url=${database.url}`,
  ]);
  await untilReady(replicas);
  await sink.behave({ slowMs: SINK_SLOW_MS });
  return { sink, receivers, replicas };
}

const names = Array.from({ length: GROUPS }, (_, index) => `Group${index}`);

async function postAll(replicas: readonly Replica[]): Promise<void> {
  for (const name of names) {
    await postAlertsToThoseUp(replicas, [firing(name)]);
    await sleep(STAGGER_MS);
  }
}

/** Notification ids that this replica holds for delivered. */
async function deliveredBy(replica: Replica): Promise<ReadonlySet<string>> {
  const { events } = (await replica.api('tocsin/events?type=delivered&limit=1000')) as {
    events: readonly { decision: { notificationId: string } }[];
  };
  return new Set(events.map(({ decision }) => decision.notificationId));
}

interface Fault {
  readonly atMs: number;
  /** Notification ids that were delivered before. */
  readonly delivered: ReadonlySet<string>;
}

/** Kills when enough is done. */
async function killInTheMiddle({ replicas }: World, kill: () => Promise<void> | undefined): Promise<Fault> {
  const delivered = await until('some notifications are delivered', async () => {
    const ids = await deliveredBy(replicaAt(replicas, 0));
    return ids.size >= DONE_AT_KILL ? ids : undefined;
  });
  await kill();
  return { atMs: Date.now(), delivered };
}

interface Repeats {
  readonly ofDelivered: number;
  readonly ofInFlight: number;
  /** Of what was begun after the kill, when nothing was wrong any more. */
  readonly ofLater: number;
}

function repeatsOf(seen: readonly Seen[], { atMs, delivered }: Fault): Repeats {
  const count = { ofDelivered: 0, ofInFlight: 0, ofLater: 0 };
  for (const { notificationId } of seen.filter(({ isDuplicate }) => isDuplicate)) {
    const first = seen.find((each) => each.notificationId === notificationId);
    if (delivered.has(notificationId)) count.ofDelivered += 1;
    else if (first !== undefined && first.atMs - SINK_SLOW_MS - SINK_LAG_MS <= atMs) count.ofInFlight += 1;
    else count.ofLater += 1;
  }
  return count;
}

/** Everything arrives in spite of the fault; says how the repeats are spread. */
async function expectNoLoss(what: string, world: World, fault: Fault): Promise<void> {
  await untilFiring(world.sink, names);
  await allTurns(world.replicas.length);
  const seen = await world.sink.seen();
  const repeats = repeatsOf(seen, fault);
  console.log(
    `kill -9 of ${what}: ${fault.delivered.size} delivered before; repeats ${JSON.stringify(repeats)}`,
  );
  expect(repeats).toMatchObject({ ofDelivered: 0, ofLater: 0 });
  expect(seen).toHaveLength(GROUPS + repeats.ofInFlight);
}

it.skipIf(!hasPostgres()).concurrent(
  'kill -9 of the replica in position 0 in the middle of notifications loses none, and repeats none but what was in flight',
  async (context) => {
    const world = await startWorld(stageOfTest(context));
    const posting = postAll(world.replicas);
    const fault = await killInTheMiddle(world, () => replicaAt(world.replicas, 0).process.kill());
    await posting;
    await expectNoLoss('position 0', world, fault);
  },
);

it.skipIf(!hasPostgres()).concurrent(
  'kill -9 of one receivers replica in the middle loses no notification, and repeats none but what was in flight there',
  async (context) => {
    const world = await startWorld(stageOfTest(context));
    const posting = postAll(world.replicas);
    const fault = await killInTheMiddle(world, () => world.receivers[0]?.process.kill());
    await posting;
    await expectNoLoss('a receivers replica', world, fault);
  },
);
