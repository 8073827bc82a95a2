/**
 * Whoever swaps the program gets the same notifications: one configuration and one history of alerts
 * and silences, given to Debian's Alertmanager and to ours at once.
 */
import { expect, it } from 'vitest';
import { startCapture, type Capture, type Captured } from './support/capture.ts';
import { planCluster, startReplica, type Replica } from './support/cluster.ts';
import { has, sleep, stageOfTest } from './support/processes.ts';

// Ticks come at 1, 3, 5 … seconds; whatever is posted comes between two of them.
const configuration = (url: string): string => `
global:
  resolve_timeout: 1h
route:
  receiver: default
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 3s
  routes:
  - matchers: [team="a"]
    receiver: team-a
    group_by: [team]
  - match_re: {team: b|c}
    receiver: audit
    group_by: ['...']
    continue: true
  - matchers: ['team=~"b.*"', 'env!=""']
    receiver: team-b
    group_by: [team, env]
    repeat_interval: 1h
    routes:
    - matchers: [severity="page"]
      receiver: pager
  - matchers: [team="night"]
    receiver: never
    mute_time_intervals: [always]
  - matchers: [team="quiet"]
    receiver: unresolved
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [team]
time_intervals:
- name: always
  time_intervals:
  - times: [{start_time: '00:00', end_time: '24:00'}]
receivers:
${['default', 'team-a', 'audit', 'team-b', 'pager', 'never', 'unresolved']
  .map(
    (name) =>
      `- name: ${name}\n  webhook_configs:\n  - url: ${url}\n    send_resolved: ${name !== 'unresolved'}\n`,
  )
  .join('')}`;

type Labels = Readonly<Record<string, string>>;
const STARTED = '2026-01-01T00:00:00Z';
const alert = (labels: Labels, isResolved: boolean): object => ({
  labels,
  annotations: { summary: `${labels['alertname']} of ${labels['team']}`, runbook: 'https://runbooks/x' },
  generatorURL: `http://prometheus/${labels['alertname']}`,
  ...(isResolved ? { startsAt: STARTED, endsAt: new Date().toISOString() } : {}),
});

const criticalOne = { alertname: 'Disk', team: 'a', severity: 'critical', instance: '1' };
const criticalTwo = { alertname: 'Disk', team: 'a', severity: 'critical', instance: '2' };
const inhibited = { alertname: 'Latency', team: 'a', severity: 'warning', instance: '1' };
const unrouted = { alertname: 'Orphan', team: 'zz', quote: 'say "hi"\\\n', unicode: '☃ \u{1F642}' };
const twice = { alertname: 'Queue', team: 'b', env: 'prod', severity: 'info' };
const paged = { alertname: 'Queue', team: 'b', env: 'prod', severity: 'page' };
const auditOnly = { alertname: 'Queue', team: 'c' };
const muted = { alertname: 'Night', team: 'night' };
const quiet = { alertname: 'Quiet', team: 'quiet' };
const silenced = { alertname: 'Silenced', team: 'zz' };
const everything = [
  criticalOne,
  criticalTwo,
  inhibited,
  unrouted,
  twice,
  paged,
  auditOnly,
  muted,
  quiet,
  silenced,
];

const post = (replica: Replica, labels: readonly Labels[], isResolved: boolean): Promise<unknown> =>
  replica.post(
    'alerts',
    labels.map((each) => alert(each, isResolved)),
  );

async function history(replica: Replica): Promise<void> {
  const { silenceID } = (await replica.post('silences', {
    matchers: [{ name: 'alertname', value: 'Silen.*', isRegex: true, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'test',
    comment: 'until 5.5 s',
  })) as { readonly silenceID: string };
  const startedAt = Date.now();
  const at = (seconds: number): Promise<void> => sleep(startedAt + seconds * 1000 - Date.now());
  await post(replica, everything, false);
  await at(3.9);
  await post(replica, [criticalOne], true);
  await at(5.9);
  await post(replica, [criticalTwo, quiet], true);
  await replica.api(`silence/${silenceID}`, { method: 'DELETE' });
  await at(9.9);
  await post(replica, everything, true);
  // Two more ticks: the last news, and nothing after it.
  await at(14);
}

/** What a person was told, in order, by receiver and group. */
function told(bodies: readonly Captured[]): Record<string, readonly unknown[]> {
  const byGroup = new Map<string, unknown[]>();
  for (const { receiver, groupKey, alerts, ...rest } of bodies) {
    const list = byGroup.get(`${receiver} ${groupKey}`) ?? [];
    byGroup.set(`${receiver} ${groupKey}`, list);
    const { version, truncatedAlerts, status, groupLabels, commonLabels, commonAnnotations } = rest;
    list.push({
      version,
      truncatedAlerts,
      status,
      groupLabels,
      commonLabels,
      commonAnnotations,
      alerts: alerts.map(({ status: state, labels, annotations, fingerprint, generatorURL }) => ({
        status: state,
        labels,
        annotations,
        fingerprint,
        generatorURL,
      })),
    });
  }
  return Object.fromEntries(byGroup);
}

it.concurrent(
  'the real Alertmanager and ours tell the same receivers the same things in the same order',
  async (context) => {
    if (!has('alertmanager')) return context.skip();
    const stage = stageOfTest(context);
    const captures: Record<string, Capture> = {};
    await Promise.all(
      (await planCluster(['real', 'tocsin'])).map(async (plan) => {
        const capture = (captures[plan.kind] = await startCapture(stage));
        const config = stage.file(`${plan.kind}.yml`, configuration(capture.url));
        const alone = { ...plan, gossip: 0 };
        const replica = await startReplica(stage, alone, [alone], config);
        await history(replica);
      }),
    );
    const real = told(captures['real']?.bodies ?? []);
    const ours = told(captures['tocsin']?.bodies ?? []);
    expect(Object.keys(real).length).toBeGreaterThan(6);
    expect(ours).toEqual(real);
  },
);
