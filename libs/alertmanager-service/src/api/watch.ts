/**
 * @module alertmanager-service/api/watch
 *
 * `/api/v2/tocsin/watch`: what changes, as server-sent events. A watcher has no queue of its own: it is a
 * position in the log of decision events, which is bounded already. So a slow reader costs nothing, and
 * holds nobody up: when what it has not read is no longer kept, it is told that there is a gap. The id
 * of an event is that position, so a client that comes back with `Last-Event-ID` goes on where it was.
 *
 * Alerts and silences that end because time passes decide nothing, so no event tells of them; while
 * somebody watches they are looked for at each heartbeat.
 *
 * Invariants
 *  - `return()` ends a pending `next()` at once: an async generator would wait for an event first;
 *  - a watcher counts from its first `next()` on: a body that nobody reads holds no place.
 */
import { AppError, type Cancel, type MonoMs, type WallMs } from '@tocsin/kernel';
import type { EventSink } from '@tocsin/model';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { apiMetrics, type ApiLimit } from './api-metrics.ts';
import { changesByTime, type Change, type WatchView } from './watch-view.ts';

/** Streams open at once; more are refused. */
export const watchersMax = 100;
export const heartbeatMs = 15_000;
/** A client that has read nothing for this long is let go. */
export const slowWatcherMs = 60_000;
/** After a change the watchers wait this long for others, and tell them together. */
const GATHER_MS = 50;
/** Events looked at in one go. */
const EVENTS_READ = 500;
/** Changes by time that wait for a slow reader. */
const CHANGES_WAITING_MAX = 1_000;
/** Clients wait this long before they connect again. */
const RETRY_MS = 3_000;

type Parts = Pick<AlertmanagerParts, 'clock' | 'timers' | 'meter' | 'events'>;

