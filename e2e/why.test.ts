/** `tocsin why` asks the replicas of a real cluster, one of which is then dead. */
import { expect, it } from 'vitest';
import { firing, firingsOf, postAlerts } from './support/alerts.ts';
import { PEER_TIMEOUT_MS, planCluster, startReplica, untilReady, webhookConfig } from './support/cluster.ts';
import { stageOfTest, until } from './support/processes.ts';
import { startSink } from './support/sink.ts';

interface Story {
  readonly verdict: string;
  readonly summary: readonly string[];
  readonly unanswered: readonly { readonly url: string }[];
  readonly answers: readonly {
    readonly explanation: {
      readonly replica: string;
      readonly summary: readonly string[];
      readonly story: readonly { readonly type: string }[];
    };
  }[];
}

it.concurrent(
  'each replica names the one that has sent, the sender first, and a dead one is named as silent',
  async (context) => {
    const stage = stageOfTest(context);
    const sink = await startSink(stage);
    const config = stage.file('alertmanager.yml', webhookConfig(sink.url));
    const plans = await planCluster(
      ['tocsin', 'tocsin', 'tocsin'],
      [`--cluster.peer-timeout=${PEER_TIMEOUT_MS}ms`],
    );
    const replicas = await Promise.all(plans.map((plan) => startReplica(stage, plan, plans, config)));
    await untilReady(replicas);
    await postAlerts(replicas, [firing('Disk')]);
    await until('Disk is told', async () =>
      firingsOf(await sink.seen(), 'Disk').length > 0 ? true : undefined,
    );

    const urls = replicas.map(({ url }) => `--url=${url}`);
    const ask = async (): Promise<Story> => {
      const { code, out, said } = await stage.start('cli', [
        'why',
        ...urls,
        '--output=json',
        'alertname=Disk',
      ]);
      expect(code, said).toBe(0);
      return JSON.parse(out) as Story;
    };
    const story = await until('every replica knows', async () => {
      const asked = await ask();
      const isKnown = asked.answers.every(({ explanation }) =>
        explanation.story.some(({ type }) => type === 'delivered' || type === 'deduplicated'),
      );
      return isKnown ? asked : undefined;
    });
    expect(story.verdict).toBe('notified');
    expect(story.answers.map(({ explanation }) => explanation.replica)[0]).toBe('am-0');
    expect(story.summary[0]).toMatch(
      /^Notified sink by webhook at \S+ \(first notification\), delivered on attempt 1\.$/,
    );
    for (const { explanation } of story.answers.slice(1))
      expect(explanation.summary[0]).toMatch(/by replica am-0; this replica had nothing to add\.$/);

    await replicas[0]?.process.kill();
    const later = await ask();
    expect(later.unanswered.map(({ url }) => url)).toEqual([replicas[0]?.url]);
    expect(later.summary[0]).toContain('by replica am-0');

    const text = await stage.tocsin('why', ...urls, 'alertname=Disk');
    expect(text.code).toBe(0);
    expect(text.out).toContain(`no answer from ${replicas[0]?.url ?? ''}`);
    const preview = await stage.start('cli', [
      'preview',
      urls[1] ?? '',
      'alertname=Tape',
      '--resolves-after=4s',
    ]);
    expect(preview.out).toMatch(/T\+1s .*first notification/);
    expect(preview.out).toMatch(/T\+4s .*all alerts resolved/);
  },
);
