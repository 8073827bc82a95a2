/**
 * @module storage/postgres-server
 *
 * A PostgreSQL server as a child process on loopback: prepared at the first start, ended with us.
 * Drives `initdb` and `postgres` themselves, so that the account, the data folder, a stale lock file
 * and the end of the parent are in our hands.
 *
 * `dataDir` holds `pg` (the server's own folder, complete or absent) and `password`.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { Socket, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, messageOf } from '@tocsin/kernel';
import type { Logger } from '@tocsin/kernel';
import pg from 'pg';
import { programName } from './postgres-programs.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { closedFolder, handOver } from './server-account.ts';
import type { ServerAccount } from './server-account.ts';

export interface PostgresServerOptions {
  readonly programs: PostgresPrograms;
  readonly account: ServerAccount | undefined;
  readonly dataDir: string;
  /** 0: a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Further settings of the server, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  /** With user, password and database: keep it out of logs. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server is gone, asked for or not. */
  readonly exited: Promise<void>;
  /** Fast shutdown: clients are disconnected, everything is written. Resolves within 30 s. Idempotent. */
  stop(): Promise<void>;
  /** As a power cut to the process: nothing more is written. */
  kill(): Promise<void>;
}

const user = 'tocsin';
const database = 'tocsin';
const startTimeoutMs = 120_000;
const fastStopMs = 20_000;
const immediateStopMs = 5_000;
const pollMs = 25;
const startAttemptsMax = 20;
const startPauseMs = 250;
const keptOutputLines = 20;

/**
 * Rejects with AppError `precondition` when the data folder is in use, of another major version or out of
 * the account's reach, `unavailable` when the server does not come up; the message holds its last words.
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const pgDir = await prepareDataDir(options);
  await clearStaleLock(pgDir, options.logger);
  const password = (await readFile(join(options.dataDir, 'password'), 'utf8')).trim();
  for (let attempt = 1; ; attempt++) {
    const port = options.port === 0 ? await freePort() : options.port;
    const url = `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
    const running = launch(pgDir, port, options);
    try {
      await running.ready();
      await ensureDatabase(url);
      options.logger.info('PostgreSQL is running', { port, pid: running.pid, data: options.dataDir });
      return { url, port, pid: running.pid, exited: running.exited, stop: running.stop, kill: running.kill };
    } catch (cause) {
      await running.stop();
      if (attempt < startAttemptsMax && isPassing(running.output(), options.port)) {
        await pause(startPauseMs);
        continue;
      }
      throw cause;
    }
  }
}

/** Failures that another try may not meet. */
function isPassing(output: string, wantedPort: number): boolean {
  // Children of a server that was killed take a moment to notice.
  if (output.includes('pre-existing shared memory block')) return true;
  // Between our probing and the server's binding somebody else may have taken the port.
  return wantedPort === 0 && output.includes('Address already in use');
}

async function prepareDataDir(options: PostgresServerOptions): Promise<string> {
  const { account, dataDir, programs } = options;
  // The mode is for the folder itself; those above it the account has to pass.
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (account !== undefined) {
    const closed = await closedFolder(dirname(await realpath(dataDir)), account);
    if (closed !== undefined) {
      throw new AppError(
        'precondition',
        `embedded PostgreSQL: data folder ${dataDir} can't be reached, because user ${account.name} may not enter ` +
          `${closed}: chmod o+x it, or choose a data folder elsewhere`,
      );
    }
    await handOver(dataDir, account);
  }
  const pgDir = join(dataDir, 'pg');
  if (existsSync(join(pgDir, 'PG_VERSION'))) await checkVersion(pgDir, programs);
  else await initialise(pgDir, options);
  return pgDir;
}

async function checkVersion(pgDir: string, programs: PostgresPrograms): Promise<void> {
  const stored = (await readFile(join(pgDir, 'PG_VERSION'), 'utf8')).trim();
  const { output } = await runToEnd(join(programs.binDir, programName('postgres')), ['--version'], {});
  const own = /(\d+)(?:\.|beta|rc|devel|\s|$)/.exec(output)?.[1];
  if (own === stored) return;
  throw new AppError(
    'precondition',
    `embedded PostgreSQL: data folder ${pgDir} is of version ${stored}, the programs are of version ${own}: ` +
      'dump it with the old release and restore it, or choose another data folder',
  );
}

/** Built beside its place and renamed when complete: a half-made one is never taken for a database. */
async function initialise(
  pgDir: string,
  { account, logger, dataDir, programs }: PostgresServerOptions,
): Promise<void> {
  const building = `${pgDir}.new`;
  const passwordFile = join(dataDir, 'password');
  await rm(building, { recursive: true, force: true });
  await writeFile(passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
  logger.info('Preparing a PostgreSQL database', { data: dataDir });
  const { code, output } = await runToEnd(
    join(programs.binDir, programName('initdb')),
    [
      '-D',
      building,
      '-U',
      user,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--no-locale',
    ],
    spawnAs(account),
  );
  if (code !== 0) throw failure(`initdb of ${dataDir} failed`, output);
  await rename(building, pgDir);
}

/**
 * A lock file survives a power cut. PostgreSQL takes over one whose process is gone, and makes sure
 * that no orphan of the old server still has its memory; so that is left to it. What it can't tell is
 * that the process id belongs to somebody else by now.
 */
async function clearStaleLock(pgDir: string, logger: Logger): Promise<void> {
  const lockFile = join(pgDir, 'postmaster.pid');
  const pid = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return;
  if (process.platform !== 'linux' || (await hasWorkers(pgDir))) {
    throw new AppError(
      'precondition',
      `embedded PostgreSQL: data folder ${pgDir} is in use by the server with process id ${pid}: ` +
        `stop the process that started it (or kill -INT ${pid}), or choose another data folder`,
      { facts: { pid } },
    );
  }
  logger.warn('Removing the lock file of a PostgreSQL server that is gone; it will recover. Nothing to do', {
    pid,
    file: lockFile,
  });
  await rm(lockFile, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it exists, as somebody else.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH');
  }
}

/** A server and its children work in the data folder. Those of other users show only to root, but can't be ours. */
async function hasWorkers(pgDir: string): Promise<boolean> {
  const folder = await realpath(pgDir);
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if ((await readlink(`/proc/${name}/cwd`).catch(() => '')) === folder) return true;
  }
  return false;
}

