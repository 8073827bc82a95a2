/** Runs a command with a server and files that a test makes up. */
import { AppError } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import type { AlertmanagerClient } from '../alertmanager-client.ts';
import type { CommandDeps, Connection } from '../command.ts';
import { runCommand } from '../commands.ts';

export interface Ran {
  readonly code: number;
  /** Lines of the standard output. */
  readonly printed: readonly string[];
  readonly errors: readonly string[];
  /** What was written without a new line. */
  readonly written: string;
  /** `METHOD path` of each request. */
  readonly asked: readonly string[];
  readonly posted: readonly unknown[];
  readonly connections: readonly (Connection | undefined)[];
}

export interface World {
  readonly client?: Partial<AlertmanagerClient>;
  /** Of several servers, by URL; instead of `client`. */
  readonly clientAt?: (url: string) => AlertmanagerClient;
  /** Milliseconds since the epoch; midnight when absent. */
  readonly now?: number;
  /** By path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly settingsMistake?: CommandDeps['settingsMistake'];
}

const NOW = Date.UTC(2026, 10, 22);

export async function ran(args: readonly string[], world: World = {}): Promise<Ran> {
  const [printed, errors, asked]: [string[], string[], string[]] = [[], [], []];
  const [posted, connections]: [unknown[], (Connection | undefined)[]] = [[], []];
  let written = '';
  const never = (): Promise<never> => Promise.reject(new Error('not expected'));
  const { client = {}, files = {} } = world;
  const readText = (path: string): Promise<string> => {
    const text = files[path];
    return text === undefined
      ? Promise.reject(new AppError('not-found', `${path}: no such file`))
      : Promise.resolve(text);
  };
  const deps: CommandDeps = {
    wall: () => world.now ?? NOW,
    client: (url, connection) => {
      connections.push(connection);
      if (world.clientAt !== undefined) return world.clientAt(url);
      return {
        get: (path) => {
          asked.push(`GET ${path}`);
          return (client.get ?? never)(path);
        },
        post: (path, body) => {
          asked.push(`POST ${path}`);
          posted.push(body);
          return (client.post ?? ((): Promise<unknown> => Promise.resolve({ silenceID: 'the-id' })))(
            path,
            body,
          );
        },
        delete: (path) => {
          asked.push(`DELETE ${path}`);
          return (client.delete ?? never)(path);
        },
      };
    },
    print: (line) => printed.push(line),
    printError: (line) => errors.push(line),
    write: (text) => (written += text),
    files: {
      readText,
      readInput: () =>
        world.input === undefined
          ? Promise.reject(new AppError('precondition', 'name a file, or pipe one in'))
          : Promise.resolve(world.input),
      find: (pattern) => Promise.resolve(Object.keys(files).filter((path) => isMatch(pattern, path))),
      readTemplates: (globs) =>
        Promise.resolve(
          Object.entries(files)
            .filter(([path]) => globs.some((glob) => isMatch(glob, path)))
            .map(([name, text]) => ({ name, text })),
        ),
    },
    readDocument: readYaml,
    settingsMistake: world.settingsMistake ?? ((): undefined => undefined),
    user: 'grace',
    home: '/h',
    runSink: never,
    runDemo: never,
  };
  const code = await runCommand(args, deps);
  return { code, printed, errors, written, asked, posted, connections };
}

/** `*.tmpl`, or the whole path. */
const isMatch = (pattern: string, path: string): boolean =>
  pattern === path || (pattern.startsWith('*') && path.endsWith(pattern.slice(1)));
