/**
 * Goal: the cluster of a real process works with its gossip in another thread.
 * Method: two members in this process, each with a worker of its own, bundled as the apps' are.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodeSilence } from '@tocsin/alerting';
import { gossipConfig, type ChannelEntry, type ClusterPort } from '@tocsin/cluster';
import { AppError, noMeter, type Logger, type Timers } from '@tocsin/kernel';
import { LabelSet, addMs, instantOf } from '@tocsin/model';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { memberlistCluster } from './memberlist-cluster.ts';

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => quiet,
};
const timers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const dir = mkdtempSync(join(tmpdir(), 'tocsin-gossip-'));
const workerFile = join(dir, 'gossip-worker.mjs');
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, '../testing/gossip-test-worker.ts')],
    outfile: workerFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@tocsin/source'],
    logLevel: 'error',
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

const leaving: ClusterPort[] = [];
afterEach(async () => {
  for (const cluster of leaving.splice(0)) await cluster.leave();
});

interface Running {
  readonly cluster: ClusterPort;
  readonly entries: Map<string, ChannelEntry>;
}

function make(
  name: string,
  bindAddress: string,
  peers: readonly string[],
): Running & { start(): Promise<void> } {
  const entries = new Map<string, ChannelEntry>();
  const cluster = memberlistCluster({
    config: gossipConfig({ name, bindAddress, peers }),
    workerUrl: pathToFileURL(workerFile),
    allowsPublicAdvertise: false,
    timers,
    logger: quiet,
    meter: noMeter,
  });
  return {
    cluster,
    entries,
    start: async () => {
      await cluster.start({
        onEntries: (_channel, changed) => changed.forEach((entry) => entries.set(entry.key, entry)),
        onView: () => undefined,
      });
      leaving.push(cluster);
    },
  };
}

async function started(name: string, peers: readonly string[]): Promise<Running> {
  const running = make(name, '127.0.0.1:0', peers);
  await running.start();
  return running;
}
const addressOf = ({ cluster }: Running): string =>
  cluster.view().members.find((member) => member.isSelf)?.address ?? '';
const names = ({ cluster }: Running): readonly string[] =>
  cluster.view().members.map((member) => member.name);

describe('two members with their gossip in workers', () => {
  it('find each other, tell each other of changes, and see the other leave', async () => {
    const one = await started('one', []);
    await expect.poll(() => addressOf(one), { timeout: 5_000 }).toMatch(/^127\.0\.0\.1:\d+$/);
    const two = await started('two', [addressOf(one)]);
    await expect
      .poll(() => [names(one), names(two)], { timeout: 5_000 })
      .toEqual([
        ['one', 'two'],
        ['one', 'two'],
      ]);
    one.cluster.broadcast('sil', silenceEntry(FIRST));
    await expect.poll(() => [...two.entries.keys()], { timeout: 5_000 }).toEqual([FIRST]);
    leaving.splice(leaving.indexOf(two.cluster), 1);
    await two.cluster.leave();
    await expect.poll(() => names(one), { timeout: 5_000 }).toEqual(['one']);
  });

  it('hand over in the barrier what the worker has, while the main thread is busy', async () => {
    const one = await started('one', []);
    await expect.poll(() => addressOf(one), { timeout: 5_000 }).toMatch(/^127\.0\.0\.1:\d+$/);
    const two = await started('two', [addressOf(one)]);
    await expect.poll(() => names(two).length, { timeout: 5_000 }).toBe(2);
    one.cluster.broadcast('sil', silenceEntry(SECOND));
    // Neither of the two main halves runs an event until the loop is free again: only workers do.
    const until = performance.now() + 900;
    while (performance.now() < until && two.entries.size === 0) await two.cluster.barrier();
    expect([...two.entries.keys()]).toEqual([SECOND]);
  });
});

describe('a member that cannot start', () => {
  it('says why, and leaves no thread behind', async () => {
    const one = await started('one', []);
    await expect.poll(() => addressOf(one), { timeout: 5_000 }).toMatch(/^127\.0\.0\.1:\d+$/);
    const error: unknown = await make('two', addressOf(one), [])
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).toContain(`${addressOf(one)} (TCP): is already in use`);
  });
});

const FIRST = '11111111-1111-4111-8111-111111111111';
const SECOND = '22222222-2222-4222-8222-222222222222';

function silenceEntry(id: string): ChannelEntry {
  const now = instantOf(Date.now());
  const expiresAt = addMs(now, 7_200_000);
  const bytes = encodeSilence({
    id,
    matcherSets: [[{ name: 'team', type: '=', value: 'db' }]],
    startsAt: now,
    endsAt: addMs(now, 3_600_000),
    updatedAt: now,
    createdBy: 'test',
    comment: 'a comment',
    annotations: LabelSet.empty,
    receiverMatcherSets: [],
    expiresAt,
    unknownFields: new Uint8Array(),
  });
  const { seconds, nanos } = now;
  return { key: id, seconds, nanos, expirySeconds: expiresAt.seconds, expiryNanos: expiresAt.nanos, bytes };
}
