/**
 * CPU of one POST of one alert on the server's side, without what the handler does with it but parsing:
 *   node --conditions=@tocsin/source --import tsx libs/transport/bench/http-post.ts [requests]
 * With the process id and port of another server it measures that one: … 40000 PID PORT
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Logger } from '@tocsin/kernel';
import { serveHttp } from '../src/index.ts';

const CONNECTIONS = 16;
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: console.warn,
  error: console.error,
  with: () => logger,
};

const body = JSON.stringify([
  {
    labels: {
      alertname: 'HighLatency',
      instance: 'web-1:9100',
      job: 'api',
      severity: 'critical',
      cluster: 'eu-1',
    },
    annotations: { summary: 'Latency is high on web-1' },
    generatorURL: 'http://prom.example.com:9090/graph?g0.expr=up',
    startsAt: '2026-11-22T00:00:00Z',
    endsAt: '2036-11-22T00:05:00Z',
  },
]);
const request =
  'POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/3.5\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

async function server(): Promise<void> {
  const { addresses } = await serveHttp({
    addresses: ['127.0.0.1:0'],
    maxBodyBytes: 1 << 20,
    logger,
    handler: ({ body: bytes }) => {
      JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
      return { status: 200, headers: { 'Content-Type': 'application/json' }, body: '' };
    },
  });
  process.send?.(addresses[0]);
}

function load(port: number, count: number): Promise<void> {
  let left = count;
  let answered = 0;
  return new Promise((done) => {
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      const socket = connect(port, '127.0.0.1');
      const next = (): void => {
        if (left-- > 0) socket.write(request);
        else socket.end();
      };
      socket.on('connect', next);
      // An answer this small comes in one piece.
      socket.on('data', () => {
        if (++answered === count) done();
        next();
      });
    }
  });
}

/** User and system time of a process in microseconds, to 10 ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function measure(count: number, pid: number, port: number): Promise<void> {
  await load(port, count / 5);
  for (let round = 0; round < 3; round++) {
    const before = cpuOf(pid);
    const started = performance.now();
    await load(port, count);
    const perSecond = Math.round((count / (performance.now() - started)) * 1000);
    console.log(`${perSecond}/s, server ${((cpuOf(pid) - before) / count).toFixed(1)} us CPU each`);
  }
}

const [, , first = '60000', pid, port] = process.argv;
if (first === 'server') await server();
else if (pid !== undefined) await measure(Number(first), Number(pid), Number(port));
else {
  const child = fork(import.meta.filename, ['server'], { execArgv: process.execArgv });
  const address = await new Promise<string>((got) =>
    child.once('message', (message) => got(message as string)),
  );
  await measure(Number(first), child.pid ?? 0, Number(address.split(':')[1]));
  child.kill();
}
