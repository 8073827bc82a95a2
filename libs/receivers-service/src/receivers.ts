/**
 * @module receivers-service/receivers
 *
 * The ReceiversService (proto/tocsin/receivers/v1): one attempt for each request, each with an outcome.
 * Retrying, waiting for a turn and writing the log are the alertmanager's.
 *
 * - A request whose id is under way on this replica waits for that one's outcome; one whose id was
 *   delivered in the last ten minutes is answered so. Neither is sent again.
 * - An outcome never holds a secret: errors name no URL, and known secrets in an answer's text are masked.
 */
import {
  ReceiversMethods,
  emptyNotifyRequest,
  type NotifyOutcome,
  type NotifyRequest,
  type TestRequest,
} from '@tocsin/contracts';
import {
  AppError,
  bidi,
  unary,
  type Clock,
  type HttpOut,
  type Logger,
  type Meter,
  type ReadDocument,
  type RpcHandler,
  type RpcStream,
  type StreamHandlers,
  type Tracer,
} from '@tocsin/kernel';
import { instantOf } from '@tocsin/model';
import { Configurations } from './configurations.ts';
import { failureOf } from './delivery.ts';
import type { Delivery, Integration, ReadIntegration } from './integration.ts';
import { integrations as allIntegrations } from './integrations.ts';
import { receiversMetrics as metrics } from './metrics.ts';
import { Outcomes } from './outcomes.ts';

/** Unanswered requests on one stream; more are refused, to be tried again. */
export const NOTIFY_WINDOW = 256;
/** When a request does not say. */
const TIMEOUT_MS_DEFAULT = 10_000;
const TIMEOUT_MS_MAX = 3_600_000;
/** Ids in one Outcome call. */
const OUTCOME_IDS_MAX = 1_000;
const ID_CHARS_MAX = 256;

export interface ReceiversParts {
  readonly clock: Clock;
  readonly http: HttpOut;
  /** SHA-256 of the text's UTF-8, as 64 lower-case hex digits. */
  readonly sha256Hex: (text: string) => string;
  /** The text of a file that a setting names (`url_file` …). Rejects with AppError naming the path. */
  readonly readSecret: (path: string) => Promise<string>;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly version: string;
  /** YAML, for payloads whose parts are templates; absent: such settings are refused. */
  readonly readDocument?: ReadDocument;
  /** A variable of the environment, for `proxy_from_environment`; absent: such settings are refused. */
  readonly environment?: (name: string) => string | undefined;
  /** Default: all that are built in. */
  readonly integrations?: ReadonlyMap<string, ReadIntegration>;
}

export interface Receivers {
  readonly handlers: readonly RpcHandler[];
  /** Refuses new requests, waits for those under way, then ends the streams. */
  stop(): Promise<void>;
}

export function startReceivers(parts: ReceiversParts): Receivers {
  const service = new Service(parts);
  return {
    handlers: [
      bidi(ReceiversMethods.notifyStream, (reply) => service.openStream(reply)),
      unary(ReceiversMethods.notify, (request) => service.notify(request)),
      unary(ReceiversMethods.outcome, ({ notificationIds }) => ({
        outcomes: service.outcomesOf(notificationIds),
      })),
      unary(ReceiversMethods.configure, ({ integration, configurationHash, settingsJson }) => {
        service.configurations.add(integration, configurationHash, settingsJson);
        return {};
      }),
      unary(ReceiversMethods.test, (request) => service.test(request)),
      unary(ReceiversMethods.describe, () => ({ integrations: service.names, version: parts.version })),
    ],
    stop: () => service.stop(),
  };
}

class Service {
  readonly configurations: Configurations;
  readonly names: readonly string[];
  readonly #parts: ReceiversParts;
  readonly #outcomes: Outcomes;
  /** By notification id. */
  readonly #underWay = new Map<string, Promise<NotifyOutcome>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #streams = new Set<RpcStream<NotifyOutcome>>();
  #inFlight = 0;
  #isStopping = false;