export class WatchHub {
  /** Takes every decision event: into the log, and wakes the watchers. */
  readonly sink: EventSink;
  readonly #parts: Parts;
  readonly #watchers = new Set<Watcher>();
  #cancelWake: Cancel | undefined;
  #cancelBeat: Cancel | undefined;
  #sweptAt: WallMs = 0;
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.sink = {
      emit: (event) => {
        parts.events.emit(event);
        if (this.#watchers.size > 0) this.#wakeSoon();
      },
    };
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** `afterId`: of the last event that the client has seen. Throws AppError `unavailable` when there are too many. */
  open(tenant: TenantAlertmanager, view: WatchView, afterId: string | undefined): Watcher {
    this.check();
    const position = afterId ?? this.newestId();
    const watcher = new Watcher(this, this.#parts, tenant, view, position);
    if (afterId === undefined) watcher.greet();
    return watcher;
  }

  newestId(): string {
    return this.#parts.events.query({ limit: 1 }).lastId;
  }

  check(): void {
    if (this.#isClosed) throw new AppError('unavailable', 'the alertmanager is stopping');
    if (this.#watchers.size < watchersMax) return;
    this.count('watchers');
    throw new AppError('unavailable', `${watchersMax} streams are open already; try again later`);
  }

  /** False: there is no place, or no longer. */
  enter(watcher: Watcher): boolean {
    if (this.#isClosed || this.#watchers.size >= watchersMax) return false;
    this.#watchers.add(watcher);
    this.#measure();
    if (this.#watchers.size === 1) this.#sweptAt = this.#parts.clock.wall();
    this.#cancelBeat ??= this.#parts.timers.after(heartbeatMs, () => this.#beat());
    return true;
  }

  leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#measure();
    if (this.#watchers.size > 0) return;
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }

  count(limit: ApiLimit): void {
    this.#parts.meter.add(apiMetrics.limitReached, 1, { limit });
  }

  /** Ends all streams; none opens any more. */
  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.end();
  }

  #measure(): void {
    this.#parts.meter.set(apiMetrics.watchers, this.#watchers.size, {});
  }

  #wakeSoon(): void {
    this.#cancelWake ??= this.#parts.timers.after(GATHER_MS, () => {
      this.#cancelWake = undefined;
      for (const watcher of this.#watchers) watcher.wake();
    });
  }

  #beat(): void {
    const { clock, timers } = this.#parts;
    this.#cancelBeat = timers.after(heartbeatMs, () => this.#beat());
    const now = clock.wall();
    const byTenant = new Map<TenantAlertmanager, readonly Change[]>();
    for (const watcher of this.#watchers) {
      const { tenant } = watcher;
      const changes = byTenant.get(tenant) ?? changesByTime(tenant, this.#sweptAt, now);
      byTenant.set(tenant, changes);
      watcher.beat(changes, clock.mono());
    }
    this.#sweptAt = now;
  }
}

type Result = IteratorResult<string, undefined>;
const DONE: Result = { done: true, value: undefined };

export class Watcher implements AsyncIterableIterator<string, undefined> {
  readonly tenant: TenantAlertmanager;
  readonly #hub: WatchHub;
  readonly #parts: Parts;
  readonly #view: WatchView;
  #position: string;
  /** Written before anything else. */
  #ahead = `retry: ${RETRY_MS}\n\n`;
  #changes: Change[] = [];
  #waiting: ((result: Result) => void) | undefined;
  #readAt: MonoMs;
  #state: 'new' | 'open' | 'ended' = 'new';

  constructor(hub: WatchHub, parts: Parts, tenant: TenantAlertmanager, view: WatchView, position: string) {
    this.#hub = hub;
    this.#parts = parts;
    this.tenant = tenant;
    this.#view = view;
    this.#position = position;
    this.#readAt = parts.clock.mono();
  }

  /** Gives the client an id to come back with before anything happened. */
  greet(): void {
    this.#ahead += this.#view.hello(this.#position);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#state === 'new') this.#state = this.#hub.enter(this) ? 'open' : 'ended';
    if (this.#state === 'ended') return Promise.resolve(DONE);
    this.#readAt = this.#parts.clock.mono();
    const text = this.#read();
    if (text !== '') return Promise.resolve({ done: false, value: text });
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  return(): Promise<Result> {
    this.end();
    return Promise.resolve(DONE);
  }

  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#hub.leave(this);
    this.#answer(DONE);
  }

  wake(): void {
    if (this.#waiting === undefined) return;
    const text = this.#read();
    if (text !== '') this.#answer({ done: false, value: text });
  }

  beat(changes: readonly Change[], now: MonoMs): void {
    this.#changes.push(...changes.slice(0, CHANGES_WAITING_MAX + 1));
    if (this.#waiting === undefined) {
      if (now - this.#readAt < slowWatcherMs) return;
      this.#hub.count('watch_slow');
      return this.end();
    }
    this.#answer({ done: false, value: this.#read() || ': heartbeat\n\n' });
  }

  #answer(result: Result): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(result);
  }

  /** Everything that has happened since the last time, or the first part of it; '' when nothing has. */
  #read(): string {
    let text = this.#ahead;
    this.#ahead = '';
    for (;;) {
      const { events, lastId, isGap } = this.#parts.events.query({
        limit: EVENTS_READ,
        tenant: this.tenant.tenant,
        ...(this.#position === '' ? {} : { afterId: this.#position }),
      });
      if (isGap) return text + this.#gap();
      const isSame = lastId === this.#position;
      if (lastId !== '') this.#position = lastId;
      for (const event of events) text += this.#view.ofEvent(this.tenant, event);
      if (text !== '' || events.length === 0 || isSame) break;
    }
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > CHANGES_WAITING_MAX) return text + this.#gap();
    for (const change of changes) text += this.#view.ofChange(this.tenant, change);
    return text;
  }

  #gap(): string {
    this.#hub.count('watch_gap');
    this.#position = this.#hub.newestId();
    this.#changes = [];
    return this.#view.gap(this.#position);
  }
}
