/** The event recorder of the whole process: its file through a log rotation and a reload, and a webhook beside it. */
import { readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { firing, postAlerts, silence } from './support/alerts.ts';
import { planCluster, startReplica, untilReady, webhookConfig } from './support/cluster.ts';
import { HOST, freePort, stageOfTest, until, type Stage } from './support/processes.ts';
import { startSink } from './support/sink.ts';

interface Hook {
  readonly url: string;
  readonly events: readonly { readonly data: object }[];
}

async function startHook(stage: Stage): Promise<Hook> {
  const events: { data: object }[] = [];
  const port = await freePort();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      for (const line of body.split('\n').filter((each) => each !== ''))
        events.push(JSON.parse(line) as { data: object });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://${HOST}:${port}`, events };
}

const typesIn = (path: string): readonly string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => Object.keys((JSON.parse(line) as { data: object }).data));

it.concurrent(
  'every event is one line of the file and one of the webhook; the file survives rotation, and the end is its last line',
  async (context) => {
    const stage = stageOfTest(context);
    const [sink, hook] = await Promise.all([startSink(stage), startHook(stage)]);
    const config = stage.file(
      'alertmanager.yml',
      `${webhookConfig(sink.url)}event_recorder:
  file_outputs: [{path: events.json}]
  webhook_outputs: [{url: '${hook.url}/secret-token', batch: true}]
  stdout_outputs: [{}]
`,
    );
    const plans = await planCluster(['tocsin'], ['--enable-feature=event-recorder']);
    const [plan] = plans;
    if (plan === undefined) throw new Error('a cluster of one');
    const replica = await startReplica(stage, plan, plans, config);
    await untilReady([replica]);
    const file = `${stage.dir}/events.json`;

    await postAlerts([replica], [firing('Disk')]);
    await until('the notification is recorded', () =>
      typesIn(file).includes('notification') ? true : undefined,
    );
    renameSync(file, `${file}.1`);
    await silence(replica, 'Other');
    await until('the file is made anew', () => typesIn(file).length > 0 || undefined);
    expect(typesIn(`${file}.1`)).toEqual([
      'alertmanagerStartupEvent',
      'alertCreated',
      'alertGrouped',
      'notification',
    ]);
    expect(typesIn(file)).toEqual(['silenceCreated']);

    const page = await (await fetch(`${replica.url}/metrics`)).text();
    expect(page).toContain(
      `alertmanager_events_recorded_total{event_type="notification",output="file:${file}",result="success"} 1`,
    );
    expect(page).not.toContain('secret-token');

    expect(await replica.process.stop()).toBe(0);
    expect(typesIn(file)).toEqual(['silenceCreated', 'alertmanagerShutdownEvent']);
    const all = [...typesIn(`${file}.1`), ...typesIn(file)];
    expect(hook.events.map(({ data }) => Object.keys(data)[0]).toSorted()).toEqual(all.toSorted());
    const printed = replica.process
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{"@timestamp"'));
    expect(printed).toHaveLength(all.length);
  },
);
