/**
 * @module cluster/client
 *
 * The main thread's half of the memberlist cluster: a `ClusterPort` over a port to the worker that
 * owns the sockets and the engine.
 *
 * Why the barrier is here and not in the worker: only the main thread can know that its own loop
 * stood still, and only it can read the port synchronously before a decision.
 *
 * Invariants
 *  - An entries message is acknowledged after `onEntries` returned, never before.
 *  - `barrier()` delivers before it judges, so that what the worker said counts.
 *  - Late timers are never trusted after a stall: each one looks for a stall first.
 */
import { AppError } from '@tocsin/kernel';
import type { Cancel, Clock, Logger, Meter, MetricSpec, MonoMs, Timers } from '@tocsin/kernel';
import { clusterMetrics } from './metrics.ts';
import type { ChannelEntry, ChannelName, ClusterHandlers, ClusterPort, ClusterView } from './port.ts';
import type { FromWorker, MainPort, MetricSample } from './worker/messages.ts';

export interface ClusterClientDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly port: MainPort;
  /** As in the worker's `GossipConfig`. */
  readonly name: string;
  /** Called every 100 ms while the main loop runs; the worker reads it as `StallSign.mainStamp`. */
  stampMain(now: MonoMs): void;
  /** What the worker wrote with `StallSign.stampWorker`; anything older than the start before its first stamp. */
  workerStamp(): MonoMs;
}

const TICK_MS = 100;
const TICKS_PER_HEARTBEAT = 5;
/** A thread that did not tick for longer was stalled: the log it decides from may be old. */
const STALL_MS = 1000;
const CATCH_UP_MS = 2000;
/** The worker gives itself 10 s. */
const LEAVE_MS = 11_000;

const metricSpecs: ReadonlyMap<string, MetricSpec> = new Map(Object.entries(clusterMetrics));

export function clusterClient(deps: ClusterClientDeps): ClusterPort {
  return new ClusterClient(deps);
}

type Phase = 'new' | 'starting' | 'running' | 'ended';

class ClusterClient implements ClusterPort {
  readonly name: string;
  readonly #deps: ClusterClientDeps;
  #phase: Phase = 'new';
  #handlers: ClusterHandlers | undefined;
  #view: ClusterView;
  #onStarted: ((failure?: AppError) => void) | undefined;
  #onLeft: (() => void) | undefined;
  #cancelTick: Cancel = () => undefined;
  #ticks = 0;
  #lastRun: MonoMs = 0;
  #startedAt: MonoMs = 0;
  /** The worker's stamp that a stall was last noticed at: one stall is counted once. */
  #stalledStamp: MonoMs | undefined;
  #catchUp: CatchUp | undefined;
  #catchUps = 0;

