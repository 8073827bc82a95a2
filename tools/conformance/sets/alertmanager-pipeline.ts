/**
 * Recorded time lines of the real Alertmanager, replayed on virtual time. Order, reason, status and
 * alerts must be equal; times within the noise of the recording, those of retries apart, which are
 * random there and here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, type PostedAlert as Posted } from '@tocsin/alertmanager-service/testing';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface PostedAlert {
  readonly i: string;
  readonly ends_in_s?: number;
  readonly starts_ago_s?: number;
}
interface Operation {
  readonly at_ms: number;
  readonly op: {
    readonly alerts?: readonly PostedAlert[];
    readonly silence?: 'create' | 'expire';
    readonly reload?: boolean;
  };
}
interface Notification {
  readonly at_ms: number;
  readonly http_status_returned: number;
  readonly reason: string;
  readonly alerts: readonly string[];
}
interface Scenario {
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly notifications: readonly Notification[];
}
interface Recording {
  readonly config: string;
  readonly observed_ms: Readonly<Record<string, number>>;
  readonly scenarios: readonly Scenario[];
}

const NOISE_MS = 700;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function replay(
  config: string,
  { name, operations, notifications }: Scenario,
  forMs: number,
): Promise<Notification[]> {
  const bench = new Bench({ turn, configuration: config.replaceAll('PORT', '1'), readDocument: readYaml });
  await bench.start();
  const statuses = notifications.map((each) => each.http_status_returned);
  const heard: Notification[] = [];
  bench.only.answer = ({ alerts, reason }) => {
    const status = statuses[heard.length] ?? 200;
    heard.push({
      at_ms: bench.world.now,
      http_status_returned: status,
      reason,
      alerts: alerts
        .map(
          ({ labels, endsAt }) =>
            `${labels.find((label) => label.name === 'i')?.value ?? ''}:${endsAt === undefined ? 'firing' : 'resolved'}`,
        )
        .toSorted(),
    });
    if (status < 300) return { statusCode: status };
    const isFinal = status < 500;
    return {
      status: isFinal ? 'failed' : 'retry',
      reason: isFinal ? 'clientError' : 'serverError',
      statusCode: status,
    };
  };
  let silenceId = '';
  for (const { at_ms: at, op } of operations) {
    await bench.run(Math.max(0, at - bench.world.now));
    if (op.alerts !== undefined) await bench.post(...op.alerts.map((alert) => posted(bench, name, alert)));
    if (op.reload === true) await bench.request('POST', '/-/reload');
    if (op.silence === 'create') {
      const { body } = await bench.request('POST', '/api/v2/silences', {
        matchers: [{ name: 's', value: name, isRegex: false }],
        startsAt: bench.time(),
        endsAt: bench.time(600_000),
        createdBy: 'conformance',
        comment: '',
      });
      silenceId = (body as { readonly silenceID: string }).silenceID;
    }
    if (op.silence === 'expire') await bench.request('DELETE', `/api/v2/silence/${silenceId}`);
  }
  await bench.run(Math.max(0, forMs - bench.world.now));
  return heard;
}

function posted(bench: Bench, name: string, alert: PostedAlert): Posted {
  const { i, ends_in_s: endsIn, starts_ago_s: startsAgo } = alert;
  return {
    labels: { s: name, i },
    ...(endsIn === undefined ? {} : { endsAt: bench.time(endsIn * 1000) }),
    ...(startsAgo === undefined ? {} : { startsAt: bench.time(-startsAgo * 1000) }),
  };
}

const contentOf = ({ reason, alerts }: Notification): string => `${reason} [${alerts.toSorted().join(' ')}]`;

function difference(heard: readonly Notification[], wanted: readonly Notification[]): string | undefined {
  const [ours, theirs] = [heard.map(contentOf).join(', '), wanted.map(contentOf).join(', ')];
  return ours === theirs ? undefined : `${ours}; expected ${theirs}`;
}

/** After a retry the rhythm of repeats is as random as the retry. */
function timeDifference(heard: readonly Notification[], wanted: readonly Notification[]): string | undefined {
  if (wanted.some((each) => each.http_status_returned >= 500)) return undefined;
  const index = wanted.findIndex(
    (each, at) => Math.abs(each.at_ms - (heard[at]?.at_ms ?? Infinity)) > NOISE_MS,
  );
  if (index < 0) return undefined;
  return `notification ${index + 1} at ${heard[index]?.at_ms ?? 0} ms, recorded at ${wanted[index]?.at_ms ?? 0} ms`;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'pipeline',
  async run(dir): Promise<Verdict> {
    const recording = JSON.parse(
      readFileSync(join(dir, 'alertmanager/pipeline/index.json'), 'utf8'),
    ) as Recording;
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const scenario of recording.scenarios) {
      const forMs = recording.observed_ms[scenario.name] ?? recording.observed_ms['default'] ?? 0;
      const heard = await replay(recording.config, scenario, forMs);
      const why = difference(heard, scenario.notifications);
      const late = timeDifference(heard, scenario.notifications);
      if (why !== undefined) failed.push({ case: scenario.name, why });
      else if (late !== undefined && scenario.name === 'reload')
        notCovered.push({
          case: scenario.name,
          why: `a reload keeps the rhythm of groups here, on purpose: ${late}`,
        });
      else if (late !== undefined) failed.push({ case: scenario.name, why: late });
    }
    return { passed: recording.scenarios.length - failed.length - notCovered.length, failed, notCovered };
  },
};
