/**
 * @module alertmanager-service/recorder/event-recorder
 *
 * Alertmanager's event recorder: what happened, one JSON object an event, to every configured output.
 *
 * - Nothing ever waits for it: an event is queued, or lost and counted.
 * - An event is serialised once, off the path that decides.
 * - A reload keeps the outputs whose settings are the same; others deliver what they hold while the new
 *   ones take over. An event goes to the outputs of the moment in which it happened.
 */
import type { JsonValue } from '@tocsin/alerting';
import type { ClusterPort } from '@tocsin/cluster';
import { messageOf, utf8Length, type Cancel, type WallMs } from '@tocsin/kernel';
import { formatNanos, instantOf } from '@tocsin/model';
import { LineOutput, type LineSink } from './line-output.ts';
import { metricType, type EventOutput, type OutputDeps, type RecordedEvent } from './output.ts';
import type { EventData, RecordedType, Recorder } from './recorder.ts';
import { recorderMetrics as metrics } from './recorder-metrics.ts';
import { outputSettings, type OutputSettings, type WebhookSettings } from './recorder-settings.ts';
import { WebhookOutput, type PostEvents } from './webhook-output.ts';

/** How outputs reach the world; the app binds it. */
export interface RecorderMeans {
  /** Host name: `instance` of every event. */
  readonly instance: string;
  /** Appends to a file, made when absent. */
  readonly openFile: (path: string) => LineSink;
  readonly openStdout: () => LineSink;
  /** Throws AppError `invalid` for an `http_config` that can't be used. `httpConfigJson`: '' for none. */
  readonly openWebhook: (url: string, httpConfigJson: string) => PostEvents;
  /** 64 lower-case hex digits of the text's UTF-8. */
  readonly sha256Hex: (text: string) => string;
}

/**
 * Events that wait to be serialised; more are lost, and counted. Upstream's 8192 are emptied by another
 * thread meanwhile; here a batch of alerts, or a reload, brings all its events in one turn.
 */
export const eventsQueuedMax = 131_072;
/** Serialised in one turn, so that a burst does not hold up the loop. */
const EVENTS_PER_TURN = 128;
/** For outputs that a reload removed, and at the end. */
const CLOSE_BUDGET_MS = 5_000;

interface Queued {
  readonly type: RecordedType;
  readonly at: WallMs;
  readonly position: number;
  readonly data: () => EventData;
}

interface Active {
  /** The settings, as text: the same text is the same output. */
  readonly key: string;
  readonly output: EventOutput;
}

interface Deps extends OutputDeps {
  readonly means: RecorderMeans;
  /** Default: `eventsQueuedMax`. */
  readonly queuedMax?: number;
  readonly cluster: Pick<ClusterPort, 'view'>;
}

