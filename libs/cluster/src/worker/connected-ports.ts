/**
 * Two ends of a port within one process, for the simulator and for tests. A message first arrives
 * (after a delay that the caller plays), then is delivered in a later turn, as in Node, where a timer
 * that is due runs before messages that have arrived; `drain` delivers what has arrived at once.
 */
import type { Timers } from '@tocsin/kernel';
import type { FromWorker, GossipPort, MainPort, ToWorker } from './messages.ts';

export interface ConnectedPorts {
  readonly gossip: GossipPort;
  readonly main: MainPort;
  /** Nothing is delivered any more, in either direction: a process that was killed. */
  cut(): void;
}

/** Threads that can stand still: messages arrive all the same, but are delivered when they run again. */
export interface PortTimers {
  readonly arrival: Timers;
  readonly main: Timers;
  readonly worker: Timers;
}

/** `delayMs` is asked when nothing is under way in that direction; messages never overtake each other. */
export function connectedPorts(timers: Timers | PortTimers, delayMs: () => number): ConnectedPorts {
  const { arrival, main, worker } =
    'arrival' in timers ? timers : { arrival: timers, main: timers, worker: timers };
  const toMain = new Pipe<FromWorker>(arrival, main, delayMs);
  const toWorker = new Pipe<ToWorker>(arrival, worker, delayMs);
  return {
    gossip: {
      post: (message) => toMain.post(message),
      onMessage: (handle) => toWorker.onMessage(handle),
    },
    main: {
      post: (message) => toWorker.post(message),
      onMessage: (handle) => toMain.onMessage(handle),
      drain: () => toMain.drain(),
    },
    cut: () => {
      toMain.cut();
      toWorker.cut();
    },
  };
}

class Pipe<Message> {
  readonly #arrival: Timers;
  readonly #delivery: Timers;
  readonly #delayMs: () => number;
  readonly #underway: Message[] = [];
  readonly #arrived: Message[] = [];
  #handle: ((message: Message) => void) | undefined;
  #isArriving = false;
  #isCut = false;

  constructor(arrival: Timers, delivery: Timers, delayMs: () => number) {
    this.#arrival = arrival;
    this.#delivery = delivery;
    this.#delayMs = delayMs;
  }

  post(message: Message): void {
    if (this.#isCut) return;
    this.#underway.push(message);
    if (!this.#isArriving) this.#arriveNext();
  }

  onMessage(handle: (message: Message) => void): void {
    this.#handle = handle;
  }

  /** A handler may drain again from within: each message is taken before it is handled. */
  drain(): void {
    for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) {
      if (!this.#isCut) this.#handle?.(next);
    }
  }

  cut(): void {
    this.#isCut = true;
  }

  #arriveNext(): void {
    this.#isArriving = true;
    this.#arrival.after(this.#delayMs(), () => {
      this.#isArriving = false;
      // What was posted while this one was under way shares its arrival: only the port is slow.
      this.#arrived.push(...this.#underway.splice(0));
      this.#delivery.after(0, () => this.drain());
    });
  }
}
