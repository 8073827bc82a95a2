import { describe, expect, it } from 'vitest';
import { readSettings } from './load-settings.ts';
import type { SettingsHost } from './load-settings.ts';

const table = {
  listen: { type: 'address', flag: 'web.listen-address', default: ':9093', doc: 'Address to listen on.' },
  token: { type: 'secret', ini: 'web.token', default: '', doc: 'A token.' },
} as const;
const program = {
  program: 'alertmanager',
  summary: 'Tells people once.',
  versionText: 'alertmanager, version 1.2.3',
};

const read = (host: Partial<SettingsHost>) =>
  readSettings(table, program, {
    args: [],
    env: {},
    readFile: (path) => {
      if (path === 'a.ini') return '[web]\nlisten_address = :1\ntoken = $__file{secret}';
      if (path === 'secret') return 'hunter2\n';
      throw new Error(`${path}: no such file`);
    },
    ...host,
  });

describe('readSettings', () => {
  it('reads the settings file that a flag or the environment names, and the files that it names', () => {
    for (const host of [{ args: ['--settings.file=a.ini'] }, { env: { TOCSIN_SETTINGS_FILE: 'a.ini' } }]) {
      expect(read(host)).toMatchObject({
        kind: 'run',
        settings: { values: { listen: ':1', token: 'hunter2' } },
      });
    }
  });

  it('answers --help and --version with a text and exit code 0, even beside mistakes', () => {
    expect(read({ args: ['--nonsense', '--help'] })).toMatchObject({ kind: 'exit', code: 0, stderr: '' });
    expect(read({ args: ['--version'] })).toEqual({
      kind: 'exit',
      code: 0,
      stdout: 'alertmanager, version 1.2.3\n',
      stderr: '',
    });
  });

  it('answers mistakes with exit code 1 and one line each', () => {
    expect(read({ args: ['--web.listen-adress=x', '--web.listen-address=y'] })).toEqual({
      kind: 'exit',
      code: 1,
      stdout: '',
      stderr:
        "alertmanager: error: unknown long flag '--web.listen-adress'; did you mean --web.listen-address?\n" +
        'alertmanager: error: --web.listen-address: "y" is not host:port, like 10.0.0.1:9094, [::1]:9094 or :9094\n' +
        'alertmanager: try --help\n',
    });
  });
});
