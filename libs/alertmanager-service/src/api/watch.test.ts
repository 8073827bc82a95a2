import type { HttpResponse } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND, type BenchOptions } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';
import { apiMetrics } from './api-metrics.ts';
import { heartbeatMs, slowWatcherMs, watchersMax } from './watch.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function started(options: Partial<BenchOptions> = {}): Promise<Bench> {
  const bench = new Bench({ turn, configuration: configurationOf(), ...options });
  await bench.start();
  return bench;
}

interface Told {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client: reads what comes, as the transport does. */
class Client {
  readonly told: Told[] = [];
  text = '';
  isOver = false;
  readonly #body: AsyncIterator<string>;
  readonly status: number;

  constructor(response: HttpResponse) {
    this.status = response.status;
    if (response.headers['Content-Type'] !== 'text/event-stream') throw new Error('no stream');
    this.#body = (response.body as AsyncIterable<string>)[Symbol.asyncIterator]();
  }

  async read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#body.next();
      if (done === true) break;
      this.text += value;
      for (const block of value.split('\n\n')) {
        const field = (name: string): string | undefined =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const event = field('event');
        if (event !== undefined)
          this.told.push({ event, id: field('id'), data: JSON.parse(field('data') ?? '') as Told['data'] });
      }
    }
    this.isOver = true;
  }

  goAway(): void {
    void this.#body.return?.();
  }

  of(event: string): Told['data'][] {
    return this.told.filter((each) => each.event === event).map(({ data }) => data);
  }

  get lastId(): string {
    return this.told.findLast(({ id }) => id !== undefined)?.id ?? '';
  }
}

async function answerTo(
  bench: Bench,
  query: readonly (readonly [string, string])[] = [],
  headers = {},
): Promise<HttpResponse> {
  return bench.alertmanager.http({
    method: 'GET',
    path: '/api/v2/tocsin/watch',
    query,
    headers: { accept: 'text/event-stream', ...headers },
    body: new Uint8Array(),
  });
}

async function watching(
  bench: Bench,
  query: readonly (readonly [string, string])[] = [],
  headers = {},
): Promise<Client> {
  const client = new Client(await answerTo(bench, query, headers));
  void client.read();
  await bench.run(1);
  return client;
}
const down = (
  bench: Bench,
  instance: string,
  endsInMs = HOUR,
): { labels: Record<string, string>; endsAt: string } => ({
  labels: { alertname: 'Down', instance },
  endsAt: bench.time(endsInMs),
});
const open = (bench: Bench): number => {
  bench.meter.collect();
  return bench.meter.value(apiMetrics.watchers);
};

