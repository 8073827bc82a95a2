/**
 * @module scheduler-service/alertmanager-sender
 *
 * One alertmanager: its queue and its stream of numbered batches. What is not acknowledged when the
 * stream breaks, or when no acknowledgement comes in time, is sent again after a pause on a new
 * stream. Each alertmanager has a sender of its own, so that a dead one delays no other.
 *
 * Invariants
 *  - An alert is dropped only when the queue is full, when it ended while it waited, or at the stop.
 *  - At most `windowBatches` batches are unacknowledged.
 *  - Of two versions of an alert the newer one is the last that is delivered.
 */
import { messageOf } from '@tocsin/kernel';
import type {
  AppError,
  Cancel,
  Clock,
  Logger,
  Meter,
  MonoMs,
  Random,
  RpcLink,
  RpcStream,
  Span,
  Timers,
  Tracer,
} from '@tocsin/kernel';
import { AlertmanagerMethods } from '@tocsin/contracts';
import type { AlertBatch, AlertBatchAck } from '@tocsin/contracts';
import type { Fingerprint } from '@tocsin/model';
import { AlertQueue } from './alert-queue.ts';
import { notifierMetrics } from './metrics.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';
import type { SchedulerSettings } from './settings.ts';

export interface SenderLimits {
  readonly alertsPerBatchMax: number;
  readonly windowBatches: number;
  /** A batch that is not acknowledged by then: the stream is given up. */
  readonly ackTimeoutMs: number;
  /** Pause after the first failure; doubles with each further one. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Rejections of a batch that are logged one by one. */
  readonly rejectionsLoggedMax: number;
}
export const senderLimits: SenderLimits = {
  alertsPerBatchMax: 256,
  windowBatches: 8,
  ackTimeoutMs: 10_000,
  retryMinMs: 100,
  retryMaxMs: 10_000,
  rejectionsLoggedMax: 3,
};

export interface SenderDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly settings: SchedulerSettings;
}

interface Batch {
  readonly alerts: readonly OutgoingAlert[];
  readonly sentAt: MonoMs;
  readonly span: Span;
  /** Alerts of which a later batch, acknowledged before this one, held a newer version. */
  readonly overtaken: Set<Fingerprint>;
}

