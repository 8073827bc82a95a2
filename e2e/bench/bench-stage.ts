/** What every bench needs: both servers on the same configuration, load, and their CPU time. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { HOST, freePort, programs, sleep, type Running, type Stage } from '../support/processes.ts';

/** Senders at once. */
const CONNECTIONS = 4;
const CLOCK_TICKS = 100;

export interface Server {
  readonly name: string;
  readonly url: string;
  readonly process: Running;
}
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: Map<string, number>;
  /** Higher is better. */
  readonly isRate: boolean;
  readonly goal?: number;
}

/** Who wants more senders at once says so. */
const CONNECTIONS_MAX = 64;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });

export function send(
  url: string,
  method: string,
  body?: string,
): Promise<{ readonly status: number; readonly bytes: number }> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(url, { method, agent, headers }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes }));
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Seconds of CPU that the process (all its threads) has used. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

const statusKiB = (pid: number, field: RegExp): number =>
  Number(field.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
export const memoryMiB = (pid: number): number => statusKiB(pid, /^VmRSS:\s+(\d+)/m) / 1024;
export const peakMemoryMiB = (pid: number): number => statusKiB(pid, /^VmHWM:\s+(\d+)/m) / 1024;

const LONG_AGO = '2026-11-22T00:00:00.000Z';

function alertJson(number: number, group: string, startsAt: string): string {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  return `{"labels":{"alertname":"${group}","cluster":"eu-west-1","instance":"web-${number}:9100","job":"node","severity":"critical"},"annotations":{"description":"p99 over 2s for 5m","summary":"Latency is high on web-${number}"},"startsAt":"${startsAt}","endsAt":"${end}","generatorURL":"http://prometheus:9090/graph?g0.expr=up"}`;
}

/** A body may be made in the moment it is sent. */
export async function post(
  url: string,
  bodies: readonly (string | (() => string))[],
  connections: number = CONNECTIONS,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const { status } = await send(`${url}/api/v2/alerts`, 'POST', typeof body === 'string' ? body : body());
      if (status !== 200) throw new Error(`${url} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

export const batches = (
  from: number,
  to: number,
  size: number,
  group: (number: number) => string,
  startsAt: string = LONG_AGO,
): string[] => {
  const out: string[] = [];
  for (let start = from; start < to; start += size) {
    const alerts = Array.from({ length: Math.min(size, to - start) }, (_, index) =>
      alertJson(start + index, group(start + index), startsAt),
    );
    out.push(`[${alerts.join(',')}]`);
  }
  return out;
};

/** Until the server has done what came before: first writes of new alerts are not the cost of re-sends. */
export async function untilIdle({ process }: Server): Promise<void> {
  for (let before = cpuSeconds(process.pid); ;) {
    await sleep(1_000);
    const now = cpuSeconds(process.pid);
    if (now - before <= 0.05) return;
    before = now;
  }
}

/** CPU seconds that `run` cost the server. */
export async function cpuOf(server: Server, run: () => Promise<void>): Promise<number> {
  await untilIdle(server);
  const before = cpuSeconds(server.process.pid);
  await run();
  await sleep(200);
  return cpuSeconds(server.process.pid) - before;
}

export async function startServers(stage: Stage, config: string): Promise<readonly Server[]> {
  const servers: Server[] = [];
  for (const name of ['real', 'tocsin'] as const) {
    const port = await freePort();
    const url = `http://${HOST}:${port}`;
    const args = [
      `--config.file=${config}`,
      `--storage.path=${stage.dir}/${name}-${port}`,
      `--web.listen-address=${HOST}:${port}`,
      '--cluster.listen-address=',
    ];
    const process =
      name === 'real'
        ? await stage.run(name, programs.alertmanager, args, () => send(`${url}/-/ready`, 'GET'))
        : await stage.app(name, 'alertmanager', args);
    servers.push({ name, url, process });
  }
  return servers;
}

export const configuration = (hook: string, groupBy: string, wait: string): string => `route:
  receiver: hook
  group_by: [${groupBy}]
  group_wait: ${wait}
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: hook
  webhook_configs:
  - url: ${hook}
`;

/** Finds or makes the row of this name. */
export type RowOf = (what: string, unit: string, isRate: boolean, goal?: number) => Row;

export const closeConnections = (): void => agent.destroy();
