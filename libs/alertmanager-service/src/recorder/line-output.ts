/**
 * @module alertmanager-service/recorder/line-output
 *
 * Events as lines into a file or to stdout. One write at a time; what comes meanwhile is the next one,
 * so a slow disk costs fewer, larger writes, and a disk that hangs costs a bounded amount of memory.
 */
import { messageOf } from '@tocsin/kernel';
import {
  FailureLog,
  countDelivered,
  countFailed,
  type EventOutput,
  type OutputDeps,
  type RecordedEvent,
} from './output.ts';
import { recorderMetrics as metrics } from './recorder-metrics.ts';
import { withinBudget } from './within-budget.ts';

/** Takes whole lines. */
export interface LineSink {
  /** Rejects when not all of it was written; then none of it is. */
  write(lines: string): Promise<void>;
  /** Opens the file again with the next write. */
  renew(): void;
  close(): Promise<void>;
}

/** Of events that wait for a disk; what comes beyond is lost, and counted. */
export const lineBytesWaitingMax: number = 32 * 1024 * 1024;

export class LineOutput implements EventOutput {
  readonly name: string;
  readonly #sink: LineSink;
  readonly #deps: OutputDeps;
  readonly #failures: FailureLog;
  #pending: RecordedEvent[] = [];
  #pendingBytes = 0;
  #inWrite = 0;
  #writing: Promise<void> | undefined;

  constructor(name: string, sink: LineSink, deps: OutputDeps) {
    this.name = name;
    this.#sink = sink;
    this.#deps = deps;
    this.#failures = new FailureLog(deps.logger, name);
  }

  get waiting(): number {
    return this.#pending.length + this.#inWrite;
  }

  offer(event: RecordedEvent): boolean {
    if (this.#pendingBytes + event.bytes > lineBytesWaitingMax) return false;
    this.#pending.push(event);
    this.#pendingBytes += event.bytes + 1;
    this.#writing ??= this.#writeAll();
    return true;
  }

  renew(): void {
    this.#sink.renew();
  }

  async #writeAll(): Promise<void> {
    // One turn later: events of the same turn share the write.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const events = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#inWrite = events.length;
      await this.#write(events);
      this.#inWrite = 0;
    }
    this.#writing = undefined;
  }

  async #write(events: readonly RecordedEvent[]): Promise<void> {
    try {
      await this.#sink.write(`${events.map(({ json }) => json).join('\n')}\n`);
      countDelivered(this.#deps.meter, this.name, events);
      this.#failures.worked();
    } catch (error) {
      countFailed(this.#deps.meter, this.name, events);
      this.#failures.failed(messageOf(error));
    }
  }

  async close(budgetMs: number): Promise<void> {
    await withinBudget(this.#deps.timers, budgetMs, this.#writing ?? Promise.resolve());
    if (this.waiting > 0) this.#deps.meter.add(metrics.outputDrops, this.waiting, { output: this.name });
    this.#pending = [];
    await withinBudget(
      this.#deps.timers,
      budgetMs,
      this.#sink.close().catch((error: unknown) => this.#failures.failed(messageOf(error))),
    );
  }
}
