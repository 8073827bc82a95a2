import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND, type BenchOptions, type PostedAlert } from './testing/bench.ts';
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

describe('a group', () => {
  it('is notified when group_wait has passed, to the millisecond, and not before', async () => {
    const bench = await started();
    await bench.post(down('a'));
    await bench.run(10 * SECOND - 1);
    expect(bench.told).toEqual([]);
    await bench.run(1);
    expect(bench.told).toEqual([
      { at: 10 * SECOND, reason: 'first notification', firing: ['a'], resolved: [] },
    ]);
  });

  it('tells of a new alert at the next group_interval, and of nothing when nothing changed', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(15 * SECOND);
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(10 * MINUTE);
    expect(bench.told.map(({ at, reason, firing }) => [at, reason, firing])).toEqual([
      [10 * SECOND, 'first notification', ['a']],
      [70 * SECOND, 'new alerts added', ['a', 'b']],
    ]);
  });

  it('is repeated at the first group_interval after repeat_interval', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(9 * HOUR) }));
    await bench.run(3 * HOUR);
    // Exactly one interval after the entry it is still quiet, so the tick after it repeats.
    expect(bench.told.map(({ at, reason }) => [at, reason])).toEqual([
      [10 * SECOND, 'first notification'],
      [HOUR + 70 * SECOND, 'repeat interval elapsed'],
      [2 * HOUR + 130 * SECOND, 'repeat interval elapsed'],
    ]);
  });

  it('that an old alert creates is flushed at once', async () => {
    const bench = await started();
    await bench.run(MINUTE);
    await bench.post(down('a', { startsAt: bench.time(-MINUTE) }));
    await bench.run(0);
    expect(bench.told.map(({ at }) => at)).toEqual([MINUTE]);
  });

  it('tells of the resolve once and is gone then', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(10 * MINUTE);
    expect(bench.told.map(({ at, reason, resolved }) => [at, reason, resolved])).toEqual([
      [10 * SECOND, 'first notification', []],
      [70 * SECOND, 'all alerts resolved', ['a']],
    ]);
    expect((await bench.request('GET', '/api/v2/alerts/groups')).body).toEqual([]);
  });

  it('whose alert resolves before group_wait is never told of', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(10 * MINUTE);
    expect(bench.told).toEqual([]);
  });

  it('with send_resolved false says nothing of a resolve, and tells of the next firing as of a first one', async () => {
    const bench = await started({ configuration: configurationOf({ sendResolved: false }) });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(2 * MINUTE);
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(2 * MINUTE);
    expect(bench.told.map(({ reason, firing }) => [reason, firing])).toEqual([
      ['first notification', ['a']],
      ['first notification', ['a']],
    ]);
  });
});

describe('a failing receiver', () => {
  it('is tried again with growing pauses until it takes the notification', async () => {
    const bench = await started();
    let failures = 4;
    bench.only.answer = () =>
      failures-- > 0 ? { status: 'retry', reason: 'serverError', error: 'boom' } : {};
    await bench.post(down('a'));
    await bench.run(MINUTE);
    const times = bench.told.map(({ at }) => at);
    expect(times).toHaveLength(5);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(500 * 1.5 ** index * 0.5);
      expect(pause).toBeLessThanOrEqual(500 * 1.5 ** index * 1.5);
    }
    expect(bench.decisions('delivered')).toMatchObject([{ attempts: 5 }]);
  });

  it('is not tried earlier than its retry-after says', async () => {
    const bench = await started();
    let isFirst = true;
    bench.only.answer = () => {
      if (!isFirst) return {};
      isFirst = false;
      return { status: 'retry', reason: 'rateLimited', error: 'slow down', retryAfterMs: 20 * SECOND };
    };
    await bench.post(down('a'));
    await bench.run(MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND, 30 * SECOND]);
  });

  it('that refuses for good is not tried again in this flush, but at the next tick', async () => {
    const bench = await started();
    bench.only.answer = () => ({
      status: 'failed',
      reason: 'clientError',
      error: 'no such channel',
      statusCode: 404,
    });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND]);
    await bench.run(20 * SECOND);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND, 70 * SECOND]);
    expect(bench.decisions('gave-up')).toMatchObject([
      { failure: 'clientError' },
      { failure: 'clientError' },
    ]);
  });

  it('does not delay the groups of another receiver', async () => {
    const bench = await started({
      configuration: configurationOf({
        routes: [{ matchers: ['severity="low"'], receiver: 'slow' }],
        receivers: ['slow'],
      }),
    });
    bench.only.answer = (request) =>
      request.receiver?.groupName === 'slow' ? new Promise(() => undefined) : {};
    await bench.post({ labels: { alertname: 'Down', instance: 'a', severity: 'low' } }, down('b'));
    await bench.run(10 * SECOND);
    expect(bench.decisions('delivered').map(({ receiver }) => receiver.groupName)).toEqual(['team']);
  });

  it('keeps a resolved alert in the group until somebody was told', async () => {
    const bench = await started();
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    bench.only.answer = () => ({ status: 'failed', reason: 'clientError', error: 'no' });
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(2 * MINUTE);
    bench.only.answer = () => ({});
    await bench.run(MINUTE);
    expect(bench.told.at(-1)).toEqual({
      at: 190 * SECOND,
      reason: 'all alerts resolved',
      firing: [],
      resolved: ['a'],
    });
  });
});

