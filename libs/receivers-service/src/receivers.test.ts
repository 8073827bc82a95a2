import { ReceiversMethods, type NotifyOutcome, type NotifyRequest } from '@tocsin/contracts';
import { AppError, loopback, type RpcLink, type RpcStream, type Tracer } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { CONFIGURATIONS_MAX } from './configurations.ts';
import { OUTCOMES_MAX } from './outcomes.ts';
import { NOTIFY_WINDOW, startReceivers, type Receivers, type ReceiversParts } from './receivers.ts';
import { FakeHttp, HandClock, loggerInto, partsWith, requestWith, type Logged } from './testing/fixtures.ts';

const SETTINGS = '{"url":"http://h/x"}';
const HASH = `hash of ${SETTINGS}`;
const deadline = { deadlineMs: 1000 };

interface World {
  readonly http: FakeHttp;
  readonly clock: HandClock;
  readonly receivers: Receivers;
  readonly link: RpcLink;
  notify(more?: Partial<NotifyRequest>): Promise<NotifyOutcome>;
}

async function start(more: Partial<ReceiversParts> = {}): Promise<World> {
  const http = new FakeHttp();
  const clock = new HandClock();
  const receivers = startReceivers(partsWith({ http, clock, ...more }));
  const link = loopback(receivers.handlers);
  await configure(link, SETTINGS, HASH);
  const notify = (given: Partial<NotifyRequest> = {}): Promise<NotifyOutcome> =>
    link.call(ReceiversMethods.notify, requestWith({ configurationHash: HASH, ...given }), deadline);
  return { http, clock, receivers, link, notify };
}

const configure = (link: RpcLink, settingsJson: string, configurationHash: string, integration = 'webhook') =>
  link.call(
    ReceiversMethods.configure,
    { tenant: '', integration, settingsJson, configurationHash },
    deadline,
  );

/** An answer that is given when the test says so. */
function held(http: FakeHttp): { release: (status: number) => void } {
  const waiting: ((answer: { status: number }) => void)[] = [];
  http.answer = () => new Promise((settle) => waiting.push(settle));
  return { release: (status) => waiting.splice(0).forEach((settle) => settle({ status })) };
}
const turn = (): Promise<void> => new Promise((later) => setImmediate(later));

describe('Configure', () => {
  it('makes a configuration known by its hash', async () => {
    const { notify } = await start();
    expect((await notify({ configurationHash: 'other' })).status).toBe('configuration-unknown');
    expect((await notify()).status).toBe('delivered');
  });

  it('refuses settings whose hash is another', async () => {
    const { link } = await start();
    await expect(configure(link, SETTINGS, 'wrong')).rejects.toThrow(
      'configuration_hash "wrong" is not the SHA-256 of settings_json, hash of {"url":"http://h/x"}',
    );
  });

  it('refuses an integration that is not built in, naming those that are', async () => {
    const { link } = await start();
    await expect(configure(link, SETTINGS, HASH, 'fax')).rejects.toThrow(
      'integration "fax" is not supported: expected one of webhook',
    );
  });

  it('refuses settings that are too large', async () => {
    const { link } = await start();
    const huge = JSON.stringify({ url: `http://h/${'x'.repeat(1024 * 1024)}` });
    await expect(configure(link, huge, `hash of ${huge}`)).rejects.toThrow('at most 1048576 are taken');
  });

  it('drops the least recently used of too many', async () => {
    const { link, notify } = await start();
    for (let count = 0; count < CONFIGURATIONS_MAX; count++) {
      const settings = `{"url":"http://h/${count}"}`;
      if (count === CONFIGURATIONS_MAX - 1) await notify({ notificationId: 'keeps it in use' });
      await configure(link, settings, `hash of ${settings}`);
    }
    expect((await notify({ configurationHash: HASH, notificationId: 'a' })).status).toBe('delivered');
    const gone = 'hash of {"url":"http://h/0"}';
    expect((await notify({ configurationHash: gone, notificationId: 'b' })).status).toBe(
      'configuration-unknown',
    );
  });
});

