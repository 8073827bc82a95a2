/**
 * `tocsin` beside Debian's amtool 0.25: the same arguments, against our server and the real one, must
 * print the same and end alike. Knowingly different: docs/reference/cli.md, "Other than amtool".
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planCluster, startReplica, untilReady, type Replica } from './support/cluster.ts';
import { has, programs, stageOfTest, until, type Called, type Stage } from './support/processes.ts';

const CONFIG = `route:
  receiver: default
  group_wait: 1h
  routes:
  - receiver: team-a
    matchers: [team="a"]
    continue: true
    routes:
    - matchers: [sev=~"x|y"]
      receiver: deep
  - matchers: [team!=""]
    receiver: b
receivers:
- name: default
- name: team-a
- name: deep
- name: b
`;

const ALERTS = [
  ['foo', 'node=bar', '--annotation=summary=hi', '--generator-url=http://g/', '--start=2026-01-01T00:00:00Z'],
  ['alertname=bar', 'team=a', '--start=2026-01-02T00:00:00Z', '--end=2036-01-02T00:00:00Z'],
  ['odd value', 'team=ü', '--start=2026-01-03T00:00:00+01:00', '--annotation=summary=two words'],
];
const SILENCES = [
  ['foo', 'node=~b.*', '-c', 'why', '-a', 'me', '-d', '2h'],
  ['x=y', '-c', 'later', '-a', 'you', '--start=2036-01-01T00:00:00+01:00', '--end=2036-01-02T00:00:00+01:00'],
  ['team=~"a|b"', 'foo!=bar', '--comment=all of it', '--author', 'me', '--duration=3d'],
];

/** Read only, so that one tool changes nothing for the other. */
const SAME = [
  'alert',
  'alert query',
  'alert query -o extended',
  'alert query -o simple --date.format=15:04',
  'alert query foo',
  'alert query foo node=bar',
  'alert query node=~b.+',
  'alert query team!=a',
  'alert -r def.*',
  'alert --receiver=nobody',
  'alert -s',
  'alert -a -s -i -u',
  'silence',
  'silence -o extended',
  'silence -q',
  'silence query foo',
  'silence query x=y',
  'silence query --created-by me',
  'silence query --within 4h',
  'silence query --within=4h --expired',
  'silence query --expired -q',
  'silence update',
  'silence expire',
  'silence expire nope',
  'silence expire 00000000-0000-0000-0000-000000000000',
  'silence update 00000000-0000-0000-0000-000000000000 -d 3h',
  'silence add',
  'silence add foo',
  'silence add foo -c x -d 0s',
  'silence add foo -c x -d bogus',
  'silence add foo -c x --start=2036-01-01T00:00:00Z --end=2035-01-01T00:00:00Z',
  'silence import nowhere.json',
  'alert add a=b --annotation=x',
  'alert add a=b --start=noon',
  'cluster',
  'cluster show',
  'cluster show -o extended',
  'config',
  'config show',
  'config routes',
  'config routes show',
  'config routes test',
  'config routes test team=a sev=x',
  'config routes test team=a sev=z --tree',
  'config routes test team=b --tree',
  'config routes test team=a sev=x --verify.receivers=deep,b',
  'config routes test team=a sev=x --verify.receivers=deep',
  'config routes test team',
  'config routes test team!=a',
  'nonsense',
  'silence --nonsense',
  'alert -o nonsense',
];

interface Both {
  readonly amtool: Called;
  readonly tocsin: Called;
}

async function both(stage: Stage, args: readonly string[]): Promise<Both> {
  const [amtool, tocsin] = await Promise.all([stage.call(programs.amtool, args), stage.tocsin(...args)]);
  return { amtool, tocsin };
}

/** What a script sees: the output, and whether it went well. */
const seen = ({ out, code }: Called): unknown => ({ out, isGood: code === 0 });

const asJson = async (stage: Stage, args: readonly string[]): Promise<readonly [unknown, unknown]> => {
  const { amtool, tocsin } = await both(stage, [...args, '-o', 'json']);
  return [JSON.parse(amtool.out), withoutNews(JSON.parse(tocsin.out))];
};

/** Without what 0.25 does not know of. */
function withoutNews(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNews);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'mutedBy')
      .map(([key, each]) => [key, withoutNews(each)]),
  );
}

