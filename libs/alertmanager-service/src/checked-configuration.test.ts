import { AppError, type Mistake } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import { describe, expect, it } from 'vitest';
import { checkedConfiguration } from './checked-configuration.ts';
import type { TemplateFile } from './parts.ts';

interface Given {
  readonly files?: readonly TemplateFile[];
  readonly mistake?: string;
}

const check = (text: string, { files = [], mistake }: Given = {}): ReturnType<typeof checkedConfiguration> =>
  checkedConfiguration(
    text,
    { mode: 'fallback' },
    {
      readDocument: readYaml,
      readTemplates: () => Promise.resolve(files),
      settingsMistake: () => mistake,
    },
  );

async function mistakesOf(text: string, given: Given = {}): Promise<readonly string[]> {
  const thrown = await check(text, given).catch((error: unknown) => error);
  if (!(thrown instanceof AppError)) throw new Error('nothing was refused');
  return (thrown.facts['mistakes'] as readonly Mistake[]).map(
    ({ file, line, column, message }) => `${file ?? ''}:${line}:${column}: ${message}`,
  );
}

const GOOD = `route: {receiver: team}
templates: ['*.tmpl']
receivers:
- name: team
  webhook_configs:
  - url: 'http://h/{{ template "where" }}'
`;
const where: TemplateFile = { name: 'where.tmpl', text: '{{ define "where" }}x{{ end }}' };

describe('a configuration', () => {
  it('that is good carries its templates to what renders them', async () => {
    const { receivers, warnings } = await check(GOOD, { files: [where] });
    expect(receivers[0]?.integrations[0]?.settings).toMatchObject({ templates: [where] });
    expect(warnings).toEqual([]);
  });

  it('whose template can not be parsed is refused, even when nothing renders it, with file and line', async () => {
    const files = [where, { name: 'dir/bad.tmpl', text: 'a\n{{ define "b" }{{ end }}' }];
    for (const text of [GOOD, GOOD.replace(/\{\{.*\}\}/, '')]) {
      expect(await mistakesOf(text, { files })).toEqual([
        expect.stringMatching(/^dir\/bad\.tmpl:2:\d+: template: dir\/bad\.tmpl:2: unexpected "}"/),
      ]);
    }
  });

  it('tells its own mistakes and those of its templates in one go', async () => {
    const files = [{ name: 'bad.tmpl', text: '{{ nope }}' }];
    expect(await mistakesOf(GOOD.replace('receiver: team', 'receiver: other'), { files })).toEqual([
      ':1:8: undefined receiver "other" used in route',
      expect.stringContaining('bad.tmpl:1:'),
    ]);
  });

  it('with settings that a receivers replica would refuse is refused at the place of the integration', async () => {
    expect(await mistakesOf(GOOD, { files: [where], mistake: 'url: not good' })).toEqual([
      ':6:5: receiver "team": webhook_configs[0]: url: not good',
    ]);
  });

  it('with a route label that is no template runs, as with Alertmanager, and warns once', async () => {
    const { warnings } = await check(`route:
  receiver: team
  labels: {a: '{{ .Broken', b: '{{ routeLabels "c" }}', c: fine}
  routes: [{receiver: team}]
receivers: [{name: team}]
`);
    expect(warnings).toEqual([
      expect.stringMatching(/^route \{\}: label "a" can't be rendered .*unclosed action/),
    ]);
  });
});
