/**
 * @module alertmanager-service/recorder/webhook-output
 *
 * Events by HTTP. A fixed number of workers each send one request at a time: one event, or with `batch`
 * as many as fit, one a line. What may succeed later is tried again after a pause that doubles. A
 * receiver that hangs keeps its workers busy and then fills its queue; nothing else waits for it.
 *
 * Workers run side by side, so events may arrive in another order than they happened; `@timestamp` tells.
 */
import { messageOf, type Cancel } from '@tocsin/kernel';
import {
  FailureLog,
  countDelivered,
  countFailed,
  type EventOutput,
  type OutputDeps,
  type RecordedEvent,
} from './output.ts';
import { recorderMetrics as metrics } from './recorder-metrics.ts';
import type { WebhookSettings } from './recorder-settings.ts';
import { withinBudget } from './within-budget.ts';

/** What became of one request. */
export interface PostOutcome {
  readonly status: 'delivered' | 'retry' | 'failed';
  /** '' when delivered. Names no secret. */
  readonly error: string;
}
/** Never rejects. */
export type PostEvents = (request: {
  readonly body: string;
  readonly contentType: string;
  readonly timeoutMs: number;
}) => Promise<PostOutcome>;

/** Events that wait for a worker; what comes beyond is lost, and counted. */
export const webhookEventsWaitingMax = 1024;
export const RETRY_BACKOFF_MAX_MS = 30_000;

export class WebhookOutput implements EventOutput {
  readonly name: string;
  readonly #settings: WebhookSettings;
  readonly #post: PostEvents;
  readonly #deps: OutputDeps;
  readonly #failures: FailureLog;
  readonly #queue: RecordedEvent[] = [];
  #queueBytes = 0;
  #inFlight = 0;
  #busy = 0;
  #cancelFlush: Cancel | undefined;
  #isDue = false;
  #isClosing = false;
  #endPauses: (() => void)[] = [];
  #onIdle = (): void => undefined;

  constructor(settings: WebhookSettings, post: PostEvents, deps: OutputDeps) {
    this.name = settings.name;
    this.#settings = settings;
    this.#post = post;
    this.#deps = deps;
    this.#failures = new FailureLog(deps.logger, settings.name);
  }

  get waiting(): number {
    return this.#queue.length + this.#inFlight;
  }

  offer(event: RecordedEvent): boolean {
    if (this.#isClosing || this.#queue.length >= webhookEventsWaitingMax) return false;
    this.#queue.push(event);
    this.#queueBytes += event.bytes + 1;
    this.#work();
    return true;
  }

  renew(): void {
    // Files of its http_config are read at each use.
  }

  /** Starts what free workers can take. */
  #work(): void {
    while (this.#busy < this.#settings.workers && this.#isRequestDue()) {
      const events = this.#take();
      this.#busy++;
      this.#inFlight += events.length;
      void this.#deliver(events).then(() => {
        this.#busy--;
        this.#inFlight -= events.length;
        this.#work();
        if (this.waiting === 0) this.#onIdle();
      });
    }
  }

  #isRequestDue(): boolean {
    const { batch } = this.#settings;
    if (this.#queue.length === 0) return false;
    if (batch === undefined || this.#isClosing || this.#isDue) return true;
    if (this.#queue.length >= batch.maxEvents) return true;
    if (batch.maxBytes > 0 && this.#queueBytes >= batch.maxBytes) return true;
    this.#cancelFlush ??= this.#deps.timers.after(batch.flushIntervalMs, () => {
      this.#cancelFlush = undefined;
      this.#isDue = true;
      this.#work();
    });
    return false;
  }

  /** The next request's events: one, or as many as a batch may hold; always at least one. */
  #take(): readonly RecordedEvent[] {
    const { batch } = this.#settings;
    let count = 1;
    if (batch !== undefined) {
      let bytes = 0;
      for (count = 0; count < Math.min(batch.maxEvents, this.#queue.length); count++) {
        bytes += (this.#queue[count]?.bytes ?? 0) + 1;
        if (count > 0 && batch.maxBytes > 0 && bytes > batch.maxBytes) break;
      }
    }
    const events = this.#queue.splice(0, count);
    for (const { bytes } of events) this.#queueBytes -= bytes + 1;
    if (this.#queue.length === 0) this.#isDue = false;
    return events;
  }

  async #deliver(events: readonly RecordedEvent[]): Promise<void> {
    const { batch, maxRetries, retryBackoffMs, timeoutMs } = this.#settings;
    const body = events.map(({ json }) => `${json}\n`).join('');
    const contentType = batch === undefined ? 'application/json' : 'application/x-ndjson';
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#try({ body, contentType, timeoutMs });
      if (outcome.status === 'delivered') {
        countDelivered(this.#deps.meter, this.name, events);
        this.#failures.worked();
        return;
      }
      if (outcome.status === 'failed' || attempt >= maxRetries || this.#isClosing) {
        countFailed(this.#deps.meter, this.name, events);
        this.#failures.failed(`${outcome.error} (after ${attempt + 1} attempts)`);
        return;
      }
      await this.#pause(Math.min(retryBackoffMs * 2 ** attempt, RETRY_BACKOFF_MAX_MS));
    }
  }

  async #try(request: Parameters<PostEvents>[0]): Promise<PostOutcome> {
    try {
      return await this.#post(request);
    } catch (error) {
      return { status: 'failed', error: messageOf(error) };
    }
  }

  /** Ends early when the output is closed: then there is one last try. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#endPauses = this.#endPauses.filter((each) => each !== end);
        resolve();
      };
      const cancel = this.#deps.timers.after(ms, end);
      this.#endPauses.push(end);
    });
  }

  async close(budgetMs: number): Promise<void> {
    this.#isClosing = true;
    this.#cancelFlush?.();
    for (const end of this.#endPauses) end();
    this.#work();
    if (this.waiting === 0) return;
    await withinBudget(this.#deps.timers, budgetMs, new Promise<void>((resolve) => (this.#onIdle = resolve)));
    if (this.waiting > 0) this.#deps.meter.add(metrics.outputDrops, this.waiting, { output: this.name });
    this.#queue.length = 0;
  }
}
