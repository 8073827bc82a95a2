/** What the preview promises is what the real service does, under virtual time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE, SECOND } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';
import type { Preview } from './preview.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const START = Date.UTC(2026, 10, 22, 12);
const labels = { alertname: 'Down', instance: 'a' };

async function previewed(bench: Bench, query: string): Promise<Preview> {
  const { status, body } = await bench.request(
    'GET',
    `/api/v2/tocsin/preview?labels=alertname%3DDown&labels=instance%3Da${query}`,
  );
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body as Preview;
}

/** Messages that are about our alert: when, why, and as what they show it. */
const toldOf = (bench: Bench, since: number): readonly (readonly [number, string, boolean])[] =>
  bench.told
    .filter(({ at }) => at >= since)
    .flatMap(({ at, reason, firing, resolved }): (readonly [number, string, boolean])[] => {
      if (firing.includes('a')) return [[at - since, reason, false]];
      return resolved.includes('a') ? [[at - since, reason, true]] : [];
    });

const promisedOf = (preview: Preview): readonly (readonly [number, string, boolean])[] =>
  preview.routes.flatMap(({ items }) =>
    items.flatMap((item): (readonly [number, string, boolean])[] =>
      item.kind === 'notification' ? [[item.afterMs, item.reason, item.isResolved]] : [],
    ),
  );

const span = (max: number, unit: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max }).map((n) => n * unit);
const scene = fc.record({
  groupWait: fc.integer({ min: 0, max: 60 }).map((n) => n * SECOND),
  groupInterval: span(12, 30 * SECOND),
  repeatInterval: span(60, MINUTE),
  sendResolved: fc.boolean(),
  resolvesAfter: fc.option(span(3 * 60, 37 * SECOND), { nil: undefined }),
  /** Before our alert: another one of the group, which goes on firing. */
  other: fc.option(span(600, SECOND), { nil: undefined }),
  /** A third that has resolved shortly before. */
  ended: fc.boolean(),
  /** Our alert fired before, was told, and resolved. */
  firedBefore: fc.boolean(),
  silence: fc.option(fc.tuple(span(60, MINUTE), span(60, 61 * SECOND)), { nil: undefined }),
  isMutedAtOne: fc.boolean(),
});

describe('the preview', () => {
  it('promises exactly the messages that the service then sends', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (drawn) => {
        const bench = new Bench({
          turn,
          wallStart: START,
          // When an expired log entry is collected is no promise.
          settings: { maintenanceIntervalMs: 24 * HOUR, alertsGcIntervalMs: 24 * HOUR },
          configuration: configurationOf({
            sendResolved: drawn.sendResolved,
            route: {
              group_wait: `${drawn.groupWait}ms`,
              group_interval: `${drawn.groupInterval}ms`,
              repeat_interval: `${drawn.repeatInterval}ms`,
            },
            routes: [
              {
                matchers: ['alertname="Down"'],
                ...(drawn.isMutedAtOne ? { mute_time_intervals: ['one'] } : {}),
              },
            ],
            more: {
              time_intervals: [
                { name: 'one', time_intervals: [{ times: [{ start_time: '13:00', end_time: '13:40' }] }] },
              ],
            },
          }),
        });
        await bench.start();
        const fire = (instance: string, endsAt: string): Promise<void> =>
          bench.post({ labels: { ...labels, instance }, startsAt: bench.time(), endsAt });
        if (drawn.firedBefore) {
          await fire('a', bench.time(20 * SECOND + drawn.groupWait));
          await bench.run(30 * SECOND + drawn.groupWait + 13);
        }
        if (drawn.other !== undefined) {
          await fire('b', bench.time(99 * HOUR));
          if (drawn.ended) await fire('c', bench.time(drawn.other));
          await bench.run(drawn.other + 17);
        }
        if (drawn.silence !== undefined) {
          const [from, length] = drawn.silence;
          await bench.request('POST', '/api/v2/silences', {
            matchers: [{ name: 'instance', value: 'a', isRegex: false, isEqual: true }],
            startsAt: bench.time(from),
            endsAt: bench.time(from + length),
            createdBy: 'alice',
            comment: 'maintenance',
          });
        }
        const resolves = drawn.resolvesAfter;
        const promise = await previewed(
          bench,
          `&for=3h${resolves === undefined ? '' : `&resolvesAfter=${resolves / SECOND}s`}`,
        );
        const since = bench.world.now;
        await fire('a', bench.time(resolves ?? 99 * HOUR));
        await bench.run(3 * HOUR);
        const [route] = promise.routes;
        const reached = Date.parse(route?.reachedAt ?? '') - START - since;
        // A flush takes no time here but a few turns: the last instant may fall on either side.
        const isWhole = ([at]: readonly [number, string, boolean]): boolean =>
          route?.end === 'resolved' || at < Math.min(reached, 3 * HOUR);
        expect(promisedOf(promise).filter(isWhole)).toEqual(toldOf(bench, since).filter(isWhole));
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('shows the classic surprise: repeats come at the first group_interval after repeat_interval', async () => {
    const bench = new Bench({
      turn,
      wallStart: START,
      configuration: configurationOf({
        route: { group_wait: '30s', group_interval: '5m', repeat_interval: '12m' },
      }),
    });
    await bench.start();
    const { summary, assumes } = await previewed(bench, '&resolvesAfter=20m&for=1h');
    expect(summary).toEqual([
      'T+30s: team by webhook is told (first notification).',
      'T+15m30s: team by webhook is told (repeat interval elapsed).',
      'T+20m30s: team by webhook is told that it resolved (all alerts resolved).',
    ]);
    expect(assumes).toContain('The alert resolves at 2026-11-22T12:20:00.000Z.');
  });

  it('is bounded: at most 100 items over all routes, and it says where it stops', async () => {
    const bench = new Bench({
      turn,
      wallStart: START,
      configuration: configurationOf({
        receivers: ['oncall'],
        route: { group_interval: '1s', repeat_interval: '1s' },
        routes: [
          { receiver: 'team', continue: true, matchers: ['alertname="Down"'] },
          { receiver: 'oncall', matchers: ['alertname="Down"'] },
        ],
      }),
    });
    await bench.start();
    const { routes, summary } = await previewed(bench, '&for=30d');
    expect(routes.map(({ items, end }) => [items.length, end])).toEqual([
      [100, 'limit'],
      [0, 'limit'],
    ]);
    expect(summary.at(-1)).toContain('it was not computed');
  });

  it('looks at a bounded number of flushes, however short the group_interval', async () => {
    const bench = new Bench({
      turn,
      wallStart: START,
      configuration: configurationOf({ route: { group_interval: '1ms', repeat_interval: '30d' } }),
    });
    await bench.start();
    const { routes } = await previewed(bench, '&for=30d');
    expect(routes).toMatchObject([{ end: 'limit', items: [{ kind: 'notification' }] }]);
  });

  it.each([
    ['&for=31d', 'at most 30d'],
    ['&for=0s', 'above 0'],
    ['&for=soon', 'for: '],
    ['&resolvesAfter=-1m', 'resolvesAfter: '],
    ['&labels=instance%3Db', 'given twice'],
  ])('refuses %s with 400', async (query, why) => {
    const bench = new Bench({ turn, wallStart: START, configuration: configurationOf() });
    await bench.start();
    await expect(previewed(bench, query)).rejects.toThrow(why);
    await expect(previewed(bench, query)).rejects.toThrow('400');
  });
});
