import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const files = {
  'a.tmpl': '{{ define "mine" }}<{{ .Status }}>{{ end }}',
  'bad.txt': '{{ define "b" }',
  'd.json': JSON.stringify({
    Receiver: 'r',
    status: 'firing',
    version: '4',
    alerts: [{ status: 'firing', labels: { a: '<b>' }, startsAt: '2026-01-01T00:00:00.5+01:00' }],
    commonLabels: { x: 'y' },
  }),
  'odd.json': '{"alerts": [{"labels": {"a": 1}}]}',
};
const render = (text: string, ...more: readonly string[]): ReturnType<typeof ran> =>
  ran(['template', 'render', '--template.glob=*.tmpl', `--template.text=${text}`, ...more], { files });

describe('tocsin template render', () => {
  it('writes what the template makes of two alerts, without a new line of its own', async () => {
    const { code, written } = await render(
      '{{ template "mine" . }}{{ len .Alerts.Firing }}{{ len .Alerts.Resolved }} {{ .CommonLabels.commonlabelkey1 }}',
    );
    expect({ code, written }).toEqual({ code: 0, written: '<alertstatus>11 commonlabelvalue1' });
  });

  it('takes a captured webhook body as data, and has the default templates', async () => {
    const text =
      '{{ .Receiver }} {{ range .Alerts }}{{ .Labels.a }} {{ .StartsAt }}{{ end }} {{ template "slack.default.title" . }}';
    const { written } = await render(text, '--template.data=d.json');
    expect(written).toBe('r <b> 2026-01-01 00:00:00.5 +0100 +0100 [FIRING:1]  (y)');
  });

  it.each([
    [['{{ nope }}'], 1, 'function "nope" not defined'],
    [['{{ .Nope }}'], 1, 'Nope'],
    [['x', '--template.glob=bad.txt'], 1, 'bad.txt:1'],
    [['x', '--template.data=none.json'], 1, 'none.json: no such file'],
    [['x', '--template.data=a.tmpl'], 1, 'a.tmpl: no JSON'],
    [['x', '--template.data=odd.json'], 1, 'odd.json: alerts[0]: labels.a: expected a string'],
    [['x', '--template.type=html'], 1, 'can not escape for HTML yet'],
    [['x', '--template.type=pdf'], 2, 'expected one of text, html'],
  ])('%j fails with %i and says why', async ([text = '', ...more], code, why) => {
    const outcome = await render(text, ...more);
    expect([outcome.code, outcome.written]).toEqual([code, '']);
    expect(outcome.errors.join()).toContain(why);
  });
});
