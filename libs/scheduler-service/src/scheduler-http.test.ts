import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatValue } from './rules-json.ts';
import { get, World } from './testing/world.ts';
import type { Running } from './testing/world.ts';

const MINUTE = 60_000;
const rule = (alert: string, over: object = {}): object => ({ alert, expr: alert, ...over });
const groups = [
  {
    name: 'b',
    interval: '1m',
    limit: 5,
    rules: [
      rule('Down', {
        for: '90s',
        keep_firing_for: '5m',
        labels: { severity: 'page', __proto__x: 'y' },
        annotations: { a: 'b' },
      }),
      { record: 'a:b', expr: 'sum(up)' },
    ],
  },
  { name: 'a', interval: '30s', rules: [rule('Slow', { labels: { severity: 'info' } })] },
  { name: 'empty', rules: [] },
];
type Query = readonly (readonly [string, string])[];

async function running(): Promise<readonly [World, Running]> {
  const world = new World(groups);
  world.alertmanager('am1:9095');
  world.sources.set('Down', { labels: { __name__: 'x', instance: 'a', ['__proto__']: 'p' }, value: '1' });
  world.sources.set('Slow', { labels: { instance: 'b' }, value: '0.25' });
  const scheduler = await world.start();
  await world.time.pass(2 * MINUTE);
  return [world, scheduler];
}

interface RulesAnswer {
  readonly data: {
    readonly groups: readonly {
      readonly name: string;
      readonly rules: readonly { readonly name: string; readonly alerts?: unknown }[];
    }[];
    readonly groupNextToken?: string;
  };
}
const rules = async (scheduler: Running, query: Query = []): Promise<RulesAnswer['data']> =>
  (JSON.parse((await get(scheduler, '/api/v1/rules', query)).text) as RulesAnswer).data;
const names = async (scheduler: Running, query: Query): Promise<readonly string[]> =>
  (await rules(scheduler, query)).groups.flatMap((group) =>
    group.rules.map(({ name }) => `${group.name}/${name}`),
  );

