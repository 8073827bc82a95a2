/** What stands beside API v2 for lists too long to be read whole. */
import type { HttpResponse } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, textOf, type BenchOptions } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';
import { apiMetrics } from './api-metrics.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function started(options: Partial<BenchOptions> = {}): Promise<Bench> {
  const bench = new Bench({
    turn,
    configuration: configurationOf({
      receivers: ['other'],
      routes: [{ receiver: 'other', matchers: ['team="other"'] }],
      more: {
        inhibit_rules: [
          {
            source_matchers: ['severity="critical"'],
            target_matchers: ['severity="warning"'],
            equal: ['team'],
          },
        ],
      },
    }),
    ...options,
  });
  await bench.start();
  return bench;
}

interface AlertShown {
  readonly labels: Readonly<Record<string, string>>;
}
const get = async (bench: Bench, target: string): Promise<Record<string, unknown>> => {
  const { status, body } = await bench.request('GET', `/api/v2/${target}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Record<string, unknown>;
};
const namesOf = (page: Record<string, unknown>): string[] =>
  (page['alerts'] as AlertShown[]).map(({ labels }) => labels['alertname'] ?? '');

async function posted(bench: Bench): Promise<void> {
  const alert = (
    alertname: string,
    more: Readonly<Record<string, string>>,
  ): { labels: Record<string, string>; endsAt: string } => ({
    labels: { alertname, ...more },
    endsAt: bench.time(HOUR),
  });
  await bench.post(
    alert('A', { team: 'x', severity: 'critical' }),
    alert('B', { team: 'x', severity: 'warning' }),
    alert('C', { team: 'other', severity: 'warning' }),
    alert('D', { team: 'y' }),
  );
  await bench.request('POST', '/api/v2/silences', {
    matchers: [{ name: 'alertname', value: 'D', isRegex: false }],
    startsAt: bench.time(),
    endsAt: bench.time(HOUR),
    createdBy: 'me',
    comment: 'c',
  });
}

describe('pages of alerts', () => {
  it('hold the same elements as the plain list, in the order asked for, with the number of all', async () => {
    const bench = await started();
    await posted(bench);
    const plain = (await bench.request('GET', '/api/v2/alerts')).body as AlertShown[];
    expect(await get(bench, 'tocsin/alerts')).toEqual({ alerts: plain, total: 4 });
    const first = await get(bench, 'tocsin/alerts?sort=-alertname&limit=3');
    expect([namesOf(first), first['total']]).toEqual([['D', 'C', 'B'], 4]);
    const second = await get(bench, `tocsin/alerts?sort=-alertname&limit=3&cursor=${String(first['next'])}`);
    expect([namesOf(second), second['total'], second['next']]).toEqual([['A'], 4, undefined]);
    expect(namesOf(await get(bench, 'tocsin/alerts?sort=label.severity'))).toEqual([
      'D',
      'A',
      expect.any(String),
      expect.any(String),
    ]);
  });

  it('select as the plain list does: by matcher, receiver and state', async () => {
    const bench = await started();
    await posted(bench);
    const select = async (query: string): Promise<string[]> =>
      namesOf(await get(bench, `tocsin/alerts?sort=alertname&${query}`));
    expect(await select('filter=team%3D%22x%22')).toEqual(['A', 'B']);
    expect(await select('receiver=other')).toEqual(['C']);
    expect(await select('receiver_matchers=name%3Dother')).toEqual(['C']);
    expect(await select('active=false')).toEqual(['B', 'D']);
    expect(await select('silenced=false&inhibited=false')).toEqual(['A', 'C']);
  });

  it.each([
    'sort=nothing',
    'sort=label.',
    `sort=label.${'x'.repeat(257)}`,
    'limit=0',
    'cursor=!',
    'filter=x',
    'receiver=(',
  ])('are refused with 400 for %s', async (query) => {
    const bench = await started();
    expect((await bench.request('GET', `/api/v2/tocsin/alerts?${query}`)).status).toBe(400);
  });

  it('of a long list are read whole although alerts come in between, and other work has its turn', async () => {
    const bench = await started();
    const batch = (from: number): Promise<void> =>
      bench.post(
        ...Array.from({ length: 2_500 }, (_, index) => ({
          labels: { alertname: 'Many', n: String(from + index) },
          endsAt: bench.time(HOUR),
        })),
      );
    await batch(0);
    const seen = new Set<string>();
    let cursor = '';
    for (let pages = 0; pages < 20; pages++) {
      const page = await get(bench, `tocsin/alerts?limit=1000&sort=label.n&cursor=${cursor}`);
      for (const { labels } of page['alerts'] as AlertShown[]) {
        expect(seen.has(labels['n'] ?? '')).toBe(false);
        seen.add(labels['n'] ?? '');
      }
      if (pages === 0) await batch(2_500);
      if (page['next'] === undefined) break;
      cursor = page['next'] as string;
    }
    for (let n = 0; n < 2_500; n++) expect(seen).toContain(String(n));
  });
});

describe('counts of alerts', () => {
  it('are by label values and by state, the largest bucket first', async () => {
    const bench = await started();
    await posted(bench);
    expect(await get(bench, 'tocsin/alerts/counts?by=severity')).toEqual({
      by: ['severity'],
      total: { count: 4, active: 2, suppressed: 2, silenced: 1, inhibited: 1 },
      buckets: [
        { labels: { severity: 'warning' }, count: 2, active: 1, suppressed: 1, silenced: 0, inhibited: 1 },
        { labels: { severity: '' }, count: 1, active: 0, suppressed: 1, silenced: 1, inhibited: 0 },
        { labels: { severity: 'critical' }, count: 1, active: 1, suppressed: 0, silenced: 0, inhibited: 0 },
      ],
    });
    const two = await get(bench, 'tocsin/alerts/counts?by=team,severity&by=team&active=false');
    expect(two['by']).toEqual(['team', 'severity']);
    expect((two['buckets'] as AlertShown[]).map(({ labels }) => labels)).toEqual([
      { team: 'x', severity: 'warning' },
      { team: 'y', severity: '' },
    ]);
    expect((await get(bench, 'tocsin/alerts/counts'))['buckets']).toEqual([]);
  });

  it('sum what does not fit in the answer, and say so in the answer and in a metric', async () => {
    const bench = await started();
    await posted(bench);
    const answer = await get(bench, 'tocsin/alerts/counts?by=alertname&limit=1');
    expect((answer['buckets'] as object[]).length).toBe(1);
    expect(answer['others']).toEqual({
      buckets: 3,
      isMore: false,
      count: 3,
      active: 1,
      suppressed: 2,
      silenced: 1,
      inhibited: 1,
    });
    expect(bench.meter.value(apiMetrics.limitReached, { limit: 'count_buckets' })).toBe(1);
  });

  it('of a label named __proto__ are counted like any other', async () => {
    const bench = await started();
    await bench.post({
      labels: JSON.parse('{"a":"b","__proto__":"x"}') as Record<string, string>,
      endsAt: bench.time(HOUR),
    });
    const { body } = await bench.request('GET', '/api/v2/tocsin/alerts/counts?by=__proto__');
    expect(JSON.stringify(body)).toContain('"labels":{"__proto__":"x"}');
  });

  it.each(['by=a,b,c,d,e,f', `by=${'x'.repeat(257)}`, 'limit=0', 'limit=1001'])(
    'are refused for %s',
    async (query) => {
      const bench = await started();
      expect((await bench.request('GET', `/api/v2/tocsin/alerts/counts?${query}`)).status).toBe(400);
    },
  );
});

describe('silences', () => {
  const silence = (bench: Bench, n: number): object => ({
    matchers: [{ name: 'n', value: String(n), isRegex: false }],
    startsAt: bench.time(n * MINUTE),
    endsAt: bench.time(HOUR + n * MINUTE),
    createdBy: `author-${n % 3}`,
    comment: 'c',
  });
  const idsOf = (list: unknown): string[] => (list as { id: string }[]).map(({ id }) => id);

  it('come in pages too, newest start first unless told otherwise', async () => {
    const bench = await started();
    for (let n = 0; n < 7; n++) await bench.request('POST', '/api/v2/silences', silence(bench, n));
    const plain = (await bench.request('GET', '/api/v2/silences')).body as { id: string; startsAt: string }[];
    const byStart = plain.toSorted((left, right) => (left.startsAt > right.startsAt ? -1 : 1));
    const first = await get(bench, 'tocsin/silences?limit=4');
    expect([first['silences'], first['total']]).toEqual([byStart.slice(0, 4), 7]);
    const rest = await get(bench, `tocsin/silences?limit=4&cursor=${String(first['next'])}`);
    expect([rest['silences'], rest['next']]).toEqual([byStart.slice(4), undefined]);
    const pending = await get(bench, 'tocsin/silences?active=false&sort=createdBy');
    expect(pending['total']).toBe(6);
    expect((pending['silences'] as { createdBy: string }[]).map(({ createdBy }) => createdBy)).toEqual([
      'author-0',
      'author-0',
      'author-1',
      'author-1',
      'author-2',
      'author-2',
    ]);
  });

  it('in a long list are printed in slices, and the list is the same', async () => {
    const bench = await started();
    for (let n = 0; n < 1_200; n++)
      void bench.alertmanager.http({
        method: 'POST',
        path: '/api/v2/silences',
        query: [],
        headers: { 'content-type': 'application/json' },
        body: new TextEncoder().encode(JSON.stringify(silence(bench, n))),
      });
    await bench.run(2_000);
    const answer = (await bench.alertmanager.http({
      method: 'GET',
      path: '/api/v2/silences',
      query: [],
      headers: {},
      body: new Uint8Array(),
    })) as HttpResponse;
    expect(typeof answer.body).toBe('object');
    const list = JSON.parse(await bench.settled(textOf(answer))) as unknown;
    expect(new Set(idsOf(list)).size).toBe(1_200);
    const walked: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: Record<string, unknown> = await get(
        bench,
        `tocsin/silences?limit=500&sort=endsAt&cursor=${cursor}`,
      );
      walked.push(...idsOf(page['silences']));
      cursor = page['next'] as string | undefined;
    }
    expect(walked.toSorted()).toEqual(idsOf(list).toSorted());
  });
});
