/** The stream of changes over a real connection: told while it is open, over when the process stops, gone on with after a cut. */
import { expect, it } from 'vitest';
import { firing, postAlerts } from './support/alerts.ts';
import { replicaAt, startCluster, untilReady, type Replica } from './support/cluster.ts';
import { HOST, stageOfTest, until, type Stage } from './support/processes.ts';

interface Stream {
  readonly text: () => string;
  readonly isOver: () => boolean;
  cut(): void;
}

async function watch(
  replica: Replica,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stream> {
  const control = new AbortController();
  const answer = await fetch(`${replica.url}/api/v2/tocsin/watch${query}`, {
    headers: { Accept: 'text/event-stream', ...headers },
    signal: control.signal,
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  let isOver = false;
  const read = async (): Promise<void> => {
    for await (const piece of answer.body ?? []) text += Buffer.from(piece as Uint8Array).toString();
  };
  void read()
    .catch(() => undefined)
    .finally(() => (isOver = true));
  return { text: () => text, isOver: () => isOver, cut: () => control.abort() };
}

const only = async (stage: Stage): Promise<Replica> => {
  const replicas = await startCluster(stage, 1, `http://${HOST}:1`);
  await untilReady(replicas);
  return replicaAt(replicas, 0);
};
const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"alertname":"(\w+)"/g)].map(([, name]) => name ?? '');

it.concurrent('a client is told at once, and after a cut exactly what it missed', async (context) => {
  const replica = await only(stageOfTest(context));
  const first = await watch(replica, '?kind=alert');
  await until('the stream greets', () => (first.text().includes('event: hello') ? true : undefined));
  await postAlerts([replica], [firing('One')]);
  await until('the stream tells', () => (namesIn(first.text()).includes('One') ? true : undefined));
  first.cut();
  await postAlerts([replica], [firing('Two'), firing('Three')]);
  const lastId = [...first.text().matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';
  const second = await watch(replica, '?kind=alert', { 'Last-Event-ID': lastId });
  await until('the stream goes on', () => (namesIn(second.text()).length >= 2 ? true : undefined));
  expect(namesIn(second.text())).toEqual(['Two', 'Three']);
  expect(second.text()).not.toContain('event: gap');
  second.cut();
});

it.concurrent('open streams do not hold up a stop: they end, and the process with them', async (context) => {
  const replica = await only(stageOfTest(context));
  const streams = await Promise.all(Array.from({ length: 5 }, () => watch(replica, '')));
  for (const stream of streams)
    await until('the stream greets', () => (stream.text().includes('event: hello') ? true : undefined));
  expect(await replica.process.stop()).toBe(0);
  await until('all streams are over', () => (streams.every(({ isOver }) => isOver()) ? true : undefined));
  expect(replica.process.log()).not.toMatch(/did not end well|level=error/);
});
