/**
 * The acceptance list of spec/gossip.md section 9 against Debian's Alertmanager 0.25, plain cluster.
 * The gossip thread runs in this thread here; the bundled worker is exercised by the end-to-end tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { encodeSilence, nflogEntryFor, replicatedNflogEntry } from '@tocsin/alerting';
import { clusterClient, gossipConfig, type ChannelEntry, type ClusterPort } from '@tocsin/cluster';
import { noMeter, seededRandom, type Logger, type Timers } from '@tocsin/kernel';
import { LabelSet, addMs, instantOf } from '@tocsin/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGossipThread } from './gossip-thread.ts';
import { mainPort } from './memberlist-cluster.ts';
import { Stamps, sharedClock } from './stamps.ts';

const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const isThere = existsSync(ALERTMANAGER);
if (!isThere) {
  console.warn('skipped: real Alertmanager; enable with apt-get install prometheus-alertmanager');
}

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

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

async function until<T>(what: string, limitMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not seen within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Joined {
  readonly cluster: ClusterPort;
  readonly entries: Map<string, ChannelEntry>;
}

async function joinAs(name: string, peers: readonly string[]): Promise<Joined> {
  const { port1, port2 } = new MessageChannel();
  const stamps = new Stamps();
  const config = gossipConfig({ name, bindAddress: '127.0.0.1:0', peers });
  void runGossipThread(
    { config, allowsPublicAdvertise: false, stamps: stamps.memory, port: port2 },
    { timers, random: seededRandom(name), onMainDead: () => undefined },
  );
  const cluster = clusterClient({
    clock: sharedClock,
    timers,
    logger: quiet,
    meter: noMeter,
    name,
    port: mainPort(port1),
    stampMain: (now) => stamps.stampMain(now),
    workerStamp: () => stamps.worker(),
  });
  const entries = new Map<string, ChannelEntry>();
  await cluster.start({
    onEntries: (_channel, changed) => changed.forEach((entry) => entries.set(entry.key, entry)),
    onView: () => undefined,
  });
  return {
    entries,
    cluster: {
      ...cluster,
      name,
      seed: cluster.seed.bind(cluster),
      broadcast: cluster.broadcast.bind(cluster),
      view: cluster.view.bind(cluster),
      barrier: cluster.barrier.bind(cluster),
      leave: async () => {
        await cluster.leave();
        port1.close();
      },
    },
  };
}

describe.skipIf(!isThere && process.env['CI'] !== 'true')('in one cluster with the real Alertmanager', () => {
  let dir = '';
  let real: ChildProcess;
  let url = '';
  let gossip = '';
  let hooks: string[] = [];
  let hook: Server;

  const api = async (path: string, body?: unknown): Promise<unknown> => {
    const init =
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(`${url}/api/v2/${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const peerNames = async (): Promise<string[]> =>
    ((await api('status')) as { cluster: { peers: { name: string }[] } }).cluster.peers.map(
      (peer) => peer.name,
    );

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tocsin-real-am-'));
    const { createServer: createHttp } = await import('node:http');
    hook = createHttp((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        hooks.push(body);
        response.end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const hookPort = (hook.address() as AddressInfo).port;
    writeFileSync(
      join(dir, 'am.yml'),
      `route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 2s\n  repeat_interval: 1h\nreceivers:\n- name: hook\n  webhook_configs:\n  - url: http://127.0.0.1:${hookPort}/\n`,
    );
    const [web, cluster] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${web}`;
    gossip = `127.0.0.1:${cluster}`;
    real = spawn(
      ALERTMANAGER,
      [
        `--config.file=${dir}/am.yml`,
        `--storage.path=${dir}/data`,
        `--web.listen-address=127.0.0.1:${web}`,
        `--cluster.listen-address=${gossip}`,
        '--cluster.pushpull-interval=5s',
      ],
      { stdio: 'ignore' },
    );
    await until('the real one answers', 20_000, () => api('status'));
  }, 40_000);

  afterAll(() => {
    real.kill('SIGKILL');
    hook.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is listed, exchanges silences both ways, suppresses by its own log entry, outlives probing, and is gone at once after leaving', async () => {
    const us = await joinAs('tocsin-a', [gossip]);
    await until('we are listed', 5_000, async () =>
      (await peerNames()).includes('tocsin-a') ? true : undefined,
    );

    const { silenceID } = (await api('silences', {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: 'real',
      comment: 'from the real one',
    })) as { silenceID: string };
    await until('its silence reaches us', 5_000, () => Promise.resolve(us.entries.get(silenceID)));

    for (const [id, comment] of [
      ['11111111-1111-4111-8111-111111111111', 'short'],
      ['22222222-2222-4222-8222-222222222222', 'x'.repeat(900)],
    ] as const) {
      const now = instantOf(Date.now());
      const expiresAt = addMs(now, 7_200_000);
      const bytes = encodeSilence({
        id,
        matcherSets: [[{ name: 'team', type: '=', value: comment.slice(0, 5) }]],
        startsAt: now,
        endsAt: addMs(now, 3_600_000),
        updatedAt: now,
        createdBy: 'tocsin',
        comment,
        annotations: LabelSet.empty,
        receiverMatcherSets: [],
        expiresAt,
        unknownFields: new Uint8Array(),
      });
      us.cluster.broadcast('sil', {
        key: id,
        seconds: now.seconds,
        nanos: now.nanos,
        expirySeconds: expiresAt.seconds,
        expiryNanos: expiresAt.nanos,
        bytes,
      });
      await until(`our silence (${comment.length} byte comment) is in its API`, 5_000, () =>
        api(`silence/${id}`),
      );
    }

    await until('the real one has settled', 20_000, async () =>
      ((await api('status')) as { cluster: { status: string } }).cluster.status === 'ready'
        ? true
        : undefined,
    );
    const labels = LabelSet.of([['alertname', 'Suppressed']]);
    us.cluster.broadcast(
      'nfl',
      replicatedNflogEntry(
        nflogEntryFor({
          groupKey: '{}:{alertname="Suppressed"}',
          receiver: { groupName: 'hook', integration: 'webhook', index: 0 },
          now: Date.now(),
          firing: [labels.hash],
          resolved: [],
          receiverData: new Map(),
          repeatIntervalMs: 3_600_000,
          retentionMs: 432_000_000,
          replaces: undefined,
        }),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    hooks = [];
    await api('alerts', [{ labels: { alertname: 'Suppressed' } }, { labels: { alertname: 'Control' } }]);
    // Only position 0 sends at once; which of the two names sorts first is chance.
    await until('the control alert is sent', 25_000, () =>
      Promise.resolve(hooks.find((body) => body.includes('Control'))),
    );
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(hooks.filter((body) => body.includes('Suppressed'))).toEqual([]);

    expect(await peerNames()).toContain('tocsin-a');
    expect(us.cluster.view().members).toHaveLength(2);
    expect(us.cluster.view().members.find((member) => !member.isSelf)?.isTocsin).toBe(false);

    await us.cluster.leave();
    await until('we are gone from its list', 2_000, async () =>
      (await peerNames()).includes('tocsin-a') ? undefined : true,
    );
  }, 90_000);
});
