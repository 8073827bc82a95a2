import type { ConfigurationStatus } from './configuration-loader.ts';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND, type BenchOptions } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function started(options: Partial<BenchOptions> = {}): Promise<Bench> {
  const bench = new Bench({ turn, configuration: configurationOf(), ...options });
  await bench.start();
  return bench;
}
const down = (instance: string, more: object = {}): { labels: Record<string, string> } => ({
  labels: { alertname: 'Down', instance },
  ...more,
});
const silenceOf = (bench: Bench, forMs: number, more: object = {}): object => ({
  matchers: [{ name: 'instance', value: 'a', isRegex: false }],
  startsAt: bench.time(),
  endsAt: bench.time(forMs),
  createdBy: 'me',
  comment: 'maintenance',
  ...more,
});

describe('a silence', () => {
  it('mutes what it matches until it ends', async () => {
    const bench = await started();
    expect((await bench.request('POST', '/api/v2/silences', silenceOf(bench, 5 * MINUTE))).status).toBe(200);
    await bench.post(down('a', { endsAt: bench.time(HOUR) }), down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(4 * MINUTE);
    expect(bench.told.map(({ firing }) => firing)).toEqual([['b']]);
    await bench.run(2 * MINUTE);
    expect(bench.told.map(({ firing, reason }) => [firing, reason])).toEqual([
      [['b'], 'first notification'],
      [['a', 'b'], 'new alerts added'],
    ]);
    expect(bench.decisions('silenced')[0]).toMatchObject({ by: [expect.any(String)] });
  });

  it('that is expired by hand stops muting at once', async () => {
    const bench = await started();
    const { body } = await bench.request('POST', '/api/v2/silences', silenceOf(bench, HOUR));
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    const { silenceID } = body as { silenceID: string };
    expect((await bench.request('DELETE', `/api/v2/silence/${silenceID}`)).status).toBe(200);
    await bench.run(MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([70 * SECOND]);
  });

  it('is answered only after it is durable', async () => {
    const bench = await started();
    let isStored = false;
    bench.store.beforeMerge = async () => {
      await new Promise<void>((resolve) => void bench.world.timers.after(400, resolve));
      isStored = true;
    };
    await bench.request('POST', '/api/v2/silences', silenceOf(bench, HOUR));
    expect(isStored).toBe(true);
    expect(bench.world.now).toBe(400);
  });

  it('is answered after a second, with a warning, when the store is away', async () => {
    const bench = await started();
    bench.store.isAway = true;
    expect((await bench.request('POST', '/api/v2/silences', silenceOf(bench, HOUR))).status).toBe(200);
    expect(bench.world.now).toBe(SECOND);
    expect(bench.meter.value({ name: 'tocsin_silence_answered_before_durable_total' })).toBe(1);
  });

  it('survives kill -9', async () => {
    const bench = await started();
    await bench.request('POST', '/api/v2/silences', silenceOf(bench, HOUR));
    await bench.crash(SECOND);
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * MINUTE);
    expect(bench.told).toEqual([]);
  });
});

describe('muting', () => {
  it('by inhibition holds while the source fires, and ends with it', async () => {
    const rules = [{ source_matchers: ['alertname="Datacenter"'], target_matchers: ['alertname="Down"'] }];
    const bench = await started({ configuration: configurationOf({ more: { inhibit_rules: rules } }) });
    await bench.post({ labels: { alertname: 'Datacenter' }, ...{ endsAt: bench.time(90 * SECOND) } });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(80 * SECOND);
    expect(bench.told.flatMap(({ firing }) => firing)).toEqual(['Datacenter']);
    expect(bench.decisions('inhibited')).toHaveLength(2);
    await bench.run(MINUTE);
    expect(bench.told.flatMap(({ firing }) => firing)).toContain('a');
  });

  it('by a time interval says so and tells everything at the first tick after it', async () => {
    const bench = await started({
      configuration: configurationOf({
        route: { mute_time_intervals: [] },
        routes: [{ matchers: ['alertname="Down"'], mute_time_intervals: ['always'] }],
        more: { time_intervals: [{ name: 'always', time_intervals: [{ weekdays: ['sunday:saturday'] }] }] },
      }),
    });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(2 * MINUTE);
    expect(bench.told).toEqual([]);
    expect(bench.decisions('muted')[0]).toMatchObject({ by: ['always'], isOutsideActive: false });
    const groups = (await bench.request('GET', '/api/v2/alerts/groups')).body as {
      alerts: { status: { mutedBy: string[] } }[];
    }[];
    expect(groups[0]?.alerts[0]?.status.mutedBy).toEqual(['always']);
  });
});

const statusOf = async (bench: Bench): Promise<ConfigurationStatus> =>
  (
    (await bench.request('GET', '/api/v2/tocsin/status')).body as {
      readonly configuration: ConfigurationStatus;
    }
  ).configuration;

describe('a reload', () => {
  const reload = (bench: Bench): Promise<{ status: number }> => bench.request('POST', '/-/reload');

  it('keeps the rhythm of a group, and repeats nothing', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(30 * SECOND);
    expect((await reload(bench)).status).toBe(200);
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at, firing }) => [at, firing])).toEqual([
      [10 * SECOND, ['a']],
      [70 * SECOND, ['a', 'b']],
    ]);
  });

  it('does not cancel an attempt under way, whose entry is still logged', async () => {
    const bench = await started();
    bench.only.answer = async () => {
      await new Promise<void>((resolve) => void bench.world.timers.after(20 * SECOND, resolve));
      return {};
    };
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    await reload(bench);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND]);
    expect(bench.decisions('delivered')).toHaveLength(1);
  });

  it('never starts a second attempt of a group beside one that is still under way', async () => {
    const bench = await started();
    bench.only.answer = async () => {
      await new Promise<void>((resolve) => void bench.world.timers.after(50 * SECOND, resolve));
      return {};
    };
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(60 * SECOND);
    // Delivered at 60 s; told at 10 s. The resolve is under way from 70 s to 120 s.
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    bench.only.answer = () => ({});
    const longer = configurationOf({ route: { group_interval: '20s' } });
    bench.configuration = longer;
    await reload(bench);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at, firing }) => [at, firing])).toEqual([
      [10 * SECOND, ['a']],
      [70 * SECOND, ['a', 'b']],
    ]);
  });

  it('during the pause before a retry tries again at once, not a group_interval later', async () => {
    const bench = await started();
    bench.only.answer = () => ({
      status: 'retry',
      reason: 'rateLimited',
      error: '',
      retryAfterMs: 30 * SECOND,
    });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    bench.only.answer = () => ({});
    await reload(bench);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND, 15 * SECOND]);
  });

  it('of a bad configuration is refused and the running one stays', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    const running = await statusOf(bench);
    expect(running.lastReload).toMatchObject({ isSuccessful: true, error: '' });
    await bench.run(SECOND);
    bench.configuration = { route: { receiver: 'nobody' }, receivers: [{ name: 'team' }] };
    const answer = await bench.request('POST', '/-/reload');
    expect(answer.status).toBe(500);
    expect(String(answer.body)).toContain('nobody');
    await bench.run(MINUTE);
    expect(bench.told).toHaveLength(1);
    expect(bench.decisions('configuration-refused')).toHaveLength(1);
    const { lastReload, ...kept } = await statusOf(bench);
    expect({ ...kept, lastReload: running.lastReload }).toEqual(running);
    expect(lastReload).toMatchObject({
      at: running.loadedAt + SECOND,
      isSuccessful: false,
      error: expect.stringContaining('undefined receiver "nobody"') as string,
    });
  });

  it('is no news of alerts that stay where they are, and is of those that move', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }), down('b', { endsAt: bench.time(HOUR) }));
    await reload(bench);
    expect(bench.decisions('alert-routed')).toHaveLength(2);
    bench.configuration = configurationOf({
      routes: [{ matchers: ['instance="b"'], receiver: 'others' }],
      receivers: ['others'],
    });
    await reload(bench);
    const routed = bench.decisions('alert-routed');
    expect(routed).toHaveLength(3);
    expect(routed.at(-1)?.routes.map(({ receiver }) => receiver)).toEqual(['others']);
  });

  it('takes a new receiver into use for alerts that are held already', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(30 * SECOND);
    bench.configuration = configurationOf({ route: { receiver: 'others' }, receivers: ['others'] });
    await reload(bench);
    await bench.run(2 * MINUTE);
    expect(bench.only.heard.map(({ request }) => request.receiver?.groupName)).toEqual(['team', 'others']);
  });
});

