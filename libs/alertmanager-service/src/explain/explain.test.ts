/**
 * The real service is brought into a situation under virtual time, and what it says of itself is
 * compared with what stands in `golden/`: the answer, the route, the next action and the story.
 */
import { replicatedNflogEntry, nflogEntryFor, type ReceiverData } from '@tocsin/alerting';
import { LabelSet } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND, type BenchOptions } from '../testing/bench.ts';
import { configurationOf, type Wanted } from '../testing/configuration.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import type { Explanation } from './explanation.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** A Sunday. */
const START = Date.UTC(2026, 10, 22, 12);

async function started(options: Partial<BenchOptions> & { readonly wanted?: Wanted } = {}): Promise<Bench> {
  const configuration = configurationOf(options.wanted);
  const bench = new Bench({ turn, configuration, wallStart: START, ...options });
  await bench.start();
  return bench;
}

const labels = { alertname: 'Down', instance: 'a' };
const posted = (bench: Bench, more: object = {}, over: object = {}): Promise<void> =>
  bench.post({
    labels: { ...labels, ...over },
    startsAt: new Date(START).toISOString(),
    endsAt: bench.time(9 * HOUR),
    ...more,
  });

const exact = 'labels={alertname="Down",instance="a"}';

async function explained(bench: Bench, query: string = exact): Promise<Explanation> {
  const encoded = query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      return `${pair.slice(0, at)}=${encodeURIComponent(pair.slice(at + 1))}`;
    })
    .join('&');
  const { status, body } = await bench.request('GET', `/api/v2/tocsin/explain?${encoded}`);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body as Explanation;
}

async function silenced(bench: Bench, fromMs: number, toMs: number): Promise<void> {
  const { status } = await bench.request('POST', '/api/v2/silences', {
    matchers: [{ name: 'alertname', value: 'Down', isRegex: false, isEqual: true }],
    startsAt: bench.time(fromMs),
    endsAt: bench.time(toMs),
    createdBy: 'alice',
    comment: 'maintenance',
  });
  expect(status).toBe(200);
}

/** What a person would read, in one file. */
function textOf(about: Explanation): string {
  const integrations = about.groups.flatMap((group) =>
    group.integrations.map(
      ({ receiver, verdict, entry, next }) =>
        `  ${receiver.groupName}/${receiver.integration}[${receiver.index}] ${verdict}` +
        `, entry ${entry === null ? 'none' : `${entry.alert} ${entry.writtenBy} ${entry.peer ?? ''}`.trim()}` +
        `, ${next?.wouldSend === true ? 'would send' : 'would not send'}, next ${next?.sendsAt ?? 'none'}`,
    ),
  );
  const routes = about.routing.map(
    ({ depth, routeId, receiver, outcome, refusedBy, takenBy }) =>
      `  ${'  '.repeat(depth)}${routeId} -> ${receiver}: ${outcome}${refusedBy === undefined ? '' : ` on ${refusedBy}`}${takenBy === undefined ? '' : ` (${takenBy})`}`,
  );
  const story = about.story.map(
    ({ at, type, text, times, lastAt }) =>
      `  ${at} ${type}: ${text}${times === 1 ? '' : ` (${times}x until ${lastAt})`}`,
  );
  return [
    ...about.summary,
    '',
    `verdict ${about.verdict}, alert ${about.alert.state}${about.isPast ? ', past' : ''}${about.isIncomplete ? ', incomplete' : ''}`,
    'routes',
    ...routes,
    'integrations',
    ...integrations,
    ...about.silences.map(({ state, createdBy }) => `silence ${state} by ${createdBy}`),
    ...(about.inhibition === null ? [] : [`inhibited by rule ${about.inhibition.rule}`]),
    'story',
    ...story,
    '',
  ].join('\n');
}

const golden = (name: string, about: Explanation): Promise<void> =>
  expect(textOf(about)).toMatchFileSnapshot(`golden/${name}.txt`);

/** A peer's notification, as it comes over the cluster. */
function peerEntry(bench: Bench, over: { readonly at?: number; readonly groupKey?: string } = {}) {
  const entry = nflogEntryFor({
    groupKey: over.groupKey ?? '{}:{alertname="Down"}',
    receiver: { groupName: 'team', integration: 'webhook', index: 0 },
    now: over.at ?? bench.world.clock.wall(),
    firing: [LabelSet.fromObject(labels).hash],
    resolved: [],
    receiverData: new Map() as ReceiverData,
    retentionMs: 120 * HOUR,
    repeatIntervalMs: HOUR,
    replaces: undefined,
  });
  return { channel: 'nfl', entry: replicatedNflogEntry(entry) };
}