interface Running {
  readonly pid: number;
  readonly exited: Promise<void>;
  output(): string;
  ready(): Promise<void>;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

function launch(
  pgDir: string,
  port: number,
  { account, logger, programs, settings }: PostgresServerOptions,
): Running {
  const given = Object.entries(settings ?? {}).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(
    join(programs.binDir, programName('postgres')),
    ['-D', pgDir, '-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories=', ...given],
    // In a session of its own: Ctrl-C in the terminal must not end it before those who write to it.
    { ...spawnAs(account), stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32' },
  );
  const lines: string[] = [];
  onLines(child, (line) => {
    logger.debug('PostgreSQL', { line });
    lines.push(line);
    if (lines.length > keptOutputLines) lines.shift();
  });
  let hasExited = false;
  let isStopping = false;
  const exited = new Promise<void>((resolve) => {
    child.once('error', (cause) => lines.push(messageOf(cause)));
    child.once('close', (code, signal) => {
      hasExited = true;
      if (!isStopping)
        logger.error('PostgreSQL ended by itself; restart this process', { code, signal, lines });
      resolve();
    });
  });
  const watchdog = child.pid === undefined ? undefined : startWatchdog(child.pid, pgDir, account);
  const end = async (signals: readonly (readonly [NodeJS.Signals, number])[]): Promise<void> => {
    isStopping = true;
    watchdog?.kill('SIGKILL');
    for (const [signal, patienceMs] of signals) {
      if (hasExited) return;
      child.kill(signal);
      await Promise.race([exited, pause(patienceMs, undefined, { ref: false })]);
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    pid: child.pid ?? 0,
    exited,
    output: () => lines.join('\n'),
    stop: () =>
      (stopped ??= end([
        ['SIGINT', fastStopMs],
        ['SIGQUIT', immediateStopMs],
        ['SIGKILL', immediateStopMs],
      ])),
    kill: () => end([['SIGKILL', immediateStopMs]]),
    async ready() {
      const deadline = performance.now() + startTimeoutMs;
      while (!(await isReady(pgDir, child.pid))) {
        if (hasExited) throw failure(`the server did not start on port ${port}`, lines.join('\n'));
        if (performance.now() > deadline)
          throw failure(`not ready after ${startTimeoutMs} ms`, lines.join('\n'));
        await pause(pollMs);
      }
    },
  };
}

/** The eighth line of the lock file is the state of the server. */
async function isReady(pgDir: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(pgDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/**
 * Stops the server when we are gone, even by `kill -9`: it reads from a pipe that only we hold. It is
 * ended before the server is, and looks at the lock file, so that it never hits a reused process id.
 */
function startWatchdog(
  pid: number,
  pgDir: string,
  account: ServerAccount | undefined,
): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script = 'read -r _; read -r pid < "$1/postmaster.pid" && [ "$pid" = "$2" ] && kill -INT "$2"';
  const child = spawn('/bin/sh', ['-c', script, 'tocsin-postgres-watchdog', pgDir, String(pid)], {
    ...spawnAs(account),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // No shell, no watchdog: the server works all the same.
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url.replace(/[^/]*$/, 'postgres'),
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } catch (cause) {
    throw new AppError('unavailable', `embedded PostgreSQL: ${messageOf(cause)}`, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A folder that every account may enter, and messages that don't depend on the operator's language. */
function spawnAs(account: ServerAccount | undefined): SpawnOptions {
  const { HOME, PATH, SYSTEMROOT, TEMP, TMPDIR } = process.env;
  const env = Object.fromEntries(
    Object.entries({
      HOME: account === undefined ? HOME : '/',
      PATH,
      SYSTEMROOT,
      TEMP,
      TMPDIR,
      LC_ALL: 'C',
    }).filter(([, value]) => value !== undefined),
  );
  const ids = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  return { ...ids, cwd: process.platform === 'win32' ? process.cwd() : '/', env };
}

async function runToEnd(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(program, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve({ code: -1, output: `${program}: ${messageOf(cause)}` }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

function onLines(child: ChildProcess, hear: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = (parts.pop() ?? '').slice(-10_000);
    for (const line of parts) hear(line);
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const failure = (what: string, output: string): AppError =>
  new AppError(
    'unavailable',
    `embedded PostgreSQL: ${what}: ${output.trim().split('\n').slice(-keptOutputLines).join(' | ')}`,
  );
