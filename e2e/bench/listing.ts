import type { Stage } from '../support/processes.ts';
import { batches, configuration, cpuOf, post, send, startServers, type RowOf } from './bench-stage.ts';

const LISTED_ALERTS = 10_000;

export async function benchListing(stage: Stage, row: RowOf): Promise<void> {
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