describe('a receivers replica', () => {
  it('that is lost in mid-attempt is not followed by a second notification when the other knows the outcome', async () => {
    const bench = await started({ replicas: 2 });
    for (const replica of bench.receivers) replica.answer = () => new Promise(() => undefined);
    await bench.post(down('a'));
    await bench.run(11 * SECOND);
    const [first, second] = bench.receivers.toSorted((left, right) => right.heard.length - left.heard.length);
    if (first === undefined || second === undefined) throw new Error('two replicas');
    second.answer = () => ({});
    const id = first.heard[0]?.request.notificationId ?? '';
    second.outcomes.set(id, {
      notificationId: id,
      status: 'delivered',
      reason: '',
      error: '',
      retryAfterMs: 0,
      statusCode: 200,
      receiverData: new Map(),
      attempt: 1,
    });
    first.lose();
    await bench.run(30 * SECOND);
    expect(second.asked).toContain(id);
    expect(bench.told).toHaveLength(1);
    expect(bench.decisions('delivered')).toHaveLength(1);
  });

  it('that is lost in mid-attempt is replaced by another one when nobody knows the outcome', async () => {
    const bench = await started({ replicas: 2 });
    for (const replica of bench.receivers) replica.answer = () => new Promise(() => undefined);
    await bench.post(down('a'));
    await bench.run(11 * SECOND);
    const [first, second] = bench.receivers.toSorted((left, right) => right.heard.length - left.heard.length);
    if (first === undefined || second === undefined) throw new Error('two replicas');
    second.answer = () => ({});
    first.lose();
    await bench.run(5 * SECOND);
    expect(first.heard).toHaveLength(1);
    expect(second.heard).toHaveLength(1);
    expect(second.heard[0]?.request.notificationId).toBe(first.heard[0]?.request.notificationId);
    expect(bench.decisions('delivered')).toMatchObject([{ attempts: 2 }]);
  });

  it('is given a configuration it does not know, once', async () => {
    const bench = await started();
    await bench.post(down('a'));
    await bench.run(2 * MINUTE);
    await bench.post({ labels: { alertname: 'Other' } });
    await bench.run(2 * MINUTE);
    expect(bench.only.configured).toHaveLength(1);
    expect(bench.told).toHaveLength(2);
  });
});

