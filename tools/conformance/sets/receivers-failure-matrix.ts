import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReceiversMethods, type NotifyOutcome } from '@tocsin/contracts';
import { loopback } from '@tocsin/kernel';
import { httpOut } from '@tocsin/transport';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';
import { notifyRequestOf, readGoldenCases, receiversFor } from '../receivers-golden.ts';
import { Recorder, type Reply } from '../receivers-recorder.ts';

interface Row {
  readonly integration: string;
  readonly outcome: string;
  readonly failureReason: string | null;
  readonly failed: boolean;
  readonly error: string | null;
  readonly retried: boolean;
}

const ERROR_BODY = '{"message":"nope","errors":["e1","e2"]}';

/** One attempt of each row; how often and when to try again is the alertmanager's, and tested there. */
export const set: ConformanceSet = {
  area: 'receivers',
  name: 'failure-matrix',
  async run(dir) {
    const recorder = new Recorder();
    await recorder.start();
    const http = httpOut();
    const receivers = receiversFor(http);
    const link = loopback(receivers.handlers);
    const { integrations } = await link.call(ReceiversMethods.describe, {}, { deadlineMs: 1000 });
    const golden = readGoldenCases(dir);
    const { rows } = JSON.parse(readFileSync(join(dir, 'receivers/failure-matrix.json'), 'utf8')) as {
      rows: Row[];
    };
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    let passed = 0;
    for (const row of rows) {
      const name = `${row.integration} ${row.outcome}`;
      const first = golden.find((each) => each.integration === row.integration);
      const notification = first?.notifications[0];
      if (!integrations.includes(row.integration) || first === undefined || notification === undefined) {
        notCovered.push({ case: name, why: `integration ${row.integration} is not built yet` });
        continue;
      }
      recorder.replies = [replyOf(row.outcome)];
      const test = {
        integration: row.integration,
        settingsJson: JSON.stringify(first.config).replaceAll('127.0.0.1:48081', recorder.host),
        notification: notifyRequestOf(first, notification),
      };
      const outcome = await link.call(ReceiversMethods.test, test, { deadlineMs: 10_000 });
      const why = difference(row, outcome);
      if (why === undefined) passed++;
      else failed.push({ case: name, why });
    }
    await receivers.stop();
    await http.close();
    await recorder.stop();
    return { passed, failed, notCovered };
  },
};

function replyOf(outcome: string): Reply | 'reset' {
  if (outcome === 'reset') return 'reset';
  const json = { 'Content-Type': 'application/json' };
  if (outcome === 'garbage200') return { status: 200, headers: json, body: '{garbage' };
  const status = Number(outcome);
  return { status, headers: json, body: status >= 400 ? ERROR_BODY : '' };
}

/** Reasons as 0.34 gives them; the rows are of 0.33.1. */
const REASON_OF_0_34: ReadonlyMap<string, string> = new Map([
  ['401', 'authError'],
  ['403', 'authError'],
  ['429', 'rateLimited'],
]);

function difference(row: Row, outcome: NotifyOutcome): string | undefined {
  const status = row.failed ? (row.retried ? 'retry' : 'failed') : 'delivered';
  const reason = row.failed ? (REASON_OF_0_34.get(row.outcome) ?? row.failureReason ?? '') : '';
  const error = (row.error ?? '').replace(/^.* attempts: /, '');
  const wanted = JSON.stringify({ status, reason, error });
  const got = JSON.stringify({ status: outcome.status, reason: outcome.reason, error: outcome.error });
  return got === wanted ? undefined : `${got}, expected ${wanted}`;
}