describe('why was I notified', () => {
  it('names receiver, time, reason and attempt of the first notification', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    const about = await explained(bench);
    expect(about.verdict).toBe('notified');
    await golden('first-notification', about);
  });

  it('has nothing new to say: deduplicated by its own log entry', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(3 * MINUTE);
    await golden('by-own-entry', await explained(bench));
  });

  it('tells of the repeat when it was the last message', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(HOUR + 2 * MINUTE);
    await golden('repeated', await explained(bench));
  });

  it('tells that the resolve was delivered', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    await posted(bench, { endsAt: bench.time() });
    await bench.run(2 * MINUTE);
    await golden('resolve-delivered', await explained(bench));
  });

  it('names the peer that has sent it', async () => {
    const cluster = new FakeCluster({ position: 1 });
    const bench = await started({ cluster: () => cluster });
    await posted(bench);
    await bench.run(11 * SECOND);
    cluster.arrived.push({ ...peerEntry(bench), from: 'm0' });
    await bench.run(30 * SECOND);
    const about = await explained(bench);
    expect(about.groups[0]?.integrations[0]?.entry).toMatchObject({ writtenBy: 'peer', peer: 'm0' });
    await golden('by-a-peer', about);
  });

  it('says "another replica" of an entry that came by gossip', async () => {
    const cluster = new FakeCluster({ position: 1 });
    const bench = await started({ cluster: () => cluster });
    await posted(bench);
    await bench.run(11 * SECOND);
    cluster.arrived.push(peerEntry(bench));
    await bench.run(30 * SECOND);
    await golden('by-another-replica', await explained(bench));
  });

  it('knows after a restart that it was told before', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    bench.events.length = 0;
    await bench.restart(20 * SECOND);
    await bench.run(2 * MINUTE);
    await golden('after-restart', await explained(bench));
  });

  it('tells several receivers apart, and says when only some were told', async () => {
    const routes = [
      { receiver: 'team', matchers: ['alertname="Down"'], continue: true },
      { receiver: 'oncall', matchers: ['instance="a"'] },
    ];
    const bench = await started({ wanted: { routes, receivers: ['oncall'] } });
    bench.only.answer = ({ groupKey }) =>
      groupKey.includes('instance')
        ? { status: 'failed', reason: 'clientError', error: 'bad token', statusCode: 401 }
        : {};
    await posted(bench);
    await bench.run(30 * SECOND);
    const about = await explained(bench);
    expect(about.verdict).toBe('partly-notified');
    await golden('partly-notified', about);
  });
});

describe('why was I not notified yet', () => {
  it('waits for group_wait', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(4 * SECOND);
    await golden('group-wait', await explained(bench));
  });

  it('waits for group_interval when it joined a group that was flushed already', async () => {
    const bench = await started();
    await posted(bench, {}, { instance: 'b' });
    await bench.run(20 * SECOND);
    await posted(bench);
    await bench.run(5 * SECOND);
    await golden('group-interval', await explained(bench));
  });

  it('waits for its turn behind an earlier replica', async () => {
    const cluster = new FakeCluster({ position: 1 });
    const bench = await started({ cluster: () => cluster });
    await posted(bench);
    await bench.run(12 * SECOND);
    await golden('turn', await explained(bench));
    await bench.run(30 * SECOND);
    await golden('turn-over', await explained(bench));
  });

  it('waits for the cluster to settle', async () => {
    const cluster = new FakeCluster({ status: 'settling' });
    const bench = await started({ cluster: () => cluster });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('not-settled', await explained(bench));
  });

  it('is retrying after an HTTP 500', async () => {
    const bench = await started();
    bench.only.answer = () => ({ status: 'retry', reason: 'serverError', error: 'boom', statusCode: 500 });
    await posted(bench);
    await bench.run(10 * SECOND + 100);
    await golden('retrying', await explained(bench));
  });
});

