/**
 * @module e2e/bench
 *
 * `npm run bench`: our alertmanager beside Debian's, both started here, one after the other under the
 * same load. What counts is CPU time of the server process, read from /proc, and the ratio of the two:
 * wall time depends on what else the machine does.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { HOST, Stage, freePort, programs, sleep, until, type Running } from '../support/processes.ts';

const ALERTS = 100_000;
const LISTED_ALERTS = 10_000;
const GROUPS = 10_000;
/** Senders at once. */
const CONNECTIONS = 4;
const CLOCK_TICKS = 100;

interface Server {
  readonly name: string;
  readonly url: string;
  readonly process: Running;
}
interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: Map<string, number>;
  /** Higher is better. */
  readonly isRate: boolean;
  readonly goal?: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function send(
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
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

const memoryMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

function alertJson(number: number, group: string): string {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  return `{"labels":{"alertname":"${group}","instance":"web-${number}:9100","job":"node","severity":"critical","cluster":"eu-west-1"},"annotations":{"summary":"Latency is high on web-${number}","description":"p99 over 2s for 5m"},"startsAt":"2026-11-22T00:00:00.000Z","endsAt":"${end}","generatorURL":"http://prometheus:9090/graph?g0.expr=up"}`;
}

async function post(url: string, bodies: readonly string[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const { status } = await send(`${url}/api/v2/alerts`, 'POST', body);
      if (status !== 200) throw new Error(`${url} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

const batches = (from: number, to: number, size: number, group: (number: number) => string): string[] => {
  const out: string[] = [];
  for (let start = from; start < to; start += size) {
    const alerts = Array.from({ length: Math.min(size, to - start) }, (_, index) =>
      alertJson(start + index, group(start + index)),
    );
    out.push(`[${alerts.join(',')}]`);
  }
  return out;
};

/** Until the server has done what came before: first writes of new alerts are not the cost of re-sends. */
async function untilIdle({ process }: Server): Promise<void> {
  for (let before = cpuSeconds(process.pid); ;) {
    await sleep(1_000);
    const now = cpuSeconds(process.pid);
    if (now - before <= 0.05) return;
    before = now;
  }
}

/** CPU seconds that `run` cost the server. */
async function cpuOf(server: Server, run: () => Promise<void>): Promise<number> {
  await untilIdle(server);
  const before = cpuSeconds(server.process.pid);
  await run();
  await sleep(200);
  return cpuSeconds(server.process.pid) - before;
}

async function startServers(stage: Stage, config: string): Promise<readonly Server[]> {
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

const configuration = (hook: string, groupBy: string, wait: string): string => `route:
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

async function benchIntake(
  stage: Stage,
  row: (what: string, unit: string, isRate: boolean, goal?: number) => Row,
): Promise<void> {
  const config = stage.file('intake.yml', configuration('http://127.0.0.1:1/', 'alertname', '1h'));
  for (const server of await startServers(stage, config)) {
    const group = (number: number): string => `Group${number % 100}`;
    await post(server.url, batches(0, ALERTS, 1000, group));
    row(`memory with ${ALERTS} alerts`, 'MiB', false).values.set(server.name, memoryMiB(server.process.pid));
    for (const [size, count, goal] of [
      [1, 20_000, 2],
      [64, ALERTS, 5],
      [1000, ALERTS, 5],
    ] as const) {
      const bodies = batches(0, count, size, group);
      await post(server.url, bodies.slice(0, Math.ceil(bodies.length / 10)));
      const cpu = await cpuOf(server, () => post(server.url, bodies));
      row(`POST /api/v2/alerts, re-sends, ${size} an request`, 'alerts/CPU s', true, goal).values.set(
        server.name,
        count / cpu,
      );
    }
    await server.process.stop();
  }
}

async function benchListing(
  stage: Stage,
  row: (what: string, unit: string, isRate: boolean) => Row,
): Promise<void> {
  const config = stage.file('listing.yml', configuration('http://127.0.0.1:1/', 'alertname', '1h'));
  for (const server of await startServers(stage, config)) {
    await post(
      server.url,
      batches(0, LISTED_ALERTS, 1000, () => 'Listed'),
    );
    await send(`${server.url}/api/v2/alerts`, 'GET');
    const times = 20;
    const cpu = await cpuOf(server, async () => {
      for (let index = 0; index < times; index++) await send(`${server.url}/api/v2/alerts`, 'GET');
    });
    row(`GET /api/v2/alerts, ${LISTED_ALERTS} alerts`, 'ms of CPU', false).values.set(
      server.name,
      (cpu / times) * 1000,
    );
    await server.process.stop();
  }
}

async function benchNotifications(
  stage: Stage,
  row: (what: string, unit: string, isRate: boolean) => Row,
): Promise<void> {
  const port = await freePort();
  await stage.app('sink', 'cli', ['sink', `--listen=${HOST}:${port}`]);
  const config = stage.file(
    'notify.yml',
    configuration(`http://${HOST}:${port}/hook`, 'alertname, instance', '5s'),
  );
  let seen = 0;
  for (const server of await startServers(stage, config)) {
    const bodies = batches(0, GROUPS, 1000, () => 'Notified');
    const fresh = bodies.map((body) => body.replaceAll('"startsAt":"2026-11-22T00:00:00.000Z",', ''));
    const cpu = await cpuOf(server, async () => {
      await post(server.url, fresh);
      await until(
        'all notifications arrive',
        async () => {
          const text = await (await fetch(`http://${HOST}:${port}/metrics`)).text();
          const total = Number(/^tocsin_sink_notifications_total (\d+)/m.exec(text)?.[1] ?? 0);
          return total - seen >= GROUPS ? true : undefined;
        },
        180_000,
      );
    });
    seen += GROUPS;
    row(`intake and notification of ${GROUPS} groups, webhook`, 'ms of CPU each', false).values.set(
      server.name,
      (cpu / GROUPS) * 1000,
    );
    await server.process.stop();
  }
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  const row = (what: string, unit: string, isRate: boolean, goal?: number): Row => {
    let found = rows.find((each) => each.what === what);
    if (found === undefined)
      rows.push((found = { what, unit, isRate, values: new Map(), ...(goal === undefined ? {} : { goal }) }));
    return found;
  };
  const stage = new Stage();
  try {
    await benchIntake(stage, row);
    await benchListing(stage, row);
    await benchNotifications(stage, row);
  } finally {
    await stage.end();
    agent.destroy();
  }
  console.log('| what | unit | real | tocsin | times better | goal |\n| --- | --- | --- | --- | --- | --- |');
  for (const { what, unit, values, isRate, goal } of rows) {
    const [real = 0, ours = 0] = [values.get('real'), values.get('tocsin')];
    const ratio = isRate ? ours / real : real / ours;
    const shown = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(2));
    console.log(
      `| ${what} | ${unit} | ${shown(real)} | ${shown(ours)} | ${ratio.toFixed(2)} | ${goal ?? ''} |`,
    );
  }
}

await main();
