/**
 * From the POST of a new alert to its webhook, at a group_wait of nothing. Wall time, so only to be
 * compared within one run: the sink is this process, and sees both servers alike.
 */
import { createServer } from 'node:http';
import { HOST, freePort, until, type Stage } from '../support/processes.ts';
import { batches, configuration, post, startServers, untilIdle, type RowOf } from './bench-stage.ts';

/** Both servers run for a while before anything is measured. */
const WARM_UP = 200;
/** Each when the one before has arrived; and all at once, each a request of its own. */
const SINGLE = 200;
const BURST = 2_000;
const BURST_CONNECTIONS = 16;
/** The instance label of an alert, by which it is found in the payload. */
const INSTANCE = /"instance":"(web-\d+:9100)"/;

export async function benchLatency(stage: Stage, row: RowOf): Promise<void> {
  const arrivedAt = new Map<string, number>();
  const port = await freePort();
  const sink = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const instance = INSTANCE.exec(text)?.[1];
      if (instance !== undefined && !arrivedAt.has(instance)) arrivedAt.set(instance, performance.now());
      response.end();
    });
  });
  await new Promise<void>((listening) => void sink.listen(port, HOST, listening));
  stage.onEnd(() => void sink.close());
  const config = stage.file(
    'latency.yml',
    configuration(`http://${HOST}:${port}/hook`, 'alertname, instance', '0s'),
  );
  for (const server of await startServers(stage, config)) {
    const now = new Date().toISOString();
    const bodies = batches(0, WARM_UP + SINGLE + BURST, 1, () => 'Late', now);
    const nameOf = (body: string): string => INSTANCE.exec(body)?.[1] ?? '';
    const sentAt = new Map<string, number>();
    const send = (some: readonly string[], connections: number): Promise<void> => {
      const timed = some.map((body) => () => {
        sentAt.set(nameOf(body), performance.now());
        return body;
      });
      return post(server.url, timed, connections);
    };
    const arrived = (some: readonly string[]): Promise<true> =>
      until('all are notified of', () => some.every((body) => arrivedAt.has(nameOf(body))) || undefined);
    const report = (how: string, some: readonly string[]): void => {
      const took = some.map(
        (body) => (arrivedAt.get(nameOf(body)) ?? NaN) - (sentAt.get(nameOf(body)) ?? NaN),
      );
      took.sort((left, right) => left - right);
      for (const [name, share] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        const what = `POST to webhook, group_wait 0s, ${how}, ${name}`;
        row(what, 'ms', false, 0.5).values.set(server.name, took[Math.floor(took.length * share)] ?? NaN);
      }
    };
    arrivedAt.clear();
    const [warmUp, single, burst] = [
      bodies.slice(0, WARM_UP),
      bodies.slice(WARM_UP, WARM_UP + SINGLE),
      bodies.slice(WARM_UP + SINGLE),
    ];
    await send(warmUp, 1);
    await arrived(warmUp);
    await untilIdle(server);
    for (const body of single) {
      await send([body], 1);
      while (!arrivedAt.has(nameOf(body))) await turn();
    }
    report(`${SINGLE} one after the other`, single);
    await untilIdle(server);
    await send(burst, BURST_CONNECTIONS);
    await arrived(burst);
    report(`${BURST} at once`, burst);
    await server.process.stop();
  }
}

const turn = (): Promise<void> => new Promise((goOn) => setImmediate(goOn));
