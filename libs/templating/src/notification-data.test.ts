import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
import { DEFAULT_TEMPLATE_SET } from './default-templates.ts';
import { notificationValue, quoteReceiver, type NotificationData } from './notification-data.ts';
import { routeLabelFunctions } from './route-labels.ts';
import { parseTemplate, TemplateSet } from './template.ts';
import type { Value } from './values.ts';

const NOW = { now: Date.parse('2026-11-22T00:00:00Z') };
const INSTANT = { seconds: 1_795_000_000, nanos: 0, offsetMinutes: 0 };
const ZERO = { seconds: -62_135_596_800, nanos: 0, offsetMinutes: 0 };

const NOTIFICATION: NotificationData = {
  receiver: quoteReceiver('team.x'),
  status: 'firing',
  alerts: (['firing', 'resolved'] as const).map((status) => ({
    status,
    labels: [
      ['zone', 'eu'],
      ['alertname', 'Down'],
      ['instance', `${status}-1`],
    ],
    annotations: [['summary', '<down>']],
    startsAt: INSTANT,
    endsAt: status === 'firing' ? ZERO : INSTANT,
    generatorURL: 'http://g/',
    fingerprint: 'f1',
  })),
  notificationReason: 'first notification',
  groupLabels: [['alertname', 'Down']],
  commonLabels: [
    ['zone', 'eu'],
    ['alertname', 'Down'],
  ],
  commonAnnotations: [],
  routeLabels: [],
  externalURL: 'http://am',
};

const render = (text: string, data: Value = notificationValue(NOTIFICATION)): string =>
  parseTemplate('', text, ALERTMANAGER_FUNCTIONS).execute(data, NOW);

describe('fields and methods', () => {
  test.each([
    [
      '{{ .Receiver }} {{ .Status }} {{ .NotificationReason }} {{ .ExternalURL }}',
      'team\\.x firing first notification http://am',
    ],
    ['{{ len .Alerts }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}', '2 1 1'],
    ['{{ range .Alerts.Resolved }}{{ .Labels.instance }} {{ .EndsAt.IsZero }}{{ end }}', 'resolved-1 false'],
    [
      '{{ .CommonLabels }} {{ .CommonLabels.SortedPairs }}',
      'alertname=Down, zone=eu alertname=Down, zone=eu',
    ],
    ['{{ .CommonLabels.Names.Join "," }} {{ join "/" .CommonLabels.Values }}', 'alertname,zone Down/eu'],
    ['{{ .CommonLabels.Remove .GroupLabels.Names }}', 'zone=eu'],
    ['{{ range .CommonLabels.SortedPairs }}{{ .Name }}:{{ .Value }} {{ end }}', 'alertname:Down zone:eu '],
    ['[{{ .CommonLabels.nope }}] {{ if .CommonAnnotations }}some{{ else }}none{{ end }}', '[] none'],
    [
      '{{ toJson .CommonLabels }} {{ toJson .CommonLabels.SortedPairs }}',
      '{"alertname":"Down","zone":"eu"} [{"Name":"alertname","Value":"Down"},{"Name":"zone","Value":"eu"}]',
    ],
    ['{{ template "__subject" . }}', '[FIRING:1] Down (eu)'],
  ])('%s gives %s', (text, expected) => {
    expect(DEFAULT_TEMPLATE_SET.compile('', text).execute(notificationValue(NOTIFICATION), NOW)).toBe(
      expected,
    );
  });

  test('an alert is written to JSON with the names of the webhook', () => {
    expect(JSON.parse(render('{{ toJson (index .Alerts 1) }}'))).toEqual({
      status: 'resolved',
      labels: { alertname: 'Down', instance: 'resolved-1', zone: 'eu' },
      annotations: { summary: '<down>' },
      startsAt: '2026-11-18T11:06:40Z',
      endsAt: '2026-11-18T11:06:40Z',
      generatorURL: 'http://g/',
      fingerprint: 'f1',
    });
  });
});