  constructor(parts: ReceiversParts) {
    const integrations = parts.integrations ?? allIntegrations;
    this.#parts = parts;
    this.names = [...integrations.keys()];
    this.configurations = new Configurations({
      ...parts,
      integrations,
      means: parts,
    });
    this.#outcomes = new Outcomes(parts);
    parts.meter.declare(metrics);
    parts.meter.onCollect(() => {
      parts.meter.set(metrics.inFlight, this.#inFlight, {});
      parts.meter.set(metrics.configurations, this.configurations.size, {});
      parts.meter.set(metrics.outcomes, this.#outcomes.size, {});
    });
  }

  openStream(reply: RpcStream<NotifyOutcome>): StreamHandlers<NotifyRequest> {
    let unanswered = 0;
    let hasEnded = false;
    const answer = (outcome: NotifyOutcome): void => {
      unanswered--;
      reply.send(outcome);
      if (hasEnded && unanswered === 0) this.#close(reply);
    };
    this.#streams.add(reply);
    return {
      onMessage: (request) => {
        unanswered++;
        if (unanswered > NOTIFY_WINDOW) {
          this.#parts.meter.add(metrics.windowExceeded, 1, {});
          return answer(
            refusal(request, 'retry', `more than ${NOTIFY_WINDOW} unanswered requests on this stream`),
          );
        }
        void this.#track(this.notify(request).then(answer));
      },
      onEnd: (error) => {
        hasEnded = true;
        if (error !== undefined) this.#streams.delete(reply);
        else if (unanswered === 0) this.#close(reply);
      },
    };
  }

  #close(reply: RpcStream<NotifyOutcome>): void {
    this.#streams.delete(reply);
    reply.end();
  }

  /** Never rejects: whatever happens is an outcome. */
  notify(request: NotifyRequest): Promise<NotifyOutcome> {
    return this.#track(this.#notify(request));
  }

  /** For `stop` to wait for. */
  #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  async #notify(request: NotifyRequest): Promise<NotifyOutcome> {
    const { notificationId: id, receiver, configurationHash } = request;
    if (this.#isStopping) return refusal(request, 'retry', 'this receivers replica is stopping');
    if (receiver === undefined)
      return refusal(request, 'failed', 'receiver is missing: expected group_name, integration and index');
    if (id.length > ID_CHARS_MAX)
      return refusal(request, 'failed', `notification_id is longer than ${ID_CHARS_MAX} characters`);
    const known = id === '' ? undefined : this.#outcomes.get(id);
    if (known?.status === 'delivered') return this.#repeated(request, 'delivered', known);
    const underWay = id === '' ? undefined : this.#underWay.get(id);
    if (underWay !== undefined) return this.#repeated(request, 'joined', await underWay);
    const integration = this.configurations.get(receiver.integration, configurationHash);
    if (integration === undefined) return { ...refusal(request, 'configuration-unknown', ''), reason: '' };
    const sending = this.#send(request, receiver.integration, integration);
    if (id === '') return sending;
    this.#underWay.set(id, sending);
    const outcome = await sending;
    this.#underWay.delete(id);
    this.#outcomes.keep(outcome);
    return outcome;
  }

  #repeated(request: NotifyRequest, how: 'joined' | 'delivered', outcome: NotifyOutcome): NotifyOutcome {
    this.#parts.meter.add(metrics.repeated, 1, { how });
    return { ...outcome, attempt: request.attempt };
  }