  constructor(deps: ClusterClientDeps) {
    this.#deps = deps;
    this.name = deps.name;
    const self = { name: deps.name, address: '', isSelf: true, isTocsin: true, isAbsent: false };
    this.#view = { status: 'settling', members: [self], position: 0 };
    deps.port.onMessage((message) => this.#receive(message));
  }

  seed(channel: ChannelName, entries: readonly ChannelEntry[]): void {
    this.#deps.port.post({ type: 'seed', channel, entries });
  }

  start(handlers: ClusterHandlers): Promise<void> {
    if (this.#phase !== 'new') throw new AppError('precondition', 'cluster: start was called twice');
    this.#phase = 'starting';
    this.#handlers = handlers;
    this.#deps.meter.declare(clusterMetrics);
    this.#lastRun = this.#deps.clock.mono();
    this.#tick();
    return new Promise((resolve, reject) => {
      this.#onStarted = (failure): void => (failure === undefined ? resolve() : reject(failure));
      this.#deps.port.post({ type: 'start' });
    });
  }

  broadcast(channel: ChannelName, entry: ChannelEntry): void {
    if (this.#phase === 'ended') return;
    this.#deps.port.post({ type: 'broadcast', channel, entry: withOwnBuffer(entry) });
  }

  view(): ClusterView {
    return this.#view;
  }

  barrier(): Promise<void> | undefined {
    if (this.#phase !== 'running') return undefined;
    this.#deps.port.drain();
    this.#lookForStall();
    return this.#catchUp?.done;
  }

  leave(): Promise<void> {
    if (this.#phase === 'new' || this.#phase === 'ended') return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#deps.timers.after(LEAVE_MS, () => this.#onLeft?.());
      this.#onLeft = (): void => {
        cancel();
        this.#end();
        resolve();
      };
      this.#deps.port.post({ type: 'leave' });
    });
  }

  #end(): void {
    this.#phase = 'ended';
    this.#onLeft = undefined;
    this.#cancelTick();
    this.#finishCatchUp();
  }

  #tick(): void {
    this.#cancelTick = this.#deps.timers.after(TICK_MS, () => this.#tick());
    this.#lookForStall();
    this.#deps.stampMain(this.#lastRun);
    if (this.#ticks++ % TICKS_PER_HEARTBEAT === 0 && this.#phase === 'running')
      this.#deps.port.post({ type: 'heartbeat' });
  }

  /** Starts to catch up when this thread or the worker did not run for longer than `STALL_MS`. */
  #lookForStall(): void {
    const now = this.#deps.clock.mono();
    const mainGapMs = now - this.#lastRun;
    this.#lastRun = now;
    if (this.#phase !== 'running') return;
    if (mainGapMs > STALL_MS) return this.#onStall('main', mainGapMs);
    const stamp = Math.max(this.#deps.workerStamp(), this.#startedAt);
    if (now - stamp <= STALL_MS || stamp === this.#stalledStamp) return;
    this.#stalledStamp = stamp;
    this.#onStall('worker', now - stamp);
  }

  #onStall(thread: 'main' | 'worker', forMs: number): void {
    this.#deps.meter.add(clusterMetrics.stalls, 1, { thread });
    this.#deps.logger.warn(
      'A thread did not run for a while; catching up with the cluster before the next decision. Give the process more CPU if this repeats',
      { thread, for_ms: Math.round(forMs) },
    );
    this.#startCatchUp();
  }

  /** One in progress starts over, as what it has seen so far may be from before the stall. */
  #startCatchUp(): void {
    const id = ++this.#catchUps;
    const waiting = this.#catchUp ?? newCatchUp();
    waiting.cancel();
    waiting.cancel = this.#deps.timers.after(CATCH_UP_MS, () => {
      this.#lookForStall();
      if (this.#catchUps === id) this.#finishCatchUp();
    });
    this.#catchUp = waiting;
    this.#deps.port.post({ type: 'catch-up', id });
  }

  #finishCatchUp(): void {
    const finished = this.#catchUp;
    this.#catchUp = undefined;
    finished?.cancel();
    finished?.resolve();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        this.#phase = 'running';
        this.#startedAt = this.#deps.clock.mono();
        this.#deps.meter.set(clusterMetrics.enabled, 1, {});
        this.#onStarted?.();
        return;
      case 'failed':
        this.#end();
        this.#onStarted?.(new AppError(message.code, message.message));
        return;
      case 'entries':
        for (const batch of message.batches)
          this.#handlers?.onEntries(batch.channel, batch.entries, message.receipt?.peer);
        if (message.receipt !== undefined) this.#deps.port.post({ type: 'ack', acks: [message.receipt] });
        return;
      case 'view':
        this.#view = message.view;
        this.#handlers?.onView(message.view);
        return;
      case 'acknowledged':
        this.#handlers?.onAcknowledged?.(message.peer, message.entries);
        return;
      case 'stalled':
        return this.#onStall('worker', message.forMs);
      case 'caught-up':
        if (message.id === this.#catchUps) this.#finishCatchUp();
        return;
      case 'metrics':
        for (const sample of message.samples) this.#apply(sample);
        return;
      case 'log':
        return this.#deps.logger[message.level](message.message, message.facts);
      case 'left':
        this.#onLeft?.();
        return;
    }
  }

  #apply({ kind, metric, value, labels }: MetricSample): void {
    const spec = metricSpecs.get(metric);
    if (spec === undefined) return;
    this.#deps.meter[kind](spec, value, labels);
  }
}

/** A view would carry the whole buffer behind it to the worker. */
function withOwnBuffer(entry: ChannelEntry): ChannelEntry {
  const { bytes } = entry;
  return bytes.byteLength === bytes.buffer.byteLength ? entry : { ...entry, bytes: new Uint8Array(bytes) };
}

interface CatchUp {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  cancel: Cancel;
}

function newCatchUp(): CatchUp {
  let resolve = (): void => undefined;
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { done, resolve, cancel: () => undefined };
}
