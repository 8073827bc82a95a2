/** What every command of `tocsin` is, and what it is given. */
import { AppError, type ReadDocument } from '@tocsin/kernel';
import type { MatcherMode } from '@tocsin/model';
import type { AlertmanagerClient } from './alertmanager-client.ts';
import type { Arguments, FlagSpec, FlagSpecs } from './arguments.ts';
import type { DemoInput } from './demo/demo.ts';

/** How a server is reached, from the flags that all commands share. */
export interface Connection {
  readonly timeoutMs: number;
  /** `--http.config.file`, '' for none. */
  readonly httpConfigFile: string;
  readonly isCheckingVersion: boolean;
}

export interface Files {
  /** Rejects with AppError that names the path. */
  readText(path: string): Promise<string>;
  /** All of the standard input. Rejects with AppError `precondition` when that is a terminal. */
  readInput(): Promise<string>;
  /** As Go's filepath.Glob. */
  find(pattern: string): Promise<readonly string[]>;
  /** What `templates:` of a configuration in `folder` names. */
  readTemplates(
    globs: readonly string[],
    folder: string,
  ): Promise<readonly { readonly name: string; readonly text: string }[]>;
}

export interface CommandDeps {
  readonly wall: () => number;
  readonly client: (url: string, connection?: Connection) => AlertmanagerClient;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  /** As it is, without a new line. */
  readonly write: (text: string) => void;
  readonly files: Files;
  readonly readDocument: ReadDocument;
  /** What a receivers replica would refuse in these settings; undefined when nothing. */
  readonly settingsMistake: (integration: string, settingsJson: string) => string | undefined;
  /** Who is at the keyboard: author of silences. */
  readonly user: string;
  /** Folder of configuration files of this user, '' for none. */
  readonly home: string;
  /** Runs until the process is told to stop. */
  readonly runSink: (address: string) => Promise<void>;
  readonly runDemo: (input: DemoInput) => Promise<void>;
}

export interface Command {
  /** What follows the flags, for the help. */
  readonly words: string;
  readonly summary: string;
  /** More lines for the help. */
  readonly details?: readonly string[];
  readonly flags: FlagSpecs;
  run(args: Arguments, deps: CommandDeps): Promise<void>;
}

export type Commands = Readonly<Record<string, Command>>;

/** The command was understood and ended badly: exit code 1. Everything else was said already when the message is ''. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

export const url: FlagSpec = {
  type: 'string',
  default: 'http://127.0.0.1:9093',
  aliases: ['alertmanager.url'],
  doc: 'URL of any alertmanager replica; may hold user and password',
};

export const output: FlagSpec = {
  type: 'string',
  short: 'o',
  default: 'simple',
  values: ['simple', 'text', 'extended', 'json'],
  doc: 'how the result is shown; text is simple',
};

/** Taken by every command, so that a script may write them before the command's name. */
export const sharedFlags: FlagSpecs = {
  url,
  output,
  timeout: { type: 'string', default: '30s', doc: 'how long the whole command may take' },
  'http.config.file': {
    type: 'string',
    default: '',
    doc: 'YAML file with http_config: credentials, TLS, proxy, headers',
  },
  'version-check': {
    type: 'boolean',
    default: 'true',
    doc: 'warn when the server is another version of Tocsin; --no-version-check asks nothing',
  },
  'enable-feature': {
    type: 'string',
    default: '',
    doc: 'comma-separated, as for the server: classic-mode, utf8-strict-mode (how matchers are read), event-recorder',
  },
  'date.format': {
    type: 'string',
    default: '2006-01-02 15:04:05 MST',
    doc: "how dates are shown, in Go's layout",
  },
  verbose: { type: 'boolean', short: 'v', isHidden: true, doc: 'taken for compatibility; without effect' },
};

export type OutputKind = 'simple' | 'extended' | 'json';

export function outputOf(args: Arguments): OutputKind {
  const kind = args.text('output');
  return kind === 'json' || kind === 'extended' ? kind : 'simple';
}

/** What `--enable-feature` says that matters to a configuration. */
export interface ServerFeatures {
  readonly mode: MatcherMode;
  /** The event recorder is on, so its section must be right. */
  readonly isRecording: boolean;
}

/** Throws AppError `invalid` for a feature that nobody knows. */
export function featuresOf(args: Arguments): ServerFeatures {
  const features = args
    .text('enable-feature')
    .split(',')
    .filter((feature) => feature !== '');
  const odd = features.find((feature) => !FEATURES.has(feature));
  if (odd !== undefined) throw AppError.invalid(`unknown option '${odd}' for --enable-feature`);
  const [isClassic, isUtf8] = [features.includes('classic-mode'), features.includes('utf8-strict-mode')];
  if (isClassic && isUtf8)
    throw AppError.invalid('--enable-feature: classic-mode and utf8-strict-mode exclude each other');
  return {
    mode: isClassic ? 'classic' : isUtf8 ? 'utf8' : 'fallback',
    isRecording: features.includes('event-recorder'),
  };
}

export const matcherModeOf = (args: Arguments): MatcherMode => featuresOf(args).mode;

/** Those of the server, so that one list serves both. */
const FEATURES: ReadonlySet<string> = new Set([
  'classic-mode',
  'utf8-strict-mode',
  'alert-names-in-metrics',
  'receiver-name-in-metrics',
  'group-key-in-metrics',
  'auto-gomemlimit',
  'event-recorder',
]);

/** Prints a value for programs. */
export const printJson = (deps: CommandDeps, value: unknown): void => deps.print(JSON.stringify(value));
