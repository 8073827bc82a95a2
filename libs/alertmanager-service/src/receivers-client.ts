/**
 * @module alertmanager-service/receivers-client
 *
 * Hands one attempt of one notification to one receivers replica and waits for the outcome. Which one
 * is chosen by the notification id, so that every alertmanager that decides the same hands it to the
 * same replica, which sends it once (receivers-service): two that decide in the same moment, or one that
 * takes over from one that died, page nobody twice. One that is away is passed over for a while. A
 * replica lost in the middle of an attempt may have delivered it: all replicas are asked for the
 * outcome before the attempt counts as failed, since a wrong guess is a duplicate page.
 *
 * It never retries by itself: that is the notify stage's decision (notify.ts).
 */
import { ReceiversMethods, type NotifyOutcome, type NotifyRequest } from '@tocsin/contracts';
import {
  AppError,
  messageOf,
  type Cancel,
  type Clock,
  type Logger,
  type Meter,
  type RpcLink,
  type RpcStream,
  type Timers,
} from '@tocsin/kernel';
import { alertmanagerMetrics as metrics } from './metrics.ts';

/** Unanswered requests on one stream (architecture section 2). */
export const notifyWindow = 256;
/** Requests waiting for a place in a window; more are refused, and tried again by the notify stage. */
export const notifyQueueMax = 100_000;
const OUTCOME_WAIT_MS = 300;
const AWAY_MS_MIN = 500;
const AWAY_MS_MAX = 10_000;
const CONFIGURE_DEADLINE_MS = 5_000;
/** How long beyond its own deadline a request may stay unanswered before the replica counts as hung. */
const ANSWER_GRACE_MS = 2_000;

export interface IntegrationSettings {
  readonly integration: string;
  /** SHA-256 of `json`, hex. */
  readonly hash: string;
  readonly json: string;
}

interface Waiting {
  readonly request: NotifyRequest;
  readonly settings: IntegrationSettings;
  readonly settle: (outcome: NotifyOutcome) => void;
}

interface InFlight extends Waiting {
  readonly cancelTimer: Cancel;
  isReconfigured: boolean;
}

interface Replica {
  readonly link: RpcLink;
  stream: RpcStream<NotifyRequest> | undefined;
  readonly inFlight: Map<string, InFlight>;
  awayUntil: number;
  awayMs: number;
}

interface Deps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

export class ReceiversClient {
  readonly #deps: Deps;
  readonly #replicas: readonly Replica[];
  readonly #queue: Waiting[] = [];
  #isClosed = false;

