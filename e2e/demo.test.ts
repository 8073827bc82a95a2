/** What `npm start` runs, without a terminal. */
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { HOST, sleep, stageOfTest, until, type Running, type Stage } from './support/processes.ts';
import type { Seen } from './support/sink.ts';

/** Between the ports of two replicas is a hundred, so that offsets from each other by tens do not meet. */
const OFFSETS = [3_000, 3_050] as const;
const SINK_PORT = 9_080;

const startDemo = (stage: Stage, offset: number, folder: string): Promise<Running> =>
  stage.run(
    `demo-${offset}`,
    process.execPath,
    [stage.script('cli'), 'demo', `--port-offset=${offset}`, `--folder=${stage.dir}/${folder}`],
    'Try, in another terminal',
  );

it.concurrent(
  'the demo notifies, tells once that a killed alertmanager is missing, stops in order at SIGINT, and started again repeats nothing',
  async (context) => {
    const stage = stageOfTest(context);
    // As root the database runs as another user, who has to get there.
    chmodSync(stage.dir, 0o711);
    const [offset] = OFFSETS;
    const sink = async (): Promise<readonly Seen[]> =>
      (await (await fetch(`http://${HOST}:${SINK_PORT + offset}/notifications`)).json()) as Seen[];
    const told = async (name: string): Promise<readonly Seen[]> =>
      (await sink()).filter(({ firing }) => firing.some((each) => each.startsWith(name)));
    const demo = await startDemo(stage, offset, 'demo');
    await until('the first notification arrives', async () =>
      (await told('AlwaysFiring')).length > 0 ? true : undefined,
    );

    const pid = Number(/kill -9 (\d+)/.exec(demo.log())?.[1]);
    process.kill(pid, 'SIGKILL');
    await until('the missing replica is told', async () =>
      (await told('ClusterMembersMissing')).length > 0 ? true : undefined,
    );
    await sleep(10_000);
    expect(await told('ClusterMembersMissing')).toHaveLength(1);
    expect(await told('AlwaysFiring')).toHaveLength(1);
    expect((await sink()).filter(({ isDuplicate }) => isDuplicate)).toEqual([]);

    demo.signal('SIGINT');
    expect(await demo.exited).toBe(0);
    expect(demo.log()).toContain('Stopping in order: schedulers, alertmanagers, receivers, sink, database');

    const again = await startDemo(stage, offset, 'demo');
    // The sink begins anew; the group of AlwaysFiring is flushed every 15 s.
    await sleep(20_000);
    expect(await told('AlwaysFiring')).toEqual([]);
    again.signal('SIGINT');
    expect(await again.exited).toBe(0);
  },
);

it.concurrent('a demo whose port is taken says which, and leaves nothing running', async (context) => {
  const stage = stageOfTest(context);
  const port = 9_093 + 100 + OFFSETS[1];
  const server = createServer().listen(port, HOST);
  stage.onEnd(() => void server.close());
  const { code, said } = await stage.tocsin(
    'demo',
    `--port-offset=${OFFSETS[1]}`,
    `--folder=${stage.dir}/demo`,
  );
  expect(code).toBe(1);
  expect(said).toContain(`already in use: port ${port} (alertmanager-2 HTTP)`);
});
