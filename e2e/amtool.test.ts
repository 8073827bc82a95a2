/** Debian's amtool 0.25 before our replicas, and our own command beside it. */
import { describe, expect, it } from 'vitest';
import { postAlerts, firing, untilSilence } from './support/alerts.ts';
import { peerTimeout, planCluster, startReplica, untilReady, type Replica } from './support/cluster.ts';
import { has, programs, stageOfTest, until, type Stage } from './support/processes.ts';

interface Tool {
  /** Its output; throws when it fails. */
  (replica: Replica, ...args: readonly string[]): Promise<string>;
}

const toolOf =
  (stage: Stage): Tool =>
  async (replica, ...args) => {
    const { code, out, said } = await stage.call(programs.amtool, [
      `--alertmanager.url=${replica.url}`,
      ...args,
    ]);
    if (code !== 0) throw new Error(`amtool ${args.join(' ')} ended with ${code}: ${said}`);
    return out;
  };

const CONFIG = `route:
  receiver: default
  group_wait: 1h
  routes:
  - receiver: team-a
    matchers: [team="a"]
receivers:
- name: default
- name: team-a
`;

describe.skipIf(!has('amtool'))('amtool 0.25 with a cluster of ours', () => {
  it('adds and queries alerts; adds, queries, updates, expires and imports silences that every replica shows; shows cluster and configuration, which loads again; tests routes', async (context) => {
    const stage = stageOfTest(context);
    const amtool = toolOf(stage);
    const plans = await planCluster(['tocsin', 'tocsin', 'tocsin'], [peerTimeout]);
    const config = stage.file('alertmanager.yml', CONFIG);
    const replicas = await Promise.all(plans.map((plan) => startReplica(stage, plan, plans, config)));
    const [first, second, third] = replicas;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three replicas');
    await untilReady(replicas);

    await amtool(first, 'alert', 'add', 'DiskFull', 'team=a', '--annotation=summary=the disk is full');
    await postAlerts([first], [firing('Other')]);
    expect(JSON.parse(await amtool(first, 'alert', 'query', '-o', 'json', 'team=a'))).toMatchObject([
      {
        labels: { alertname: 'DiskFull', team: 'a' },
        annotations: { summary: 'the disk is full' },
        receivers: [{ name: 'team-a' }],
        status: { state: 'active' },
      },
    ]);

    const add = ['silence', 'add', 'alertname=DiskFull', '-c', 'new disk is coming', '-a', 'me'];
    const id = (await amtool(first, ...add, '-d', '10m')).trim();
    await untilSilence(replicas, id, 'active');
    for (const replica of replicas) {
      expect(await amtool(replica, 'silence', 'query')).toMatch(
        new RegExp(`${id}\\s+alertname="DiskFull"\\s.*new disk is coming`),
      );
    }
    await until('the alert is shown as silenced', async () => {
      const silenced = await amtool(first, 'alert', 'query', '-o', 'json', '--silenced');
      return silenced.includes(`"silencedBy":["${id}"]`) ? true : undefined;
    });

    const exported = await amtool(second, 'silence', 'query', '-o', 'json');
    const updated = (
      await amtool(second, 'silence', 'update', id, '-d', '3h', '-c', 'it takes longer')
    ).trim();
    expect(updated).toContain(id);
    await until('the longer silence is on the third replica', async () =>
      (await amtool(third, 'silence', 'query')).includes('it takes longer') ? true : undefined,
    );

    await amtool(third, 'silence', 'expire', id);
    await untilSilence(replicas, id, 'expired');
    expect(await amtool(first, 'silence', 'query', '-q')).toBe('');
    expect(await amtool(first, 'silence', 'query', '--expired', '-q')).toContain(id);

    const backup = stage.file('silences.json', exported);
    const imported = (await amtool(first, 'silence', 'import', backup)).trim();
    expect(imported).not.toBe(id);
    await untilSilence(replicas, imported, 'active');

    const cluster = await amtool(first, 'cluster', 'show', '-o', 'extended');
    expect(cluster).toMatch(/Cluster Status:\s+ready\nNode Name:\s+am-0/);
    for (const replica of replicas) expect(cluster).toContain(replica.gossip);

    const shown = JSON.parse(await amtool(first, 'config', 'show', '-o', 'json')) as {
      config: { original: string };
    };
    const again = stage.file('shown.yml', shown.config.original);
    expect((await stage.call(programs.amtool, ['check-config', again])).out).toContain('SUCCESS');
    expect(shown.config.original).toContain('receiver: team-a');

    expect((await amtool(first, 'config', 'routes', 'test', 'team=a')).trim()).toBe('team-a');
    expect((await amtool(first, 'config', 'routes', 'test', 'team=b')).trim()).toBe('default');
    expect(await amtool(first, 'config', 'routes', 'show')).toContain('{team="a"}  receiver: team-a');

    const tocsin = await stage.tocsin(
      'silence',
      'add',
      `--url=${second.url}`,
      '--author=me',
      '--comment=from our own command',
      'team=~"a|b"',
    );
    expect(tocsin.code).toBe(0);
    await untilSilence(replicas, tocsin.out.trim(), 'active');
    for (const replica of replicas) {
      expect(await amtool(replica, 'silence', 'query')).toMatch(/team=~"a\|b"\s.*from our own command/);
    }
    const expire = await stage.tocsin('silence', 'expire', `--url=${third.url}`, tocsin.out.trim());
    expect(expire.code).toBe(0);
    await untilSilence(replicas, tocsin.out.trim(), 'expired');
  });
});