describe('a watcher', () => {
  it('is told of alerts as they come, change and are resolved, each as the list shows it', async () => {
    const bench = await started();
    const client = await watching(bench);
    expect(client.of('hello')).toEqual([
      { replica: 'bench', kinds: ['alert', 'silence', 'notification', 'configuration'] },
    ]);
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    const [shown] = (await bench.request('GET', '/api/v2/alerts')).body as object[];
    expect(client.of('alert')).toMatchObject([{ change: 'new', alert: shown }]);
    await bench.post({ ...down(bench, 'a'), endsAt: bench.time() });
    await bench.run(SECOND);
    expect(client.of('alert').map(({ change }) => change)).toEqual(['new', 'resolved']);
  });

  it('is told of silences, notifications and configurations', async () => {
    const bench = await started();
    const client = await watching(bench);
    const { body } = await bench.request('POST', '/api/v2/silences', {
      matchers: [{ name: 'x', value: 'y', isRegex: false }],
      startsAt: bench.time(),
      endsAt: bench.time(HOUR),
      createdBy: 'me',
      comment: 'c',
    });
    await bench.post(down(bench, 'a'));
    await bench.run(MINUTE);
    await bench.request('POST', '/-/reload');
    bench.configuration = {};
    await bench.request('POST', '/-/reload');
    await bench.run(SECOND);
    const { silenceID } = body as { silenceID: string };
    expect(client.of('silence')).toMatchObject([
      { change: 'created', id: silenceID, silence: { id: silenceID, comment: 'c' } },
    ]);
    expect(client.of('notification')).toMatchObject([
      {
        change: 'delivered',
        receiver: 'team',
        integration: 'webhook',
        groupKey: '{}:{alertname="Down"}',
        reason: 'first notification',
      },
    ]);
    expect(client.of('configuration').map(({ change }) => change)).toEqual(['loaded', 'refused']);
  });

  it('is told of what ends or begins because time passes, although nobody decides it', async () => {
    const bench = await started();
    const client = await watching(bench, [['kind', 'alert,silence']]);
    await bench.post(down(bench, 'a', 90 * SECOND));
    await bench.request('POST', '/api/v2/silences', {
      matchers: [{ name: 'x', value: 'y', isRegex: false }],
      startsAt: bench.time(MINUTE),
      endsAt: bench.time(2 * MINUTE),
      createdBy: 'me',
      comment: 'c',
    });
    await bench.run(3 * MINUTE);
    expect(client.of('alert').map(({ change }) => change)).toEqual(['new', 'ended']);
    expect(
      client.of('silence').map(({ change, silence }) => [change, (silence as { status: object }).status]),
    ).toEqual([
      ['created', { state: 'pending' }],
      ['started', { state: 'active' }],
      ['ended', { state: 'expired' }],
    ]);
  });

  it('hears only what it asked for', async () => {
    const bench = await started();
    const client = await watching(bench, [
      ['filter', 'instance="b"'],
      ['kind', 'alert'],
      ['kind', 'notification'],
    ]);
    await bench.post(down(bench, 'a'), down(bench, 'b'), {
      labels: { alertname: 'Other' },
      endsAt: bench.time(HOUR),
    });
    await bench.request('POST', '/-/reload');
    await bench.run(MINUTE);
    expect(client.of('alert').map(({ alert }) => (alert as { labels: object }).labels)).toEqual([
      { alertname: 'Down', instance: 'b' },
    ]);
    expect(client.of('notification').map(({ groupKey }) => groupKey)).toEqual(['{}:{alertname="Down"}']);
    expect(client.of('configuration')).toEqual([]);
  });

  it('that comes back with the id of its last event misses nothing and hears nothing twice', async () => {
    const bench = await started();
    const first = await watching(bench, [['kind', 'alert']]);
    await bench.post(down(bench, 'a'));
    await bench.run(SECOND);
    first.goAway();
    await bench.post(down(bench, 'b'), down(bench, 'c'));
    await bench.run(SECOND);
    const second = await watching(bench, [['kind', 'alert']], { 'last-event-id': first.lastId });
    await bench.post(down(bench, 'd'));
    await bench.run(SECOND);
    const instances = (client: Client): unknown[] =>
      client.of('alert').map(({ alert }) => (alert as { labels: Record<string, string> }).labels['instance']);
    expect([instances(first), instances(second), second.of('gap')]).toEqual([['a'], ['b', 'c', 'd'], []]);
    const polyfill = await watching(bench, [
      ['kind', 'alert'],
      ['lastEventId', second.lastId],
    ]);
    expect(polyfill.told).toEqual([]);
  });

  it('is told that there is a gap when what it has not seen is no longer kept, and goes on from now', async () => {
    const bench = await started();
    await bench.post(down(bench, 'a'));
    const client = await watching(bench, [], { 'last-event-id': 'from another life' });
    await bench.post(down(bench, 'b'));
    await bench.run(SECOND);
    expect(client.told.map(({ event }) => event)).toEqual(['gap', 'alert']);
    expect(bench.meter.value(apiMetrics.limitReached, { limit: 'watch_gap' })).toBe(1);
  });

  it('gets a sign of life every 15 s when nothing happens', async () => {
    const bench = await started();
    const client = await watching(bench);
    client.text = '';
    await bench.run(3 * heartbeatMs + SECOND);
    expect(client.text).toBe(': heartbeat\n\n'.repeat(3));
  });

  it('frees everything at once when its client goes away, even while it waits', async () => {
    const bench = await started();
    const client = await watching(bench);
    expect(open(bench)).toBe(1);
    client.goAway();
    expect(open(bench)).toBe(0);
    await turn();
    expect(client.isOver).toBe(true);
  });
});

describe('watchers', () => {
  it('beyond the limit are refused, and one that goes makes room', async () => {
    const bench = await started();
    const clients: Client[] = [];
    for (let count = 0; count < watchersMax; count++) clients.push(await watching(bench));
    expect((await answerTo(bench)).status).toBe(503);
    expect(bench.meter.value(apiMetrics.limitReached, { limit: 'watchers' })).toBe(1);
    clients[0]?.goAway();
    expect((await answerTo(bench)).status).toBe(200);
  });

  it('whose body nobody reads hold no place', async () => {
    const bench = await started();
    for (let count = 0; count < 2 * watchersMax; count++) expect((await answerTo(bench)).status).toBe(200);
    expect(open(bench)).toBe(0);
  });

  it('that read nothing are let go after a minute and hold up nobody meanwhile', async () => {
    const bench = await started();
    const slow = (await answerTo(bench)).body as AsyncIterable<string>;
    const stuck = slow[Symbol.asyncIterator]();
    await stuck.next();
    const quick = await watching(bench);
    for (let minute = 0; minute < 3; minute++) {
      await bench.post(...Array.from({ length: 500 }, (_, index) => down(bench, `${minute}-${index}`)));
      await bench.run(slowWatcherMs / 2);
    }
    expect(quick.of('alert').length).toBe(1_500);
    expect(open(bench)).toBe(1);
    expect(bench.meter.value(apiMetrics.limitReached, { limit: 'watch_slow' })).toBe(1);
    expect(await stuck.next()).toEqual({ done: true, value: undefined });
  });

  it('end when the alertmanager stops', async () => {
    const bench = await started();
    const client = await watching(bench);
    bench.alertmanager.endWatches();
    await turn();
    expect(client.isOver).toBe(true);
    expect((await answerTo(bench)).status).toBe(503);
  });

  it.each([[['kind', 'x']], [['filter', 'x']]] as const)('are refused for %s', async (query) => {
    expect((await answerTo(await started(), [query as unknown as [string, string]])).status).toBe(400);
  });
});

it('what is told of an alert holds no line break that would end the event, whatever its labels hold', async () => {
  const bench = await started();
  const client = await watching(bench);
  const value = 'a\n\ndata: x\r\nevent: y\u2028';
  await bench.post({ labels: { alertname: 'Odd', value }, endsAt: bench.time(HOUR) });
  await bench.run(SECOND);
  expect(client.of('alert')).toMatchObject([{ alert: { labels: { value } } }]);
});