  async #send(request: NotifyRequest, name: string, integration: Integration): Promise<NotifyOutcome> {
    const { clock, http, readSecret, meter, tracer } = this.#parts;
    this.#inFlight++;
    const startedAt = clock.mono();
    const timeoutMs =
      request.timeoutMs > 0 ? Math.min(request.timeoutMs, TIMEOUT_MS_MAX) : TIMEOUT_MS_DEFAULT;
    const span = tracer.start('notify.Integration.Notify', {
      parent: request.traceparent,
      kind: 'client',
      ...(tracer.isOn ? { attributes: attributesOf(request, name) } : {}),
    });
    const delivery = await this.#deliver(request, name, () =>
      integration.notify(request, {
        clock,
        http,
        dialer: name,
        readSecret,
        deadline: startedAt + timeoutMs,
        traceparent: span.traceparent === '' ? request.traceparent : span.traceparent,
      }),
    );
    this.#inFlight--;
    const isDelivered = delivery.status === 'delivered';
    if (delivery.statusCode !== 0) span.set({ 'http.response.status_code': delivery.statusCode });
    span.end(isDelivered ? undefined : delivery.error);
    meter.add(metrics.requests, 1, { integration: name, status: delivery.status });
    meter.observe(metrics.duration, (clock.mono() - startedAt) / 1000, { integration: name });
    return outcomeOf(request, delivery);
  }

  async #deliver(request: NotifyRequest, name: string, notify: () => Promise<Delivery>): Promise<Delivery> {
    try {
      return await notify();
    } catch (thrown) {
      if (thrown instanceof AppError) return failureOf(thrown);
      this.#parts.logger.error('An integration failed unexpectedly; please report this', {
        integration: name,
        receiver: request.receiver?.groupName,
        err: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      });
      return failureOf(
        new AppError(
          'internal',
          'the integration failed unexpectedly; the log of the receivers service says why',
        ),
      );
    }
  }

  outcomesOf(ids: readonly string[]): readonly NotifyOutcome[] {
    if (ids.length > OUTCOME_IDS_MAX) {
      throw new AppError(
        'limit',
        `${ids.length} notification ids: at most ${OUTCOME_IDS_MAX} are answered at once`,
      );
    }
    return ids.flatMap((id) => this.#outcomes.get(id) ?? []);
  }

  /** Throws AppError `invalid` for settings that can't be used. */
  async test(request: TestRequest): Promise<NotifyOutcome> {
    const integration = this.configurations.read(request.integration, request.settingsJson);
    const notification = request.notification ?? testNotification(request.integration, this.#parts.clock);
    return this.#track(this.#send(notification, request.integration, integration));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.allSettled(this.#running);
    for (const stream of this.#streams) this.#close(stream);
  }
}

function attributesOf(
  request: NotifyRequest,
  integration: string,
): Readonly<Record<string, string | number>> {
  return {
    'alerting.integration.name': integration,
    'alerting.receiver.name': request.receiver?.groupName ?? '',
    'alerting.group.key': request.groupKey,
    'alerting.alerts.count': request.alerts.length,
    'alerting.attempt': request.attempt,
  };
}

const noData: NotifyOutcome['receiverData'] = new Map();

const outcomeOf = (request: NotifyRequest, delivery: Delivery): NotifyOutcome => ({
  notificationId: request.notificationId,
  attempt: request.attempt,
  reason: '',
  error: '',
  retryAfterMs: 0,
  receiverData: noData,
  ...delivery,
});

const refusal = (
  request: NotifyRequest,
  status: 'retry' | 'failed' | 'configuration-unknown',
  error: string,
): NotifyOutcome => ({
  notificationId: request.notificationId,
  attempt: request.attempt,
  status,
  reason: 'other',
  error,
  retryAfterMs: 0,
  statusCode: 0,
  receiverData: noData,
});

function testNotification(integration: string, clock: Clock): NotifyRequest {
  const labels = [
    { name: 'alertname', value: 'TestAlert' },
    { name: 'instance', value: 'Tocsin' },
  ];
  return {
    ...emptyNotifyRequest,
    receiver: { groupName: 'test', integration, index: 0 },
    groupKey: '{}:{alertname="TestAlert"}',
    groupLabels: labels.slice(0, 1),
    alerts: [
      {
        labels,
        annotations: [{ name: 'summary', value: 'Notification test' }],
        startsAt: instantOf(clock.wall()),
        endsAt: undefined,
        generatorUrl: '',
      },
    ],
    reason: 'first notification',
    attempt: 1,
  };
}
