import { encodeUtf8 } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import { settingsMistake } from '@tocsin/receivers-service';
import { describe, expect, it } from 'vitest';
import { Bench, textOf } from '../testing/bench.ts';
import { apiMetrics } from './api-metrics.ts';
import { validateBytesMax } from './config-validate.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const good = `route:
  receiver: team
  group_by: [alertname]
  routes:
  - receiver: other
    matchers: [team="other"]
receivers:
- name: team
  webhook_configs: [{url: "http://sink.test/"}]
- name: other
`;

async function started(): Promise<Bench> {
  const bench = new Bench({ turn, configuration: good, readDocument: readYaml });
  await bench.start();
  return bench;
}

interface Verdict {
  readonly valid: boolean;
  readonly errors: readonly { line?: number; column?: number; path?: string; message: string }[];
  readonly warnings: readonly string[];
  readonly notChecked: readonly string[];
}

async function validate(
  bench: Bench,
  text: string,
  type = 'application/yaml',
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await bench.settled(
    Promise.resolve(
      bench.alertmanager.http({
        method: 'POST',
        path: '/api/v2/config/validate',
        query: [],
        headers: { 'content-type': type },
        body: encodeUtf8(text),
      }),
    ),
  );
  return { status: answer.status, body: JSON.parse(await textOf(answer)) as unknown };
}
const verdictOf = async (bench: Bench, text: string, type?: string): Promise<Verdict> => {
  const { status, body } = await validate(bench, text, type);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Verdict;
};

describe('validation of a configuration', () => {
  it('says what a good one holds, and what was not looked at', async () => {
    const bench = await started();
    expect(await verdictOf(bench, good)).toMatchObject({
      valid: true,
      errors: [],
      warnings: [],
      receivers: 2,
      integrations: 1,
      routes: 2,
      inhibitRules: 0,
      timeIntervals: 0,
    });
    const warned = await verdictOf(
      bench,
      `${good}templates: [/etc/passwd]\nmute_time_intervals: [{name: x, time_intervals: []}]\n`,
      'text/plain',
    );
    expect(warned.warnings).toContain('mute_time_intervals is deprecated: write time_intervals');
    expect(warned.notChecked.join()).toContain('templates: the files are not read');
  });

  it('tells every mistake with line, column, field and message, in YAML and in JSON', async () => {
    const bench = await started();
    const bad = `${good}time_intervals: soon\n`.replace('receiver: other', 'receiver: nobody');
    const wanted = [
      {
        line: 5,
        column: 5,
        path: 'route.routes[0]',
        message: expect.stringContaining('nobody') as string,
      },
      {
        line: 11,
        column: 17,
        path: 'time_intervals',
        message: expect.stringContaining('expected a list') as string,
      },
    ];
    expect(await verdictOf(bench, bad)).toMatchObject({ valid: false, errors: wanted });
    expect(await verdictOf(bench, JSON.stringify({ config: bad }), 'application/json')).toMatchObject({
      valid: false,
      errors: wanted,
    });
    expect((await verdictOf(bench, 'a: [')).errors[0]).toMatchObject({ line: 1 });
    expect((await verdictOf(bench, '')).errors[0]?.message).toBe('no route provided in config');
  });

  it('changes nothing: the same configuration runs on, no metric and no decision says otherwise', async () => {
    const bench = await started();
    const before = (await bench.request('GET', '/api/v2/status')).body;
    const decisions = bench.events.length;
    await validate(bench, good.replaceAll('other', 'changed'));
    await validate(bench, 'route: 5');
    expect((await bench.request('GET', '/api/v2/status')).body).toEqual(before);
    expect(bench.events.length).toBe(decisions);
    expect(bench.meter.value({ name: 'alertmanager_config_last_reload_successful' })).toBe(1);
  });

  it('never opens a file that the caller names', async () => {
    const bench = await started();
    const { valid } = await verdictOf(
      bench,
      `${good}templates: [/etc/hostname]\n`.replace('url: "http://sink.test/"', 'url_file: /etc/hostname'),
    );
    expect(valid).toBe(true);
  });

  it('checks templates that are sent with it', async () => {
    const bench = await started();
    const body = (text: string): string =>
      JSON.stringify({ config: `${good}templates: [x.tmpl]\n`, templates: [{ name: 'x.tmpl', text }] });
    expect(
      (await verdictOf(bench, body('{{ define "x" }}y{{ end }}'), 'application/json')).notChecked.join(),
    ).not.toContain('templates:');
    expect(await verdictOf(bench, body('\n {{ if }}'), 'application/json')).toMatchObject({
      valid: false,
      errors: [{ line: 2, file: 'x.tmpl' }],
    });
  });

  it.each([
    ['JSON that is none', '{', 'application/json', 400],
    ['a list', '[]', 'application/json', 422],
    ['a text that is a number', '{"config":5}', 'application/json', 422],
    ['templates that are no list', '{"config":"","templates":{}}', 'application/json', 422],
    ['a template that is a number', '{"config":"","templates":[5]}', 'application/json', 422],
    ['a template without a text', '{"config":"","templates":[{"name":"x"}]}', 'application/json', 422],
    ['a form', 'a', 'application/x-www-form-urlencoded', 415],
    ['a text that is too large', 'x'.repeat(validateBytesMax + 1), 'application/yaml', 413],
  ])('refuses %s', async (_, text, type, status) => {
    const answer = await validate(await started(), text, type);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      code: expect.any(Number) as number,
      message: expect.any(String) as string,
    });
  });

  it('refuses bombs: nesting, aliases of aliases, endless lists of mistakes', async () => {
    const bench = await started();
    const aliases = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij']
      .map(
        (name, index) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${'abcdefghij'[index] ?? ''}`)
            .join(',')}]`,
      )
      .join('\n')}\n`;
    for (const bomb of ['['.repeat(100_000), '{a: '.repeat(50_000), '- '.repeat(100_000), aliases]) {
      const { valid, errors } = await verdictOf(bench, bomb);
      expect(valid).toBe(false);
      expect(errors.length).toBeGreaterThan(0);
    }
    const mistakes = await verdictOf(
      bench,
      Array.from({ length: 5_000 }, (_, index) => `k${index}: x`).join('\n'),
    );
    expect(mistakes.errors.length).toBeLessThanOrEqual(100);
  });

  it('lets a few wait and refuses more, with a metric, so that it never takes the thread for long', async () => {
    const bench = await started();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await validate(bench, good)).status),
    );
    expect(statuses.filter((status) => status === 200).length).toBe(8);
    expect(statuses.filter((status) => status === 503).length).toBe(12);
    expect(bench.meter.value(apiMetrics.limitReached, { limit: 'validations' })).toBe(12);
    expect((await validate(bench, good)).status).toBe(200);
  });
});

it('the settings of integrations are judged as a reload judges them', async () => {
  const bench = new Bench({
    turn,
    configuration: good,
    readDocument: readYaml,
    settingsMistake: (integration, json) =>
      settingsMistake(integration, json, { readDocument: readYaml, environment: () => undefined }),
  });
  await bench.start();
  const bad = good.replace(
    'url: "http://sink.test/"',
    'url: "http://sink.test/", payload: {a: "{{ .Nope( }}"}',
  );
  const { valid, errors } = await verdictOf(bench, bad);
  expect(valid).toBe(false);
  expect(errors[0]?.message).toContain('receiver "team": webhook_configs[0]');
  bench.configuration = bad;
  const reload = await bench.request('POST', '/-/reload');
  expect(String(reload.body)).toContain(errors[0]?.message ?? 'nothing');
});
