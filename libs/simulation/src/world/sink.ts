/** The outside world that gets the pages: writes down everything it accepted. */
import type { HostPort } from '@tocsin/kernel';
import type { WebAnswer, WebServer } from './virtual-http.ts';
import type { Universe } from './universe.ts';

export interface Arrival {
  readonly at: number;
  /** Alertmanager that decided. */
  readonly by: string;
  /** Receivers replica that brought it. */
  readonly via: HostPort;
  readonly receiver: string;
  readonly groupKey: string;
  /** Fingerprints. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly id: string;
  readonly reason: string;
  /** Whether the sender could learn that it was accepted. */
  readonly isAnswered: boolean;
}

export type SinkMode = 'works' | 'fails' | 'limits' | 'slow' | 'loses-answers' | 'hangs';

interface Payload {
  readonly receiver: string;
  readonly groupKey: string;
  readonly externalURL: string;
  readonly notification_reason: string;
  readonly alerts: readonly { readonly status: string; readonly fingerprint: string }[];
}

const SLOW_MS = 3_000;

export class Sink {
  readonly arrivals: Arrival[] = [];
  mode: SinkMode = 'works';
  readonly #universe: Universe;

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  readonly serve: WebServer = ({ body, headers, from }): WebAnswer => {
    const { trace, world, sabotage } = this.#universe;
    if (sabotage === 'lost-notifications') return { status: 200 };
    if (this.mode === 'fails') return refused(trace, { status: 500, body: 'out of order' });
    if (this.mode === 'limits') return refused(trace, { status: 503, headers: { 'retry-after': '3' } });
    if (this.mode === 'hangs') return refused(trace, 'hang');
    const payload = JSON.parse(body) as Payload;
    const withStatus = (status: string): string[] =>
      payload.alerts.filter((alert) => alert.status === status).map(({ fingerprint }) => fingerprint);
    const arrival: Arrival = {
      at: world.now,
      by: payload.externalURL.replace('http://', ''),
      via: from,
      receiver: payload.receiver,
      groupKey: payload.groupKey,
      firing: withStatus('firing'),
      resolved: withStatus('resolved'),
      id: String(headers['idempotency-key'] ?? headers['Idempotency-Key'] ?? ''),
      reason: payload.notification_reason,
      isAnswered: this.mode !== 'loses-answers',
    };
    this.arrivals.push(arrival);
    trace.add('sink', describe(arrival));
    if (this.mode === 'loses-answers') return 'reset';
    return { status: 200, afterMs: this.mode === 'slow' ? SLOW_MS : 5 };
  };
}

function refused(trace: Universe['trace'], answer: WebAnswer): WebAnswer {
  trace.add('sink', 'refused');
  return answer;
}

export const describe = (arrival: Arrival): string =>
  `<== ${arrival.by}: ${arrival.receiver} ${arrival.groupKey} firing [${arrival.firing.map((each) => each.slice(0, 6)).join(' ')}] resolved [${arrival.resolved.map((each) => each.slice(0, 6)).join(' ')}] ${arrival.reason}`;