describe('Notify', () => {
  it('sends once for an id that was delivered, and answers each repetition with its own attempt', async () => {
    const { http, notify } = await start();
    expect(await notify({ attempt: 1 })).toMatchObject({ status: 'delivered', attempt: 1, statusCode: 200 });
    expect(await notify({ attempt: 2 })).toMatchObject({ status: 'delivered', attempt: 2, statusCode: 200 });
    expect(http.sent).toHaveLength(1);
  });

  it('sends again for an id that failed', async () => {
    const { http, notify } = await start();
    http.answer = () => ({ status: 500 });
    expect((await notify()).status).toBe('retry');
    http.answer = () => ({ status: 200 });
    expect((await notify({ attempt: 2 })).status).toBe('delivered');
  });

  it('joins a request to the one under way with the same id', async () => {
    const { http, notify } = await start();
    const { release } = held(http);
    const both = [notify({ attempt: 1 }), notify({ attempt: 2 })];
    await turn();
    release(503);
    expect((await Promise.all(both)).map(({ status, attempt }) => [status, attempt])).toEqual([
      ['retry', 1],
      ['retry', 2],
    ]);
    expect(http.sent).toHaveLength(1);
  });

  it('never takes two requests without an id for the same', async () => {
    const { http, notify } = await start();
    await Promise.all([notify({ notificationId: '' }), notify({ notificationId: '' })]);
    expect(http.sent).toHaveLength(2);
  });

  it('gives an integration what is left of the deadline, ten seconds when none is said', async () => {
    const { http, notify } = await start();
    await notify({ timeoutMs: 2_500 });
    await notify({ timeoutMs: 0, notificationId: 'n-2' });
    expect(http.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([2_500, 10_000]);
  });

  it('answers a network error with retry, and a bug with failed and a log line', async () => {
    const lines: Logged[] = [];
    const { http, notify } = await start({ logger: loggerInto(lines) });
    http.answer = () => Promise.reject(new AppError('unavailable', 'Post "<redacted>": EOF'));
    expect(await notify()).toMatchObject({
      status: 'retry',
      reason: 'other',
      error: 'Post "<redacted>": EOF',
    });
    http.answer = () => Promise.reject(new TypeError('x is not a function'));
    const outcome = await notify();
    expect(outcome).toMatchObject({ status: 'failed', reason: 'other' });
    expect(outcome.error).not.toContain('x is not a function');
    expect(JSON.stringify(lines)).toContain('x is not a function');
  });

  it('answers a deadline with its reason', async () => {
    const { http, notify } = await start();
    http.answer = () => Promise.reject(new AppError('deadline', 'late'));
    expect(await notify()).toMatchObject({ status: 'retry', reason: 'contextDeadlineExceeded' });
  });

  it('refuses a request without a receiver or with an endless id', async () => {
    const { notify } = await start();
    expect((await notify({ receiver: undefined })).error).toContain('receiver is missing');
    expect((await notify({ notificationId: 'x'.repeat(257) })).error).toContain('longer than 256');
  });

  it('sends the trace context of its own span, a child of the request', async () => {
    const parents: unknown[] = [];
    const tracer: Tracer = {
      isOn: true,
      start: (name, options) => {
        parents.push([name, options?.parent, options?.kind]);
        return { traceparent: '00-own', set: () => undefined, end: () => undefined };
      },
    };
    const { http, notify } = await start({ tracer });
    await notify({ traceparent: '00-parent' });
    expect(parents).toEqual([['notify.Integration.Notify', '00-parent', 'client']]);
    expect(http.sent[0]?.headers['traceparent']).toBe('00-own');
  });
});

describe('Outcome', () => {
  const outcomes = async ({ link }: World, ...notificationIds: string[]): Promise<readonly string[]> =>
    (await link.call(ReceiversMethods.outcome, { notificationIds }, deadline)).outcomes.map(
      (outcome) => `${outcome.notificationId} ${outcome.status}`,
    );

  it('tells what is known, and leaves out what is not', async () => {
    const world = await start();
    await world.notify({ notificationId: 'a' });
    world.http.answer = () => ({ status: 400 });
    await world.notify({ notificationId: 'b' });
    expect(await outcomes(world, 'a', 'b', 'c')).toEqual(['a delivered', 'b failed']);
  });

  it('forgets after ten minutes, not before, and then sends again', async () => {
    const world = await start();
    await world.notify();
    world.clock.now += 600_000 - 1;
    expect(await outcomes(world, 'n-1')).toEqual(['n-1 delivered']);
    world.clock.now += 1;
    expect(await outcomes(world, 'n-1')).toEqual([]);
    await world.notify();
    expect(world.http.sent).toHaveLength(2);
  });

  it('counts the ten minutes from the last outcome of an id', async () => {
    const world = await start();
    world.http.answer = () => ({ status: 500 });
    await world.notify({ notificationId: 'a' });
    await world.notify({ notificationId: 'b' });
    world.http.answer = () => ({ status: 200 });
    world.clock.now += 540_000;
    await world.notify({ notificationId: 'a' });
    world.clock.now += 120_000;
    expect(await outcomes(world, 'a', 'b')).toEqual(['a delivered']);
  });

  it('never forgets a delivery for a failure that comes later', async () => {
    const world = await start();
    await world.notify();
    world.http.answer = () => ({ status: 500 });
    await world.notify({ attempt: 2 });
    expect(await outcomes(world, 'n-1')).toEqual(['n-1 delivered']);
  });

  it('keeps 100,000 at most, the newest', async () => {
    const world = await start();
    for (let count = 0; count <= OUTCOMES_MAX; count++) await world.notify({ notificationId: `n-${count}` });
    expect(await outcomes(world, 'n-0', 'n-1', `n-${OUTCOMES_MAX}`)).toEqual([
      'n-1 delivered',
      `n-${OUTCOMES_MAX} delivered`,
    ]);
  });

  it('answers a thousand ids at once and no more', async () => {
    const world = await start();
    await expect(outcomes(world, ...Array.from({ length: 1001 }, String))).rejects.toThrow('at most 1000');
  });
});

describe('NotifyStream', () => {
  function open({ link }: World): {
    stream: RpcStream<NotifyRequest>;
    answers: NotifyOutcome[];
    ended: (AppError | undefined)[];
  } {
    const answers: NotifyOutcome[] = [];
    const ended: (AppError | undefined)[] = [];
    const stream = link.openStream(ReceiversMethods.notifyStream, {
      onMessage: (outcome) => answers.push(outcome),
      onEnd: (error) => ended.push(error),
    });
    return { stream, answers, ended };
  }
  const numbered = (count: number): NotifyRequest =>
    requestWith({ configurationHash: HASH, notificationId: `n-${count}` });

  it('answers 256 under way, and refuses the next one, to be tried again', async () => {
    const world = await start();
    const { release } = held(world.http);
    const { stream, answers } = open(world);
    for (let count = 0; count <= NOTIFY_WINDOW; count++) stream.send(numbered(count));
    await turn();
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({
      notificationId: `n-${NOTIFY_WINDOW}`,
      status: 'retry',
      error: 'more than 256 unanswered requests on this stream',
    });
    release(200);
    await expect.poll(() => answers.length).toBe(NOTIFY_WINDOW + 1);
    stream.send(numbered(999));
    await turn();
    release(200);
    await expect.poll(() => answers.at(-1)?.status).toBe('delivered');
  });

  it('ends after the last answer when the caller ends', async () => {
    const world = await start();
    const { release } = held(world.http);
    const { stream, answers, ended } = open(world);
    stream.send(numbered(1));
    stream.end();
    await turn();
    expect(ended).toEqual([]);
    release(200);
    await expect.poll(() => ended).toEqual([undefined]);
    expect(answers).toHaveLength(1);
  });

  it('on stop answers what is under way, refuses what is new, and ends', async () => {
    const world = await start();
    const { release } = held(world.http);
    const { stream, answers, ended } = open(world);
    stream.send(numbered(1));
    await turn();
    const stopped = world.receivers.stop();
    stream.send(numbered(2));
    await turn();
    expect(answers.map(({ notificationId, error }) => [notificationId, error])).toEqual([
      ['n-2', 'this receivers replica is stopping'],
    ]);
    release(200);
    await stopped;
    await expect.poll(() => ended).toEqual([undefined]);
    expect(answers.map(({ status }) => status)).toEqual(['retry', 'delivered']);
  });
});

describe('Test and Describe', () => {
  it('sends a test message through settings that are not kept', async () => {
    const { http, link } = await start();
    const request = {
      integration: 'webhook',
      settingsJson: '{"url":"http://test/"}',
      notification: undefined,
    };
    const outcome = await link.call(ReceiversMethods.test, request, deadline);
    expect(outcome.status).toBe('delivered');
    expect(http.sent[0]?.url).toBe('http://test/');
    expect(String(http.sent[0]?.body)).toContain('"alertname":"TestAlert"');
  });

  it('refuses settings that cannot be used', async () => {
    const { link } = await start();
    const request = { integration: 'webhook', settingsJson: '{}', notification: undefined };
    await expect(link.call(ReceiversMethods.test, request, deadline)).rejects.toThrow(
      'one of url & url_file',
    );
  });

  it('names the integrations and the version', async () => {
    const { link } = await start();
    expect(await link.call(ReceiversMethods.describe, {}, deadline)).toEqual({
      integrations: ['webhook'],
      version: '1.2.3',
    });
  });
});