describe('why was I not notified', () => {
  it('is silenced, by whom and until when', async () => {
    const bench = await started();
    await silenced(bench, 0, HOUR);
    await posted(bench);
    await bench.run(3 * MINUTE);
    await golden('silenced', await explained(bench));
  });

  it('will be silenced by a pending silence', async () => {
    const bench = await started();
    await silenced(bench, 2 * HOUR, 3 * HOUR);
    await posted(bench);
    await bench.run(30 * SECOND);
    const about = await explained(bench);
    expect(about.silences).toMatchObject([{ state: 'pending', createdBy: 'alice' }]);
    await golden('silence-pending', about);
  });

  it('was silenced until just now, and the next flush will tell', async () => {
    const bench = await started();
    await silenced(bench, 0, 90 * SECOND);
    await posted(bench);
    await bench.run(100 * SECOND);
    const about = await explained(bench);
    expect(about.groups[0]?.integrations[0]?.next?.wouldSend).toBe(true);
    await golden('silence-ended', about);
  });

  const inhibit = {
    more: {
      inhibit_rules: [
        {
          name: 'node-down',
          source_matchers: ['alertname="NodeDown"'],
          target_matchers: ['alertname="Down"'],
          equal: ['instance'],
        },
      ],
    },
  };

  it('is inhibited, by which rule and which alert', async () => {
    const bench = await started({ wanted: inhibit });
    await posted(bench, {}, { alertname: 'NodeDown' });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('inhibited', await explained(bench));
  });

  it('is inhibited by an alert that fires now, whatever its end says about the next flush', async () => {
    const bench = await started({ wanted: inhibit });
    await posted(bench, { endsAt: bench.time(40 * SECOND) }, { alertname: 'NodeDown' });
    await posted(bench);
    await bench.run(30 * SECOND);
    const about = await explained(bench);
    expect(about.groups[0]?.integrations[0]?.next?.text).toContain('(rule node-down), which fires since');
  });

  it('was inhibited until the source resolved', async () => {
    const bench = await started({ wanted: inhibit });
    await posted(bench, {}, { alertname: 'NodeDown' });
    await posted(bench);
    await bench.run(30 * SECOND);
    await posted(bench, { endsAt: bench.time() }, { alertname: 'NodeDown' });
    await golden('inhibitor-resolved', await explained(bench));
  });

  const timed = (kind: object): Wanted => ({
    routes: [{ matchers: ['alertname="Down"'], ...kind }],
    more: {
      time_intervals: [
        { name: 'noon', time_intervals: [{ times: [{ start_time: '11:00', end_time: '12:30' }] }] },
        { name: 'afternoon', time_intervals: [{ times: [{ start_time: '13:00', end_time: '18:00' }] }] },
      ],
    },
  });

  it('is muted by a time interval, until when', async () => {
    const bench = await started({ wanted: timed({ mute_time_intervals: ['noon'] }) });
    await posted(bench);
    await bench.run(2 * MINUTE);
    const about = await explained(bench);
    expect(about.groups[0]?.muted).toMatchObject({ by: ['noon'], until: '2026-11-22T12:30:00.000Z' });
    await golden('muted', about);
  });

  it('is outside its active time interval, until when', async () => {
    const bench = await started({ wanted: timed({ active_time_intervals: ['afternoon'] }) });
    await posted(bench);
    await bench.run(2 * MINUTE);
    await golden('outside-active', await explained(bench));
  });

  it('goes to a receiver without integrations', async () => {
    const bench = await started({
      configuration: { ...configurationOf(), receivers: [{ name: 'team' }] },
    });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('no-integrations', await explained(bench));
  });

  it('resolved before the first flush', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(5 * SECOND);
    await posted(bench, { endsAt: bench.time() });
    await golden('resolved-in-group-wait', await explained(bench));
    await bench.run(MINUTE);
    await golden('resolved-before-first-flush', await explained(bench));
  });

  it('is not told of the resolve with send_resolved false', async () => {
    const bench = await started({ wanted: { sendResolved: false } });
    await posted(bench);
    await bench.run(30 * SECOND);
    await posted(bench, { endsAt: bench.time() });
    await bench.run(5 * SECOND);
    await golden('send-resolved-false-next', await explained(bench));
    await bench.run(2 * MINUTE);
    await golden('send-resolved-false', await explained(bench));
  });

  it('has a receiver that refused for good', async () => {
    const bench = await started();
    bench.only.answer = () => ({
      status: 'failed',
      reason: 'clientError',
      error: 'no such channel',
      statusCode: 400,
    });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('gave-up', await explained(bench));
  });

  it('can not reach any receivers replica', async () => {
    const bench = await started({ replicas: 0 });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('receivers-unreachable-retrying', await explained(bench));
    await bench.run(2 * MINUTE);
    await golden('receivers-unreachable', await explained(bench));
  });

  it('was never received', async () => {
    const bench = await started();
    await golden('never-received', await explained(bench));
  });

  it('was refused at intake', async () => {
    const bench = await started();
    const bad = { labels, startsAt: bench.time(HOUR), endsAt: bench.time() };
    expect((await bench.request('POST', '/api/v2/alerts', [bad])).status).toBe(400);
    await golden('rejected', await explained(bench));
  });

  it('is in no group because there are too many', async () => {
    const bench = await started({ settings: { groupsMax: 1 } });
    await posted(bench, {}, { alertname: 'Other' });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('group-limit', await explained(bench));
  });
});

