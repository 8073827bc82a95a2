/**
 * Goal: what an auditor reads agrees with what happened, and recording never costs a notification.
 * Method: whole alertmanagers on virtual time, with outputs in memory that can fail or hang.
 */
import { disabledCluster } from '@tocsin/cluster';
import { captureLogger, captureMeter } from '@tocsin/kernel/testing';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';
import { RecorderWorld } from '../testing/recorder-world.ts';
import { EventRecorder } from './event-recorder.ts';
import { webhookEventsWaitingMax } from './webhook-output.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const FILE = '/var/events.json';
const toFile = { file_outputs: [{ path: FILE }] };
const toHook = (more: object = {}): object => ({
  webhook_outputs: [{ url: 'http://audit.test/x', ...more }],
});

async function started(section: object, more: object = {}): Promise<{ bench: Bench; out: RecorderWorld }> {
  const out = new RecorderWorld();
  const configuration = configurationOf({ more: { event_recorder: section, ...more } });
  const bench = new Bench({ turn, configuration, recorder: out.means });
  await bench.start();
  return { bench, out };
}
const down = (
  bench: Bench,
  instance: string,
  endsAt = HOUR,
): { labels: Record<string, string>; endsAt: string } => ({
  labels: { alertname: 'Down', instance },
  endsAt: bench.time(endsAt),
});
const silenceOf = (bench: Bench, more: object = {}): object => ({
  matchers: [{ name: 'instance', value: 'a|b', isRegex: true }],
  startsAt: bench.time(),
  endsAt: bench.time(HOUR),
  createdBy: 'me',
  comment: 'maintenance',
  annotations: { ticket: 'T-1' },
  ...more,
});

describe('the record of an alert', () => {
  it('tells that it came, was grouped, was sent, was sent as over, and has left its group', async () => {
    const { bench, out } = await started(toFile);
    await bench.post(down(bench, 'a', 90 * SECOND));
    await bench.run(3 * MINUTE);
    expect(out.types(FILE)).toEqual([
      'alertmanagerStartupEvent',
      'alertCreated',
      'alertGrouped',
      'notification',
      'notification',
      'alertResolved',
    ]);
  });

  it('has the shapes of protobuf JSON: 64-bit numbers as text, enums by name, zero values left out', async () => {
    const { bench, out } = await started(toFile);
    await bench.post(down(bench, 'a'));
    await bench.run(MINUTE);
    const [sent] = out.dataOf(FILE, 'notification') as { alerts: { hash: string }[] }[];
    const hash = sent?.alerts[0]?.hash ?? '';
    expect(hash).toMatch(/^\d+$/);
    expect(sent).toEqual({
      alerts: [
        {
          hash,
          details: {
            labels: {
              labels: [
                { key: 'alertname', value: 'Down' },
                { key: 'instance', value: 'a' },
              ],
            },
            annotations: {},
            startsAt: expect.stringMatching(/Z$/) as string,
            updatedAt: expect.stringMatching(/Z$/) as string,
          },
        },
      ],
      firingAlerts: [hash],
      groupInfo: {
        groupKey: '{}:{alertname="Down"}',
        groupLabels: { labels: [{ key: 'alertname', value: 'Down' }] },
        groupId: 'sha256({}:{alertname="Down"})',
        receiverName: 'team',
        groupUuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/) as string,
      },
      repeatInterval: '3600s',
      reason: 'NOTIFY_REASON_FIRST_NOTIFICATION',
      flushId: '1',
      integration: { name: 'webhook' },
    });
    expect(out.events(FILE)[0]).toMatchObject({ instance: 'host-1' });
    expect(out.events(FILE)[0]).not.toHaveProperty('clusterPosition');
  });

  it('has no notification that was not delivered, and no flush that sent nothing', async () => {
    const { bench, out } = await started(toFile);
    bench.only.answer = () => ({ status: 'failed', reason: 'clientError', error: 'no', statusCode: 400 });
    await bench.post(down(bench, 'a'));
    await bench.run(5 * MINUTE);
    expect(out.types(FILE)).not.toContain('notification');
    bench.only.answer = () => ({});
    await bench.run(5 * MINUTE);
    expect(out.types(FILE).filter((type) => type === 'notification')).toHaveLength(1);
  });

  it('is not longer for being looked at', async () => {
    const { bench, out } = await started(toFile);
    await bench.request('POST', '/api/v2/silences', silenceOf(bench));
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    const before = out.types(FILE);
    await bench.request('GET', '/api/v2/alerts');
    await bench.request('GET', '/api/v2/alerts/groups');
    await bench.run(SECOND);
    expect(out.types(FILE)).toEqual(before);
  });
});

