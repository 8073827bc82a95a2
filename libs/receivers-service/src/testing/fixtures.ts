/** A world without network: an HTTP side that answers as told, and a clock that is set by hand. */
import { emptyNotifyRequest, type NotifyRequest } from '@tocsin/contracts';
import {
  encodeUtf8,
  noMeter,
  noTracer,
  type Clock,
  type DocNode,
  type HttpOut,
  type Logger,
  type ReadDocument,
} from '@tocsin/kernel';
import type { JsonValue } from '../json-settings.ts';
import type { ReceiversParts } from '../receivers.ts';

export type Sent = Parameters<HttpOut['send']>[0];
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class FakeHttp implements HttpOut {
  readonly sent: Sent[] = [];
  /** Default: 200 to everything. */
  answer: (request: Sent) => Answer | Promise<Answer> = () => ({ status: 200 });

  async send(request: Sent): ReturnType<HttpOut['send']> {
    this.sent.push(request);
    const { status, headers = {}, body = '' } = await this.answer(request);
    return { status, headers, body: encodeUtf8(body) };
  }
}

export class HandClock implements Clock {
  now = 1_795_308_430_000;
  wall(): number {
    return this.now;
  }
  mono(): number {
    return this.now;
  }
}

export interface Logged {
  readonly message: string;
  readonly facts: unknown;
}

export function loggerInto(lines: Logged[]): Logger {
  const write = (message: string, facts?: unknown): void => void lines.push({ message, facts });
  const logger: Logger = { debug: write, info: write, warn: write, error: write, with: () => logger };
  return logger;
}

export function partsWith(more: Partial<ReceiversParts> & Pick<ReceiversParts, 'http'>): ReceiversParts {
  return {
    clock: new HandClock(),
    sha256Hex: (text) => `hash of ${text}`,
    readSecret: (path) => Promise.reject(new Error(`no file ${path}`)),
    logger: loggerInto([]),
    meter: noMeter,
    tracer: noTracer,
    version: '1.2.3',
    ...more,
  };
}

/** JSON is YAML; whatever is none counts as one plain scalar here. */
export const readJson: ReadDocument = (text) => {
  try {
    return nodeOf(JSON.parse(text) as JsonValue);
  } catch {
    return { kind: 'scalar', text, isPlain: true, ...START };
  }
};
const START = { line: 1, column: 1 };

function nodeOf(value: JsonValue): DocNode {
  if (typeof value === 'string') return { kind: 'scalar', text: value, isPlain: false, ...START };
  if (Array.isArray(value)) return { kind: 'list', items: (value as JsonValue[]).map(nodeOf), ...START };
  if (typeof value !== 'object' || value === null) {
    return { kind: 'scalar', text: String(value), isPlain: true, ...START };
  }
  const entries = Object.entries(value).map(([key, each]) => ({ key, value: nodeOf(each), ...START }));
  return { kind: 'map', entries, ...START };
}

const label = (name: string, value: string): { readonly name: string; readonly value: string } => ({
  name,
  value,
});

export const requestWith = (more: Partial<NotifyRequest> = {}): NotifyRequest => ({
  ...emptyNotifyRequest,
  notificationId: 'n-1',
  receiver: { groupName: 'team', integration: 'webhook', index: 0 },
  groupKey: '{}:{alertname="Down"}',
  groupLabels: [label('alertname', 'Down')],
  alerts: [
    {
      labels: [label('alertname', 'Down'), label('instance', 'a')],
      annotations: [label('summary', 'a is down')],
      startsAt: { seconds: 1_795_308_000, nanos: 500_000_000 },
      endsAt: undefined,
      generatorUrl: 'http://prom/graph',
    },
  ],
  reason: 'first notification',
  externalUrl: 'http://am',
  timeoutMs: 10_000,
  attempt: 1,
  ...more,
});