describe('GET /api/v1/rules', () => {
  it('shows groups by file and name with their rules, states and alerts, as Prometheus does', async () => {
    const [, scheduler] = await running();
    const answer = JSON.parse((await get(scheduler, '/api/v1/rules')).text) as unknown;
    const time = expect.stringMatching(/^2026-11-22T\d\d:\d\d:\d\d(\.\d+)?Z$/) as string;
    expect(answer).toEqual({
      status: 'success',
      data: {
        groups: [
          {
            name: 'a',
            file: 'rules.yml',
            interval: 30,
            limit: 0,
            evaluationTime: 0,
            lastEvaluation: time,
            rules: [
              {
                type: 'alerting',
                name: 'Slow',
                query: 'Slow',
                state: 'firing',
                duration: 0,
                keepFiringFor: 0,
                labels: { severity: 'info' },
                annotations: {},
                alerts: [
                  {
                    labels: { alertname: 'Slow', instance: 'b', severity: 'info' },
                    annotations: {},
                    state: 'firing',
                    activeAt: time,
                    value: '2.5e-01',
                  },
                ],
                health: 'ok',
                evaluationTime: 0,
                lastEvaluation: time,
              },
            ],
          },
          {
            name: 'b',
            file: 'rules.yml',
            interval: 60,
            limit: 5,
            evaluationTime: 0,
            lastEvaluation: time,
            rules: [
              {
                type: 'alerting',
                name: 'Down',
                query: 'Down',
                state: 'pending',
                duration: 90,
                keepFiringFor: 300,
                labels: { severity: 'page', __proto__x: 'y' },
                annotations: { a: 'b' },
                alerts: [
                  {
                    labels: JSON.parse(
                      '{"__proto__":"p","__proto__x":"y","alertname":"Down","instance":"a","severity":"page"}',
                    ) as unknown,
                    annotations: { a: 'b' },
                    state: 'pending',
                    activeAt: time,
                    value: '1e+00',
                  },
                ],
                health: 'ok',
                evaluationTime: 0,
                lastEvaluation: time,
              },
              {
                type: 'recording',
                name: 'a:b',
                query: 'sum(up)',
                labels: {},
                health: 'err',
                lastError: expect.stringContaining('not run') as string,
                evaluationTime: 0,
                lastEvaluation: '0001-01-01T00:00:00Z',
              },
            ],
          },
        ],
      },
    });
  });

  it('filters by type, names, files and matchers, and leaves empty groups out', async () => {
    const [, scheduler] = await running();
    expect(await names(scheduler, [['type', 'alert']])).toEqual(['a/Slow', 'b/Down']);
    expect(await names(scheduler, [['type', 'RECORD']])).toEqual(['b/a:b']);
    expect(
      await names(scheduler, [
        ['rule_name[]', 'Down'],
        ['rule_name[]', 'Slow'],
      ]),
    ).toEqual(['a/Slow', 'b/Down']);
    expect(
      await names(scheduler, [
        ['rule_group[]', 'b'],
        ['type', 'alert'],
      ]),
    ).toEqual(['b/Down']);
    expect(await names(scheduler, [['file[]', 'other.yml']])).toEqual([]);
    expect(
      await names(scheduler, [
        ['match[]', '{severity="page"}'],
        ['match[]', '{severity=~"inf."}'],
      ]),
    ).toEqual(['a/Slow', 'b/Down']);
    const [group] = (await rules(scheduler, [['exclude_alerts', 'true']])).groups;
    expect(group?.rules[0]?.alerts).toBeNull();
  });

  it('goes through the pages by token, which the last one lacks', async () => {
    const [, scheduler] = await running();
    const first = await rules(scheduler, [['group_limit', '1']]);
    const token = createHash('sha1').update('rules.yml;b').digest('hex');
    expect([first.groups.map(({ name }) => name), first.groupNextToken]).toEqual([['a'], token]);
    const second = await rules(scheduler, [
      ['group_limit', '1'],
      ['group_next_token', token],
    ]);
    expect([second.groups.map(({ name }) => name), second.groupNextToken]).toEqual([['b'], undefined]);
  });

  it.each<readonly [query: Query, error: string]>([
    [
      [['group_next_token', 'bad']],
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
    ],
    [[['group_limit', '0']], 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    [
      [['group_limit', 'x']],
      'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      [
        ['group_limit', '1'],
        ['group_next_token', 'bad'],
      ],
      'invalid parameter "group_next_token": invalid group_next_token \'bad\'. were rule groups changed?',
    ],
    [[['type', 'foo']], 'invalid parameter "type": not supported value "foo"'],
    [
      [['exclude_alerts', 'maybe']],
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])('refuses %j in the words of Prometheus', async (query, error) => {
    const [, scheduler] = await running();
    const answer = await get(scheduler, '/api/v1/rules', query);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ status: 'error', errorType: 'bad_data', error });
  });

  it('refuses a match[] that is no selector', async () => {
    const [, scheduler] = await running();
    const answer = await get(scheduler, '/api/v1/rules', [['match[]', 'up > 1']]);
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining('invalid parameter \\"match[]\\"'),
    ]);
  });

  it('is valid JSON for thousands of alerts, in slices', async () => {
    const world = new World([groups[1]]);
    world.sources.set(
      'Slow',
      ...Array.from({ length: 1_750 }, (_, index) => ({ labels: { instance: `i${index}` } })),
    );
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    const { groups: shown } = await rules(scheduler);
    expect(shown[0]?.rules[0]?.alerts).toHaveLength(1_750);
    const { data } = JSON.parse((await get(scheduler, '/api/v1/alerts')).text) as {
      readonly data: { readonly alerts: readonly unknown[] };
    };
    expect(data.alerts).toHaveLength(1_750);
  });
});

describe('the rest of the API', () => {
  it('lists pending and firing alerts, and the alertmanagers', async () => {
    const [world, scheduler] = await running();
    world.sources.set('Slow');
    await world.time.pass(30_000);
    const alerts = JSON.parse((await get(scheduler, '/api/v1/alerts')).text) as {
      readonly data: { readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[] };
    };
    expect(alerts.data.alerts.map(({ labels }) => labels['alertname'])).toEqual(['Down']);
    expect(JSON.parse((await get(scheduler, '/api/v1/alertmanagers')).text)).toEqual({
      status: 'success',
      data: { activeAlertmanagers: [{ url: 'am1:9095' }], droppedAlertmanagers: [] },
    });
  });

  it('is healthy and ready, and answers other paths and methods as one expects', async () => {
    const [, scheduler] = await running();
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await get(scheduler, path, [], method)).status;
    expect(
      await Promise.all([status('/-/healthy'), status('/-/ready'), status('/-/reload', 'POST')]),
    ).toEqual([200, 200, 200]);
    expect(
      await Promise.all([status('/nope'), status('/-/reload'), status('/api/v1/rules', 'POST')]),
    ).toEqual([404, 405, 405]);
  });

  it('counts alerts by state', async () => {
    const [, scheduler] = await running();
    expect(scheduler.meter.value('tocsin_scheduler_alerts', { state: 'firing' })).toBe(1);
    expect(scheduler.meter.value('tocsin_scheduler_alerts', { state: 'pending' })).toBe(1);
  });
});

describe('formatValue', () => {
  it('writes an exponent of at least two digits and reads back as the same number', () => {
    expect([1, 0.25, -1e21, 1.5e-300, Infinity, -Infinity, Number.NaN].map(formatValue)).toEqual([
      '1e+00',
      '2.5e-01',
      '-1e+21',
      '1.5e-300',
      '+Inf',
      '-Inf',
      'NaN',
    ]);
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (value) => Number(formatValue(value)) === value,
      ),
    );
  });
});
