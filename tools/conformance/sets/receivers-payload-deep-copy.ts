/** Structured values whose strings are templates, through the payload of a webhook. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReceiversMethods, type Label } from '@tocsin/contracts';
import { loopback, type HttpOut } from '@tocsin/kernel';
import { LabelSet, parseInstant, zeroInstant } from '@tocsin/model';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';
import { receiversFor } from '../receivers-golden.ts';
import type { RawNotification } from '../template-data.ts';

interface Case {
  readonly id: string;
  readonly payload: unknown;
  readonly body?: string;
  readonly error?: string;
}

const labelsOf = (texts: Readonly<Record<string, string>>): readonly Label[] =>
  Object.entries(texts).map(([name, value]) => ({ name, value }));

export const set: ConformanceSet = {
  area: 'receivers',
  name: 'payload-deep-copy',
  async run(dir) {
    const read = (name: string): unknown => JSON.parse(readFileSync(join(dir, 'receivers', name), 'utf8'));
    const { cases } = read('payload-deep-copy.json') as { cases: readonly Case[] };
    const { datasets } = read('template-cases.json') as {
      datasets: Readonly<Record<string, RawNotification>>;
    };
    const data = datasets['firing2'];
    if (data === undefined) throw new Error('template-cases.json has no dataset firing2');
    const sent: string[] = [];
    const http: HttpOut = {
      send: (request) => {
        sent.push(String(request.body));
        return Promise.resolve({ status: 200, headers: {}, body: new Uint8Array() });
      },
    };
    const link = loopback(receiversFor(http).handlers);
    const notification = {
      notificationId: '',
      tenant: '',
      configurationHash: '',
      receiver: { groupName: 'r', integration: 'webhook', index: 0 },
      groupKey: '',
      groupLabels: labelsOf(data.groupLabels),
      routeLabels: labelsOf(data.routeLabels ?? {}),
      alerts: data.alerts.map((alert) => ({
        labels: labelsOf(alert.labels),
        annotations: labelsOf(alert.annotations),
        startsAt: parseInstant(alert.startsAt) ?? zeroInstant,
        endsAt: alert.status === 'resolved' ? (parseInstant(alert.endsAt) ?? zeroInstant) : undefined,
        generatorUrl: alert.generatorURL,
      })),
      reason: data.notification_reason ?? '',
      externalUrl: data.externalURL,
      timeoutMs: 10_000,
      attempt: 1,
      traceparent: '',
      receiverData: new Map(),
    };
    // The data set's fingerprints were made up; ours are the real ones of its labels.
    const asRecorded = (body: string): string =>
      data.alerts.reduce(
        (text, alert) => text.replaceAll(LabelSet.fromObject(alert.labels).fingerprint, alert.fingerprint),
        body,
      );
    const failed: CaseNote[] = [];
    for (const { id, payload, body, error } of cases) {
      sent.length = 0;
      const settingsJson = JSON.stringify({ url: 'http://h/', payload });
      const test = { integration: 'webhook', settingsJson, notification };
      const outcome = await link
        .call(ReceiversMethods.test, test, { deadlineMs: 1000 })
        .catch((thrown: unknown) => ({ status: 'refused', error: String(thrown) }));
      const got = outcome.status === 'delivered' ? asRecorded(sent[0] ?? '') : undefined;
      if (got !== body || (error !== undefined && outcome.status === 'delivered')) {
        failed.push({ case: id, why: `${got ?? outcome.error}, expected ${body ?? error ?? ''}` });
      }
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
