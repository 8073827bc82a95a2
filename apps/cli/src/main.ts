import { userInfo } from 'node:os';
import { AppError, Lifecycle, messageOf } from '@tocsin/kernel';
import { settingsMistake } from '@tocsin/receivers-service';
import {
  findPaths,
  logger as openLogger,
  nodeClock,
  nodeTimers,
  readTemplateFiles,
  readTextFile,
  readYaml,
  superviseProcess,
} from '@tocsin/runtime';
import { httpOut, serveHttp } from '@tocsin/transport';
import { alertmanagerClient } from './alertmanager-client.ts';
import type { Connection } from './command.ts';
import { runCommand } from './commands.ts';
import { runDemo } from './demo/demo.ts';
import { notificationSink } from './sink.ts';

const SINK_BODY_BYTES_MAX = 16 * 1024 * 1024;
const CONNECTION: Connection = { timeoutMs: 30_000, httpConfigFile: '', isCheckingVersion: false };

async function runSink(address: string): Promise<void> {
  const logger = openLogger({ level: 'info', format: 'logfmt' });
  const clock = nodeClock();
  const timers = nodeTimers();
  const life = new Lifecycle({ clock, timers, logger });
  const wait = (ms: number): Promise<void> => new Promise((resolve) => timers.after(ms, resolve));
  const { handler } = notificationSink(() => clock.wall(), wait);
  const server = await serveHttp({
    addresses: [address],
    handler,
    maxBodyBytes: SINK_BODY_BYTES_MAX,
    logger,
  });
  life.onStop('stop HTTP', 3_000, () => server.stop(1_000));
  for (const listening of server.addresses) logger.info('Listening on', { address: listening });
  superviseProcess({ lifecycle: life, logger });
  await new Promise<never>(() => undefined);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an account, as in containers.
    return process.env['USER'] ?? '';
  }
}

async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new AppError('precondition', 'name a file, or pipe one in');
  return readTextFile('/dev/stdin');
}

// A reader that has seen enough, like head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const http = httpOut();
const clock = nodeClock();
const environment = (name: string): string | undefined => process.env[name];
const printError = (line: string): void => void process.stderr.write(`${line}\n`);

runCommand(process.argv.slice(2), {
  wall: () => clock.wall(),
  client: (url, connection = CONNECTION) =>
    alertmanagerClient(url, connection, {
      http,
      clock,
      readText: readTextFile,
      readDocument: readYaml,
      environment,
      warn: printError,
    }),
  print: (line) => void process.stdout.write(`${line}\n`),
  printError,
  write: (text) => void process.stdout.write(text),
  files: {
    readText: readTextFile,
    readInput,
    find: findPaths,
    readTemplates: readTemplateFiles,
  },
  readDocument: readYaml,
  settingsMistake: (integration, settingsJson) =>
    settingsMistake(integration, settingsJson, { readDocument: readYaml, environment }),
  user: userName(),
  home: process.env['HOME'] ?? '',
  runSink,
  runDemo: (input) => runDemo(input, http, openLogger({ level: 'warn', format: 'logfmt' })),
})
  .then(async (code) => {
    await http.close();
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    process.stderr.write(`tocsin: ${messageOf(error)}\n`);
    process.exit(1);
  });
