import { scheduleOf, slotAt } from '@tocsin/evaluation';
import { LabelSet } from '@tocsin/model';
import { traceIdOf } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import type { WireAlert } from '@tocsin/contracts';
import { get, labelsOf, NOON, settled, SOURCE_URL, World } from './testing/world.ts';

const MINUTE = 60_000;
const down = {
  alert: 'Down',
  expr: 'up == 0',
  labels: { severity: 'page' },
  annotations: { summary: '{{ $labels.instance }}' },
};
const groupOf = (rule: object = down, over: object = {}): object => ({
  name: 'g',
  interval: '1m',
  rules: [rule],
  ...over,
});
const firstSlot = (
  over: { readonly file?: string; readonly name?: string; readonly intervalMs?: number } = {},
): number => {
  const schedule = scheduleOf({ file: 'rules.yml', name: 'g', intervalMs: MINUTE, ...over });
  return slotAt(schedule, NOON) + schedule.intervalMs;
};
const ms = (time: { readonly seconds: number; readonly nanos: number } | undefined): number =>
  time === undefined ? Number.NaN : time.seconds * 1000 + time.nanos / 1e6;
const spanOf = (alert: WireAlert | undefined): readonly [starts: number, ends: number] => [
  ms(alert?.startsAt),
  ms(alert?.endsAt),
];