it('many groups that fall due together are flushed in turns, each once, and none waits for the next tick', async () => {
  const bench = await started({ configuration: configurationOf({ route: { group_by: ['...'] } }) });
  const alerts = Array.from({ length: 300 }, (_, number) =>
    down(`i-${number}`, { endsAt: bench.time(HOUR) }),
  );
  await bench.post(...alerts);
  // Then the first are under way and the others wait for their turn: a reload must not lose those.
  bench.world.timers.after(10 * SECOND, () => void bench.request('POST', '/-/reload'));
  await bench.run(40 * SECOND);
  expect(bench.told.map(({ firing }) => firing.join()).toSorted()).toEqual(
    alerts.map(({ labels }) => labels['instance']).toSorted(),
  );
});

describe('a restart', () => {
  it('repeats nothing, keeps the rhythm, and tells of what came meanwhile at the tick', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.restart(10 * SECOND);
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at, firing }) => [at, firing])).toEqual([
      [10 * SECOND, ['a']],
      [70 * SECOND, ['a', 'b']],
    ]);
  });

  it('after which a tick is overdue flushes once, and then keeps the phase', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(SECOND);
    await bench.crash(80 * SECOND);
    await bench.run(5 * SECOND);
    await bench.post(down('c', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at, firing }) => [at, firing])).toEqual([
      [10 * SECOND, ['a']],
      [101 * SECOND, ['a', 'b']],
      [130 * SECOND, ['a', 'b', 'c']],
    ]);
  });

  it('sends no false resolve for an alert whose end passed while we were down', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(2 * MINUTE) }));
    await bench.run(20 * SECOND);
    await bench.restart(10 * MINUTE);
    await bench.run(4 * MINUTE);
    expect(bench.told.map(({ resolved }) => resolved)).toEqual([[]]);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ resolved }) => resolved)).toEqual([[], ['a']]);
  });

  it('tells of an explicit resolve that came just before it', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(SECOND);
    await bench.crash(5 * MINUTE);
    await bench.run(0);
    expect(bench.told.map(({ resolved }) => resolved)).toEqual([[], ['a']]);
  });

  it('that is graceful finishes the attempt under way and logs it', async () => {
    const bench = await started();
    bench.only.answer = async () => {
      await new Promise<void>((resolve) => void bench.world.timers.after(5 * SECOND, resolve));
      return {};
    };
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(11 * SECOND);
    await bench.restart(SECOND);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND]);
    expect(bench.decisions('delivered')).toHaveLength(1);
    expect(bench.store.rows('nflog')).toHaveLength(1);
  });

  it('by kill -9 repeats what was in flight, and nothing else', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    await bench.post({ labels: { alertname: 'Other' }, ...{ endsAt: bench.time(HOUR) } });
    bench.only.answer = () => new Promise(() => undefined);
    await bench.run(11 * SECOND);
    bench.only.answer = () => ({});
    await bench.crash(SECOND);
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ firing }) => firing)).toEqual([['a'], ['Other'], ['Other']]);
    const ids = bench.only.heard.map(({ request }) => request.notificationId);
    expect(ids[1]).toBe(ids[2]);
  });

  it('seeds the cluster with the restored log and silences', async () => {
    const clusters: FakeCluster[] = [];
    const bench = await started({
      cluster: () => {
        const cluster = new FakeCluster();
        clusters.push(cluster);
        return cluster;
      },
    });
    await bench.request(
      'POST',
      '/api/v2/silences',
      silenceOf(bench, HOUR, { matchers: [{ name: 'x', value: 'y', isRegex: false }] }),
    );
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.crash(SECOND);
    expect(clusters[1]?.seeded.map(({ channel }) => channel)).toEqual(['nfl', 'sil']);
  });
});

it('an alert that resolves while its group is busy is forgotten by nobody before it was told of', async () => {
  const bench = await started({ settings: { alertsGcIntervalMs: 30 * SECOND } });
  await bench.post(down('a', { endsAt: bench.time(HOUR) }));
  await bench.run(20 * SECOND);
  await bench.post(down('a', { endsAt: bench.time() }));
  bench.only.answer = () => ({ status: 'failed', reason: 'clientError', error: 'no' });
  await bench.run(3 * MINUTE);
  const refused = bench.told.length;
  bench.only.answer = () => ({});
  await bench.crash(SECOND);
  await bench.run(3 * MINUTE);
  expect(bench.told.slice(refused).map(({ resolved }) => resolved)).toEqual([['a']]);
});
