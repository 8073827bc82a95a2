/**
 * @module cli/demo
 *
 * `npm start`: the whole of Tocsin on loopback, as separate processes with one embedded database,
 * and a live view of what happens to notifications when a replica is killed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, decodeUtf8, messageOf, type HttpOut, type Logger } from '@tocsin/kernel';
import { startEmbeddedPostgres } from '@tocsin/storage';
import type { SinkNotification } from '../sink.ts';
import { databaseFolder } from './database-folder.ts';
import { demoPlan, replicasMax, type DemoPlan } from './plan.ts';
import { assertFree } from './ports.ts';
import { DemoProcesses } from './processes.ts';
import { notificationLine, screenText, type ScreenMember } from './screen.ts';

const REFRESH_MS = 500;
const CALL_MS = 1_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const NOTIFICATIONS_SHOWN_MAX = 200;

export interface DemoInput {
  readonly replicas: string;
  readonly portOffset: string;
  readonly folder: string;
  readonly prometheusUrl: string;
  readonly rules: string;
  readonly configFile: string;
}

/** Resolves when everything was stopped by a signal. Rejects with AppError when the start fails; nothing runs on then. */
export async function runDemo(input: DemoInput, http: HttpOut, logger: Logger): Promise<void> {
  const replicas = whole('replicas', input.replicas, 1, replicasMax);
  const portOffset = whole('port-offset', input.portOffset, -9_000, 50_000);
  const folder = resolve(input.folder);
  mkdirSync(folder, { recursive: true });
  const options = {
    replicas,
    portOffset,
    folder,
    apps: join(dirname(fileURLToPath(import.meta.url)), '..'),
    prometheusUrl: input.prometheusUrl,
    rules: input.rules === '' ? [] : input.rules.split(','),
    configFile: input.configFile === '' ? '' : resolve(input.configFile),
  };
  await assertFree(demoPlan({ ...options, databaseUrl: '' }).processes.flatMap(({ ports }) => ports));
  process.stdout.write('Starting the embedded database ...\n');
  const database = await startEmbeddedPostgres({ dataDir: databaseFolder(folder), logger });
  const plan = demoPlan({ ...options, databaseUrl: database.url });
  for (const { name, text } of plan.files) writeFileSync(join(folder, name), text);
  const said: string[] = [];
  const isTerminal = process.stdout.isTTY;
  const processes = new DemoProcesses(plan.processes, folder, (line) => {
    said.push(line);
    if (!isTerminal) process.stdout.write(`${line}\n`);
  });
  const stopped = signalled();
  try {
    const startedAt = Date.now();
    process.stdout.write(
      `Starting ${plan.processes.length} processes; their logs are in ${join(folder, 'logs')}\n`,
    );
    await Promise.race([processes.start(), stopped]);
    const view = new View(plan, processes, http, startedAt, said);
    if (!isTerminal) process.stdout.write(`${hints(plan, processes).join('\n')}\n`);
    await view.run(stopped, isTerminal);
  } finally {
    process.stdout.write(`\nStopping in order: schedulers, alertmanagers, receivers, sink, database\n`);
    await processes.stop();
    await database.stop();
  }
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw AppError.invalid(`--${name} ${text}: expected a whole number from ${min} to ${max}`);
  }
  return value;
}

function signalled(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
}

function hints(plan: DemoPlan, processes: DemoProcesses): readonly string[] {
  const first = plan.alertmanagers[0];
  const pid = processes.states.find((state) => state.plan.name === first?.name)?.pid;
  return [
    'Try, in another terminal:',
    `  kill -9 ${pid ?? 'PID'}    one notification ClusterMembersMissing, then its resolve when the replica is back`,
    `  amtool --alertmanager.url=${first?.url ?? ''} silence add alertname=Flapping -c demo -a you -d 10m`,
    `  node dist/apps/cli/main.js silence list --url=${plan.alertmanagers.at(-1)?.url ?? ''}    on every replica`,
    `  node dist/apps/cli/main.js events --url=${first?.url ?? ''} --type=deduplicated    why a replica did not send`,
    '  Ctrl-C, then npm start again: nothing is repeated, nothing forgotten',
  ];
}

