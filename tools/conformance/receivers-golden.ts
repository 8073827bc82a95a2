/** The recorded notifications of `receivers/golden-requests.json` as requests to our own receivers service. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyNotifyRequest, type Label, type NotifyRequest } from '@tocsin/contracts';
import { noMeter, noTracer, type Clock, type HttpOut, type Logger } from '@tocsin/kernel';
import { parseInstant, zeroInstant } from '@tocsin/model';
import { startReceivers, type Receivers } from '@tocsin/receivers-service';
import { readYaml } from '@tocsin/runtime';

type Texts = Readonly<Record<string, string>>;

export interface GoldenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly response: {
    readonly status: number;
    readonly contentType: string;
    readonly body: string;
    readonly headers?: Texts;
  };
}

export interface GoldenNotification {
  readonly phase: string;
  readonly notificationReason: string;
  readonly groupLabels: Texts;
  readonly groupKey: string;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Texts;
    readonly annotations: Texts;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
  }[];
  readonly requests: readonly GoldenRequest[];
}

export interface GoldenCase {
  readonly id: string;
  readonly integration: string;
  readonly receiverName: string;
  readonly externalURL: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly notifications: readonly GoldenNotification[];
}

export const readGoldenCases = (dir: string): readonly GoldenCase[] =>
  (JSON.parse(readFileSync(join(dir, 'receivers/golden-requests.json'), 'utf8')) as { cases: GoldenCase[] })
    .cases;

const labelsOf = (texts: Texts): readonly Label[] =>
  Object.entries(texts).map(([name, value]) => ({ name, value }));

export function notifyRequestOf(golden: GoldenCase, notification: GoldenNotification): NotifyRequest {
  return {
    ...emptyNotifyRequest,
    receiver: { groupName: golden.receiverName, integration: golden.integration, index: 0 },
    groupKey: notification.groupKey,
    groupLabels: labelsOf(notification.groupLabels),
    alerts: notification.alerts.map((alert) => ({
      labels: labelsOf(alert.labels),
      annotations: labelsOf(alert.annotations),
      startsAt: parseInstant(alert.startsAt) ?? zeroInstant,
      endsAt: alert.status === 'resolved' ? (parseInstant(alert.endsAt) ?? zeroInstant) : undefined,
      generatorUrl: alert.generatorURL,
    })),
    reason: notification.notificationReason,
    externalUrl: golden.externalURL,
    timeoutMs: 10_000,
    attempt: 1,
  };
}

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => quiet,
};
/** When the data was recorded. */
const clock: Clock = { wall: () => Date.parse('2026-11-22T00:47:10Z'), mono: () => performance.now() };

export const receiversFor = (http: HttpOut): Receivers =>
  startReceivers({
    clock,
    http,
    sha256Hex: () => '',
    readSecret: (path) => Promise.reject(new Error(`no file ${path} in the data`)),
    logger: quiet,
    meter: noMeter,
    tracer: noTracer,
    version: 'conformance',
    readDocument: readYaml,
  });