describe('the record of muting', () => {
  it('names the silence with its matchers, and its annotations', async () => {
    const { bench, out } = await started(toFile);
    const { body } = await bench.request('POST', '/api/v2/silences', silenceOf(bench));
    await bench.post(down(bench, 'a'));
    await bench.run(MINUTE);
    const silence = {
      id: (body as { silenceID: string }).silenceID,
      matchers: [{ type: 'TYPE_REGEXP', name: 'instance', pattern: 'a|b', rendered: 'instance=~"a|b"' }],
      createdBy: 'me',
      comment: 'maintenance',
      annotations: { ticket: 'T-1' },
    };
    expect(out.dataOf(FILE, 'silenceCreated')).toMatchObject([{ silence }]);
    expect(out.dataOf(FILE, 'silenceMutedAlert')).toMatchObject([
      { silence, mutedAlert: { fingerprint: expect.stringMatching(/^\d+$/) as string } },
    ]);
    expect(out.types(FILE)).not.toContain('notification');
  });

  it('shows the end of a silence as an update', async () => {
    const { bench, out } = await started(toFile);
    const { body } = await bench.request('POST', '/api/v2/silences', silenceOf(bench));
    await bench.run(SECOND);
    const end = bench.time();
    await bench.request('DELETE', `/api/v2/silence/${(body as { silenceID: string }).silenceID}`);
    await bench.run(SECOND);
    expect(out.dataOf(FILE, 'silenceUpdated')).toMatchObject([
      { silence: { endsAt: end.replace(/\.000Z$/, 'Z') } },
    ]);
  });

  it('names the inhibit rule and the alert that inhibits', async () => {
    const rules = [
      { name: 'site', source_matchers: ['alertname="Site"'], target_matchers: ['alertname="Down"'] },
    ];
    const { bench, out } = await started(toFile, { inhibit_rules: rules });
    await bench.post({ labels: { alertname: 'Site' }, endsAt: bench.time(HOUR) }, down(bench, 'a'));
    await bench.run(30 * SECOND);
    expect(out.dataOf(FILE, 'inhibitionMutedAlert')).toMatchObject([
      {
        inhibitRules: [{ name: 'site', sourceMatchers: [{ rendered: 'alertname="Site"' }] }],
        inhibitingFingerprints: [expect.stringMatching(/^\d+$/)],
      },
    ]);
  });
});

