/** Alerts as clients post them, and what a list of notifications says about one alert. */
import type { Replica } from './cluster.ts';
import { until } from './processes.ts';
import type { Seen, SinkProcess } from './sink.ts';

const AN_HOUR_MS = 3_600_000;

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Fires for the next hour. */
export const firing = (name: string, startsAtMs: number = Date.now()): PostedAlert => ({
  labels: { alertname: name },
  startsAt: new Date(startsAtMs).toISOString(),
  endsAt: new Date(Date.now() + AN_HOUR_MS).toISOString(),
});

/** Over since now. */
export const resolved = (name: string, startsAtMs: number = Date.now() - 60_000): PostedAlert => ({
  labels: { alertname: name },
  startsAt: new Date(startsAtMs).toISOString(),
  endsAt: new Date().toISOString(),
});

/** To all of them at once, as Prometheus does. */
export async function postAlerts(
  replicas: readonly Replica[],
  alerts: readonly PostedAlert[],
): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.post('alerts', alerts)));
}

/** As `postAlerts`, to those that are there: a client keeps nothing for a replica that is away. */
export async function postAlertsToThoseUp(
  replicas: readonly Replica[],
  alerts: readonly PostedAlert[],
): Promise<void> {
  await Promise.allSettled(replicas.map((replica) => replica.post('alerts', alerts)));
}

export const firingsOf = (seen: readonly Seen[], name: string): readonly Seen[] =>
  seen.filter((each) => each.firing.includes(name));
export const resolvesOf = (seen: readonly Seen[], name: string): readonly Seen[] =>
  seen.filter((each) => each.resolved.includes(name));

/** How often each alert was told to fire and to be over, like `{ Disk: '1 firing, 1 resolved' }`. */
export function countsOf(seen: readonly Seen[], names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      `${firingsOf(seen, name).length} firing, ${resolvesOf(seen, name).length} resolved`,
    ]),
  );
}

export const sameCounts = (names: readonly string[], counts: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, counts]));

export const untilFiring = async (sink: SinkProcess, names: readonly string[]): Promise<void> => {
  await until(`the sink hears that ${names.join(', ')} fires`, async () => {
    const seen = await sink.seen();
    return names.every((name) => firingsOf(seen, name).length > 0) ? true : undefined;
  });
};
export const untilResolved = async (sink: SinkProcess, names: readonly string[]): Promise<void> => {
  await until(`the sink hears that ${names.join(', ')} is over`, async () => {
    const seen = await sink.seen();
    return names.every((name) => resolvesOf(seen, name).length > 0) ? true : undefined;
  });
};

/** A silence of one alert name for an hour; its id. */
export async function silence(replica: Replica, name: string): Promise<string> {
  const answer = (await replica.post('silences', {
    matchers: [{ name: 'alertname', value: name, isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + AN_HOUR_MS).toISOString(),
    createdBy: 'e2e',
    comment: `made on ${replica.name}`,
  })) as { silenceID: string };
  return answer.silenceID;
}

/** Waits until every replica shows the silence in this state. */
export async function untilSilence(
  replicas: readonly Replica[],
  id: string,
  state: 'active' | 'expired',
): Promise<void> {
  for (const replica of replicas) {
    await until(`silence ${id} is ${state} on ${replica.name}`, async () => {
      const shown = (await replica.api(`silence/${id}`)) as { status: { state: string } };
      return shown.status.state === state ? true : undefined;
    });
  }
}