describe('the receiver asked for', () => {
  const routes = [
    { receiver: 'database', matchers: ['team="db"'] },
    { receiver: 'critical', matchers: ['instance="a"'] },
    { receiver: 'everything', matchers: ['alertname=~".+"'] },
  ];
  const wanted = { routes, receivers: ['database', 'critical', 'everything', 'lonely'] };

  it('was refused by a matcher', async () => {
    const bench = await started({ wanted });
    await posted(bench);
    await bench.run(30 * SECOND);
    const about = await explained(bench, `${exact}&receiver=database`);
    expect(about.receiver).toMatchObject({ isReached: false });
    await golden('receiver-refused', about);
  });

  it('was not tried, because an earlier sibling without continue took the alert', async () => {
    const bench = await started({ wanted });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('receiver-not-tried', await explained(bench, `${exact}&receiver=everything`));
  });

  it('is the default, which is asked only when no child takes the alert', async () => {
    const bench = await started({ wanted });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('receiver-default', await explained(bench, `${exact}&receiver=team`));
  });

  it('is the default, and got the alert that no child wanted', async () => {
    const bench = await started({ wanted: { ...wanted, routes: routes.slice(0, 1) } });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('default-route', await explained(bench));
  });

  it('is on no route', async () => {
    const bench = await started({ wanted });
    await posted(bench);
    await golden('receiver-on-no-route', await explained(bench, `${exact}&receiver=lonely`));
  });

  it('is one of two that a continue reaches', async () => {
    const bench = await started({
      wanted: { ...wanted, routes: routes.map((route) => ({ ...route, continue: true })) },
    });
    await posted(bench);
    await bench.run(30 * SECOND);
    await golden('continue', await explained(bench, `${exact}&receiver=everything`));
  });
});

describe('after changes', () => {
  it('tells of the groups of the new configuration after a reload', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    bench.configuration = configurationOf({
      receivers: ['oncall'],
      routes: [{ receiver: 'oncall', matchers: ['alertname="Down"'] }],
    });
    expect((await bench.request('POST', '/-/reload')).status).toBe(200);
    await bench.run(5 * SECOND);
    await golden('after-reload', await explained(bench));
  });

  it('keeps the rhythm of a group whose route a reload leaves alone', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    bench.configuration = configurationOf({ receivers: ['oncall'] });
    expect((await bench.request('POST', '/-/reload')).status).toBe(200);
    await bench.run(5 * SECOND);
    const about = await explained(bench);
    expect(about.groups[0]?.nextFlushAt).toBe('2026-11-22T12:01:10.000Z');
    await golden('after-reload-same-route', about);
  });

  it('tells what was true at an instant that is over', async () => {
    const bench = await started();
    await silenced(bench, 0, 5 * MINUTE);
    await posted(bench);
    await bench.run(2 * MINUTE);
    const at = bench.time();
    await bench.run(10 * MINUTE);
    await golden('in-the-past-silenced', await explained(bench, `${exact}&at=${at}`));
    await golden('in-the-past-told', await explained(bench, `${exact}&at=${bench.time(-MINUTE)}`));
    await golden('in-the-past-before-all', await explained(bench, `${exact}&at=${bench.time(-HOUR)}`));
  });

  it('says that decisions are forgotten instead of guessing', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    bench.events.splice(0, bench.events.length);
    await bench.run(2 * MINUTE);
    const about = await explained(bench);
    expect(about.isIncomplete).toBe(true);
    await golden('forgotten', about);
  });

  it('still tells of an alert that is gone from memory', async () => {
    const bench = await started();
    await posted(bench);
    await bench.run(30 * SECOND);
    await posted(bench, { endsAt: bench.time() });
    await bench.run(HOUR);
    await golden('gone', await explained(bench));
  });
});

