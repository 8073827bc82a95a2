/**
 * The table of commands, and how one is found, helped with and run. Exit codes are API for scripts:
 * 0 done, 1 the server refused or is away, or a check failed, 2 typed wrong.
 */
import { AppError, nearest, parseGoDurationMs, parsePrometheusDurationMs } from '@tocsin/kernel';
import { isAnswer } from './alertmanager-client.ts';
import { flagHelp, flagToken, readArguments, type Arguments, type FlagSpecs } from './arguments.ts';
import {
  CommandFailure,
  sharedFlags,
  type Command,
  type CommandDeps,
  type Commands,
  type Connection,
} from './command.ts';
import { alertAdd, alertQuery, alerts } from './commands/alert.ts';
import { checkConfig } from './commands/check-config.ts';
import { clusterMembers, clusterShow } from './commands/cluster.ts';
import { completion } from './commands/completion.ts';
import { configShow } from './commands/config.ts';
import { events } from './commands/events.ts';
import { demo, sink } from './commands/local.ts';
import { migrateCheck } from './commands/migrate.ts';
import { preview } from './commands/preview.ts';
import { routesShow, routesTest } from './commands/routes.ts';
import { silenceAdd, silenceExpire, silenceImport, silenceQuery, silenceUpdate } from './commands/silence.ts';
import { templateRender } from './commands/template.ts';
import { why } from './commands/why.ts';
import { configuredFlags } from './config-file.ts';
import { version } from './version.ts';

export const commands: Commands = {
  'alert query': alertQuery,
  'alert add': alertAdd,
  alerts,
  'silence query': silenceQuery,
  'silence add': silenceAdd,
  'silence update': silenceUpdate,
  'silence expire': silenceExpire,
  'silence import': silenceImport,
  'cluster show': clusterShow,
  'cluster members': clusterMembers,
  'config show': configShow,
  'config routes show': routesShow,
  'config routes test': routesTest,
  'check-config': checkConfig,
  'template render': templateRender,
  'migrate check': migrateCheck,
  why,
  preview,
  events,
  sink,
  demo,
  completion: completion(() => commands),
};

/** Names that stand for a command: the noun alone, and what a command was called once. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['alert', 'alert query'],
  ['silence', 'silence query'],
  ['silence list', 'silence query'],
  ['cluster', 'cluster show'],
  ['config', 'config show'],
  ['config routes', 'config routes show'],
]);

/** What else a command may be called. */
export const shortNames = (name: string): readonly string[] =>
  [...aliases].flatMap(([alias, target]) => (target === name ? [alias] : []));

const names = (): readonly string[] => [...Object.keys(commands), ...aliases.keys()];
const nouns = (): ReadonlySet<string> => new Set(names().flatMap((name) => name.split(' ').slice(0, 1)));

interface Found {
  /** The words that named it: `silence`, `config routes`. */
  readonly path: string;
  /** Without the words of the name. */
  readonly rest: readonly string[];
  /** What the path alone runs; undefined for a noun that needs a verb, and for no command at all. */
  readonly name: string | undefined;
  /** One that stopped the search. */
  readonly unknownFlag: string | undefined;
}

/** Flags may stand before and between the words of a command's name, as with amtool. */
function findCommand(args: readonly string[]): Found {
  let path = '';
  const rest: string[] = [];
  let at = 0;
  let unknownFlag: string | undefined;
  for (; at < args.length; at++) {
    const arg = args[at] ?? '';
    const token = flagToken(arg, flagsAt(path));
    if (token === undefined) {
      const longer = path === '' ? arg : `${path} ${arg}`;
      if (!names().some((name) => name === longer || name.startsWith(`${longer} `))) break;
      path = longer;
    } else if (token.names.length === 0) {
      unknownFlag = arg;
      break;
    } else {
      rest.push(...args.slice(at, token.takesNext ? at + 2 : at + 1));
      if (token.takesNext) at++;
    }
  }
  return { path, rest: [...rest, ...args.slice(at)], name: nameOf(path), unknownFlag };
}

const nameOf = (path: string): string | undefined => (path in commands ? path : aliases.get(path));
const flagsAt = (path: string): FlagSpecs => ({
  ...helpFlags,
  ...sharedFlags,
  ...commands[nameOf(path) ?? '']?.flags,
});

const helpFlags: FlagSpecs = {
  help: {
    type: 'boolean',
    short: 'h',
    aliases: ['help-long', 'help-man'],
    doc: 'shows this',
    isHidden: true,
  },
  version: { type: 'boolean', doc: 'shows the version', isHidden: true },
};

