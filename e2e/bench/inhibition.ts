/** What a thousand inhibition rules add to a listing of three thousand alerts. */
import type { Stage } from '../support/processes.ts';
import { batches, configuration, cpuOf, post, send, startServers, type RowOf } from './bench-stage.ts';

const RULES = 1_000;
const ALERTS = 3_000;
const LISTINGS = 20;

/** Each about a group of its own; every third has a source that fires. */
const ownGroups = (number: number): string => `
- source_matchers: [alertname="Group${number % 900}", severity="critical"]
  target_matchers: [alertname="Group${number}", job=~"node|db"]
  equal: [cluster, instance]`;

/** All of them about every alert, as careless configurations have them. */
const everything = (number: number): string => `
- source_matchers: [alertname="Group${number}"]
  target_matchers: [severity="critical"]
  equal: [instance]`;

const CASES: Readonly<Record<string, ((number: number) => string) | undefined>> = {
  'no rules': undefined,
  '1000 rules': ownGroups,
  '1000 rules about all alerts': everything,
};

export async function benchInhibition(stage: Stage, row: RowOf): Promise<void> {
  for (const [name, rule] of Object.entries(CASES)) {
    const rules = rule === undefined ? '' : Array.from({ length: RULES }, (_, at) => rule(at)).join('');
    const text = configuration('http://127.0.0.1:1/', 'alertname', '1h');
    const config = stage.file('inhibition.yml', rules === '' ? text : `${text}inhibit_rules:${rules}\n`);
    for (const server of await startServers(stage, config)) {
      await post(
        server.url,
        batches(0, ALERTS, 1000, (number) => `Group${number % 1000}`),
      );
      for (let warm = 0; warm < LISTINGS; warm++) await send(`${server.url}/api/v2/alerts`, 'GET');
      const cpu = await cpuOf(server, async () => {
        for (let index = 0; index < LISTINGS; index++) await send(`${server.url}/api/v2/alerts`, 'GET');
      });
      row(`GET /api/v2/alerts, ${ALERTS} alerts, ${name}`, 'ms of CPU', false).values.set(
        server.name,
        (cpu / LISTINGS) * 1000,
      );
      await server.process.stop();
    }
  }
}