const byText = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((each) => JSON.stringify(each, sorted)).toSorted() : value;
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

async function started(stage: Stage, kind: 'tocsin' | 'real'): Promise<Replica> {
  const plans = await planCluster([kind], ['--cluster.settle-timeout=3s']);
  const [plan] = plans;
  if (plan === undefined) throw new Error('one replica');
  const replica = await startReplica(stage, plan, plans, stage.file('alertmanager.yml', CONFIG));
  await untilReady([replica]);
  return replica;
}

describe.skipIf(!has('amtool') || !has('alertmanager')).each(['tocsin', 'real'] as const)(
  'tocsin and amtool 0.25 before a %s alertmanager',
  (kind) => {
    it('print the same and end alike with the same arguments, whichever of them made the alerts and silences', async (context) => {
      const stage = stageOfTest(context);
      const replica = await started(stage, kind);
      // Spoken to another version, amtool warns each time.
      const at = ['--no-version-check', `--alertmanager.url=${replica.url}`];
      for (const [index, labels] of ALERTS.entries()) {
        const args = [...at, 'alert', 'add', ...labels];
        const called = await (index % 2 === 0 ? stage.tocsin(...args) : stage.call(programs.amtool, args));
        expect([called.said, called.code]).toEqual(['', 0]);
      }
      const ids: string[] = [];
      for (const [index, matchers] of SILENCES.entries()) {
        const args = [...at, 'silence', 'add', ...matchers];
        const called = await (index % 2 === 0 ? stage.tocsin(...args) : stage.call(programs.amtool, args));
        expect([called.said, called.code]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}\n$/), 0]);
        ids.push(called.out.trim());
      }
      await until('the alert foo is silenced', async () =>
        (await stage.tocsin(...at, 'alert', '-s', '-ojson')).out.includes(ids[0] ?? '') ? true : undefined,
      );

      for (const line of SAME) {
        const args = [...at, ...line.split(' ')];
        const { amtool, tocsin } = await both(stage, args);
        expect([line, seen(tocsin), tocsin.said]).toEqual([line, seen(amtool), expect.anything()]);
      }
      for (const args of [['alert', '-as'], ['silence'], ['cluster'], ['config']]) {
        const [theirs, ours] = await asJson(stage, [...at, ...args]);
        expect([args, byText(ours)]).toEqual([args, byText(theirs)]);
      }

      // What amtool exports, tocsin imports, and the other way round; an id that is gone gets a new one.
      const exported = await stage.call(programs.amtool, [...at, 'silence', 'query', '-o', 'json']);
      const file = stage.file('silences.json', exported.out);
      expect(
        (await stage.tocsin(...at, 'silence', 'import', file)).out.trim().split('\n').toSorted(),
      ).toEqual(ids.toSorted());
      const [first = '', second = '', third = ''] = ids;
      const updated = await stage.tocsin(...at, 'silence', 'update', first, '-d', '5h', '-c', 'longer', '-q');
      expect([updated.code, updated.out]).toEqual([0, `${first}\n`]);
      const again = await both(stage, [...at, 'silence', 'query', 'foo', '-o', 'extended']);
      expect(again.tocsin.out).toContain('longer');
      expect(seen(again.tocsin)).toEqual(seen(again.amtool));
      expect((await stage.tocsin(...at, 'silence', 'expire', first, third)).code).toBe(0);
      expect((await stage.call(programs.amtool, [...at, 'silence', '-q'])).out).toBe(`${second}\n`);
      expect((await stage.tocsin(...at, 'silence', 'expire', first)).code).toBe(
        (await stage.call(programs.amtool, [...at, 'silence', 'expire', first])).code,
      );
      const ours = stage.file('ours.json', (await stage.tocsin(...at, 'silence', '-ojson')).out);
      const forced = await stage.call(programs.amtool, [...at, 'silence', 'import', '-f', ours]);
      expect(forced.out).toMatch(/^[0-9a-f-]{36}\n$/);
    });
  },
);

const dir =
  process.env['CONFORMANCE_DIR'] ?? fileURLToPath(new URL('../../shared/conformance', import.meta.url));
const folder = `${dir}/alertmanager/configs`;

interface Judged {
  readonly file: string;
  readonly valid: boolean;
  readonly in_0_34?: { readonly valid: boolean };
}