describe('what is asked for', () => {
  it.each([
    ['', 'labels, fingerprint or filter is needed'],
    ['labels={alertname=~"Down"}', 'expected name="value"'],
    ['labels={}', 'at least one label'],
    ['labels={a="1"}&labels=a=2', 'given twice'],
    ['fingerprint=xyz', '16 lower-case hex digits'],
    ['filter=alertname', 'alertname'],
    [`${exact}&at=yesterday`, 'expected RFC 3339'],
    [`${exact}&at=2030-01-01T00:00:00Z`, 'lies ahead'],
    [`${exact}&receiver=nobody`, 'expected one of "team"'],
  ])('%s is refused with 400 and the reason', async (query, why) => {
    const bench = await started();
    const { status, body } = await bench.request(
      'GET',
      `/api/v2/tocsin/explain?${query
        .split('&')
        .map((pair) => pair.replace(/=(.*)$/, (_all, value: string) => `=${encodeURIComponent(value)}`))
        .join('&')}`,
    );
    expect(status).toBe(400);
    expect(body).toContain(why);
  });

  it('is found by fingerprint, by repeated labels and by a filter that leaves one', async () => {
    const bench = await started();
    await posted(bench);
    await posted(bench, {}, { instance: 'b' });
    const { fingerprint } = LabelSet.fromObject(labels);
    for (const query of [
      `fingerprint=${fingerprint}`,
      'labels=alertname=Down&labels=instance=a',
      'filter=instance=a',
      'filter=alertname=~"D.*"&filter=instance!=b',
    ]) {
      expect((await explained(bench, query)).alert.fingerprint).toBe(fingerprint);
    }
    await expect(explained(bench, 'filter=alertname=Down')).rejects.toThrow(
      /400.*expected one alert, found 2/s,
    );
    await expect(explained(bench, 'filter=alertname=~"Nothing.*"')).rejects.toThrow(/404/);
    await expect(explained(bench, 'fingerprint=0123456789abcdef')).rejects.toThrow(/404/);
  });

  it('changes nothing: the same messages go out whether or not somebody asks', async () => {
    const run = async (isAsking: boolean): Promise<unknown> => {
      const bench = await started({
        wanted: {
          more: {
            inhibit_rules: [{ source_matchers: ['alertname="Src"'], target_matchers: ['alertname="Down"'] }],
          },
        },
      });
      await bench.post({ labels: { alertname: 'Src' }, endsAt: bench.time(3 * MINUTE) });
      await posted(bench);
      await silenced(bench, 5 * MINUTE, 8 * MINUTE);
      for (let step = 0; step < 100; step++) {
        if (isAsking) await explained(bench);
        if (isAsking) await bench.request('GET', `/api/v2/tocsin/preview?labels=alertname%3DDown`);
        await bench.run(7 * SECOND);
      }
      return bench.told;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('may be anything: the answer is never a failure of ours', async () => {
    const bench = await started();
    await posted(bench);
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '{a="b"}',
        '{a="b"',
        'a=b',
        'a=~"("',
        '__proto__=x',
        '{__proto__="x"}',
        '2026-11-22',
        '0s',
        '1y',
        'team',
      ),
    );
    const name = fc.constantFrom('labels', 'fingerprint', 'filter', 'receiver', 'at', 'for', 'resolvesAfter');
    const path = fc.constantFrom('explain', 'preview');
    const query = fc.array(fc.tuple(name, text), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(path, query, async (of, pairs) => {
        const { status } = await bench.alertmanager.http({
          method: 'GET',
          path: `/api/v2/tocsin/${of}`,
          query: pairs,
          headers: {},
          body: new Uint8Array(),
        });
        expect([200, 400, 404]).toContain(status);
      }),
      { numRuns: 500 },
    );
  });

  it('costs the events nothing: an alert that is sent again and again is told of once', async () => {
    const bench = await started();
    await posted(bench);
    const before = bench.events.length;
    for (let again = 0; again < 50; again++) await posted(bench);
    expect(bench.events.length).toBe(before);
  });

  it('may lie before everything that is kept', async () => {
    const bench = await started();
    const about = await explained(bench, `${exact}&at=1971-01-01T00:00:00Z`);
    expect(about.verdict).toBe('unknown');
    expect(about.decisionsSince).toBe(new Date(START).toISOString());
  });
});
