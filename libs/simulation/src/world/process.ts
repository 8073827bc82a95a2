/**
 * @module simulation/world/process
 *
 * A process of the virtual world: threads that a fault can stop, a clock that may be wrong, an address,
 * and a disk that outlives it. What runs in it is the real service, given virtual parts.
 */
import { captureMeter, type CaptureMeter } from '@tocsin/kernel/testing';
import type { Clock, HostPort, Logger, Random, Timers } from '@tocsin/kernel';
import type { DecisionEvent, EventSink } from '@tocsin/model';
import { VirtualThread } from '@tocsin/cluster/testing';
import { Disk } from './disk.ts';
import { summaryOf } from './summary.ts';
import type { Universe } from './universe.ts';

export type ProcessState = 'up' | 'starting' | 'stopping' | 'down';

export abstract class Process {
  readonly name: string;
  readonly address: HostPort;
  readonly universe: Universe;
  readonly disk: Disk;
  readonly events: { readonly incarnation: number; readonly event: DecisionEvent }[] = [];
  /** Of the running incarnation. */
  meter: CaptureMeter = captureMeter();
  /** Added to the true time. */
  skewMs = 0;
  state: ProcessState = 'down';
  incarnation = 0;
  protected main: VirtualThread;

  constructor(
    universe: Universe,
    name: string,
    address: HostPort,
    disk: Disk = new Disk(universe.world, name),
  ) {
    this.universe = universe;
    this.name = name;
    this.address = address;
    this.disk = disk;
    this.main = new VirtualThread(universe.world, `${name} before its start`);
    this.main.kill();
  }

  get isPaused(): boolean {
    return this.main.isPaused;
  }

  protected get threads(): readonly VirtualThread[] {
    return [this.main];
  }

  protected abstract run(): Promise<void>;
  protected abstract finish(): Promise<void>;
  /** Sockets and ports of a process that is gone. */
  protected abstract release(): void;

  start(): void {
    if (this.state !== 'down') return;
    this.incarnation++;
    this.state = 'starting';
    this.meter = captureMeter();
    this.main = new VirtualThread(this.universe.world, `${this.name} #${this.incarnation}`);
    this.say('start');
    const { incarnation } = this;
    void this.run().then(
      () => {
        if (this.incarnation === incarnation && this.state === 'starting') this.state = 'up';
      },
      (error: unknown) => {
        if (this.incarnation !== incarnation || this.state === 'down') return;
        this.say(`FAILED to start: ${String(error)}`);
        this.#gone();
        // A supervisor tries again.
        this.universe.world.timers.after(2_000, () => this.start());
      },
    );
  }

  /** kill -9 */
  crash(): void {
    if (this.state === 'down') return;
    this.say('CRASH');
    this.#gone();
  }

  /** SIGTERM; calls `then` when the process has ended. */
  stop(then: () => void = (): void => undefined): void {
    if (this.state !== 'up') return then();
    this.state = 'stopping';
    this.say('stop');
    const { incarnation } = this;
    void this.finish().then(() => {
      if (this.incarnation !== incarnation || this.state === 'down') return;
      this.say('ended');
      this.#gone();
      then();
    });
  }

  pause(): void {
    if (this.state === 'down' || this.isPaused) return;
    this.say('PAUSE');
    for (const thread of this.threads) thread.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.say('resume');
    for (const thread of this.threads) thread.resume();
  }

  #gone(): void {
    this.state = 'down';
    for (const thread of this.threads) thread.kill();
    this.release();
  }

  // ---- parts ----------------------------------------------------------------------------------------

  protected get clock(): Clock {
    const { clock } = this.main;
    return { mono: () => clock.mono(), wall: () => clock.wall() + this.skewMs };
  }
  protected get timers(): Timers {
    return this.main.timers;
  }
  protected get random(): Random {
    return this.main.random;
  }
  protected get logger(): Logger {
    return this.universe.trace.logger(this.name);
  }

  protected sink(): EventSink {
    const { incarnation } = this;
    return {
      emit: (event) => {
        this.events.push({ incarnation, event });
        this.say(summaryOf(event.decision));
      },
    };
  }

  protected say(text: string): void {
    this.universe.trace.add(this.name, text);
  }
}