describe('evaluation', () => {
  it('sends what fires to every alertmanager, with times of the slot and the labels of the installation', async () => {
    const world = new World([groupOf()]);
    const [one, two] = [world.alertmanager('am1:9095'), world.alertmanager('am2:9095')];
    world.sources.set('up == 0', { labels: { __name__: 'up', instance: 'a', region: 'us' }, value: '0' });
    await world.start({
      replica: 'sched-1',
      externalLabels: LabelSet.fromObject({ region: 'eu', cluster: 'c1' }),
    });
    await world.time.pass(MINUTE);
    const slot = firstSlot();
    for (const { batches } of [one, two]) {
      expect(batches).toHaveLength(1);
      expect(batches[0]).toMatchObject({ number: 1, tenant: '', sender: 'sched-1' });
      const [alert] = batches[0]?.alerts ?? [];
      expect(labelsOf(alert)).toEqual({
        alertname: 'Down',
        cluster: 'c1',
        instance: 'a',
        region: 'us',
        severity: 'page',
      });
      expect(alert?.annotations).toEqual([{ name: 'summary', value: 'a' }]);
      expect(spanOf(alert)).toEqual([slot, slot + 4 * MINUTE]);
      expect(alert?.generatorUrl).toBe(`${SOURCE_URL}/graph?g0.expr=up+%3D%3D+0&g0.tab=1`);
    }
  });

  it('asks the data source for the moment of the slot, less the query offset, with its headers and the trace', async () => {
    const world = new World(
      [groupOf(down, { query_offset: '30s' })],
      [
        {
          name: 'main',
          type: 'prometheus',
          url: `${SOURCE_URL}/prefix/`,
          headers: { Authorization: 'Bearer x' },
        },
      ],
    );
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const spans: string[] = [];
    const tracer = {
      isOn: true,
      start: (name: string, options: { readonly parent?: string } = {}) => (
        spans.push(options.parent === undefined ? name : `${name} below ${traceIdOf(options.parent)}`),
        { traceparent, set: () => undefined, end: () => undefined }
      ),
    };
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await world.start({}, { tracer });
    await world.time.pass(MINUTE);
    expect(world.sources.requests).toEqual([
      {
        url: `${SOURCE_URL}/prefix/api/v1/query`,
        body: `query=up+%3D%3D+0&time=${((firstSlot() - 30_000) / 1000).toFixed(3)}&timeout=30000ms`,
        headers: {
          accept: 'application/json',
          authorization: 'Bearer x',
          traceparent,
          'content-type': 'application/x-www-form-urlencoded',
        },
      },
    ]);
    expect(spans).toEqual(['rule', 'StreamAlerts below 0af7651916cd43dd8448eb211c80319c']);
    expect(alertmanager.batches[0]).toMatchObject({ traceparent, alerts: [{ traceparent }] });
    expect(world.events.find(({ decision }) => decision.type === 'rule-state-changed')?.traceId).toBe(
      '0af7651916cd43dd8448eb211c80319c',
    );
  });

  it('goes through pending, firing and resolved, with an event for each and the resolve sent', async () => {
    const world = new World([groupOf({ ...down, for: '2m' })]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' }, value: '0' });
    await world.start();
    await world.time.pass(4 * MINUTE);
    world.sources.set('up == 0');
    await world.time.pass(MINUTE);
    const slot = firstSlot();
    expect(world.decisions('rule-state-changed').map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'inactive → pending',
      'pending → firing',
      'firing → inactive',
    ]);
    expect(alertmanager.alerts.map(spanOf)).toEqual([
      [slot + 2 * MINUTE, slot + 6 * MINUTE],
      [slot + 2 * MINUTE, slot + 4 * MINUTE],
    ]);
  });

  it('evaluates at the same stamps on all replicas, whenever they were started', async () => {
    const world = new World([groupOf()]);
    world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await world.start({ replica: 'one' });
    await world.time.pass(17_000);
    await world.start({ replica: 'two' });
    await world.time.pass(MINUTE);
    const starts = new Set(world.alertmanagers[0]?.alerts.map((alert) => ms(alert.startsAt)));
    expect(starts).toEqual(new Set([firstSlot()]));
  });

  it('lets a group whose data source hangs be late alone, and counts the slots it missed', async () => {
    const hanging = { name: 'slow', interval: '10s', rules: [{ alert: 'Slow', expr: 'slow' }] };
    const world = new World([groupOf(down, { interval: '10s' })]);
    world.setRules(
      {
        file: 'rules.yml',
        dataSource: 'main',
        text: JSON.stringify({ groups: [groupOf(down, { interval: '10s' })] }),
      },
      { file: 'slow.yml', dataSource: 'slow', text: JSON.stringify({ groups: [hanging] }) },
    );
    const dataSources = [
      { name: 'main', type: 'prometheus', url: SOURCE_URL, is_default: true },
      { name: 'slow', type: 'prometheus', url: 'http://slow:9090', timeout: '35s' },
    ];
    world.files = {
      ...world.files,
      dataSources: { file: 'd.yml', text: JSON.stringify({ datasources: dataSources }) },
    };
    world.sources.overrides.set('http://slow:9090/api/v1/query', () => new Promise(() => undefined));
    const scheduler = await world.start();
    await world.time.pass(2 * MINUTE);
    const of = (name: string, group: string): number => scheduler.meter.value(name, { rule_group: group });
    expect(of('prometheus_rule_evaluations_total', 'rules.yml;g')).toBe(12);
    expect(of('prometheus_rule_group_iterations_missed_total', 'rules.yml;g')).toBe(0);
    expect(of('prometheus_rule_evaluation_failures_total', 'slow.yml;slow')).toBeGreaterThanOrEqual(2);
    expect(of('prometheus_rule_group_iterations_missed_total', 'slow.yml;slow')).toBeGreaterThanOrEqual(4);
    expect((await get(scheduler, '/api/v1/rules')).text).toContain(
      'data source slow: no answer within 35000 ms',
    );
  });

  it('keeps its pace and never repeats a stamp when the wall clock is set back or forth', async () => {
    const world = new World([groupOf()]);
    await world.start();
    await world.time.pass(2 * MINUTE);
    world.time.jump(-3_600_000);
    await world.time.pass(5 * MINUTE);
    world.time.jump(2 * 3_600_000);
    await world.time.pass(3 * MINUTE);
    const stamps = world.sources.requests.map(({ body }) => Number(/time=([\d.]+)/.exec(body)?.[1]));
    expect(stamps.length).toBeGreaterThanOrEqual(9);
    expect(new Set(stamps).size).toBe(stamps.length);
    expect(stamps.toSorted((a, b) => a - b)).toEqual(stamps);
  });

  it('reports recording rules as not run instead of leaving them out', async () => {
    const world = new World([groupOf(down, { rules: [down, { record: 'a:b', expr: 'sum(up)' }] })]);
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    const { data } = JSON.parse((await get(scheduler, '/api/v1/rules', [['type', 'record']])).text) as {
      readonly data: {
        readonly groups: readonly { readonly rules: readonly Readonly<Record<string, unknown>>[] }[];
      };
    };
    expect(data.groups[0]?.rules).toMatchObject([
      {
        type: 'recording',
        name: 'a:b',
        health: 'err',
        lastError: expect.stringContaining('recording rules are not run') as string,
      },
    ]);
    expect(world.sources.requests).toHaveLength(1);
    expect(world.log.at('warn')).toHaveLength(1);
  });

  it('answers queries of templates before an alert is made', async () => {
    const rule = {
      ...down,
      annotations: { summary: '{{ with query "count(up)" }}{{ . | first | value }} in all{{ end }}' },
    };
    const world = new World([groupOf(rule)]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } }, { labels: { instance: 'b' } });
    world.sources.set('count(up)', { labels: {}, value: '7' });
    await world.start();
    await world.time.pass(MINUTE);
    expect(alertmanager.alerts.map(({ annotations }) => annotations[0]?.value)).toEqual([
      '7 in all',
      '7 in all',
    ]);
    expect(world.sources.requests).toHaveLength(2);
  });
});

