/**
 * @module cli/demo/processes
 *
 * The demo's processes: started in order, started again some time after they died (as a supervisor
 * would), stopped in reverse order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import type { PlannedProcess, Role } from './plan.ts';

/** Long enough to see the cluster without it, and its alert. */
export const RESTART_AFTER_MS = 40_000;
const STOP_ORDER: readonly Role[] = ['scheduler', 'alertmanager', 'receivers', 'sink'];
/** For all processes of one role together; 10 s for everything. */
const STOP_MS: Readonly<Record<Role, number>> = {
  scheduler: 2_500,
  alertmanager: 4_000,
  receivers: 1_500,
  sink: 500,
};
const START_MS = 15_000;

export interface ProcessState {
  readonly plan: PlannedProcess;
  readonly pid: number | undefined;
  readonly diedAt: number | undefined;
}

interface Held {
  readonly plan: PlannedProcess;
  child: ChildProcess | undefined;
  diedAt: number | undefined;
  restart: NodeJS.Timeout | undefined;
}

export class DemoProcesses {
  readonly #held: readonly Held[];
  readonly #logs: string;
  readonly #say: (line: string) => void;
  #isStopping = false;

  constructor(plan: readonly PlannedProcess[], folder: string, say: (line: string) => void) {
    this.#held = plan.map((each) => ({
      plan: each,
      child: undefined,
      diedAt: undefined,
      restart: undefined,
    }));
    this.#logs = join(folder, 'logs');
    this.#say = say;
    mkdirSync(this.#logs, { recursive: true });
  }

  get states(): readonly ProcessState[] {
    return this.#held.map(({ plan, child, diedAt }) => ({ plan, pid: child?.pid, diedAt }));
  }

  /** Resolves when all say that they listen. Rejects with AppError that names the one that did not and its log. */
  async start(): Promise<void> {
    await Promise.all(this.#held.map((held) => this.#start(held)));
  }

  #start(held: Held): Promise<void> {
    const log = join(this.#logs, `${held.plan.name}.log`);
    const child = spawn(process.execPath, [held.plan.script, ...held.plan.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    held.child = child;
    held.diedAt = undefined;
    const file = createWriteStream(log, { flags: 'a' });
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    child.once('exit', (code, signal) => this.#died(held, signal ?? `code ${code ?? 0}`));
    return new Promise((resolve, reject) => {
      let said = '';
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(
          new AppError(
            'unavailable',
            `${held.plan.name} ${why}; its log is ${log}\n${said.trim().split('\n').slice(-3).join('\n')}`,
          ),
        );
      };
      const timer = setTimeout(() => fail(`did not listen within ${START_MS / 1000} s`), START_MS);
      child.once('exit', () => fail('ended at its start'));
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
        if (!said.includes('msg="Listening on"')) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #died(held: Held, how: string): void {
    held.child = undefined;
    held.diedAt = Date.now();
    if (this.#isStopping) return;
    this.#say(
      `${held.plan.name} died (${how}); a supervisor starts it again in ${RESTART_AFTER_MS / 1000} s`,
    );
    held.restart = setTimeout(() => {
      this.#start(held).then(
        () => this.#say(`${held.plan.name} is back`),
        (error: Error) => this.#say(error.message),
      );
    }, RESTART_AFTER_MS);
  }

  /** kill -9 of the process with this name, if it runs. */
  kill(name: string): void {
    this.#held.find((held) => held.plan.name === name)?.child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const role of STOP_ORDER) {
      const ofRole = this.#held.filter((held) => held.plan.role === role);
      for (const held of ofRole) clearTimeout(held.restart);
      const children = ofRole.flatMap((held) => held.child ?? []);
      await Promise.all(children.map((child) => stopChild(child, STOP_MS[role])));
    }
  }
}

function stopChild(child: ChildProcess, budgetMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), budgetMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
