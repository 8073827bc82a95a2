/**
 * CPU of one notification over a stream, both sides apart:
 *   node --conditions=@tocsin/source --import tsx libs/transport/bench/grpc-stream.ts [messages]
 * The server runs in a child process; each message is a NotifyRequest of two alerts, each answer an outcome.
 */
import { fork } from 'node:child_process';
import { ReceiversMethods, emptyNotifyRequest, type NotifyRequest } from '@tocsin/contracts';
import { bidi, noMeter, unary, type Logger } from '@tocsin/kernel';
import { dialGrpc, serveGrpc } from '../src/index.ts';

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: console.warn,
  error: console.error,
  with: () => logger,
};
const WINDOW = 256;

const label = (name: string, value: string) => ({ name, value });
const alert = (instance: string) => ({
  labels: [
    label('alertname', 'HighLatency'),
    label('cluster', 'eu-1'),
    label('instance', instance),
    label('job', 'api'),
    label('severity', 'critical'),
  ],
  annotations: [
    label('summary', `Latency is high on ${instance}`),
    label('runbook_url', 'https://rb.example.com/latency?x=1&y=2'),
    label('description', 'x'.repeat(200)),
  ],
  startsAt: { seconds: 1_795_305_600, nanos: 500_000_000 },
  endsAt: undefined,
  generatorUrl: 'http://prom.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
});
const request: NotifyRequest = {
  ...emptyNotifyRequest,
  notificationId: 'f77ed6dda50cedb2c4d64ed3af244b9d59cec04aa1102e678a664f34f686e8ed',
  configurationHash: 'f77ed6dda50cedb2c4d64ed3af244b9d59cec04aa1102e678a664f34f686e8ed',
  receiver: { groupName: 'team', integration: 'webhook', index: 0 },
  groupKey: '{}/{severity="critical"}:{alertname="HighLatency"}',
  groupLabels: [label('alertname', 'HighLatency')],
  alerts: [alert('web-1:9100'), alert('web-2:9100')],
  reason: 'first notification',
  externalUrl: 'http://am.example.com:9093',
  timeoutMs: 10_000,
  attempt: 1,
};

async function server(): Promise<void> {
  const answer = (given: NotifyRequest) => ({
    notificationId: given.notificationId,
    status: 'delivered' as const,
    reason: '',
    error: '',
    retryAfterMs: 0,
    statusCode: 200,
    receiverData: new Map(),
    attempt: given.attempt,
  });
  const handlers = [
    bidi(ReceiversMethods.notifyStream, (reply) => ({
      onMessage: (given) => void reply.send(answer(given)),
      onEnd: () => reply.end(),
    })),
    unary(ReceiversMethods.notify, answer),
  ];
  const { address } = await serveGrpc({ address: '127.0.0.1:0', handlers, logger, meter: noMeter });
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.send?.(address);
}

async function client(messages: number): Promise<void> {
  const child = fork(import.meta.filename, ['server'], { execArgv: process.execArgv });
  const next = <T>(): Promise<T> =>
    new Promise((got) => child.once('message', (message) => got(message as T)));
  const link = dialGrpc(await next<string>());
  const childCpu = async (): Promise<number> => {
    const usage = next<NodeJS.CpuUsage>();
    child.send('cpu');
    const { user, system } = await usage;
    return user + system;
  };
  const run = async (name: string, work: (count: number) => Promise<void>, count: number): Promise<void> => {
    await work(Math.ceil(count / 5));
    const [before, theirs] = [process.cpuUsage(), await childCpu()];
    const started = performance.now();
    await work(count);
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    const serverUs = (await childCpu()) - theirs;
    const each = (us: number): string => (us / count).toFixed(1);
    console.log(
      `${name}: ${Math.round((count / ms) * 1000)}/s, client ${each(user + system)} us, server ${each(serverUs)} us CPU each`,
    );
  };
  const bytes = ReceiversMethods.notify.request.encode(request).length;
  console.log(`request of ${bytes} bytes`);
  await run('stream', (count) => stream(link, count), messages);
  await run(
    'unary, 64 at once',
    async (count) => {
      let left = count;
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          while (left-- > 0) await link.call(ReceiversMethods.notify, request, { deadlineMs: 10_000 });
        }),
      );
    },
    Math.ceil(messages / 10),
  );
  codec(messages);
  link.close();
  child.kill();
}

function stream(link: ReturnType<typeof dialGrpc>, count: number): Promise<void> {
  return new Promise((done, fail) => {
    let sent = 0;
    let answered = 0;
    const open = link.openStream(ReceiversMethods.notifyStream, {
      onMessage: () => {
        answered++;
        if (sent < count) {
          sent++;
          open.send(request);
        } else if (answered === count) open.end();
      },
      onEnd: (error) => (error === undefined ? done() : fail(error)),
    });
    while (sent < Math.min(WINDOW, count)) {
      sent++;
      open.send(request);
    }
  });
}

function codec(count: number): void {
  const { request: codecOfRequest } = ReceiversMethods.notify;
  const bytes = Buffer.from(codecOfRequest.encode(request));
  const cost = (work: () => void): string => {
    for (let index = 0; index < count / 5; index++) work();
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) work();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / count).toFixed(1);
  };
  const [encode, decode] = [
    cost(() => codecOfRequest.encode(request)),
    cost(() => codecOfRequest.decode(bytes)),
  ];
  console.log(`codec: encode ${encode} us, decode ${decode} us CPU`);
}

await (process.argv[2] === 'server' ? server() : client(Number(process.argv[2] ?? 50_000)));