export class AlertmanagerSender {
  readonly target: string;
  readonly #link: RpcLink;
  readonly #deps: SenderDeps;
  readonly #limits: SenderLimits;
  /** Everything that an alertmanager must know which has missed some of it. */
  readonly #live: () => readonly OutgoingAlert[];
  readonly #queue: AlertQueue;
  readonly #unacknowledged = new Map<number, Batch>();
  #stream: RpcStream<AlertBatch> | undefined;
  /** What a stream before the current one still says is not heard. */
  #streamId = 0;
  #nextNumber = 1;
  #isBlocked = false;
  #isStopped = false;
  #isPumping = false;
  #isOwing = false;
  #failures = 0;
  #retry: Cancel | undefined;
  #ackTimer: Cancel | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    link: RpcLink,
    live: () => readonly OutgoingAlert[],
    deps: SenderDeps,
    limits: SenderLimits = senderLimits,
  ) {
    this.target = link.target;
    this.#link = link;
    this.#live = live;
    this.#deps = { ...deps, logger: deps.logger.with({ alertmanager: link.target }) };
    this.#limits = limits;
    this.#queue = new AlertQueue(deps.settings.queueCapacity);
    for (const counter of [
      notifierMetrics.sent,
      notifierMetrics.errors,
      notifierMetrics.dropped,
      notifierMetrics.rejected,
    ]) {
      deps.meter.add(counter, 0, this.#labels);
    }
  }

  /** Alerts that wait, those not yet acknowledged included. */
  get queueLength(): number {
    let unacknowledged = 0;
    for (const { alerts } of this.#unacknowledged.values()) unacknowledged += alerts.length;
    return this.#queue.size + unacknowledged;
  }

  push(alerts: readonly OutgoingAlert[]): void {
    if (this.#isStopped || alerts.length === 0) return;
    this.#dropped(this.#queue.push(alerts));
    this.#pumpSoon();
  }

  /** Sends what waits, for at most `budgetMs`, then gives the stream up. */
  async stop(budgetMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    let cancel: Cancel = () => undefined;
    const expiry = new Promise<void>((late) => (cancel = this.#deps.timers.after(budgetMs, late)));
    this.#retry?.();
    this.#retry = undefined;
    this.#pump();
    await Promise.race([idle, expiry]);
    cancel();
    this.close();
  }

  /** At once; what waits is lost. */
  close(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const left = this.queueLength;
    if (left > 0) {
      this.#deps.meter.add(notifierMetrics.dropped, left, this.#labels);
      this.#deps.logger.warn(
        'Alerts were not delivered before the stop; the other schedulers, or the next start, send them',
        { alerts: left },
      );
    }
    this.#reset('the sender was stopped');
    this.#retry?.();
  }

  /** One microtask later: rules that are evaluated together share their first batch. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void Promise.resolve().then(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#isStopped && this.#retry === undefined && !this.#isBlocked) {
      if (this.#unacknowledged.size >= this.#limits.windowBatches) return;
      const alerts = this.#takeBatch();
      if (alerts.length === 0) {
        this.#settle();
        return;
      }
      this.#send(alerts);
    }
  }

  #takeBatch(): readonly OutgoingAlert[] {
    const now = this.#deps.clock.wall();
    for (;;) {
      const taken = this.#queue.take(this.#limits.alertsPerBatchMax);
      const alerts = taken.filter(({ worthlessAt }) => worthlessAt === undefined || worthlessAt > now);
      // A firing alert whose end has passed would be taken for a resolved one.
      this.#deps.meter.add(notifierMetrics.dropped, taken.length - alerts.length, this.#labels);
      if (alerts.length > 0 || taken.length === 0) return alerts;
    }
  }

  #send(alerts: readonly OutgoingAlert[]): void {
    const { clock, settings, tracer } = this.#deps;
    const span = tracer.start('StreamAlerts', {
      ...(tracer.isOn ? ancestryOf(alerts) : {}),
      kind: 'client',
      attributes: { alertmanager: this.target, alerts: alerts.length },
    });
    const number = this.#nextNumber++;
    this.#unacknowledged.set(number, { alerts, sentAt: clock.mono(), span, overtaken: new Set() });
    try {
      const stream = this.#stream ?? this.#open();
      const isTaken = stream?.send({
        number,
        tenant: settings.tenant,
        alerts: alerts.map(({ wire }) => wire),
        sender: settings.replica,
        traceparent: span.traceparent,
      });
      // Opening or sending may have ended the stream already.
      if (stream === undefined || stream !== this.#stream) return;
      this.#isBlocked = isTaken === false;
    } catch (cause) {
      this.#failed(messageOf(cause));
      return;
    }
    this.#watchAcks();
  }

  /** Undefined when the stream ended while it was opened. */
  #open(): RpcStream<AlertBatch> | undefined {
    const id = ++this.#streamId;
    const isCurrent = (): boolean => this.#streamId === id;
    const stream = this.#link.openStream(AlertmanagerMethods.streamAlerts, {
      onMessage: (ack) => (isCurrent() ? this.#acknowledged(ack) : undefined),
      onEnd: (error) => (isCurrent() ? this.#ended(error) : undefined),
      onDrain: () => {
        if (!isCurrent()) return;
        this.#isBlocked = false;
        this.#pump();
      },
    });
    this.#stream = isCurrent() ? stream : undefined;
    return this.#stream;
  }

  #acknowledged({ number, rejections }: AlertBatchAck): void {
    const batch = this.#unacknowledged.get(number);
    if (batch === undefined) return;
    this.#unacknowledged.delete(number);
    for (const [earlier, { overtaken }] of this.#unacknowledged) {
      if (earlier < number) for (const { key } of batch.alerts) overtaken.add(key);
    }
    const { clock, logger, meter } = this.#deps;
    meter.add(notifierMetrics.sent, batch.alerts.length, this.#labels);
    meter.observe(notifierMetrics.latency, (clock.mono() - batch.sentAt) / 1000, this.#labels);
    meter.set(notifierMetrics.lastAck, clock.wall() / 1000, this.#labels);
    if (rejections.length > 0) this.#rejected(batch, rejections);
    batch.span.end(rejections.length > 0 ? `${rejections.length} alerts were rejected` : undefined);
    if (this.#failures > 0) logger.info('The alertmanager takes alerts again', { failures: this.#failures });
    this.#failures = 0;
    this.#watchAcks();
    this.#settle();
    this.#pump();
  }

  #rejected({ alerts }: Batch, rejections: AlertBatchAck['rejections']): void {
    this.#deps.meter.add(notifierMetrics.rejected, rejections.length, this.#labels);
    for (const { index, reason } of rejections.slice(0, this.#limits.rejectionsLoggedMax)) {
      this.#deps.logger.warn(
        'The alertmanager rejected an alert; mend the labels or annotations of its rule',
        {
          reason,
          alert: alerts[index]?.wire.labels.find(({ name }) => name === 'alertname')?.value,
          fingerprint: alerts[index]?.key,
          rejected: rejections.length,
        },
      );
    }
  }

  #ended(error: AppError | undefined): void {
    if (this.#unacknowledged.size > 0 || error !== undefined) {
      this.#failed(error === undefined ? 'the alertmanager ended the stream' : error.message);
      return;
    }
    this.#reset('');
    this.#pump();
  }

  /** Everything unacknowledged goes back into the queue, and the next try waits. */
  #failed(reason: string): void {
    const { logger, meter, random, timers } = this.#deps;
    const lost = [...this.#unacknowledged.values()].flatMap(({ alerts, overtaken }) =>
      alerts.filter(({ key }) => !overtaken.has(key)),
    );
    this.#reset(reason);
    meter.add(notifierMetrics.errors, lost.length, this.#labels);
    this.#dropped(this.#queue.putBack(lost));
    const { retryMaxMs, retryMinMs } = this.#limits;
    const longest = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 30));
    // Half of it is chance, so that schedulers don't come back all at once.
    const delayMs = longest / 2 + random.float() * (longest / 2);
    const facts = { err: reason, queued: this.#queue.size, retry_ms: Math.round(delayMs) };
    if (this.#failures > 0) logger.debug('The alertmanager still does not take alerts', facts);
    else
      logger.warn(
        'The alertmanager takes no alerts; they are kept and sent again. Check that it runs',
        facts,
      );
    this.#failures++;
    this.#retry?.();
    this.#retry = timers.after(delayMs, () => {
      this.#retry = undefined;
      this.#pump();
    });
  }

  #reset(reason: string): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#streamId++;
    this.#isBlocked = false;
    this.#nextNumber = 1;
    for (const { span } of this.#unacknowledged.values()) span.end(reason);
    this.#unacknowledged.clear();
    this.#ackTimer?.();
    this.#ackTimer = undefined;
    stream?.cancel();
  }

  /** The oldest batch has until `ackTimeoutMs` after it was sent. */
  #watchAcks(): void {
    const [oldest] = this.#unacknowledged.values();
    this.#ackTimer?.();
    this.#ackTimer = undefined;
    if (oldest === undefined) return;
    const { clock, timers } = this.#deps;
    const leftMs = Math.max(0, oldest.sentAt + this.#limits.ackTimeoutMs - clock.mono());
    this.#ackTimer = timers.after(leftMs, () => {
      this.#ackTimer = undefined;
      this.#failed(`no acknowledgement within ${this.#limits.ackTimeoutMs} ms`);
    });
  }

  #dropped(count: number): void {
    if (count === 0) return;
    this.#deps.meter.add(notifierMetrics.dropped, count, this.#labels);
    if (!this.#isOwing) {
      this.#deps.logger.warn(
        'The queue is full and the oldest alerts are dropped; they are sent again later. Check the alertmanager, or raise the capacity',
        {
          capacity: this.#deps.settings.queueCapacity,
          dropped: count,
        },
      );
    }
    this.#isOwing = true;
  }

  /** Once all is delivered, an alertmanager that missed dropped alerts gets everything that holds now. */
  #settle(): void {
    if (this.queueLength > 0) return;
    this.#onIdle?.();
    if (!this.#isOwing || this.#onIdle !== undefined) return;
    this.#isOwing = false;
    // More than the queue holds would be dropped again, and so on: the resends must do.
    this.push(this.#live().slice(-this.#deps.settings.queueCapacity));
  }

  get #labels(): { readonly alertmanager: string } {
    return { alertmanager: this.target };
  }
}

/** Links of one span; more would not be looked at, and cost. */
const linksMax = 64;

/** A batch of one evaluation goes on in its trace; one of several starts a trace that links to theirs. */
function ancestryOf(alerts: readonly OutgoingAlert[]): {
  readonly parent?: string;
  readonly links?: readonly string[];
} {
  const evaluations = [...new Set(alerts.map(({ evaluation = '' }) => evaluation))].filter(
    (traceparent) => traceparent !== '',
  );
  const [only = ''] = evaluations;
  return evaluations.length > 1 ? { links: evaluations.slice(0, linksMax) } : { parent: only };
}
