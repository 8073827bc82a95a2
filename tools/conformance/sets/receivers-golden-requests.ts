import { ReceiversMethods } from '@tocsin/contracts';
import { loopback, type RpcLink } from '@tocsin/kernel';
import { httpOut } from '@tocsin/transport';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';
import {
  notifyRequestOf,
  readGoldenCases,
  receiversFor,
  type GoldenCase,
  type GoldenRequest,
} from '../receivers-golden.ts';
import { Recorder, type Recorded } from '../receivers-recorder.ts';

const RECORDED_HOST = '127.0.0.1:48081';

/** Needs a proxy in front of a TLS server on port 443: libs/transport tests that with ports of its own. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  [
    'webhook-12',
    'its target is https://localhost at port 443; tunnels are tested in libs/transport/src/http/out.test.ts',
  ],
]);

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'golden-requests',
  async run(dir) {
    const recorder = new Recorder();
    await recorder.start();
    const http = httpOut();
    const receivers = receiversFor(http);
    const link = loopback(receivers.handlers);
    const { integrations } = await link.call(ReceiversMethods.describe, {}, { deadlineMs: 1000 });
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    let passed = 0;
    for (const golden of readGoldenCases(dir)) {
      const notYet = integrations.includes(golden.integration)
        ? NOT_HERE.get(golden.id)
        : `integration ${golden.integration} is not built yet`;
      if (notYet !== undefined) {
        notCovered.push({ case: golden.id, why: notYet });
        continue;
      }
      const why = await differences(golden, link, recorder);
      if (why.length === 0) passed++;
      else failed.push({ case: golden.id, why: why.join('; ') });
    }
    await receivers.stop();
    await http.close();
    await recorder.stop();
    return { passed, failed, notCovered };
  },
};

async function differences(
  golden: GoldenCase,
  link: RpcLink,
  recorder: Recorder,
): Promise<readonly string[]> {
  const here = (text: string): string => text.replaceAll(RECORDED_HOST, recorder.host);
  const why: string[] = [];
  for (const notification of golden.notifications) {
    recorder.requests.length = 0;
    recorder.replies = notification.requests.map(({ response }) => ({
      status: response.status,
      headers: { 'Content-Type': response.contentType, ...response.headers },
      body: response.body,
    }));
    const test = {
      integration: golden.integration,
      settingsJson: here(JSON.stringify(golden.config)),
      notification: notifyRequestOf(golden, notification),
    };
    const outcome = await link.call(ReceiversMethods.test, test, { deadlineMs: 10_000 });
    const last = notification.requests.at(-1)?.response.status ?? 0;
    const expected = last >= 200 && last < 300 ? 'delivered' : 'failed';
    if (outcome.status !== expected)
      why.push(`${notification.phase}: outcome ${outcome.status} ${outcome.error}`);
    if (recorder.requests.length !== notification.requests.length) {
      why.push(
        `${notification.phase}: ${recorder.requests.length} requests, expected ${notification.requests.length}`,
      );
    }
    for (const [index, wanted] of notification.requests.entries()) {
      const got = recorder.requests[index];
      if (got !== undefined)
        why.push(...compare(wanted, got, here).map((text) => `${notification.phase} #${index}: ${text}`));
    }
  }
  return why;
}

function compare(wanted: GoldenRequest, got: Recorded, here: (text: string) => string): readonly string[] {
  const why: string[] = [];
  if (got.method !== wanted.method) why.push(`method ${got.method}, expected ${wanted.method}`);
  if (got.url !== here(wanted.url)) why.push(`url ${got.url}, expected ${wanted.url}`);
  for (const [name, value] of wanted.headers) {
    const values = got.headers.filter(([other]) => other === name.toLowerCase()).map(([, each]) => each);
    const expected = here(value);
    const isRight =
      // Both differ with the release: 0.34 has routeLabels in the body.
      name === 'Content-Length' ||
      // Go's own client offers it; ours takes no compressed answers, and so does not.
      name === 'Accept-Encoding' ||
      (name === 'User-Agent' ? values[0]?.startsWith('Alertmanager/') : values.includes(expected));
    if (isRight !== true) why.push(`header ${name}: ${values.join(' | ')}, expected ${expected}`);
  }
  const body = withRouteLabels(here(wanted.body ?? ''));
  if (got.body !== body) why.push(`body ${got.body}, expected ${body}`);
  return why;
}

// What 0.34 adds to the recorded bodies of 0.33.1.
const withRouteLabels = (body: string): string =>
  body.replace(',"externalURL":', ',"routeLabels":{},"externalURL":');
