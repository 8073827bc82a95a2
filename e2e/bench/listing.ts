import type { Stage } from '../support/processes.ts';
import { batches, configuration, cpuOf, post, send, startServers, type RowOf } from './bench-stage.ts';

const SIZES = [10_000, 50_000] as const;
const GROUPS = 100;

/** What is asked for, how often, and how many times cheaper than the real one it is meant to be. */
const QUESTIONS = [
  ['GET /api/v2/alerts', '/api/v2/alerts', 10, 5],
  ['GET /api/v2/alerts/groups', '/api/v2/alerts/groups', 10, 5],
  [
    'GET /api/v2/alerts, filter that matches nothing',
    '/api/v2/alerts?filter=instance%3D%22nowhere%22',
    50,
    20,
  ],
  [
    'GET /api/v2/alerts, filter of one alertname',
    '/api/v2/alerts?filter=alertname%3D%22Group7%22',
    50,
    undefined,
  ],
  [
    'GET /api/v2/alerts, regex of one instance',
    '/api/v2/alerts?filter=instance%3D~%22web-77%3A.%2B%22',
    20,
    undefined,
  ],
] as const;

/** Three receivers, two of which an alert goes to. */
const routes = (hook: string): string =>
  configuration(hook, 'alertname', '1h').replace(
    'receivers:\n',
    `  routes:
  - matchers: [severity="critical"]
    receiver: pager
    continue: true
  - matchers: [cluster=~"eu-.*"]
    receiver: chat
receivers:
- name: pager
  webhook_configs:
  - url: ${hook}
- name: chat
  webhook_configs:
  - url: ${hook}
`,
  );

export async function benchListing(stage: Stage, row: RowOf): Promise<void> {
  const config = stage.file('listing.yml', routes('http://127.0.0.1:1/'));
  for (const size of SIZES) {
    for (const server of await startServers(stage, config)) {
      const bodies = batches(0, size, 1000, (number) => `Group${number % GROUPS}`, new Date().toISOString());
      await post(server.url, bodies);
      for (const [what, path, times, goal] of QUESTIONS) {
        const ask = (): Promise<unknown> => send(`${server.url}${path}`, 'GET');
        await ask();
        const cpu = await cpuOf(server, async () => {
          for (let index = 0; index < times; index++) await ask();
        });
        row(`${what}, ${size} alerts`, 'ms of CPU', false, goal).values.set(
          server.name,
          (cpu / times) * 1000,
        );
      }
      await server.process.stop();
    }
  }
}
