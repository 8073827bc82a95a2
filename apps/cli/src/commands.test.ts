import { AppError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { commands } from './commands.ts';
import { sharedFlags } from './command.ts';
import { ran } from './testing/run-command.ts';

const emptyList = { get: (): Promise<unknown> => Promise.resolve([]) };

describe('a command', () => {
  it('is found whatever flags stand before, between and behind its words, and by its noun alone', async () => {
    for (const args of [
      ['silence', 'query', '-q'],
      ['silence', '-q'],
      ['silence', 'list', '-q'],
      ['--url', 'http://h', 'silence', '-o', 'json', 'query', '-q'],
      ['-ojson', '--no-version-check', 'silence', '-q', '--alertmanager.url=http://h'],
    ]) {
      const { code, asked, printed } = await ran(args, { client: emptyList });
      expect([args, code, asked, printed]).toEqual([args, 0, ['GET silences'], []]);
    }
  });

  it('takes a word that is no verb as the name of an alert, as amtool does', async () => {
    const { asked } = await ran(['silence', 'DiskFull'], { client: emptyList });
    expect(asked).toEqual([`GET silences?filter=${encodeURIComponent('alertname="DiskFull"')}`]);
  });

  it.each([
    [['silences'], 'unknown command "silences"; did you mean "silence"?'],
    [['chekc-config'], 'unknown command "chekc-config"; did you mean "check-config"?'],
    [['template', 'rendr'], 'unknown command "template rendr"; did you mean "template render"?'],
    [['template'], 'template needs one more word'],
    [['help', 'nothing'], 'unknown command "nothing"'],
    [['--bogus', 'alert'], 'unknown flag --bogus'],
    [['alert', '--recever=x'], 'unknown flag --recever; did you mean --receiver?'],
    [['alert', '-o', 'yaml'], '--output yaml: expected one of simple, text, extended, json'],
    [['alert', '--timeout', '5'], '--timeout 5: expected a duration'],
    [['alert', '--enable-feature=x'], "unknown option 'x' for --enable-feature"],
  ])('%j is typed wrong: exit code 2, the reason, and no request', async (args, why) => {
    const { code, errors, asked, printed } = await ran(args);
    expect({ code, asked, printed }).toEqual({ code: 2, asked: [], printed: [] });
    expect(errors.join('\n')).toContain(why);
  });

  it('that the server refuses, or that finds it away, ends with 1 and its words', async () => {
    const get = (): Promise<never> =>
      Promise.reject(
        new AppError('invalid', 'GET http://h/api/v2/alerts: 400 no', { facts: { isAnswer: true } }),
      );
    const { code, errors } = await ran(['alert'], { client: { get } });
    expect({ code, errors }).toEqual({
      code: 1,
      errors: ['tocsin alert query: GET http://h/api/v2/alerts: 400 no'],
    });
  });

  it('is given one deadline, the credentials file and whether to look at versions', async () => {
    const { connections } = await ran(
      ['alert', '--timeout=90s', '--http.config.file=f.yml', '--no-version-check'],
      { client: emptyList },
    );
    expect(connections).toEqual([{ timeoutMs: 90_000, httpConfigFile: 'f.yml', isCheckingVersion: false }]);
  });
});

describe('configuration files', () => {
  const files = {
    '/h/.config/tocsin/config.yml': 'output: json\n',
    '/etc/amtool/config.yml':
      'output: extended\nalertmanager.url: http://h\ncomment_required: false\nsomething: else\n',
  };
  it('stand in for flags: ours before those of amtool, what is typed before both', async () => {
    const json = await ran(['alert'], { client: emptyList, files });
    expect(json.printed).toEqual(['[]']);
    const simple = await ran(['alert', '-o', 'simple'], { client: emptyList, files });
    expect(simple.printed[0]).toMatch(/^Alertname/);
    expect((await ran(['silence', 'add', 'a=b'], { files })).code).toBe(0);
  });
  it('that can not be read are named, with the place', async () => {
    const { code, errors } = await ran(['alert'], { files: { '/etc/tocsin/config.yml': 'a: [' } });
    expect(code).toBe(1);
    expect(errors[0]).toContain('/etc/tocsin/config.yml: line 1, column');
  });
});

describe('help', () => {
  it('is there for every command, with every flag of it', async () => {
    const { printed } = await ran(['--help']);
    for (const [name, command] of Object.entries(commands)) {
      expect(printed[0]).toContain(`  ${name}`);
      for (const args of [
        [...name.split(' '), '--help'],
        ['help', ...name.split(' ')],
        [...name.split(' '), '-h'],
      ]) {
        const { code, printed: help } = await ran(args);
        expect(code).toBe(0);
        expect(help[0]).toContain(`Usage: tocsin ${name} `);
        for (const [flag, spec] of Object.entries(command.flags))
          expect(help[0]?.includes(`--${flag}`)).toBe(spec.isHidden !== true);
      }
    }
  });
  it('of a noun lists its verbs', async () => {
    for (const args of [
      ['silence', '--help'],
      ['help', 'silence'],
      ['help', 'template'],
    ]) {
      const { code, printed } = await ran(args);
      expect(code).toBe(0);
      expect(printed[0]).toContain(`tocsin ${args.includes('template') ? 'template' : 'silence'}`);
    }
    expect((await ran(['help', 'silence'])).printed[0]).toContain('silence import [FILE]');
  });
  it('says the version', async () => {
    expect((await ran(['--version'])).printed[0]).toMatch(/^tocsin, version \d/);
  });
});

it('no flag of a command hides one that all commands share', () => {
  const taken = new Set(
    Object.entries(sharedFlags).flatMap(([name, { aliases = [], short }]) => [name, ...aliases, `-${short}`]),
  );
  for (const [name, command] of Object.entries(commands)) {
    for (const [flag, { aliases = [], short }] of Object.entries(command.flags)) {
      // One that a command takes several times is the shared one still.
      if (command.flags[flag]?.doc === sharedFlags[flag]?.doc) continue;
      const own = [flag, ...aliases, ...(short === undefined ? [] : [`-${short}`])];
      expect([name, own.filter((each) => taken.has(each))]).toEqual([name, []]);
    }
  }
});

it('prints a completion script that knows every command and flag', async () => {
  const { printed, code } = await ran(['completion', 'bash']);
  expect(code).toBe(0);
  for (const name of Object.keys(commands)) expect(printed[0]).toContain(`'${name}')`);
  expect(printed[0]).toContain("'silence') words='query add update expire import'");
  expect(printed[0]).toContain('--verify.receivers=');
});
