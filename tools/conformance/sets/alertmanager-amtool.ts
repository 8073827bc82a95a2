/** What each amtool command asks for, against one server: every request must be answered as upstream answers it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, textOf } from '@tocsin/alertmanager-service/testing';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';
import { requestOf } from './alertmanager-api.ts';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
}
interface Command {
  readonly command: string;
  readonly requests: readonly Call[];
}

const RECORDED_AT = Date.UTC(2026, 10, 22, 1, 6, 16);
const RECORDED_ID = 'ebe08104-5920-439a-8895-695c460fda16';
const CONFIGURATION = 'route: {receiver: team}\nreceivers: [{name: team}]\n';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'amtool',
  async run(dir): Promise<Verdict> {
    const text = readFileSync(join(dir, 'alertmanager/amtool/index.json'), 'utf8');
    const { cases } = JSON.parse(text) as { readonly cases: readonly Command[] };
    const bench = new Bench({
      turn,
      configuration: CONFIGURATION,
      readDocument: readYaml,
      wallStart: RECORDED_AT,
    });
    await bench.start();
    const failed: CaseNote[] = [];
    let silenceId = RECORDED_ID;
    for (const { command, requests } of cases) {
      for (const call of requests) {
        const ours = (from: string): string => from.replaceAll(RECORDED_ID, silenceId);
        const request = requestOf({
          method: call.method,
          path: ours(call.path),
          headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
          ...(call.body === undefined ? {} : { body: ours(JSON.stringify(call.body)) }),
        });
        const answer = await bench.settled(Promise.resolve(bench.alertmanager.http(request)));
        const body = await textOf(answer);
        const [, created] = /"silenceID":"([^"]+)"/.exec(body) ?? [];
        if (created !== undefined && command.includes('silence add foo')) silenceId = created;
        if (answer.status !== call.status)
          failed.push({
            case: command,
            why: `${call.method} ${call.path}: ${answer.status} ${body}, expected ${call.status}`,
          });
      }
    }
    const bad = new Set(failed.map((note) => note.case));
    return { passed: cases.length - bad.size, failed, notCovered: [] };
  },
};
