import { AppError } from '@tocsin/kernel';
import { describe, expect, test } from 'vitest';
import { checkRuleTemplate, expandRuleTemplate, RuleTemplate } from './rule-template.ts';
import type { TemplateSample } from './prometheus-functions.ts';

const DATA = {
  labels: new Map([
    ['instance', 'web-1:9100'],
    ['job', 'api'],
  ]),
  value: 12345,
  externalLabels: [['region', 'eu']] as const,
  externalURL: 'http://prom.example.com:9090/pre',
};
const NOW = { now: Date.parse('2026-11-22T00:00:00Z') };
const expand = (text: string, value = DATA.value): string =>
  expandRuleTemplate(text, { ...DATA, value }, NOW);

describe('data and variables', () => {
  test.each([
    [
      '{{ $labels.instance }} {{ $value }} {{ $externalLabels.region }} {{ $externalURL }}',
      'web-1:9100 12345 eu http://prom.example.com:9090/pre',
    ],
    [
      '{{ .Labels.job }} {{ .Value }} {{ .ExternalLabels.region }} {{ .ExternalURL }}',
      'api 12345 eu http://prom.example.com:9090/pre',
    ],
    ['[{{ $labels.nope }}]', '[]'],
    ['{{ $labels }}', 'map[instance:web-1:9100 job:api]'],
    ['{{ with $labels.job }}{{ . }}: {{ $value | humanize }}{{ end }}', 'api: 12.35k'],
    ['no action, }} here', 'no action, }} here'],
  ])('%s gives %s', (text, expected) => {
    expect(expand(text)).toBe(expected);
  });
});

describe('functions', () => {
  test.each([
    [
      '{{ humanize 0.0 }} {{ humanize 1e-9 }} {{ humanize -1234567.0 }} {{ humanize 1e30 }}',
      '0 1n -1.235M 1e+06Y',
    ],
    ['{{ humanize1024 1536.0 }} {{ humanize1024 0.5 }}', '1.5ki 0.5'],
    ['{{ humanizePercentage 0.1234567 }} {{ humanizePercentage 123.456 }}', '12.35% 1.235e+04%'],
    [
      '{{ humanizeDuration 90061.0 }} {{ humanizeDuration -0.5 }} {{ humanizeDuration 3661 }}',
      '1d 1h 1m 1s -500ms 1h 1m 1s',
    ],
    ['{{ humanizeTimestamp 1.5 }}', '1970-01-01 00:00:01.5 +0000 UTC'],
    ['{{ (toTime 1e9).Format "2006" }}', '2001'],
    ['{{ title "o\'neil x-y_z" }} {{ toUpper "straße" }}', "O'Neil X-Y_z STRAßE"],
    [
      '{{ stripPort $labels.instance }} {{ stripPort "[::1]:80" }} {{ stripDomain "a.b.c:80" }} {{ stripDomain "::1" }}',
      'web-1 ::1 a:80 ::1',
    ],
    [
      '{{ reReplaceAll "(\\\\w+)-(?P<n>\\\\d)" "${n}-$1" "web-1" }} {{ match "^web" $labels.instance }}',
      '1-web true',
    ],
    ['{{ parseDuration "1h30m" }} {{ parseDuration "1d2ms" }} {{ parseDuration "0" }}', '5400 86400.002 0'],
    [
      '{{ graphLink "up == 0" }} {{ tableLink "a" }}',
      '/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=a&g0.tab=1',
    ],
    ['{{ pathPrefix }} {{ externalURL }}', '/pre http://prom.example.com:9090/pre'],
    ['{{ (args "a" 2).arg1 }}{{ safeHtml "<b>" }}', '2<b>'],
  ])('%s gives %s', (text, expected) => {
    expect(expand(text)).toBe(expected);
  });
});

describe('a fault at execution becomes the text', () => {
  test('with the offset that counts the prologue', () => {
    const { text, error } = new RuleTemplate('{{ humanize "x" }}', 'Down').expand(DATA, NOW);
    expect(text).toBe(
      '<error expanding template: error executing template __alert_Down: template: __alert_Down:1:115: executing "__alert_Down" at <humanize "x">: error calling humanize: strconv.ParseFloat: parsing "x": invalid syntax>',
    );
    expect(error).toBeInstanceOf(AppError);
  });

  test.each([
    ['{{ if gt $value 5 }}x{{ end }}', 'incompatible types for comparison: float64 and int'],
    ['{{ .Nope }}', "can't evaluate field Nope in type struct { Labels map[string]string;"],
    ['{{ reReplaceAll "(" "" "x" }}', 'regexp: Compile(`(`): error parsing regexp: missing closing )'],
    ['{{ query "up" }}', 'query is not available here'],
    ['{{ range 100000000 }}{{ end }}', 'more than 200000 steps'],
    ['{{ nope }}', 'function "nope" not defined'],
  ])('%s says %s', (text, expected) => {
    expect(expand(text)).toContain(expected);
    expect(expand(text)).toMatch(/^<error expanding template: .*>$/s);
  });
});

describe('at load', () => {
  test.each([
    '{{ nope }}',
    '{{ $nope }}',
    '{{ now }}',
    '{{ tmpl "x" . }}',
    '{{ $labels.x ',
    '{{ if }}x{{ end }}',
  ])('%s is refused', (text) => {
    expect(() => checkRuleTemplate(text, 'Down')).toThrow(/^template: __alert_Down:1: /);
  });

  test.each(['{{ $labels.missing }}', '{{ $value | humanize }}', '{{ .Whatever }}', 'plain'])(
    '%s is taken',
    (text) => {
      expect(() => checkRuleTemplate(text)).not.toThrow();
    },
  );
});

describe('queries', () => {
  const samples: readonly TemplateSample[] = [
    { labels: [['instance', 'b']], value: 2 },
    {
      labels: [
        ['instance', 'a'],
        ['__value__', 'text'],
      ],
      value: 1,
    },
  ];
  const text =
    '{{ range query "up" | sortByLabel "instance" }}{{ . | label "instance" }}={{ . | value }}{{ . | strvalue }};{{ end }}{{ with query (printf "x{%s}" $labels.job) }}{{ . | first | value }}{{ end }}';

  test('are answered by the function that is given', () => {
    const query = (expression: string): readonly TemplateSample[] => (expression === 'up' ? samples : []);
    expect(expandRuleTemplate(text, DATA, { ...NOW, query })).toBe('a=1text;b=2;');
  });

  test('that are not known yet are named, until the text is final', () => {
    const template = new RuleTemplate(text);
    expect(template.mayQuery).toBe(true);
    expect(template.expandKnowing(DATA, NOW, new Map()).missing).toEqual(['up', 'x{api}']);
    const known = new Map([
      ['up', samples],
      ['x{api}', [{ labels: [], value: 7 }]],
    ]);
    expect(template.expandKnowing(DATA, NOW, known)).toEqual({ text: 'a=1text;b=2;7', missing: [] });
  });

  test('that failed fail the expansion with their own code', () => {
    const known = new Map([['up', new AppError('unavailable', 'no data source answers')]]);
    const { error, text: shown } = new RuleTemplate('{{ query "up" }}').expandKnowing(DATA, NOW, known);
    expect(error?.code).toBe('unavailable');
    expect(shown).toContain('error calling query: no data source answers');
  });
});
