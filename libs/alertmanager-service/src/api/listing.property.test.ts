/** Listings beside what a walk over all alerts would give, with everything that the index and the slices do in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE } from '../testing/bench.ts';
import { configurationOf } from '../testing/configuration.ts';

interface Shown {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
  };
}
interface ShownGroup {
  readonly alerts: readonly Shown[];
  readonly labels: Readonly<Record<string, string>>;
  readonly receiver: { readonly name: string };
}

/** More than two slices of a listing. */
const ALERTS = 1_300;

const labelsOf = (n: number): Readonly<Record<string, string>> => ({
  alertname: `Name${n % 13}`,
  instance: `web-${n}`,
  severity: n % 3 === 0 ? 'critical' : 'warning',
  ...(n % 5 === 0 ? { zone: n % 2 === 0 ? 'east' : 'west' } : {}),
});

async function aWorld(): Promise<Bench> {
  const bench = new Bench({
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
    settings: { alertsGcIntervalMs: MINUTE, maintenanceIntervalMs: MINUTE },
    configuration: configurationOf({
      receivers: ['pager', 'chat', 'archive'],
      routes: [
        { matchers: ['severity="critical"'], receiver: 'pager', continue: true },
        { matchers: ['zone=~"e.*"'], receiver: 'chat', group_by: ['zone'], continue: true },
        { matchers: ['alertname!="Name1"'], receiver: 'archive', group_by: ['severity'] },
      ],
      more: {
        inhibit_rules: [
          { source_matchers: ['alertname="Name0"'], target_matchers: ['alertname="Name2"'], equal: ['zone'] },
        ],
      },
    }),
  });
  await bench.start();
  const alerts = Array.from({ length: ALERTS }, (_, n) => ({
    labels: labelsOf(n),
    endsAt: bench.time(HOUR),
  }));
  await bench.post(...alerts);
  await bench.request('POST', '/api/v2/silences', {
    matchers: [{ name: 'instance', value: 'web-[1-4].', isRegex: true, isEqual: true }],
    startsAt: bench.time(),
    endsAt: bench.time(HOUR),
    createdBy: 'test',
    comment: '',
  });
  return bench;
}

interface Query {
  readonly filters: readonly (readonly [name: string, type: string, value: string])[];
  readonly receiver: string;
  readonly flags: Readonly<Record<'active' | 'silenced' | 'inhibited', boolean>>;
}

const query: fc.Arbitrary<Query> = fc.record({
  filters: fc.array(
    fc.tuple(
      fc.constantFrom('alertname', 'instance', 'severity', 'zone', 'missing'),
      fc.constantFrom('=', '!=', '=~', '!~'),
      fc.constantFrom('', 'Name7', 'web-77', 'web-7.*', 'critical', 'east', 'east|west', '.+'),
    ),
    { maxLength: 2 },
  ),
  receiver: fc.constantFrom('', 'pager', 'chat|archive', 'nobody'),
  flags: fc.record({ active: fc.boolean(), silenced: fc.boolean(), inhibited: fc.boolean() }),
});

function targetOf({ filters, receiver, flags }: Query): string {
  const pairs = [
    ...filters.map(([name, type, value]) => ['filter', `${name}${type}"${value}"`] as const),
    ...(receiver === '' ? [] : [['receiver', receiver] as const]),
    ...Object.entries(flags).map(([name, flag]) => [name, String(flag)] as const),
  ];
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

function matches({ labels }: Shown, { filters }: Query): boolean {
  return filters.every(([name, type, value]) => {
    const text = labels[name] ?? '';
    const isMatch = type.endsWith('~') ? new RegExp(`^(?:${value})$`, 'u').test(text) : text === value;
    return isMatch !== type.startsWith('!');
  });
}
const hasState = ({ status }: Shown, { flags }: Query): boolean =>
  (flags.active || status.state !== 'active') &&
  (flags.silenced || status.silencedBy.length === 0) &&
  (flags.inhibited || status.inhibitedBy.length === 0);
const isReceiver = (name: string, { receiver }: Query): boolean =>
  receiver === '' || new RegExp(`^(?:${receiver})$`, 'u').test(name);

async function get<T>(bench: Bench, target: string): Promise<T> {
  const { status, body } = await bench.request('GET', target);
  expect(status).toBe(200);
  return body as T;
}

async function expectSame(bench: Bench, asked: Query): Promise<void> {
  const target = targetOf(asked);
  const all = await get<Shown[]>(bench, '/api/v2/alerts');
  const expected = all.filter(
    (alert) =>
      matches(alert, asked) &&
      hasState(alert, asked) &&
      alert.receivers.some(({ name }) => isReceiver(name, asked)),
  );
  expect(await get<Shown[]>(bench, `/api/v2/alerts?${target}`)).toEqual(expected);

  const groups = await get<ShownGroup[]>(bench, '/api/v2/alerts/groups');
  const chosen = groups
    .filter(({ receiver }) => isReceiver(receiver.name, asked))
    .map((group) => ({
      ...group,
      alerts: group.alerts.filter((alert) => matches(alert, asked) && hasState(alert, asked)),
    }))
    .filter(({ alerts }) => alerts.length > 0);
  const receivers = new Map<string, Set<string>>();
  for (const { alerts, receiver } of chosen) {
    for (const { fingerprint } of alerts)
      receivers.set(fingerprint, (receivers.get(fingerprint) ?? new Set()).add(receiver.name));
  }
  const expectedGroups = chosen.map((group) => ({
    ...group,
    alerts: group.alerts.map((alert) => ({
      ...alert,
      receivers: [...(receivers.get(alert.fingerprint) ?? [])].sort().map((name) => ({ name })),
    })),
  }));
  expect(await get<ShownGroup[]>(bench, `/api/v2/alerts/groups?${target}`)).toEqual(expectedGroups);
}

describe('listings of alerts', () => {
  it('show what a walk over all alerts would, for any filter', async () => {
    const bench = await aWorld();
    await fc.assert(
      fc.asyncProperty(query, (asked) => expectSame(bench, asked)),
      { numRuns: 60 },
    );
  });

  it('show it too while alerts come, end and are forgotten between the questions', async () => {
    const bench = await aWorld();
    let next = ALERTS;
    await fc.assert(
      fc.asyncProperty(
        query,
        fc.nat(ALERTS - 1),
        fc.constantFrom('new', 'end', 'forget'),
        async (asked, n, change) => {
          if (change === 'new') await bench.post({ labels: labelsOf(next++), endsAt: bench.time(HOUR) });
          else if (change === 'end') await bench.post({ labels: labelsOf(n), endsAt: bench.time() });
          else await bench.run(2 * MINUTE);
          await expectSame(bench, asked);
        },
      ),
      { numRuns: 40 },
    );
    const listed = await get<Shown[]>(bench, '/api/v2/alerts');
    const prints = listed.map(({ fingerprint }) => fingerprint);
    expect(prints).toEqual([...new Set(prints)].sort());
  });

  it('show the receivers of the running configuration after a reload', async () => {
    const bench = await aWorld();
    const receiversOf = async (): Promise<readonly string[]> => {
      const listed = await get<Shown[]>(bench, '/api/v2/alerts');
      return [...new Set(listed.flatMap(({ receivers }) => receivers.map(({ name }) => name)))].sort();
    };
    expect(await receiversOf()).toEqual(['archive', 'chat', 'pager', 'team']);
    bench.configuration = configurationOf({ receivers: ['other'], routes: [{ receiver: 'other' }] });
    await bench.settled(bench.alertmanager.reload());
    expect(await receiversOf()).toEqual(['other']);
  });
});