export class EventRecorder implements Recorder {
  readonly #deps: Deps;
  #active: readonly Active[] = [];
  readonly #closing = new Set<Promise<void>>();
  #queue: Queued[] = [];
  /** Of the queue: what is before it was delivered. */
  #next = 0;
  #cancelDrain: Cancel | undefined;
  #isStopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.meter.onCollect(() => deps.meter.set(metrics.queueLength, this.waiting, {}));
  }

  get sha256Hex(): (text: string) => string {
    return this.#deps.means.sha256Hex;
  }

  get isOn(): boolean {
    return this.#active.length > 0;
  }

  /** Events that are not delivered yet; of the slowest output. */
  get waiting(): number {
    return this.#queue.length - this.#next + Math.max(0, ...this.#active.map(({ output }) => output.waiting));
  }

  /** Throws AppError `invalid` for a section that `apply` could not use; changes nothing. */
  check(section: JsonValue | undefined): void {
    for (const settings of outputSettings(section)) {
      if (settings.kind === 'webhook') this.#deps.means.openWebhook(settings.url, settings.httpConfigJson);
    }
  }

  /** Swaps to the outputs of a section that was checked. */
  apply(section: JsonValue | undefined): void {
    this.#drainAll();
    const before = new Map(this.#active.map((each) => [each.key, each]));
    const next = outputSettings(section).map((settings): Active => {
      const key = JSON.stringify(settings);
      const kept = before.get(key);
      before.delete(key);
      if (kept === undefined) return { key, output: this.#open(settings) };
      kept.output.renew();
      return kept;
    });
    this.#active = next;
    for (const { output } of before.values()) this.#close(output);
  }

  record(type: RecordedType, data: () => EventData): void {
    if (!this.isOn || this.#isStopped) return;
    if (this.#queue.length >= (this.#deps.queuedMax ?? eventsQueuedMax)) {
      this.#deps.meter.add(metrics.dropped, 1, { event_type: metricType(type) });
      return;
    }
    this.#queue.push({
      type,
      data,
      at: this.#deps.clock.wall(),
      position: this.#deps.cluster.view().position,
    });
    this.#cancelDrain ??= this.#deps.timers.after(0, () => this.#drainSome());
  }

  /** Delivers what waits, for a bounded time. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#drainAll();
    for (const { output } of this.#active) this.#close(output);
    this.#active = [];
    await Promise.all(this.#closing);
  }

  #open(settings: OutputSettings): EventOutput {
    const { means } = this.#deps;
    switch (settings.kind) {
      case 'file':
        return new LineOutput(settings.name, means.openFile(settings.path), this.#deps);
      case 'stdout':
        return new LineOutput(settings.name, means.openStdout(), this.#deps);
      case 'webhook':
        return this.#openWebhook(settings);
    }
  }

  #openWebhook(settings: WebhookSettings): EventOutput {
    const post = this.#deps.means.openWebhook(settings.url, settings.httpConfigJson);
    return new WebhookOutput(settings, post, this.#deps);
  }

  #close(output: EventOutput): void {
    const closing = output.close(CLOSE_BUDGET_MS).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #drainSome(): void {
    this.#cancelDrain = undefined;
    const end = Math.min(this.#queue.length, this.#next + EVENTS_PER_TURN);
    for (; this.#next < end; this.#next++) {
      const event = this.#queue[this.#next];
      if (event !== undefined) this.#deliver(event);
    }
    // Cut once: cutting the front of a long list for each turn would cost more than the events.
    if (this.#next === this.#queue.length) this.#forgetDelivered();
    else this.#cancelDrain = this.#deps.timers.after(0, () => this.#drainSome());
  }

  #drainAll(): void {
    this.#cancelDrain?.();
    this.#cancelDrain = undefined;
    const events = this.#queue.slice(this.#next);
    this.#forgetDelivered();
    for (const event of events) this.#deliver(event);
  }

  #forgetDelivered(): void {
    this.#queue = [];
    this.#next = 0;
  }

  #deliver(queued: Queued): void {
    const event = this.#serialised(queued);
    if (event === undefined) return;
    const { meter } = this.#deps;
    let isLost = false;
    for (const { output } of this.#active) {
      if (output.offer(event)) continue;
      isLost = true;
      meter.add(metrics.outputDrops, 1, { output: output.name });
    }
    if (isLost) meter.add(metrics.dropped, 1, { event_type: metricType(event.type) });
  }

  #serialised({ type, at, position, data }: Queued): RecordedEvent | undefined {
    try {
      const json = JSON.stringify({
        '@timestamp': formatNanos(instantOf(at)),
        instance: this.#deps.means.instance,
        ...(position === 0 ? {} : { clusterPosition: position }),
        data: { [type]: data() },
      });
      return { type, json, bytes: utf8Length(json) };
    } catch (error) {
      this.#deps.meter.add(metrics.serializeErrors, 1, { event_type: metricType(type) });
      this.#deps.logger.error('An event could not be recorded; please report this', {
        type,
        err: messageOf(error),
      });
      return undefined;
    }
  }
}
