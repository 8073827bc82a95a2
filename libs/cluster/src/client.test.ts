/** The main thread's half alone, against a worker that is played by hand. */
import { AppError, noMeter } from '@tocsin/kernel';
import type { Logger, Meter } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { clusterClient } from './client.ts';
import { clusterMetrics } from './metrics.ts';
import type { ClusterPort } from './port.ts';
import { plainEntry } from './testing/plain-channel.ts';
import { VirtualThread, VirtualWorld } from './testing/virtual-world.ts';
import { connectedPorts } from './worker/connected-ports.ts';
import type { FromWorker, ToWorker } from './worker/messages.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const entry = plainEntry({ key: 'k', seconds: 1, expirySeconds: 9e9 });

function bench(): {
  readonly world: VirtualWorld;
  readonly main: VirtualThread;
  readonly cluster: ClusterPort;
  readonly toWorker: ToWorker[];
  readonly calls: string[];
  post(message: FromWorker): void;
  start(): Promise<void>;
} {
  const world = new VirtualWorld({ seed: 1, turn });
  const main = new VirtualThread(world, 'main');
  const ports = connectedPorts({ arrival: world.timers, main: main.timers, worker: world.timers }, () => 0);
  const toWorker: ToWorker[] = [];
  const calls: string[] = [];
  ports.gossip.onMessage((message) => void toWorker.push(message));
  const log =
    (level: string) =>
    (message: string): void =>
      void calls.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    with: () => logger,
  };
  const meter: Meter = {
    add: ({ name }, value) => void calls.push(`add ${name} ${value}`),
    set: ({ name }, value) => void calls.push(`set ${name} ${value}`),
    observe: ({ name }, value) => void calls.push(`observe ${name} ${value}`),
    declare: (specs) => void calls.push(`declare ${Object.keys(specs).length}`),
    tally: () => undefined,
    remove: () => undefined,
    onCollect: () => undefined,
  };
  const cluster = clusterClient({
    clock: main.clock,
    timers: main.timers,
    logger,
    meter,
    port: ports.main,
    name: 'a',
    stampMain: () => undefined,
    workerStamp: () => world.now,
  });
  const start = (): Promise<void> =>
    cluster.start({
      onEntries: (channel, entries) => void calls.push(`entries ${channel} ${entries.length}`),
      onView: ({ status }) => void calls.push(`view ${status}`),
      onAcknowledged: (peer, stamps) => void calls.push(`acknowledged ${peer} ${stamps.length}`),
    });
  return { world, main, cluster, toWorker, calls, post: (message) => ports.gossip.post(message), start };
}

it('says who sent entries itself, and of gossip nothing', async () => {
  const { world, cluster, post, calls } = bench();
  const froms: (string | undefined)[] = [];
  void cluster.start({
    onEntries: (_channel, _entries, from) => void froms.push(from),
    onView: () => void calls.push('view'),
  });
  const batches = [{ channel: 'nfl', entries: [] }];
  post({ type: 'entries', batches, receipt: { peer: 'b', seq: 1 } });
  post({ type: 'entries', batches });
  await world.run(10);
  expect(froms).toEqual(['b', undefined]);
});

describe('catching up', () => {
  const catchUps = (toWorker: readonly ToWorker[]): number[] =>
    toWorker.flatMap((message) => (message.type === 'catch-up' ? [message.id] : []));

  it('starts over when another stall came meanwhile: an answer from before it does not count', async () => {
    const { world, cluster, toWorker, post, start } = bench();
    void start();
    post({ type: 'started', address: 'x' });
    await world.run(100);
    post({ type: 'stalled', forMs: 1500 });
    await world.run(100);
    post({ type: 'stalled', forMs: 1500 });
    await world.run(100);
    const [first = 0, second = 0] = catchUps(toWorker);
    expect(second).toBe(first + 1);
    post({ type: 'caught-up', id: first });
    await world.run(10);
    expect(cluster.barrier()).toBeDefined();
    post({ type: 'caught-up', id: second });
    await world.run(10);
    expect(cluster.barrier()).toBeUndefined();
  });

  it('is not cut short by its own deadline when the process slept through that', async () => {
    const { world, main, cluster, toWorker, post, start } = bench();
    void start();
    post({ type: 'started', address: 'x' });
    await world.run(100);
    post({ type: 'stalled', forMs: 1500 });
    await world.run(100);
    let isDecided = false;
    void cluster.barrier()?.then(() => (isDecided = true));
    // The deadline comes due before the tick that would notice: ticks come every 100 ms.
    await world.run(1850);
    main.pause();
    await world.run(60_000);
    main.resume();
    await world.run(0);
    expect(isDecided).toBe(false);
    expect(catchUps(toWorker).length).toBeGreaterThan(1);
    await world.run(2000);
    expect(isDecided).toBe(true);
  });
});

