/**
 * @module cli/sink
 *
 * `tocsin sink`: a webhook receiver that keeps what arrives and marks repeats by notification id
 * (the Idempotency-Key header). The demo shows its list, the end-to-end tests judge by it.
 */
import { decodeUtf8, type HttpHandler, type HttpRequest, type HttpResponse } from '@tocsin/kernel';

export interface SinkNotification {
  /** Counts from 1 in the order of arrival. */
  readonly number: number;
  readonly atMs: number;
  /** Idempotency-Key; '' when a foreign sender gave none. */
  readonly notificationId: string;
  /** The same id has arrived before. */
  readonly isDuplicate: boolean;
  readonly path: string;
  readonly status: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly reason: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly traceparent: string;
}

/** Oldest are forgotten first. */
const NOTIFICATIONS_MAX = 100_000;
/** Period of `tocsin_demo_square_wave`, half of it at 1. */
const WAVE_PERIOD_MS = 90_000;

interface Payload {
  readonly status?: string;
  readonly receiver?: string;
  readonly groupKey?: string;
  readonly notification_reason?: string;
  readonly alerts?: readonly {
    readonly status?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly fingerprint?: string;
  }[];
}

export interface Sink {
  readonly handler: HttpHandler;
  readonly notifications: readonly SinkNotification[];
}

/**
 * POST anything: kept. GET /notifications?after=N: those after number N as JSON.
 * POST /fail/STATUS, /slow/MS: how to behave from now on to paths below /hook (0: well).
 */
export function notificationSink(wall: () => number, wait: (ms: number) => Promise<void>): Sink {
  const notifications: SinkNotification[] = [];
  const seen = new Set<string>();
  let count = 0;
  let failWith = 0;
  let delayMs = 0;

  const keep = (request: HttpRequest): void => {
    const payload = readPayload(request);
    const notificationId = request.headers['idempotency-key'] ?? '';
    const named = (status: string): string[] =>
      (payload.alerts ?? [])
        .filter((alert) => alert.status === status)
        .map((alert) => nameOf(alert.labels ?? {}));
    const notification: SinkNotification = {
      number: ++count,
      atMs: wall(),
      notificationId,
      isDuplicate: notificationId !== '' && seen.has(notificationId),
      path: request.path,
      status: payload.status ?? '',
      groupKey: payload.groupKey ?? '',
      receiver: payload.receiver ?? '',
      reason: payload.notification_reason ?? '',
      firing: named('firing'),
      resolved: named('resolved'),
      traceparent: request.headers['traceparent'] ?? '',
    };
    seen.add(notificationId);
    notifications.push(notification);
    if (notifications.length > NOTIFICATIONS_MAX) notifications.shift();
  };

  const control = (path: string): boolean => {
    const [, verb, value] = /^\/(fail|slow)\/(\d{1,6})$/.exec(path) ?? [];
    if (verb === 'fail') failWith = Number(value);
    if (verb === 'slow') delayMs = Number(value);
    return verb !== undefined;
  };

  const handler: HttpHandler = async (request) => {
    if (request.method === 'GET') return show(request, notifications, count, wall());
    if (control(request.path)) return answer(200, 'text/plain; charset=utf-8', 'OK\n');
    if (delayMs > 0) await wait(delayMs);
    if (failWith !== 0) return answer(failWith, 'text/plain; charset=utf-8', 'told to fail\n');
    keep(request);
    return answer(200, 'text/plain; charset=utf-8', 'OK\n');
  };
  return { handler, notifications };
}

function readPayload(request: HttpRequest): Payload {
  try {
    return JSON.parse(decodeUtf8(request.body)) as Payload;
  } catch {
    return {};
  }
}

function nameOf(labels: Readonly<Record<string, string>>): string {
  const { alertname = '', ...rest } = labels;
  const others = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  return others.length === 0 ? alertname : `${alertname}{${others.join(',')}}`;
}

function show(
  request: HttpRequest,
  notifications: readonly SinkNotification[],
  count: number,
  now: number,
): HttpResponse {
  if (request.path === '/notifications') {
    const after = Number(request.query.find(([name]) => name === 'after')?.[1] ?? 0);
    const shown = notifications.filter((each) => each.number > after);
    return answer(200, 'application/json', `${JSON.stringify(shown)}\n`);
  }
  if (request.path === '/metrics') {
    const duplicates = notifications.filter((each) => each.isDuplicate).length;
    const wave = now % WAVE_PERIOD_MS < WAVE_PERIOD_MS / 2 ? 1 : 0;
    return answer(200, 'text/plain; version=0.0.4', metricsText(count, duplicates, wave));
  }
  return answer(
    200,
    'text/plain; charset=utf-8',
    `${count} notifications so far; GET /notifications lists them\n`,
  );
}

const metricsText = (count: number, duplicates: number, wave: number): string =>
  `# HELP tocsin_sink_notifications_total Notifications that have arrived.
# TYPE tocsin_sink_notifications_total counter
tocsin_sink_notifications_total ${count}
# HELP tocsin_sink_duplicates Kept notifications whose id had arrived before.
# TYPE tocsin_sink_duplicates gauge
tocsin_sink_duplicates ${duplicates}
# HELP tocsin_demo_square_wave 1 for the first half of every ${WAVE_PERIOD_MS / 1000} s, then 0.
# TYPE tocsin_demo_square_wave gauge
tocsin_demo_square_wave ${wave}
`;

const answer = (status: number, type: string, body: string): HttpResponse => ({
  status,
  headers: { 'Content-Type': type },
  body,
});
