import { HOST, freePort, until, type Stage } from '../support/processes.ts';
import { batches, configuration, cpuOf, post, startServers, type RowOf } from './bench-stage.ts';

const GROUPS = 10_000;

export async function benchNotifications(stage: Stage, row: RowOf): Promise<void> {
  const port = await freePort();
  await stage.app('sink', 'cli', ['sink', `--listen=${HOST}:${port}`]);
  const config = stage.file(
    'notify.yml',
    configuration(`http://${HOST}:${port}/hook`, 'alertname, instance', '5s'),
  );
  let seen = 0;
  for (const server of await startServers(stage, config)) {
    const bodies = batches(0, GROUPS, 1000, () => 'Notified');
    const fresh = bodies.map((body) => body.replaceAll('"startsAt":"2026-11-22T00:00:00.000Z",', ''));
    const cpu = await cpuOf(server, async () => {
      await post(server.url, fresh);
      await until(
        'all notifications arrive',
        async () => {
          const text = await (await fetch(`http://${HOST}:${port}/metrics`)).text();
          const total = Number(/^tocsin_sink_notifications_total (\d+)/m.exec(text)?.[1] ?? 0);
          return total - seen >= GROUPS ? true : undefined;
        },
        180_000,
      );
    });
    seen += GROUPS;
    row(`intake and notification of ${GROUPS} groups, webhook`, 'ms of CPU each', false).values.set(
      server.name,
      (cpu / GROUPS) * 1000,
    );
    await server.process.stop();
  }
}