describe('a rule of very many alerts', () => {
  it('has its templates expanded in slices, with the same queries answered in all of them', async () => {
    const rule = {
      ...down,
      annotations: { summary: '{{ with query "count(up)" }}{{ . | first | value }}{{ end }}' },
    };
    const world = new World([groupOf(rule)]);
    const alertmanager = world.alertmanager('am');
    world.sources.set(
      'up == 0',
      ...Array.from({ length: 2_500 }, (_, index) => ({ labels: { instance: `i${index}` } })),
    );
    world.sources.set('count(up)', { labels: {}, value: '7' });
    await world.start();
    await world.time.pass(MINUTE);
    expect(new Set(alertmanager.alerts.map(({ annotations }) => annotations[0]?.value))).toEqual(
      new Set(['7']),
    );
    expect(alertmanager.alerts).toHaveLength(2_500);
    expect(world.sources.requests).toHaveLength(2);
  });
});

describe('a data source that lies', () => {
  const failing: readonly (readonly [what: string, status: number, body: string, error: string])[] = [
    [
      'a page of a proxy',
      502,
      '<html>Bad gateway</html>',
      'data source main: HTTP 502, and no JSON: "<html>Bad gateway</html>"',
    ],
    [
      'an error of the query',
      400,
      '{"status":"error","errorType":"bad_data","error":"parse error"}',
      'bad_data: parse error',
    ],
    [
      'a matrix',
      200,
      '{"status":"success","data":{"resultType":"matrix","result":[]}}',
      'rule result is not a vector or scalar, but a matrix',
    ],
    [
      'no number',
      200,
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[0,"one"]}]}}',
      'data source main: malformed answer: expected [time, "number"], found [0,"one"]',
    ],
    [
      'labels that are no text',
      200,
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[0,"1"]}]}}',
      'data source main: malformed answer: expected a string as label "a"',
    ],
    ['null', 200, 'null', 'data source main: malformed answer: expected an object'],
    ['a huge body', 200, ' '.repeat(17 * 1024 * 1024), 'the answer is larger than 16777216 bytes'],
    [
      'equal labels twice',
      200,
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"a"},"value":[0,"1"]},{"metric":{"__name__":"b"},"value":[0,"1"]}]}}',
      'vector contains metrics with the same labelset after applying alert labels',
    ],
  ];
  it.each(failing)('leaves the alerts as they are after %s', async (_, status, body, error) => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    world.sources.overrides.set(`${SOURCE_URL}/api/v1/query`, () => Promise.resolve({ status, body }));
    await world.time.pass(3 * MINUTE);
    const rules = await get(scheduler, '/api/v1/rules');
    expect(rules.text).toContain(`"health":"err","lastError":${JSON.stringify(error)}`);
    expect(rules.text).toContain('"state":"firing"');
    expect(alertmanager.alerts).toHaveLength(1);
    expect(world.decisions('rule-evaluation-failed')).toMatchObject([{ rule: 'Down', group: 'g', error }]);
  });

  it('takes NaN and infinite values, scalars and native histograms for active alerts', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    const result = [
      { metric: { i: 'a' }, value: [0, 'NaN'] },
      { metric: { i: 'b' }, value: [0, '-Inf'] },
      { metric: { i: 'c' }, histogram: [0, { count: '1', sum: '1' }] },
    ];
    const bodies = [
      { resultType: 'vector', result },
      { resultType: 'scalar', result: [0, '1'] },
    ];
    world.sources.overrides.set(`${SOURCE_URL}/api/v1/query`, () =>
      Promise.resolve({ status: 200, body: JSON.stringify({ status: 'success', data: bodies.shift() }) }),
    );
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    expect(alertmanager.alerts).toHaveLength(3);
    expect((await get(scheduler, '/api/v1/alerts')).text).toContain('"value":"-Inf"');
    await world.time.pass(MINUTE);
    expect(labelsOf(alertmanager.alerts.at(-1))).toEqual({ alertname: 'Down', severity: 'page' });
  });

  it('drops all alerts and says so when the limit of the group is exceeded', async () => {
    const world = new World([groupOf(down, { limit: 1 })]);
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    world.sources.set('up == 0', { labels: { instance: 'a' } }, { labels: { instance: 'b' } });
    await world.time.pass(MINUTE);
    expect(world.decisions('dropped-at-limit')).toMatchObject([
      { value: 1, what: 'exceeded limit of 1 with 2 alerts' },
    ]);
    expect(JSON.parse((await get(scheduler, '/api/v1/alerts')).text)).toEqual({
      status: 'success',
      data: { alerts: [] },
    });
  });
});

