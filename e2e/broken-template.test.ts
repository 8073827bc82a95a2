/** A template that can't be parsed: refused at the start and at a reload, and foretold by check-config. */
import { expect, it } from 'vitest';
import { planCluster, startReplica, untilReady } from './support/cluster.ts';
import { stageOfTest } from './support/processes.ts';

const config = (receiver: string): string => `route: {receiver: ${receiver}}
receivers: [{name: ${receiver}}]
templates: ['*.tmpl', 'folder-that-is-not-there/*/x.tmpl', 'not-there.tmpl']
`;

it('a broken template fails reload and start by file and line, and the running configuration stays', async (context) => {
  const stage = stageOfTest(context);
  const plans = await planCluster(['tocsin']);
  const [plan] = plans;
  if (plan === undefined) throw new Error('one replica');
  const file = stage.file('alertmanager.yml', config('old'));
  stage.file('good.tmpl', '{{ define "good" }}fine{{ end }}');
  const replica = await startReplica(stage, plan, plans, file);
  await untilReady([replica]);
  const reload = async (): Promise<readonly [number, string]> => {
    const answer = await fetch(`${replica.url}/-/reload`, { method: 'POST' });
    return [answer.status, await answer.text()];
  };
  const running = async (): Promise<string> =>
    ((await replica.api('status')) as { readonly config: { readonly original: string } }).config.original;

  stage.file('alertmanager.yml', config('new'));
  const bad = stage.file('bad.tmpl', 'one\n{{ define "bad" }}{{ nothing }}{{ end }}');
  const [status, said] = await reload();
  expect(status).toBe(500);
  expect(said).toContain(`${bad}: line 2, column 22: `);
  expect(await running()).toContain('receiver: old');

  const checked = await stage.tocsin('check-config', file);
  expect(checked.code).toBe(1);
  expect(checked.out).toContain(`FAILED: ${bad}:2:22: `);
  const again = await stage.start('alertmanager', [
    `--config.file=${file}`,
    `--storage.path=${stage.dir}/again`,
    '--cluster.listen-address=',
    '--web.listen-address=127.0.0.1:0',
  ]);
  expect([again.code, again.said]).toEqual([1, expect.stringContaining('function "nothing" not defined')]);

  stage.file('bad.tmpl', '{{ define "bad" }}mended{{ end }}');
  expect((await reload())[0]).toBe(200);
  expect(await running()).toContain('receiver: new');
});