  constructor(links: readonly RpcLink[], deps: Deps) {
    this.#deps = deps;
    this.#replicas = links.map((link) => ({
      link,
      stream: undefined,
      inFlight: new Map(),
      awayUntil: -Infinity,
      awayMs: AWAY_MS_MIN,
    }));
  }

  /** Never rejects: whatever goes wrong is an outcome that says whether to try again. */
  notify(request: NotifyRequest, settings: IntegrationSettings): Promise<NotifyOutcome> {
    return new Promise((settle) => this.#assign({ request, settings, settle }));
  }

  close(): void {
    this.#isClosed = true;
    for (const replica of this.#replicas) {
      replica.stream?.end();
      replica.stream = undefined;
    }
  }

  #assign(waiting: Waiting): void {
    if (this.#isClosed)
      return waiting.settle(failure(waiting.request, 'contextCanceled', 'the alertmanager is stopping'));
    const now = this.#deps.clock.mono();
    const present = this.#replicas.filter((replica) => replica.awayUntil <= now);
    if (present.length === 0) {
      this.#deps.meter.add(metrics.receiversUnavailable, 1, {});
      const targets = this.#replicas.map((replica) => replica.link.target).join(', ');
      return waiting.settle(
        failure(waiting.request, 'other', `no receivers replica is reachable (${targets})`),
      );
    }
    const { notificationId } = waiting.request;
    const byPreference = present.toSorted(
      (left, right) => weight(notificationId, right) - weight(notificationId, left),
    );
    const free = byPreference.find((replica) => replica.inFlight.size < notifyWindow);
    if (free !== undefined) return this.#send(free, waiting);
    if (this.#queue.length >= notifyQueueMax) {
      return waiting.settle(
        failure(waiting.request, 'other', `${notifyQueueMax} notification requests are waiting already`),
      );
    }
    this.#queue.push(waiting);
  }

  #send(replica: Replica, waiting: Waiting): void {
    const id = attemptId(waiting.request);
    const timeoutMs = waiting.request.timeoutMs + ANSWER_GRACE_MS;
    const cancelTimer = this.#deps.timers.after(timeoutMs, () =>
      this.#settle(
        replica,
        id,
        failure(waiting.request, 'contextDeadlineExceeded', `no outcome from ${replica.link.target} in time`),
      ),
    );
    replica.inFlight.set(id, { ...waiting, cancelTimer, isReconfigured: false });
    try {
      const stream = (replica.stream ??= this.#open(replica));
      // The window bounds what is buffered, so a full transport is no reason to hold back here.
      stream.send(waiting.request);
    } catch (error) {
      this.#lost(replica, AppError.invalid(messageOf(error)));
    }
  }

  #open(replica: Replica): RpcStream<NotifyRequest> {
    return replica.link.openStream(ReceiversMethods.notifyStream, {
      onMessage: (outcome) => {
        replica.awayMs = AWAY_MS_MIN;
        this.#answered(replica, outcome);
      },
      onEnd: (error) =>
        this.#lost(
          replica,
          error ?? new AppError('unavailable', 'the stream was ended by the receivers replica'),
        ),
    });
  }

  #answered(replica: Replica, outcome: NotifyOutcome): void {
    const id = `${outcome.notificationId}#${outcome.attempt}`;
    const inFlight = replica.inFlight.get(id);
    if (inFlight === undefined) return;
    if (outcome.status !== 'configuration-unknown') return this.#settle(replica, id, outcome);
    if (inFlight.isReconfigured) {
      return this.#settle(
        replica,
        id,
        failure(
          inFlight.request,
          'other',
          'the receivers replica does not keep the configuration it was given',
        ),
      );
    }
    inFlight.isReconfigured = true;
    void this.#configure(replica, id, inFlight);
  }

  async #configure(replica: Replica, id: string, inFlight: InFlight): Promise<void> {
    const { request, settings } = inFlight;
    try {
      await replica.link.call(
        ReceiversMethods.configure,
        {
          tenant: request.tenant,
          configurationHash: settings.hash,
          settingsJson: settings.json,
          integration: settings.integration,
        },
        { deadlineMs: CONFIGURE_DEADLINE_MS },
      );
      if (replica.inFlight.has(id)) (replica.stream ??= this.#open(replica)).send(request);
    } catch (error) {
      const isOurs = error instanceof AppError && error.code === 'invalid';
      const outcome = failure(request, 'other', `configuring ${replica.link.target}: ${messageOf(error)}`);
      this.#settle(replica, id, isOurs ? { ...outcome, status: 'failed' } : outcome);
    }
  }

  #settle(replica: Replica, id: string, outcome: NotifyOutcome): void {
    const inFlight = replica.inFlight.get(id);
    if (inFlight === undefined) return;
    replica.inFlight.delete(id);
    inFlight.cancelTimer();
    inFlight.settle(outcome);
    const next = this.#queue.shift();
    if (next !== undefined) this.#assign(next);
  }

  #lost(replica: Replica, error: AppError): void {
    replica.stream = undefined;
    if (this.#isClosed && replica.inFlight.size === 0) return;
    replica.awayUntil = this.#deps.clock.mono() + replica.awayMs;
    replica.awayMs = Math.min(replica.awayMs * 2, AWAY_MS_MAX);
    const ids = [...replica.inFlight.keys()];
    this.#deps.logger.warn('Lost a receivers replica; its notifications go to another one', {
      receivers: replica.link.target,
      in_flight: ids.length,
      err: error.message,
    });
    if (ids.length > 0) void this.#resolveLost(replica, ids, error);
  }

  async #resolveLost(replica: Replica, ids: readonly string[], error: AppError): Promise<void> {
    const wanted = ids.flatMap((id) => replica.inFlight.get(id)?.request.notificationId ?? []);
    const delivered = await this.outcomes(wanted);
    for (const id of ids) {
      const inFlight = replica.inFlight.get(id);
      if (inFlight === undefined) continue;
      const known = delivered.get(inFlight.request.notificationId);
      this.#settle(
        replica,
        id,
        known ?? failure(inFlight.request, 'other', `receivers ${replica.link.target}: ${error.message}`),
      );
    }
  }

  /** Which of these ids were delivered, as far as any replica can say within 300 ms. */
  async outcomes(notificationIds: readonly string[]): Promise<ReadonlyMap<string, NotifyOutcome>> {
    const delivered = new Map<string, NotifyOutcome>();
    await Promise.all(
      this.#replicas.map(async ({ link }) => {
        try {
          const options = { deadlineMs: OUTCOME_WAIT_MS };
          const answer = await link.call(ReceiversMethods.outcome, { notificationIds }, options);
          for (const outcome of answer.outcomes) {
            if (outcome.status === 'delivered') delivered.set(outcome.notificationId, outcome);
          }
        } catch (error) {
          this.#deps.logger.debug('A receivers replica could not be asked for outcomes', {
            receivers: link.target,
            err: messageOf(error),
          });
        }
      }),
    );
    return delivered;
  }
}

/** Rendezvous hashing (FNV-1a): when a replica goes, only what it had moves. */
function weight(notificationId: string, { link }: Replica): number {
  let hash = 0x811c9dc5;
  for (const text of [notificationId, link.target]) {
    for (let index = 0; index < text.length; index++)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV alone leaves the last characters in the low bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

const attemptId = (request: NotifyRequest): string => `${request.notificationId}#${request.attempt}`;

function failure(request: NotifyRequest, reason: string, error: string): NotifyOutcome {
  return {
    notificationId: request.notificationId,
    status: 'retry',
    reason,
    error,
    retryAfterMs: 0,
    statusCode: 0,
    receiverData: new Map(),
    attempt: request.attempt,
  };
}