describe('a metrics page as data source', () => {
  const page = (over: object = {}): World =>
    new World(
      [
        groupOf(down, {
          rules: [
            { alert: 'Low', expr: 'free < 10' },
            { alert: 'Gone', expr: 'up{job="a"} == 0' },
          ],
        }),
      ],
      [{ name: 'page', type: 'exposition', url: 'http://app:8080/metrics', ...over }],
    );

  it('is read once for all rules of an evaluation', async () => {
    const world = page();
    const alertmanager = world.alertmanager('am');
    const body = '# TYPE free gauge\nfree{disk="a"} 5\nfree{disk="b"} 50\nup{job="a"} 0\nup{job="b"} 0\n';
    world.sources.overrides.set('http://app:8080/metrics', () => Promise.resolve({ status: 200, body }));
    await world.start();
    await world.time.pass(MINUTE);
    expect(world.sources.requests).toHaveLength(1);
    expect(alertmanager.alerts.map(labelsOf)).toEqual([
      { alertname: 'Low', disk: 'a' },
      { alertname: 'Gone', job: 'a' },
    ]);
    expect(alertmanager.alerts[0]?.generatorUrl).toBe('http://app:8080/metrics');
    await world.time.pass(MINUTE);
    expect(world.sources.requests).toHaveLength(2);
  });

  it('changes nothing when it can not be read, and is not asked again for each rule', async () => {
    const world = page();
    world.sources.overrides.set('http://app:8080/metrics', () =>
      Promise.resolve({ status: 200, body: 'not a metric page' }),
    );
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    expect(world.sources.requests).toHaveLength(1);
    expect((await get(scheduler, '/api/v1/rules')).text.match(/data source page: line 1: /g)).toHaveLength(2);
  });

  it('refuses expressions beyond its language when the rules are loaded', async () => {
    const world = page();
    world.setGroups(groupOf({ alert: 'A', expr: 'rate(up[5m]) > 1' }), {
      name: 'h',
      rules: [{ alert: 'B', expr: 'sum(up)' }],
    });
    await expect(world.start()).rejects.toThrow(
      /rules\[0\]\.expr: .*this data source knows only.*\n.*groups\[1\]/,
    );
  });
});

