/**
 * The rendered configuration, as the status API shows it: it must load again as the same
 * configuration, here and in a real amtool (0.25), which reads it for `amtool config routes`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration, type Configuration, type RouteNode } from '@tocsin/alerting';
import type { MatcherMode } from '@tocsin/model';
import { readYaml } from '@tocsin/runtime';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

const load = (text: string, mode: MatcherMode = 'fallback'): Configuration =>
  loadConfiguration(readYaml(text), text, { mode });

const plainRoute = (route: RouteNode): unknown => ({
  ...route,
  matchers: route.matchers.map(String),
  groupBy: route.groupBy === 'all' ? 'all' : [...route.groupBy],
  labels: [...(route.labels ?? [])],
  routes: route.routes.map(plainRoute),
});
const plain = ({
  rendered,
  route,
  receivers,
  inhibitRules,
  resolveTimeoutMs,
  timeIntervals,
  templates,
}: Configuration): unknown => ({
  rendered,
  route: plainRoute(route),
  receivers: receivers.map(({ name, labels, integrations }) => ({
    name,
    labels: labels.toString(),
    integrations: integrations.map(({ integration, sendResolved }) => [integration, sendResolved]),
  })),
  inhibitRules: inhibitRules.map((rule) => ({
    ...rule,
    sourceMatchers: rule.sourceMatchers.map(String),
    targetMatchers: rule.targetMatchers.map(String),
  })),
  resolveTimeoutMs,
  timeIntervals: timeIntervals.map(({ name }) => name),
  templates,
});

// Text that a YAML reader could take for something else, or fold, strip or refuse.
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '-',
        ':',
        '#',
        '"',
        "'",
        '\n',
        '\t',
        '\\',
        '|',
        '>',
        '%',
        '@',
        '`',
        '{',
        '[',
        ',',
        '&',
        '*',
        '!',
        '?',
        'a',
        '1',
        '.',
        'é',
        '😀',
        '\u0085',
        '\u2028',
        '\ufeff',
        '\u00a0',
        '\0',
        '\u007f',
      ),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    .map((characters) => characters.join('')),
  fc.constantFrom(
    'yes',
    'No',
    'null',
    '~',
    '0x1',
    '1e3',
    '1_0',
    '12:30',
    '007',
    '.inf',
    '<<',
    '=',
    '2024-01-01',
    '-',
    '...',
    '---',
    '5m',
    '<secret>',
  ),
);
const quoteClassic = (value: string): string =>
  `"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;

// JSON is YAML.
const configuration = fc
  .record({
    names: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    groupBy: fc.uniqueArray(
      text.filter((name) => name !== '...'),
      { maxLength: 3 },
    ),
    match: fc.dictionary(fc.constantFrom('a', 'no', 'null', '_1'), text, { maxKeys: 2 }),
    values: fc.array(text, { maxLength: 3 }),
    interval: text,
  })
  .map(({ names: [first = '', ...others], labels, groupBy, match, values, interval }) => ({
    route: {
      receiver: first,
      group_by: groupBy,
      routes: [
        {
          match,
          matchers: values.map((value) => `n!=${quoteClassic(value)}`),
          mute_time_intervals: [interval],
          labels: Object.fromEntries(Object.entries(labels)),
        },
        { group_by: [] },
      ],
    },
    receivers: [first, ...others].map((name) => ({ name, labels: { ...labels, name } })),
    time_intervals: [
      {
        name: interval,
        time_intervals: [{ times: [] }, { months: ['may:july', '13'], location: 'Europe/Berlin' }],
      },
    ],
    templates: values,
  }));

const dir = process.env['CONFORMANCE_DIR'] ?? join(import.meta.dirname, '../../../shared/conformance');
const configFolders = ['alertmanager/configs', 'alertmanager/routing/configs'].map((folder) =>
  join(dir, folder),
);
const hasData = configFolders.every((folder) => existsSync(folder));
if (!hasData) {
  if (process.env['CI'] === 'true') throw new Error(`no conformance data at ${dir}`);
  console.info(`skipped: no conformance data at ${dir}`);
}
const hasAmtool = spawnSync('amtool', ['--version']).status === 0;
if (!hasAmtool) console.info('skipped: amtool is not installed');

const files = hasData
  ? configFolders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.yml'))
        .map((name) => join(folder, name)),
    )
  : [];

const scratch = mkdtempSync(join(tmpdir(), 'rendering-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What amtool says against a configuration; '' when it is content. */
function amtool(yaml: string): string {
  const file = join(scratch, 'config.yml');
  writeFileSync(file, yaml);
  const { status, stdout } = spawnSync('amtool', ['check-config', file], { encoding: 'utf8' });
  return status === 0 ? '' : stdout;
}

describe('the rendered configuration', () => {
  it('loads as the same configuration and renders to the same text, whatever its strings are', () => {
    fc.assert(
      fc.property(configuration, (value) => {
        const first = load(JSON.stringify(value));
        expect(plain(load(first.rendered))).toEqual(plain(first));
      }),
      { numRuns: 300 },
    );
  });

  it.runIf(hasData)('loads again for every valid file of the conformance data', () => {
    let count = 0;
    for (const file of files) {
      let first;
      try {
        first = load(readFileSync(file, 'utf8'));
      } catch {
        continue;
      }
      expect([file, plain(load(first.rendered))]).toEqual([file, plain(first)]);
      count++;
    }
    expect(count).toBeGreaterThan(50);
  });

  it.runIf(hasAmtool)(
    'carries odd strings to amtool unchanged',
    () => {
      const names = fc
        .sample(text, { numRuns: 300, seed: 1 })
        .filter((name) => !/[\0\ud800-\udfff]/.test(name));
      const unique = [...new Set(names)];
      const { rendered } = load(
        JSON.stringify({
          route: { receiver: 'r', routes: unique.map((name) => ({ receiver: name, match: { x: name } })) },
          receivers: ['r', ...unique].map((name) => ({ name })),
        }),
        'classic',
      );
      const file = join(scratch, 'odd.yml');
      writeFileSync(file, rendered);
      const wrong = unique.slice(0, 40).filter((name) => {
        const { stdout } = spawnSync(
          'amtool',
          ['config', 'routes', 'test', `--config.file=${file}`, `x=${quoteClassic(name)}`],
          {
            encoding: 'utf8',
          },
        );
        return stdout !== `${name}\n`;
      });
      expect(wrong).toEqual([]);
    },
    60_000,
  );

  it.runIf(hasData && hasAmtool)(
    'is read by amtool 0.25 whenever that can read the file itself',
    () => {
      let count = 0;
      for (const file of files) {
        const original = readFileSync(file, 'utf8');
        // Masked, as peers since 0.26 mask it, a webhook URL is no URL to 0.25.
        if (original.includes('webhook_configs') || amtool(original) !== '') continue;
        expect([file, amtool(load(original).rendered)]).toEqual([file, '']);
        count++;
      }
      expect(count).toBeGreaterThanOrEqual(40);
    },
    60_000,
  );
});