describe('clusterClient', () => {
  it('starts when the worker has, and rejects with its words when it can not', async () => {
    const good = bench();
    let isStarted = false;
    void good.start().then(() => (isStarted = true));
    await good.world.run(10);
    expect(isStarted).toBe(false);
    good.post({ type: 'started', address: '10.0.0.1:9094' });
    await good.world.run(10);
    expect(isStarted).toBe(true);

    const bad = bench();
    let failure: unknown;
    void bad.start().catch((thrown: unknown) => (failure = thrown));
    bad.post({ type: 'failed', code: 'unavailable', message: '0.0.0.0:9094: the address is in use' });
    await bad.world.run(10);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code: 'unavailable', message: '0.0.0.0:9094: the address is in use' });
    await bad.cluster.leave();
  });

  it('is settling, with itself as the only member, before the worker has said anything', () => {
    expect(bench().cluster.view()).toMatchObject({
      status: 'settling',
      position: 0,
      members: [{ name: 'a', isSelf: true }],
    });
  });

  it('acknowledges entries after they were handed over, in order', async () => {
    const { world, calls, toWorker, post, start } = bench();
    void start();
    post({ type: 'started', address: 'x' });
    post({
      type: 'entries',
      batches: [{ channel: 'nfl', entries: [entry] }],
      receipt: { peer: 'b', seq: 7 },
    });
    post({ type: 'entries', batches: [{ channel: 'sil', entries: [entry] }] });
    post({ type: 'view', view: { status: 'ready', members: [], position: 0 } });
    await world.run(10);
    const handed = calls.filter((call) => /^(entries|view)/.test(call));
    expect(handed).toEqual(['entries nfl 1', 'entries sil 1', 'view ready']);
    expect(toWorker.filter(({ type }) => type === 'ack')).toEqual([
      { type: 'ack', acks: [{ peer: 'b', seq: 7 }] },
    ]);
  });

  it('does not acknowledge what its owner failed to merge', () => {
    const world = new VirtualWorld({ seed: 1, turn });
    const posted: ToWorker[] = [];
    let receive: (message: FromWorker) => void = () => undefined;
    const quiet: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
      with: () => quiet,
    };
    const cluster = clusterClient({
      clock: world.clock,
      timers: world.timers,
      logger: quiet,
      meter: noMeter,
      port: {
        post: (message) => void posted.push(message),
        onMessage: (handle) => void (receive = handle),
        drain: () => undefined,
      },
      name: 'a',
      stampMain: () => undefined,
      workerStamp: () => 0,
    });
    void cluster.start({
      onEntries: () => {
        throw new Error('broken');
      },
      onView: () => undefined,
    });
    const message: FromWorker = {
      type: 'entries',
      batches: [{ channel: 'nfl', entries: [entry] }],
      receipt: { peer: 'b', seq: 7 },
    };
    expect(() => receive(message)).toThrow('broken');
    expect(posted.some(({ type }) => type === 'ack')).toBe(false);
  });

  it('applies the metrics and writes the lines of the worker', async () => {
    const { world, calls, post, start } = bench();
    void start();
    post({ type: 'log', level: 'warn', message: 'hello', facts: {} });
    post({
      type: 'metrics',
      samples: [
        { kind: 'add', metric: 'peersJoined', value: 2, labels: {} },
        { kind: 'observe', metric: 'pings', value: 0.1, labels: { peer: 'b' } },
        { kind: 'set', metric: 'of another version', value: 1, labels: {} },
      ],
    });
    post({ type: 'acknowledged', peer: 'b', entries: [{ channel: 'nfl', key: 'k', seconds: 1, nanos: 0 }] });
    await world.run(10);
    expect(calls).toEqual([
      `declare ${Object.keys(clusterMetrics).length}`,
      'warn: hello',
      'add alertmanager_cluster_peers_joined_total 2',
      'observe alertmanager_cluster_pings_seconds 0.1',
      'acknowledged b 1',
    ]);
  });

  it('tells the worker every half second that it runs', async () => {
    const { world, toWorker, post, start } = bench();
    void start();
    post({ type: 'started', address: 'x' });
    await world.run(10_000);
    const beats = toWorker.filter(({ type }) => type === 'heartbeat').length;
    expect(beats).toBeGreaterThanOrEqual(19);
    expect(beats).toBeLessThanOrEqual(21);
  });

  it('leaves even when the worker never answers', async () => {
    const { world, cluster, post, start } = bench();
    void start();
    post({ type: 'started', address: 'x' });
    await world.run(100);
    let hasLeft = false;
    void cluster.leave().then(() => (hasLeft = true));
    await world.run(10_000);
    expect(hasLeft).toBe(false);
    await world.run(2000);
    expect(hasLeft).toBe(true);
    expect(cluster.barrier()).toBeUndefined();
  });
});
