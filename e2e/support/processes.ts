/**
 * @module e2e/support/processes
 *
 * Real processes for the end-to-end tests: ours from `dist`, and Debian's. Each takes ports of its
 * own on loopback, keeps its log, and is ended with the test.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

export const HOST = '127.0.0.1';
const dist = fileURLToPath(new URL('../../dist/apps/', import.meta.url));
const LOG_LINES_SHOWN = 15;
export const programs = {
  alertmanager: '/usr/bin/prometheus-alertmanager',
  prometheus: '/usr/bin/prometheus',
  amtool: '/usr/bin/amtool',
  chromium: '/usr/bin/chromium',
} as const;
const packages: Readonly<Record<keyof typeof programs, string>> = {
  alertmanager: 'prometheus-alertmanager',
  prometheus: 'prometheus',
  amtool: 'prometheus-alertmanager',
  chromium: 'chromium',
};

/** Whether Debian's program is there; with CI=true its absence must fail the test instead of skipping it. */
export function has(program: keyof typeof programs): boolean {
  const isThere = existsSync(programs[program]);
  if (!isThere && process.env['CI'] !== 'true') {
    console.warn(`skipped: needs ${programs[program]}; apt-get install ${packages[program]}`);
  }
  return isThere || process.env['CI'] === 'true';
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `look` gives something; the limit only ends a test that hangs. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 60_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not seen within ${limitMs} ms: ${what}`, { cause: last });
    await sleep(50);
  }
}

const PORT_FIRST = 12_000;
const PORT_LAST = 32_000;
let nextPort = PORT_FIRST + Math.floor(Math.random() * (PORT_LAST - PORT_FIRST));

/**
 * Free for TCP and UDP now, and given to nobody else by this process. Below the range from which the
 * kernel takes the ports of outgoing connections, so a replica that is down for a while gets it back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port >= PORT_LAST ? PORT_FIRST : port + 1;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
  return (
    tcp &&
    new Promise<boolean>((resolve) => {
      const socket = createSocket('udp4').once('error', () => resolve(false));
      socket.bind(port, HOST, () => socket.close(() => resolve(true)));
    })
  );
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Everything it said so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM, then waits. */
  stop(): Promise<number | NodeJS.Signals>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
}

export interface Called {
  readonly code: number | NodeJS.Signals;
  readonly out: string;
  /** Output and errors. */
  readonly said: string;
}

/** The stage of the running test: ended with it; when the test fails, the last lines of each log are shown. */
export function stageOfTest(context: TestContext): Stage {
  const stage = new Stage();
  context.onTestFailed(() => console.error(stage.lastLines(LOG_LINES_SHOWN)));
  context.onTestFinished(() => stage.end());
  return stage;
}

/** A test's folder and processes; `end` removes all of it. */
export class Stage {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'tocsin-e2e-'));
  readonly #running = new Set<Running>();
  readonly #all: Running[] = [];
  readonly #endings: (() => Promise<void> | void)[] = [];
  readonly #notes: (() => string)[] = [];

  /** Something that is no process; ended after the processes. */
  onEnd(end: () => Promise<void> | void): void {
    this.#endings.push(end);
  }

  /** Something to read when the test fails. */
  onFail(note: () => string): void {
    this.#notes.push(note);
  }

  lastLines(count: number): string {
    const logs = this.#all.map(
      (running) => `--- ${running.name}\n${running.log().trimEnd().split('\n').slice(-count).join('\n')}`,
    );
    return [...logs, ...this.#notes.map((note) => note())].join('\n');
  }

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  /** `ready`: a text in its output, or a probe. */
  async run(
    name: string,
    command: string,
    args: readonly string[],
    ready: string | (() => Promise<unknown>),
    env: NodeJS.ProcessEnv = {},
    /** A file descriptor of ours that it gets as its own 3. */
    descriptor?: number,
  ): Promise<Running> {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      env: { ...process.env, ...env },
    });
    const running = this.#watch(name, child);
    let isOver = false;
    void running.exited.then(() => (isOver = true));
    await until(
      `${name} starts`,
      async () => {
        if (isOver) return 'ended';
        if (typeof ready === 'string') return running.log().includes(ready) ? 'up' : undefined;
        await ready();
        return 'up';
      },
      30_000,
    ).then((state) => {
      if (state === 'ended') throw new Error(`${name} ended at its start:\n${running.log()}`);
    });
    return running;
  }

  /** Runs a program to its end. */
  async call(command: string, args: readonly string[]): Promise<Called> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env } });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const running = this.#watch(`${command} ${args.join(' ')}`, child);
    // Not 'exit': the last output may come after it.
    await new Promise((resolve) => child.once('close', resolve));
    return { code: await running.exited, out, said: running.log() };
  }

  /** What node runs for one of our apps. */
  script(app: string): string {
    return join(dist, app, 'main.js');
  }

  /** One of our apps with a command line that ends it at once. */
  start(app: string, args: readonly string[]): Promise<Called> {
    return this.call(process.execPath, [join(dist, app, 'main.js'), ...args]);
  }

  /** The `tocsin` command of the bundle. */
  tocsin(...args: readonly string[]): Promise<Called> {
    return this.start('cli', args);
  }

  /** One of our apps. */
  app(
    name: string,
    app: 'alertmanager' | 'scheduler' | 'receivers' | 'cli',
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Running> {
    return this.run(name, process.execPath, [join(dist, app, 'main.js'), ...args], 'msg="Listening on"', env);
  }

  #watch(name: string, child: ChildProcess): Running {
    let said = '';
    const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-2_000_000));
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    const exited = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(running);
        resolve(signal ?? code ?? 0);
      });
    });
    const running: Running = {
      name,
      pid: child.pid ?? 0,
      log: () => said,
      signal: (signal) => void child.kill(signal),
      exited,
      stop: () => {
        child.kill('SIGTERM');
        return exited;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
    this.#running.add(running);
    this.#all.push(running);
    return running;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill()));
    for (const end of this.#endings.toReversed()) await end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