describe('a replica in position p', () => {
  it('waits p x peer timeout and then sends when nobody else has', async () => {
    const bench = await started({ cluster: () => new FakeCluster({ position: 2 }) });
    await bench.post(down('a'));
    await bench.run(2 * MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([40 * SECOND]);
    expect(bench.decisions('waited-for-turn')[0]).toMatchObject({ position: 2, waitMs: 30 * SECOND });
  });

  it('sends nothing when an entry of a peer arrives only with the barrier before the decision', async () => {
    const one = new FakeCluster();
    const two = new FakeCluster({ position: 1 });
    const first = await started({ cluster: () => one });
    const second = await started({ cluster: () => two });
    await first.post(down('a'));
    await second.post(down('a'));
    await first.run(10 * SECOND);
    two.arrived.push(...one.sent);
    await second.run(2 * MINUTE);
    expect(first.told).toHaveLength(1);
    expect(second.told).toEqual([]);
    expect(second.decisions('deduplicated')[0]).toMatchObject({ entry: { isOwn: false } });
  });

  it('looks at the log again before a retry, and stops when a peer has delivered meanwhile', async () => {
    const one = new FakeCluster();
    const two = new FakeCluster({ position: 1 });
    const first = await started({ cluster: () => one });
    const second = await started({ cluster: () => two });
    await first.post(down('a'));
    await second.post(down('a'));
    await first.run(10 * SECOND);
    second.only.answer = () => {
      two.arrived.push(...one.sent);
      return { status: 'retry', reason: 'serverError', error: 'boom' };
    };
    await second.run(55 * SECOND);
    expect(second.told).toHaveLength(1);
    expect(second.decisions('deduplicated')).toHaveLength(1);
    expect(second.decisions('gave-up')).toEqual([]);
  });

  it('sends and logs nothing of what is silenced while it waits', async () => {
    const cluster = new FakeCluster({ position: 2 });
    const bench = await started({ cluster: () => cluster });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.request('POST', '/api/v2/silences', {
      matchers: [{ name: 'instance', value: 'a', isRegex: false }],
      startsAt: bench.time(),
      endsAt: bench.time(10 * MINUTE),
      createdBy: 'me',
      comment: '',
    });
    await bench.run(5 * MINUTE);
    expect(bench.told).toEqual([]);
    expect(cluster.sent.filter(({ channel }) => channel === 'nfl')).toEqual([]);
  });

  it('tells what is true after its wait, not what was true before it', async () => {
    const bench = await started({ cluster: () => new FakeCluster({ position: 2 }) });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }), down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(20 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    await bench.run(30 * SECOND);
    expect(bench.told.map(({ firing, resolved }) => [firing, resolved])).toEqual([[['b'], ['a']]]);
  });

  it('leaves to the next flush what has changed since its own, when a peer has told what that one was about', async () => {
    const one = new FakeCluster();
    const two = new FakeCluster({ position: 1 });
    const first = await started({ cluster: () => one });
    const second = await started({ cluster: () => two });
    const both = (...alerts: readonly PostedAlert[]): Promise<unknown> =>
      Promise.all([first.post(...alerts), second.post(...alerts)]);
    await both(down('a', { endsAt: first.time(HOUR) }));
    await Promise.all([first.run(11 * SECOND), second.run(11 * SECOND)]);
    await both(down('a', { endsAt: first.time() }));
    two.arrived.push(...one.sent);
    // Its turn comes; the peer, whose flush may fall on the same moment, could not know that it sends.
    await second.run(30 * SECOND);
    expect(second.told).toEqual([]);
    await second.run(2 * MINUTE);
    expect(second.told.map(({ resolved }) => resolved)).toEqual([['a']]);
  });

  it('never calls an alert resolved that joined the group, and that a peer told of, while it waited', async () => {
    const one = new FakeCluster();
    const two = new FakeCluster({ position: 1 });
    const first = await started({ cluster: () => one });
    const second = await started({ cluster: () => two });
    const both = (...alerts: readonly PostedAlert[]): Promise<unknown> =>
      Promise.all([first.post(...alerts), second.post(...alerts)]);
    await both(down('a', { endsAt: first.time(HOUR) }));
    await Promise.all([first.run(20 * SECOND), second.run(20 * SECOND)]);
    await both(down('b', { endsAt: first.time(HOUR) }));
    // The peer tells of both; its entry reaches the other one only with the barrier.
    await first.run(MINUTE);
    await second.post(down('a', { endsAt: second.time() }));
    two.arrived.push(...one.sent);
    await second.run(70 * SECOND);
    expect(second.told.map(({ firing, resolved }) => [firing, resolved])).toEqual([[['b'], ['a']]]);
  });

  it('gives an alert that comes while its emptied group waits for the last turn a group_wait of its own', async () => {
    const two = new FakeCluster({ position: 1 });
    const bench = await started({ cluster: () => two });
    await bench.post(down('a', { endsAt: bench.time(HOUR) }));
    await bench.run(30 * SECOND);
    await bench.post(down('a', { endsAt: bench.time() }));
    // The flush of the resolve waits from 70 s to 85 s; a peer that was earlier has ended the group at 70 s.
    await bench.run(45 * SECOND);
    await bench.post(down('b', { endsAt: bench.time(HOUR) }));
    await bench.run(5 * MINUTE);
    expect(bench.told.map(({ at, firing, resolved }) => [at, firing, resolved])).toEqual([
      [25 * SECOND, ['a'], []],
      [85 * SECOND, [], ['a']],
      [100 * SECOND, ['b'], []],
    ]);
  });

  it('that was stalled decides only after it has caught up', async () => {
    const cluster = new FakeCluster();
    const bench = await started({ cluster: () => cluster });
    let caughtUp = (): void => undefined;
    cluster.stalled = new Promise((resolve) => (caughtUp = resolve));
    await bench.post(down('a'));
    await bench.run(15 * SECOND);
    expect(bench.told).toEqual([]);
    caughtUp();
    await bench.run(0);
    expect(bench.told.map(({ at }) => at)).toEqual([15 * SECOND]);
    expect(cluster.barriers).toBe(2);
  });

  it('sends nothing before the gate opens, and everything that fell due right after', async () => {
    const cluster = new FakeCluster({ status: 'settling' });
    const bench = await started({ cluster: () => cluster });
    await bench.post(down('a'));
    await bench.run(25 * SECOND);
    expect(bench.told).toEqual([]);
    expect((await bench.request('GET', '/-/ready?state=1')).status).toBe(503);
    cluster.change({ status: 'ready' });
    await bench.run(0);
    expect(bench.told.map(({ at }) => at)).toEqual([25 * SECOND]);
    expect((await bench.request('GET', '/-/ready?state=1')).status).toBe(200);
  });
});

