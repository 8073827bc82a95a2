/**
 * What ten thousand silences cost an alert that nobody has seen before: its intake, and a listing that
 * asks which silences match it and prints those that are silenced.
 */
import type { Stage } from '../support/processes.ts';
import {
  batches,
  configuration,
  cpuOf,
  post,
  send,
  startServers,
  type RowOf,
  type Server,
} from './bench-stage.ts';

const SILENCES = 10_000;
/** New alerts of one measurement. */
const ALERTS = 12_800;
const BATCH = 64;

interface WireMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
}
type Matchers = (number: number) => readonly WireMatcher[];

const equal = (name: string, value: string): WireMatcher => ({ name, value, isRegex: false });
const regex = (name: string, value: string): WireMatcher => ({ name, value, isRegex: true });
const host = (number: number): string => `web-${number}:9100`;

/** 70 % by a label, 20 % by a pattern, 10 % by a list. */
const usual: Matchers = (number) => {
  const group = equal('alertname', `Group${number % 100}`);
  if (number % 10 < 7) return [group, equal('instance', host(number * 7))];
  if (number % 10 < 9) return [group, regex('instance', `web-${number}[0-9]:.*`)];
  return [regex('instance', [number, number + 1, number + 2].map((each) => host(each * 3)).join('|'))];
};
const patterns: Readonly<Record<string, Matchers>> = {
  none: () => [],
  mixed: usual,
  'patterns with a literal start': (number) => [regex('instance', `web-${number + 1000}[0-9].*`)],
  'patterns with a literal inside': (number) => [regex('instance', `.*-${number + 1000}[0-9]:.*`)],
};

export async function benchSilences(stage: Stage, row: RowOf): Promise<void> {
  const config = stage.file('silences.yml', configuration('http://127.0.0.1:1/', 'alertname', '1h'));
  for (const [name, matchers] of Object.entries(patterns)) {
    for (const server of await startServers(stage, config)) {
      if (name !== 'none') await createSilences(server, matchers);
      // Code that runs hot from the first measured alert on.
      await intakeAndListing(server, 1_000_000, ALERTS / 2);
      const cpu = await cpuOf(server, () => intakeAndListing(server, 0, ALERTS));
      row(`new alert and its listing, silences: ${name}`, 'µs of CPU', false).values.set(
        server.name,
        (cpu / ALERTS) * 1e6,
      );
      await server.process.stop();
    }
  }
}

async function intakeAndListing({ url }: Server, from: number, count: number): Promise<void> {
  await post(
    url,
    batches(from, from + count, BATCH, (number) => `Group${number % 100}`),
  );
  await send(`${url}/api/v2/alerts?active=false`, 'GET');
}

async function createSilences({ url }: Server, matchers: Matchers): Promise<void> {
  const now = Date.now();
  const [startsAt, endsAt] = [new Date(now).toISOString(), new Date(now + 7_200_000).toISOString()];
  for (let number = 0; number < SILENCES; number += 8) {
    const bodies = Array.from({ length: 8 }, (_, at) =>
      JSON.stringify({
        matchers: matchers(number + at).map((matcher) => ({ ...matcher, isEqual: true })),
        startsAt,
        endsAt,
        createdBy: 'bench',
        comment: 'bench',
      }),
    );
    const answers = await Promise.all(bodies.map((body) => send(`${url}/api/v2/silences`, 'POST', body)));
    for (const { status } of answers) if (status !== 200) throw new Error(`${url} answered ${status}`);
  }
}
