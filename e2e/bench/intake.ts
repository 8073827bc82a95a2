/** Re-sends, and the memory of what is held. */
import { sleep, type Stage } from '../support/processes.ts';
import {
  batches,
  configuration,
  cpuOf,
  memoryMiB,
  peakMemoryMiB,
  post,
  startServers,
  type RowOf,
} from './bench-stage.ts';

const ALERTS = 100_000;
const MANY_CONNECTIONS = 16;
/** Memory is read once after the load has ended, so long that collectors had their chance. */
const REST_MS = 15_000;

/** Alerts a request, requests' alerts in all, rounds, connections, goal. Long enough for several collections. */
const LOADS = [
  [1, 20_000, 3, undefined, 2],
  [64, ALERTS, 4, undefined, 5],
  [1000, ALERTS, 4, undefined, 5],
  [1, 20_000, 3, MANY_CONNECTIONS, undefined],
  [64, ALERTS, 4, MANY_CONNECTIONS, undefined],
  [1000, ALERTS, 4, MANY_CONNECTIONS, undefined],
] as const;

export async function benchIntake(stage: Stage, row: RowOf): Promise<void> {
  const config = stage.file('intake.yml', configuration('http://127.0.0.1:1/', 'alertname', '1h'));
  for (const server of await startServers(stage, config)) {
    const group = (number: number): string => `Group${number % 100}`;
    const memory = (when: string, value: number): void =>
      void row(`memory, ${ALERTS} alerts, ${when}`, 'MiB', false).values.set(server.name, value);
    await post(server.url, batches(0, ALERTS, 1000, group));
    memory('just received', memoryMiB(server.process.pid));
    for (const [size, count, rounds, connections, goal] of LOADS) {
      const bodies = batches(0, count, size, group);
      await post(server.url, bodies.slice(0, Math.ceil(bodies.length / 10)), connections);
      const cpu = await cpuOf(server, async () => {
        for (let round = 0; round < rounds; round++) await post(server.url, bodies, connections);
      });
      const how = connections === undefined ? '' : `, ${connections} connections`;
      row(`POST /api/v2/alerts, re-sends, ${size} a request${how}`, 'alerts/CPU s', true, goal).values.set(
        server.name,
        (count * rounds) / cpu,
      );
    }
    await sleep(REST_MS);
    memory('after all re-sends', memoryMiB(server.process.pid));
    memory('peak', peakMemoryMiB(server.process.pid));
    await server.process.stop();
  }
}
