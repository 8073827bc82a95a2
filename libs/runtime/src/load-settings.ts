/** From the process to resolved settings: arguments, environment, the settings file; and the texts that are asked for instead. */
import { AppError, helpText, parseIni, resolveSettings, settingsRequest } from '@tocsin/kernel';
import type { ProgramText, ResolvedSettings, SettingInputs, SettingsTable } from '@tocsin/kernel';
import { readTextFileSync } from './files.ts';

export interface Program extends ProgramText {
  /** Printed by `--version`. */
  readonly versionText: string;
}

export interface SettingsHost {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** `exit`: print and end with that code; nothing was resolved. */
export type LoadedSettings<T extends SettingsTable> =
  | { readonly kind: 'run'; readonly settings: ResolvedSettings<T> }
  | { readonly kind: 'exit'; readonly code: 0 | 1; readonly stdout: string; readonly stderr: string };

/** The part of `loadSettings` that prints nothing and ends nothing. */
export function readSettings<const T extends SettingsTable>(
  table: T,
  program: Program,
  host: SettingsHost,
  check?: SettingInputs<T>['check'],
): LoadedSettings<T> {
  const { asks, settingsFile } = settingsRequest(table, host.args, host.env);
  if (asks === 'help') return { kind: 'exit', code: 0, stdout: helpText(table, program), stderr: '' };
  if (asks === 'version') return { kind: 'exit', code: 0, stdout: `${program.versionText}\n`, stderr: '' };
  try {
    const ini =
      settingsFile === undefined ? {} : { ini: parseIni(host.readFile(settingsFile), settingsFile) };
    const inputs = {
      args: host.args,
      env: host.env,
      readFile: host.readFile,
      ...ini,
      ...(check === undefined ? {} : { check }),
    };
    return { kind: 'run', settings: resolveSettings(table, inputs) };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const lines = thrown.message.split('\n').map((line) => `${program.program}: error: ${line}\n`);
    return { kind: 'exit', code: 1, stdout: '', stderr: `${lines.join('')}${program.program}: try --help\n` };
  }
}

/** Resolved settings of this process; prints and ends the process for `--help`, `--version` and mistakes. */
export function loadSettings<const T extends SettingsTable>(
  table: T,
  program: Program,
  check?: SettingInputs<T>['check'],
): ResolvedSettings<T> {
  const host: SettingsHost = {
    args: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readTextFileSync(path),
  };
  const loaded = readSettings(table, program, host, check);
  if (loaded.kind === 'run') return loaded.settings;
  process.stdout.write(loaded.stdout);
  process.stderr.write(loaded.stderr);
  return process.exit(loaded.code);
}
