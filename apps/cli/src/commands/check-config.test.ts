import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const GOOD = `route: {receiver: team}
receivers: [{name: team}]
templates: ['*.tmpl']
inhibit_rules: [{}]
`;
const FOUND = [
  'Found:',
  ' - global config',
  ' - route',
  ' - 1 inhibit rules',
  ' - 1 receivers',
  ' - 1 templates',
];

describe('tocsin check-config', () => {
  it('says what it found in a good file, and ends with 0', async () => {
    const { code, printed, errors } = await ran(['check-config', 'am.yml'], { files: { 'am.yml': GOOD } });
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(printed).toEqual(["Checking 'am.yml'  SUCCESS", ...FOUND, '  SUCCESS', '']);
  });

  it('tells every mistake of every file with its place, templates included, and ends with 1', async () => {
    const files = {
      'good.yml': GOOD,
      'bad.yml': 'route:\n  receiver: x\n  group_wait: soon\nreceivers: []\ntemplates: [bad.tmpl]\n',
      'bad.tmpl': 'a\n{{ nope }}',
    };
    const { code, printed, errors } = await ran(['check-config', 'bad.yml', 'good.yml', 'none.yml'], {
      files,
    });
    expect(code).toBe(1);
    expect(printed.slice(0, 4)).toEqual([
      expect.stringMatching(/^Checking 'bad.yml' {2}FAILED: bad\.yml:2:3: .*undefined receiver "x"/),
      expect.stringMatching(/^ {2}bad\.yml:3:15: route\.group_wait: /),
      expect.stringMatching(/^ {2}bad\.tmpl:2:\d+: .*function "nope" not defined/),
      '',
    ]);
    expect(printed).toContain('  FAILED: bad.tmpl:2:4: template: bad.tmpl:2: function "nope" not defined');
    expect(printed.at(-2)).toBe("Checking 'none.yml'  FAILED: none.yml: no such file");
    expect(errors).toEqual(['tocsin check-config: failed to validate 3 file(s)']);
  });

  it('reads the standard input without a file, and can tell that there is none', async () => {
    expect((await ran(['check-config'], { input: GOOD })).printed[0]).toBe("Checking '/dev/stdin'  SUCCESS");
    const broken = await ran(['check-config'], { input: 'a: [' });
    expect(broken.printed[0]).toMatch(/^Checking '\/dev\/stdin' {2}FAILED: \/dev\/stdin:1:5: /);
    expect((await ran(['check-config'])).code).toBe(1);
  });

  it('prints warnings beside, and reads matchers in the mode that it is told', async () => {
    const files = {
      'am.yml': 'route: {receiver: a, routes: [{matchers: ["x=a\\\\b"]}]}\nreceivers: [{name: a}]\n',
    };
    const { code, errors } = await ran(['check-config', 'am.yml'], { files });
    expect(code).toBe(0);
    expect(errors[0]).toMatch(/^am\.yml:1:\d+: warning: .*classic parser/);
    expect((await ran(['check-config', 'am.yml', '--enable-feature=utf8-strict-mode'], { files })).code).toBe(
      1,
    );
    expect(
      (await ran(['check-config', 'am.yml', '--enable-feature=classic-mode'], { files })).errors,
    ).toEqual([]);
  });

  it('looks at the event recorder when the server would', async () => {
    const files = { 'am.yml': `${GOOD}event_recorder: {kafka_outputs: [{brokers: [b], topic: t}]}\n` };
    expect((await ran(['check-config', 'am.yml'], { files })).code).toBe(0);
    const on = await ran(['check-config', 'am.yml', '--enable-feature', 'event-recorder'], { files });
    expect(on.printed[0]).toMatch(/FAILED: am\.yml:5:17: .*Kafka is not supported/);
  });

  it('refuses what a receivers replica would refuse, and says all of it as JSON', async () => {
    const files = {
      'am.yml': GOOD.replace('{name: team}', '{name: team, webhook_configs: [{url: "http://h"}]}'),
    };
    const { code, printed } = await ran(['check-config', '-o', 'json', 'am.yml'], {
      files,
      settingsMistake: () => 'no such proxy',
    });
    expect(code).toBe(1);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject([
      {
        file: 'am.yml',
        isValid: false,
        mistakes: [
          { file: 'am.yml', line: 2, message: 'receiver "team": webhook_configs[0]: no such proxy' },
        ],
      },
    ]);
  });
});
