/** Re-sends, and the memory of what is held. */
import type { Stage } from '../support/processes.ts';
import { batches, configuration, cpuOf, memoryMiB, post, startServers, type RowOf } from './bench-stage.ts';

const ALERTS = 100_000;

export async function benchIntake(stage: Stage, row: RowOf): Promise<void> {
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