describe('a restart', () => {
  it('in the middle of a `for` goes on with it', async () => {
    const world = new World([groupOf({ ...down, for: '5m' })]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const first = await world.start();
    await world.time.pass(3 * MINUTE);
    await stopped(world, first);
    await world.time.pass(MINUTE);
    await world.start();
    await world.time.pass(2 * MINUTE);
    expect(alertmanager.alerts.map((alert) => ms(alert.startsAt))).toEqual([firstSlot() + 5 * MINUTE]);
  });

  it('keeps startsAt of what fires, and sends it at the first evaluation', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await stopped(world, await world.start(), 90_000);
    const sent = alertmanager.alerts.length;
    await world.start();
    await world.time.pass(MINUTE);
    expect(alertmanager.alerts.length).toBe(sent + 1);
    expect(ms(alertmanager.alerts.at(-1)?.startsAt)).toBe(firstSlot());
  });

  it('resolves what is gone since', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await stopped(world, await world.start(), 90_000);
    world.sources.set('up == 0');
    await world.start();
    await world.time.pass(MINUTE);
    const [starts, ends] = spanOf(alertmanager.alerts.at(-1));
    expect([starts, ends <= world.time.wall()]).toEqual([firstSlot(), true]);
  });

  it('after a longer outage than tolerated starts from zero', async () => {
    const world = new World([groupOf({ ...down, for: '5m' })]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await stopped(world, await world.start({ outageToleranceMs: 10 * MINUTE }), 3 * MINUTE);
    await world.time.pass(21 * MINUTE);
    await world.start({ outageToleranceMs: 10 * MINUTE });
    await world.time.pass(5 * MINUTE);
    expect(alertmanager.alerts).toEqual([]);
  });

  it('finds alerts that fire for days, though their rows are rarely written', async () => {
    const world = new World([groupOf()]);
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(12 * 60 * MINUTE);
    expect(world.store.merges).toBeLessThanOrEqual(13);
    await stopped(world, scheduler);
    const again = await world.start();
    expect((await get(again, '/api/v1/alerts')).text).toContain(
      `"activeAt":"${new Date(firstSlot()).toISOString()}"`,
    );
  });

  it('without its store starts all the same, after a bounded wait', async () => {
    const world = new World([groupOf()]);
    world.store.isAway = true;
    const scheduler = await world.start();
    expect((await get(scheduler, '/-/ready')).status).toBe(503);
    await world.time.pass(20_000);
    expect((await get(scheduler, '/-/ready')).status).toBe(200);
    expect(world.log.at('error')).toHaveLength(1);
  });

  it('reads no row that is broken or of another tenant', async () => {
    const world = new World([groupOf()]);
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await stopped(world, await world.start(), 90_000);
    const other = await world.start({ tenant: 'other' });
    expect(other.meter.value('tocsin_scheduler_restored_instances')).toBe(0);
    const same = await world.start();
    expect(same.meter.value('tocsin_scheduler_restored_instances')).toBe(1);
    for (const [key, row] of world.store.rows) {
      world.store.rows.set(key, { ...row, bytes: Uint8Array.from([1, 2, 3]) });
    }
    const broken = await world.start();
    expect(broken.meter.value('tocsin_scheduler_restored_instances')).toBe(0);
    expect(broken.meter.value('tocsin_scheduler_restore_rows_refused_total')).toBe(1);
  });
});

const stopped = async (world: World, scheduler: { stop(): Promise<void> }, afterMs = 0): Promise<void> => {
  await world.time.pass(afterMs);
  const stop = scheduler.stop();
  await world.time.pass(0);
  await stop;
};

describe('a store that goes away', () => {
  it('delays no alert, and gets the rows when it is back', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    await world.start();
    world.store.isAway = true;
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    await world.time.pass(MINUTE);
    expect(alertmanager.alerts).toHaveLength(1);
    world.store.isAway = false;
    await world.time.pass(MINUTE);
    expect(world.store.rows.size).toBe(1);
  });
});