describe('an output that fails', () => {
  it('or hangs delays no notification, and what it loses is counted', async () => {
    const { bench, out } = await started({ ...toFile, ...toHook({ workers: 1 }) });
    out.full.add(FILE);
    out.answer = () => new Promise(() => undefined);
    await bench.post(...Array.from({ length: 800 }, (_, index) => down(bench, `i${index}`)));
    await bench.run(MINUTE);
    expect(bench.told.map(({ at }) => at)).toEqual([10 * SECOND]);
    const counted = (name: string, labels: Record<string, string>): number =>
      bench.meter.value({ name }, labels);
    // Started, 800 created, 800 grouped, one notification: one is on its way, 1024 wait.
    expect(counted('alertmanager_event_output_drops_total', { output: 'webhook:0' })).toBe(
      1602 - webhookEventsWaitingMax - 1,
    );
    expect(
      counted('alertmanager_events_recorded_total', {
        event_type: 'alert_created',
        output: `file:${FILE}`,
        result: 'failure',
      }),
    ).toBe(800);
    expect(bench.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('is written to again when the disk has room', async () => {
    const { bench, out } = await started(toFile);
    out.full.add(FILE);
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    out.full.delete(FILE);
    await bench.post(down(bench, 'b'));
    await bench.run(SECOND);
    expect(out.types(FILE)).toEqual(['alertCreated', 'alertGrouped']);
    expect(bench.logger.lines.map(({ message }) => message)).toContain(
      'An output of the event recorder works again',
    );
  });
});

describe('a webhook', () => {
  it('is asked again with a pause that doubles, as often as configured, and not at all when it refuses', async () => {
    const { bench, out } = await started(toHook({ max_retries: 3, retry_backoff: '1s' }));
    await bench.run(SECOND);
    out.posted.length = 0;
    const at: number[] = [];
    out.answer = () => {
      at.push(bench.world.now);
      return Promise.resolve({ status: 'retry', error: 'unexpected status code 503' });
    };
    await bench.request('POST', '/api/v2/silences', silenceOf(bench));
    await bench.run(MINUTE);
    const [first = 0] = at;
    expect(at.map((each) => each - first)).toEqual([0, SECOND, 3 * SECOND, 7 * SECOND]);
    at.length = 0;
    out.answer = () => {
      at.push(bench.world.now);
      return Promise.resolve({ status: 'failed', error: 'unexpected status code 400' });
    };
    await bench.request('POST', '/api/v2/silences', silenceOf(bench));
    await bench.run(MINUTE);
    expect(at).toHaveLength(1);
  });

  it('with batch gets as many events as fit, one a line, after the interval or when a batch is full', async () => {
    const { bench, out } = await started(
      toHook({ batch: true, batch_max_events: 4, batch_flush_interval: '5s' }),
    );
    await bench.run(6 * SECOND);
    out.posted.length = 0;
    await bench.post(down(bench, 'a'), down(bench, 'b'), down(bench, 'c'));
    await bench.run(SECOND);
    expect(out.posted.map(({ body }) => body.split('\n').length - 1)).toEqual([4]);
    await bench.run(5 * SECOND);
    expect(out.posted.map(({ body }) => body.split('\n').length - 1)).toEqual([4, 2]);
    expect(out.posted[0]?.contentType).toBe('application/x-ndjson');
  });
});

describe('a reload', () => {
  it('loses no event: the old output gets what happened before, the new one what happens after', async () => {
    const { bench, out } = await started(toFile);
    await bench.post(down(bench, 'a'));
    bench.configuration = configurationOf({ more: { event_recorder: { file_outputs: [{ path: '/new' }] } } });
    await bench.request('POST', '/-/reload');
    await bench.post(down(bench, 'b'));
    await bench.run(SECOND);
    expect(out.types(FILE)).toEqual(['alertmanagerStartupEvent', 'alertCreated', 'alertGrouped']);
    expect(out.types('/new')).toEqual(['alertGrouped', 'alertCreated', 'alertGrouped']);
  });

  it('has an output that goes deliver what it holds, although its batch is not full', async () => {
    const { bench, out } = await started(toHook({ batch: true, batch_flush_interval: '1h' }));
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    expect(out.posted).toEqual([]);
    bench.configuration = configurationOf();
    await bench.request('POST', '/-/reload');
    await bench.run(SECOND);
    expect(out.posted.map(({ body }) => body.split('\n').length - 1)).toEqual([3]);
  });

  it('opens a file again that stays, and with no section recording ends', async () => {
    const { bench, out } = await started(toFile);
    await bench.request('POST', '/-/reload');
    expect(out.renewals).toBe(1);
    bench.configuration = configurationOf();
    await bench.request('POST', '/-/reload');
    const before = out.files.get(FILE);
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    expect(out.files.get(FILE)).toBe(before);
  });

  it('that asks for Kafka, or for a webhook that can not be used, is refused and changes nothing', async () => {
    const { bench, out } = await started(toFile);
    for (const section of [
      { kafka_outputs: [{ brokers: ['k:9092'], topic: 't' }] },
      { webhook_outputs: [{ url: 'http://bad.test/' }] },
    ]) {
      bench.configuration = configurationOf({ more: { event_recorder: section } });
      expect((await bench.request('POST', '/-/reload')).status).toBe(500);
    }
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    expect(out.types(FILE)).toContain('alertCreated');
    expect(bench.meter.value({ name: 'alertmanager_config_last_reload_successful' })).toBe(0);
  });
});

describe('the end', () => {
  it('is the last event, and everything before it is delivered', async () => {
    const { bench, out } = await started({ ...toFile, ...toHook() });
    await bench.post(down(bench, 'a'));
    await bench.settled(bench.alertmanager.stop());
    expect(out.types(FILE).at(-1)).toBe('alertmanagerShutdownEvent');
    expect(out.posted).toHaveLength(4);
  });

  it('comes although a webhook hangs', async () => {
    const { bench, out } = await started(toHook());
    out.answer = () => new Promise(() => undefined);
    await bench.post(down(bench, 'a'));
    const before = bench.world.now;
    await bench.settled(bench.alertmanager.stop());
    expect(bench.world.now - before).toBeLessThanOrEqual(6 * SECOND);
  });
});

it('a burst of many thousand events in one turn is recorded whole', async () => {
  const { bench, out } = await started(toFile);
  await bench.post(...Array.from({ length: 6_000 }, (_, index) => down(bench, `i${index}`)));
  await bench.run(SECOND);
  expect(out.types(FILE)).toHaveLength(1 + 2 * 6_000);
});

it('events beyond what the queue holds are lost, counted, and nothing waits for them', () => {
  const out = new RecorderWorld();
  const meter = captureMeter();
  const pending: (() => void)[] = [];
  const recorder = new EventRecorder({
    means: out.means,
    meter,
    logger: captureLogger(),
    clock: { wall: () => 0, mono: () => 0 },
    timers: { after: (_, run) => (pending.push(run), () => undefined) },
    cluster: disabledCluster(),
    queuedMax: 2,
  });
  recorder.apply({ file_outputs: [{ path: FILE }] });
  for (let count = 0; count < 5; count++) recorder.record('alertCreated', () => ({ count }));
  expect(meter.value({ name: 'alertmanager_events_dropped_total' }, { event_type: 'alert_created' })).toBe(3);
  expect(recorder.waiting).toBe(2);
  for (const run of pending.splice(0)) run();
  recorder.record('alertCreated', () => ({}));
  expect(recorder.waiting).toBe(3);
});