it('a resolve that is sent again and again, and that people know of, decides nothing', async () => {
  const bench = await started();
  await bench.post(down('a', { endsAt: bench.time(HOUR) }));
  await bench.run(20 * SECOND);
  const end = bench.time();
  for (let times = 0; times < 10; times++) {
    await bench.post(down('a', { endsAt: end }));
    await bench.run(20 * SECOND);
  }
  expect(bench.told).toHaveLength(2);
  expect(bench.decisions('flush-due')).toHaveLength(2);
  expect(bench.decisions('alert-routed')).toHaveLength(1);
});

it('ticks that fall due before the gate opens are one flush, of what is true when it opens', async () => {
  const cluster = new FakeCluster({ status: 'settling' });
  const bench = await started({ cluster: () => cluster });
  await bench.post(down('a', { endsAt: bench.time(HOUR) }));
  await bench.run(100 * SECOND);
  await bench.post(down('b', { endsAt: bench.time(HOUR) }));
  await bench.run(30 * SECOND);
  cluster.change({ status: 'ready' });
  await bench.run(MINUTE);
  expect(bench.told.map(({ at, firing }) => [at, firing])).toEqual([[130 * SECOND, ['a', 'b']]]);
});

it('the life of one alert is told by its events', async () => {
  const bench = await started();
  await bench.post(down('a', { endsAt: bench.time(HOUR) }));
  await bench.run(2 * MINUTE);
  await bench.post(down('a', { endsAt: bench.time() }));
  await bench.run(2 * MINUTE);
  expect(bench.events.map(({ decision }) => decision.type)).toEqual([
    'configuration-loaded',
    'gate-opened',
    'alert-received',
    'group-created',
    'alert-routed',
    'flush-due',
    'attempted',
    'delivered',
    'flush-due',
    'deduplicated',
    'alert-received',
    'flush-due',
    'attempted',
    'delivered',
    'group-gone',
  ]);
});