describe('a reload', () => {
  it('with mistakes tells all of them and keeps the running rules', async () => {
    const world = new World([groupOf()]);
    const scheduler = await world.start();
    world.setRules(
      {
        file: 'a.yml',
        dataSource: '',
        text: '{"groups":[{"name":"","rules":[{"alert":"A","expr":"up =="}]}]}',
      },
      { file: 'b.yml', dataSource: 'nope', text: '{' },
    );
    const answer = await get(scheduler, '/-/reload', [], 'POST');
    expect(answer.status).toBe(500);
    expect(answer.text.trim().split('\n')).toEqual([
      'failed to reload config: a.yml: line 1, column 1: groups[0].name: expected a group name that is not empty',
      expect.stringContaining('a.yml: line 1, column 1: groups[0].rules[0].expr: could not parse expression'),
      'b.yml: unknown data source "nope" (known: main)',
      'b.yml: line 1, column 1: no YAML',
    ]);
    expect((await get(scheduler, '/api/v1/rules')).text).toContain('"name":"Down"');
    expect(scheduler.meter.value('prometheus_config_last_reload_successful')).toBe(0);
    expect(world.decisions('configuration-refused')).toHaveLength(1);
    world.setGroups(groupOf());
    await scheduler.reload();
    expect(scheduler.meter.value('prometheus_config_last_reload_successful')).toBe(1);
  });

  it('keeps the instances of a rule whose `for` or annotations were edited', async () => {
    const world = new World([groupOf({ ...down, for: '10m' })]);
    const alertmanager = world.alertmanager('am');
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(3 * MINUTE);
    world.setGroups(groupOf({ ...down, for: '4m', annotations: { summary: 'edited' } }));
    await scheduler.reload();
    await world.time.pass(2 * MINUTE);
    expect(alertmanager.alerts.map((alert) => ms(alert.startsAt))).toEqual([firstSlot() + 4 * MINUTE]);
    expect(alertmanager.alerts[0]?.annotations[0]?.value).toBe('edited');
  });

  it('does not disturb a group that is the same', async () => {
    const world = new World([groupOf()]);
    let answer: (value: { readonly status: number; readonly body: string }) => void = () => undefined;
    world.sources.overrides.set(
      `${SOURCE_URL}/api/v1/query`,
      () => new Promise((resolve) => (answer = resolve)),
    );
    const scheduler = await world.start();
    await world.time.pass(firstSlot() - NOON);
    world.setGroups(groupOf(), { name: 'other', rules: [] });
    await scheduler.reload();
    answer({ status: 200, body: '{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}' });
    await settled();
    expect((await get(scheduler, '/api/v1/alerts')).text).toContain('"state":"firing"');
  });

  it('hears no answer to a question of the rules before it, but asks again at once', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    const scheduler = await world.start();
    await world.time.pass(firstSlot() - NOON);
    let answer: (value: { readonly status: number; readonly body: string }) => void = () => undefined;
    world.sources.overrides.set(
      `${SOURCE_URL}/api/v1/query`,
      () => new Promise((resolve) => (answer = resolve)),
    );
    await world.time.pass(MINUTE);
    world.sources.overrides.clear();
    world.setGroups(groupOf({ ...down, expr: 'up == 1' }));
    await scheduler.reload();
    answer({ status: 200, body: '{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}' });
    await world.time.pass(0);
    const stamps = world.sources.requests.map(({ body }) => Number(/time=([\d.]+)/.exec(body)?.[1]) * 1000);
    expect(stamps).toEqual([firstSlot(), firstSlot() + MINUTE, firstSlot() + MINUTE]);
    expect((await get(scheduler, '/api/v1/alerts')).text).toContain('"alerts":[]');
    expect(alertmanager.alerts).toEqual([]);
    expect(world.store.rows.size).toBe(0);
  });

  it('forgets the rows of rules that are gone', async () => {
    const world = new World([groupOf()]);
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    expect(await world.store.load('rule-instance', world.time.wall())).toHaveLength(1);
    await world.time.pass(MINUTE);
    world.setGroups(groupOf({ ...down, alert: 'Renamed' }));
    await scheduler.reload();
    await settled();
    expect(await world.store.load('rule-instance', world.time.wall())).toHaveLength(0);
  });

  it('changes the data source of rules that stay', async () => {
    const world = new World([groupOf()]);
    const scheduler = await world.start();
    world.files = {
      ...world.files,
      dataSources: {
        file: 'd.yml',
        text: JSON.stringify({ datasources: [{ name: 'main', type: 'prometheus', url: 'http://new:9090' }] }),
      },
    };
    await scheduler.reload();
    await world.time.pass(MINUTE);
    expect(world.sources.requests.map(({ url }) => url)).toEqual(['http://new:9090/api/v1/query']);
  });
});

describe('a stop', () => {
  it('delivers what waits, stores what changed, and leaves no timer behind', async () => {
    const world = new World([groupOf()]);
    const alertmanager = world.alertmanager('am');
    alertmanager.mode = 'away';
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    await world.time.pass(MINUTE);
    alertmanager.mode = 'takes';
    const stop = scheduler.stop();
    await world.time.pass(20_000);
    await stop;
    expect(alertmanager.alerts).toHaveLength(1);
    expect(world.time.armed).toBe(0);
  });

  it('ends within its budget when an alertmanager and the store are away', async () => {
    const world = new World([groupOf()]);
    world.alertmanager('am').mode = 'hangs';
    world.sources.set('up == 0', { labels: { instance: 'a' } });
    const scheduler = await world.start();
    world.store.isAway = true;
    await world.time.pass(MINUTE);
    let isStopped = false;
    void scheduler.stop(4_000).then(() => (isStopped = true));
    await world.time.pass(4_000);
    expect(isStopped).toBe(true);
    await world.time.pass(5 * MINUTE);
    expect(world.time.armed).toBe(0);
  });
});