/** What was printed of each file. */
const blocksOf = (out: string): ReadonlyMap<string, string> =>
  new Map(
    out
      .split(/^(?=Checking ')/m)
      .map((block) => [/^Checking '[^']*\/([^/']+)'/.exec(block)?.[1] ?? '', block] as const),
  );

describe.skipIf(!has('amtool') || !existsSync(folder))('tocsin and amtool 0.25 without a server', () => {
  it('judge the same configurations alike, as far as 0.25 knows what is in them', async (context) => {
    const stage = stageOfTest(context);
    const paths = readdirSync(folder)
      .filter((name) => name.endsWith('.yml'))
      .map((name) => `${folder}/${name}`);
    const { cases } = JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as {
      readonly cases: readonly Judged[];
    };
    const tocsin = await stage.tocsin('check-config', ...paths);
    expect(tocsin.code).toBe(1);
    const ours = blocksOf(tocsin.out);
    const theirs = new Map<string, string>();
    // One by one: some end the whole program.
    for (const path of paths) {
      const { out } = await stage.call(programs.amtool, ['check-config', path]);
      for (const [file, block] of blocksOf(out)) theirs.set(file, block);
    }
    const compared = cases.filter(({ file, valid, in_0_34 }) => {
      const isValidThere = theirs.get(file)?.includes('SUCCESS') ?? false;
      // Newer settings are mistakes to 0.25; integrations that are not built are refused by name.
      return (
        isValidThere === (in_0_34?.valid ?? valid) &&
        ours.get(file)?.includes('this version delivers by') !== true
      );
    });
    expect(compared.length).toBeGreaterThan(80);
    for (const { file } of compared) {
      const [theirBlock = '', ourBlock = ''] = [theirs.get(file), ours.get(file)];
      // Refused, or what ended amtool itself.
      const wanted: unknown = theirBlock.includes('SUCCESS')
        ? theirBlock
        : expect.stringContaining('FAILED: ');
      expect([file, ourBlock]).toEqual([file, wanted]);
    }
  });

  it('check a file from the standard input, route by a local file, and render a template alike', async (context) => {
    const stage = stageOfTest(context);
    const config = stage.file('local.yml', `${CONFIG}templates: ['*.tmpl']\n`);
    const glob = `--template.glob=${stage.dir}/*.tmpl`;
    stage.file('a.tmpl', '{{ define "a" }}{{ .Status | toUpper }} {{ len .Alerts }}{{ end }}');
    const data = stage.file(
      'data.json',
      '{"receiver":"r","status":"firing","alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"2026-01-01T00:00:00Z"}]}',
    );
    const lines = [
      ['check-config', config],
      ['config', 'routes', `--config.file=${config}`],
      ['config', 'routes', 'test', `--config.file=${config}`, 'team=a', 'sev=x', '--tree'],
      ['config', 'routes', 'test', '--config.file=nowhere.yml', 'a=b'],
      ['template', 'render', glob, '--template.text={{ template "a" . }} {{ .ExternalURL }}'],
      [
        'template',
        'render',
        glob,
        '--template.text={{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}',
      ],
      [
        'template',
        'render',
        glob,
        `--template.data=${data}`,
        '--template.text={{ range .Alerts }}{{ .Labels.a }} {{ .StartsAt }} {{ .EndsAt }}{{ end }}',
      ],
      ['template', 'render', glob, '--template.text={{ nope }}'],
      ['template', 'render', '--template.text=x'],
      ['template', 'render', glob, '--template.text=x', '--template.data=nowhere.json'],
    ];
    for (const args of lines) {
      const { amtool, tocsin } = await both(stage, args);
      expect([args, seen(tocsin)]).toEqual([args, seen(amtool)]);
    }
    const piped = (command: string): Promise<Called> =>
      stage.call('/bin/sh', ['-c', `${command} check-config < "$0"`, config]);
    const bundle = `"${process.execPath}" "${stage.script('cli')}"`;
    expect(seen(await piped(bundle))).toEqual(seen(await piped(programs.amtool)));
    stage.file('bad.tmpl', '{{ define "b" }');
    const { amtool, tocsin } = await both(stage, ['check-config', config]);
    expect([amtool.code, tocsin.code]).toEqual([1, 1]);
    expect(tocsin.out).toContain(`FAILED: ${stage.dir}/bad.tmpl:1:15: `);
  });
});
