/**
 * @module cluster/testing/virtual-world
 *
 * Virtual time for processes of several threads, each of which can stand still or be killed. What
 * happens is decided by the seed alone.
 *
 * Rules, taken from Node: microtasks are drained before the next event; a thread that runs again after
 * a pause runs the timers that came due first, then what arrived on its sockets and ports.
 */
import { seededRandom } from '@tocsin/kernel';
import type { Cancel, Clock, MonoMs, Random, Timers, WallMs } from '@tocsin/kernel';

export interface WorldOptions {
  readonly seed: number | string;
  /** Drains the microtasks: one turn of `setImmediate`. */
  turn(): Promise<void>;
  readonly wallStart?: WallMs;
}

interface WorldEvent {
  readonly at: MonoMs;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

const WALL_START = 1_795_300_000_000;

export class VirtualWorld {
  readonly random: Random;
  /** Time that no pause of any thread stops. */
  readonly clock: Clock;
  readonly timers: Timers = { after: (delayMs, run) => this.at(this.#now + Math.max(0, delayMs), run) };
  readonly #turn: () => Promise<void>;
  readonly #events = new EventHeap();
  #now: MonoMs = 0;
  #order = 0;

  constructor(options: WorldOptions) {
    const wallStart = options.wallStart ?? WALL_START;
    this.random = seededRandom(options.seed);
    this.#turn = options.turn;
    this.clock = { mono: () => this.#now, wall: () => wallStart + this.#now };
  }

  get now(): MonoMs {
    return this.#now;
  }

  at(time: MonoMs, run: () => void): Cancel {
    const event = { at: time, order: this.#order++, run, isCancelled: false };
    this.#events.push(event);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Everything of the next `forMs` milliseconds. */
  async run(forMs: number): Promise<void> {
    await this.runUntil(() => false, forMs);
  }

  /** Until `isDone`, asked after every event; false when `forMs` went by without it. */
  async runUntil(isDone: () => boolean, forMs: number): Promise<boolean> {
    const end = this.#now + forMs;
    await this.#turn();
    while (!isDone()) {
      const next = this.#events.peek();
      if (next === undefined || next.at > end) {
        this.#now = end;
        return false;
      }
      this.#events.pop();
      if (next.isCancelled) continue;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.#turn();
    }
    return true;
  }
}

/** One thread: what it is told happens only while it runs. */
export class VirtualThread {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly #world: VirtualWorld;
  #state: 'runs' | 'paused' | 'killed' = 'runs';
  #dueTimers: { run: () => void; isCancelled: boolean }[] = [];
  #inbox: (() => void)[] = [];

  constructor(world: VirtualWorld, label: string) {
    this.#world = world;
    this.clock = world.clock;
    this.random = world.random.fork(label);
    this.timers = { after: (delayMs, run) => this.#after(delayMs, run) };
  }

  get isKilled(): boolean {
    return this.#state === 'killed';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** SIGSTOP, or a loop that is busy. */
  pause(): void {
    if (this.#state === 'runs') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'runs';
    const timers = this.#dueTimers.splice(0);
    const inbox = this.#inbox.splice(0);
    for (const timer of timers) this.#world.at(this.#world.now, () => this.#runTimer(timer));
    for (const deliver of inbox) this.#world.at(this.#world.now, () => this.deliver(deliver));
  }

  kill(): void {
    this.#state = 'killed';
    this.#dueTimers = [];
    this.#inbox = [];
  }

  /** Something from outside: at once, or when the thread runs again. */
  deliver(run: () => void): void {
    if (this.#state === 'runs') run();
    else if (this.#state === 'paused') this.#inbox.push(run);
  }

  #after(delayMs: number, run: () => void): Cancel {
    const timer = { run, isCancelled: false };
    const cancel = this.#world.timers.after(delayMs, () => this.#runTimer(timer));
    return () => {
      timer.isCancelled = true;
      cancel();
    };
  }

  #runTimer(timer: { run: () => void; isCancelled: boolean }): void {
    if (timer.isCancelled) return;
    if (this.#state === 'runs') timer.run();
    else if (this.#state === 'paused') this.#dueTimers.push(timer);
  }
}

/** Binary heap by time, then by the order in which events were made. */
class EventHeap {
  readonly #events: WorldEvent[] = [];

  peek(): WorldEvent | undefined {
    return this.#events[0];
  }

  push(event: WorldEvent): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !isBefore(event, above)) break;
      events[at] = above;
      at = parent;
    }
    events[at] = event;
  }

  pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [events[child], events[child + 1]];
      if (left === undefined) break;
      let smaller = left;
      if (right !== undefined && isBefore(right, left)) {
        smaller = right;
        child++;
      }
      if (!isBefore(smaller, last)) break;
      events[at] = smaller;
      at = child;
    }
    events[at] = last;
  }
}

const isBefore = (left: WorldEvent, right: WorldEvent): boolean =>
  left.at === right.at ? left.order < right.order : left.at < right.at;