export async function runCommand(args: readonly string[], deps: CommandDeps): Promise<0 | 1 | 2> {
  if (args[0] === 'help') return help(args.slice(1).join(' '), deps);
  const found = findCommand(args);
  const before = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (before.some((arg) => arg === '-h' || /^--help(?:-long|-man)?$/.test(arg)))
    return help(found.path, deps);
  if (found.path === '' && found.rest.includes('--version')) {
    deps.print(`tocsin, version ${version}`);
    return 0;
  }
  const command = commands[found.name ?? ''];
  if (found.name === undefined || command === undefined) return unknown(found, args.length === 0, deps);
  return run(found.name, command, found.rest, deps);
}

function help(path: string, deps: CommandDeps): 0 | 2 {
  const name = nameOf(path);
  const below = Object.keys(commands).filter((each) => each.startsWith(`${path} `));
  const command = commands[name ?? ''];
  if (path === '' || (below.length > 0 && command === undefined)) deps.print(overview(path));
  else if (name !== undefined && command !== undefined) {
    deps.print([usageOf(name, command), ...(below.length > 0 ? ['', overview(path)] : [])].join('\n'));
  } else return unknown({ path: '', rest: [path], name: undefined, unknownFlag: undefined }, false, deps);
  return 0;
}

function unknown(found: Found, isNothingAsked: boolean, deps: CommandDeps): 0 | 2 {
  if (isNothingAsked) {
    deps.print(overview(''));
    return 0;
  }
  const typed = found.rest.find((word) => !word.startsWith('-'));
  if (found.unknownFlag !== undefined) {
    deps.printError(`tocsin: unknown flag ${found.unknownFlag}\n\n${overview(found.path)}`);
  } else if (typed === undefined) {
    const what = found.path === '' ? 'a command is needed' : `${found.path} needs one more word`;
    deps.printError(`tocsin: ${what}\n\n${overview(found.path)}`);
  } else {
    const known =
      found.path === '' ? [...nouns()] : names().filter((name) => name.startsWith(`${found.path} `));
    const word = `${found.path} ${typed}`.trim();
    const near = nearest(word, known);
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    deps.printError(`tocsin: unknown command ${JSON.stringify(word)}${hint}\n\n${overview(found.path)}`);
  }
  return 2;
}

async function run(
  name: string,
  command: Command,
  rest: readonly string[],
  deps: CommandDeps,
): Promise<0 | 1 | 2> {
  try {
    const args = readArguments(rest, { ...sharedFlags, ...command.flags }, await configuredFlags(deps));
    const connection = connectionOf(args);
    await command.run(args, { ...deps, client: (url) => deps.client(url, connection) });
    return 0;
  } catch (error) {
    if (error instanceof CommandFailure) {
      if (error.message !== '') deps.printError(`tocsin ${name}: ${error.message}`);
      return 1;
    }
    if (!(error instanceof AppError)) throw error;
    const isMistyped = error.code === 'invalid' && !isAnswer(error);
    deps.printError(`tocsin ${name}: ${error.message}${isMistyped ? `\n\n${usageOf(name, command)}` : ''}`);
    return isMistyped ? 2 : 1;
  }
}

function connectionOf(args: Arguments): Connection {
  const text = args.text('timeout');
  const timeoutMs = parseGoDurationMs(text) ?? parsePrometheusDurationMs(text);
  if (timeoutMs === undefined || timeoutMs <= 0)
    throw AppError.invalid(`--timeout ${text}: expected a duration like 30s`);
  return {
    timeoutMs,
    httpConfigFile: args.text('http.config.file'),
    isCheckingVersion: args.is('version-check'),
  };
}

export function usageOf(name: string, { words, summary, details = [], flags }: Command): string {
  const own = Object.fromEntries(Object.entries(flags).filter(([flag]) => !(flag in sharedFlags)));
  const [alone] = shortNames(name);
  return [
    `Usage: tocsin ${name} [flags]${words === '' ? '' : ` ${words}`}`,
    '',
    `  ${summary}`,
    ...(alone === undefined ? [] : [`  Short: tocsin ${alone}`]),
    ...details.map((line) => `  ${line}`),
    ...(Object.keys(own).length === 0 ? [] : ['', 'Flags:', ...flagHelp(own)]),
    '',
    'Flags of every command:',
    ...flagHelp(sharedFlags),
  ].join('\n');
}

function overview(path: string): string {
  const list = Object.entries(commands)
    .filter(([name]) => path === '' || name.startsWith(`${path} `))
    .map(([name, { words, summary }]) => `  ${`${name} ${words}`.trim().padEnd(44)}${summary}`);
  const head = path === '' ? 'tocsin: commands for people and scripts' : `tocsin ${path}:`;
  return [head, '', ...list, '', 'tocsin COMMAND --help shows its flags.'].join('\n');
}