describe('functions', () => {
  test.each([
    ['{{ title "hello wORLD o\'neil x_y 3d" }} {{ toLower "ΑΣ İ" }}', "Hello World O'neil X_y 3D ασ i"],
    ['{{ list 1 "a" nil | toJson }} {{ dict "b" 1 "a" 1e21 | toJson }}', '[1,"a",null] {"a":1e+21,"b":1}'],
    ['{{ append (list 1) 2 3 }} {{ stringSlice "a" "b" | join "-" }}', '[1 2 3] a-b'],
    ['{{ base64encode "hello?>~" }} {{ base64decode "aGVsbG8_Pn4=" }}', 'aGVsbG8_Pn4= hello?>~'],
    ['{{ urlUnescape "a%20b+c" }} {{ urlquery "a b&é" }}', 'a b c a+b%26%C3%A9'],
    ['{{ now }} {{ toDate "2006" "bad" }}', '2026-11-22 00:00:00 +0000 UTC 0001-01-01 00:00:00 +0000 UTC'],
    [
      '{{ toJson "<&>\u2028" }} {{ html "<\'\\"&>" }} {{ js "\'<=>" }}',
      '"\\u003c\\u0026\\u003e\\u2028" &lt;&#39;&#34;&amp;&gt; \\\'\\u003C\\u003D\\u003E',
    ],
    ['[{{ trimSpace " \\t x y \\n" }}]', '[x y]'],
  ])('%s gives %s', (text, expected) => {
    expect(render(text)).toBe(expected);
  });

  test.each([
    ['{{ dict "a" }}', 'even number'],
    ['{{ dict 1 2 }}', 'dict keys must be strings'],
    ['{{ join "," (list "a") }}', 'expected []string; got []interface {}'],
    ['{{ base64decode "aGk" }}', 'illegal base64 data at input byte 0'],
    ['{{ urlUnescape "%zz" }}', 'invalid URL escape "%zz"'],
    ['{{ mustToDate "2006" "bad" }}', 'cannot parse "bad" as "2006"'],
    ['{{ .Alerts.Firing.Firing }}', "can't evaluate field Firing in type []template.Alert"],
  ])('%s fails with %s', (text, expected) => {
    expect(() => render(text)).toThrow(expected);
  });

  test('base64 and URL coding give back every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(render('{{ base64decode (base64encode .) }}', text)).toBe(text);
        expect(render('{{ base64encode . }}', text)).toBe(
          Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
        );
        expect(render('{{ urlUnescape (urlquery .) }}', text)).toBe(text);
        expect(JSON.parse(render('{{ toJson . }}', text))).toBe(text);
      }),
    );
  });
});

describe('route labels', () => {
  const set = TemplateSet.of(ALERTMANAGER_FUNCTIONS);
  const data = notificationValue(NOTIFICATION);
  const expand = (labels: Readonly<Record<string, string>>, name: string): string => {
    const functions = routeLabelFunctions(set, Object.entries(labels), data, NOW);
    return set.compile('', `{{ routeLabels "${name}" }}`).execute(data, { ...NOW, functions });
  };

  test('are templates that may use each other', () => {
    expect(expand({ a: '{{ routeLabels "b" }}!', b: '{{ .Status }}' }, 'a')).toBe('firing!');
    expect(expand({}, 'nope')).toBe('');
  });

  test('that go in a circle are an error that shows the circle', () => {
    expect(() => expand({ a: '{{ routeLabels "b" }}', b: '{{ routeLabels "a" }}' }, 'a')).toThrow(
      'route label cycle detected: a -> b -> a',
    );
  });
});

test('every default template renders for an empty notification', () => {
  const empty = notificationValue({
    ...NOTIFICATION,
    alerts: [],
    status: 'resolved',
    commonLabels: [],
    groupLabels: [],
  });
  for (const name of DEFAULT_TEMPLATE_SET.names) {
    const takesList = name.startsWith('__text_alert_list') || name === 'pagerduty.default.instances';
    const text = `{{ template "${name}" ${takesList ? '.Alerts' : '.'} }}`;
    expect(DEFAULT_TEMPLATE_SET.compile('', text).execute(empty, NOW)).not.toContain('<no value>');
  }
});