class View {
  readonly #plan: DemoPlan;
  readonly #processes: DemoProcesses;
  readonly #http: HttpOut;
  readonly #startedAt: number;
  readonly #said: readonly string[];
  readonly #notifications: SinkNotification[] = [];
  #total = 0;
  #duplicates = 0;
  #last = 0;

  constructor(
    plan: DemoPlan,
    processes: DemoProcesses,
    http: HttpOut,
    startedAt: number,
    said: readonly string[],
  ) {
    this.#plan = plan;
    this.#processes = processes;
    this.#http = http;
    this.#startedAt = startedAt;
    this.#said = said;
  }

  async run(stopped: Promise<void>, isTerminal: boolean): Promise<void> {
    let isOver = false;
    void stopped.then(() => (isOver = true));
    while (!isOver) {
      const fresh = await this.#fetchNotifications();
      if (isTerminal) await this.#draw();
      else for (const each of fresh) process.stdout.write(`${notificationLine(each)}\n`);
      await Promise.race([stopped, new Promise((next) => setTimeout(next, REFRESH_MS))]);
    }
  }

  async #fetchNotifications(): Promise<readonly SinkNotification[]> {
    const text = await this.#get(`${this.#plan.sinkUrl}/notifications?after=${this.#last}`);
    const all = text === undefined ? [] : (JSON.parse(text) as SinkNotification[]);
    // A sink that was started again counts from 1.
    const newest = all.at(-1)?.number ?? this.#last;
    this.#last = Math.max(newest, this.#last);
    this.#total += all.length;
    this.#duplicates += all.filter((each) => each.isDuplicate).length;
    this.#notifications.push(...all);
    this.#notifications.splice(0, this.#notifications.length - NOTIFICATIONS_SHOWN_MAX);
    return all;
  }

  async #draw(): Promise<void> {
    const now = Date.now();
    const states = this.#processes.states;
    const members = await Promise.all(
      states
        .filter(({ plan }) => plan.role === 'alertmanager')
        .map((state) => this.#member(state.plan.url, state.plan.name, state.pid, state.diedAt, now)),
    );
    const text = screenText(
      {
        sinceStartS: (now - this.#startedAt) / 1000,
        members,
        others: states
          .filter(({ plan }) => plan.role !== 'alertmanager')
          .map(({ plan, pid }) => ({ name: plan.name, pid })),
        notifications: this.#notifications,
        duplicates: this.#duplicates,
        total: this.#total,
        said: this.#said,
        rows: process.stdout.rows,
        columns: process.stdout.columns,
      },
      hints(this.#plan, this.#processes),
    );
    process.stdout.write(`\u001b[H\u001b[2J${text}`);
  }

  async #member(
    url: string,
    name: string,
    pid: number | undefined,
    diedAt: number | undefined,
    now: number,
  ): Promise<ScreenMember> {
    const none = { active: 0, suppressed: 0, unprocessed: 0 };
    const base = { name, pid, deadForS: diedAt === undefined ? undefined : (now - diedAt) / 1000 };
    const [view, metrics] = await Promise.all([
      this.#get(`${url}/api/v2/tocsin/cluster`),
      this.#get(`${url}/metrics`),
    ]);
    if (view === undefined) return { ...base, status: '', position: 0, members: 0, alerts: none };
    const cluster = JSON.parse(view) as {
      readonly status: string;
      readonly position: number;
      readonly members: readonly unknown[];
    };
    const count = (state: string): number =>
      Number(
        new RegExp(`^alertmanager_alerts\\{state="${state}"\\} (\\S+)$`, 'm').exec(metrics ?? '')?.[1] ?? 0,
      );
    return {
      ...base,
      status: cluster.status,
      position: cluster.position,
      members: cluster.members.length,
      alerts: { active: count('active'), suppressed: count('suppressed'), unprocessed: count('unprocessed') },
    };
  }

  /** Undefined while nobody answers. */
  async #get(url: string): Promise<string | undefined> {
    try {
      const answer = await this.#http.send({
        method: 'GET',
        url,
        headers: {},
        timeoutMs: CALL_MS,
        maxBytes: ANSWER_BYTES_MAX,
      });
      return answer.status === 200 ? decodeUtf8(answer.body) : undefined;
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw new Error(messageOf(error), { cause: error });
    }
  }
}
