/**
 * @module cluster/memberlist/prober
 *
 * Asks one member after another whether it lives (gossip spec 2.8): a ping; then, when the ack is
 * late, pings through others and one over TCP; at the end of the interval a suspicion.
 *
 * A verdict that a timer gives long after its time says that we stood still, not the other one, so
 * it is thrown away. That is stricter than memberlist, which accuses whoever it probed when it slept.
 */
import type { Cancel, Clock, HostPort, MonoMs, Timers } from '@tocsin/kernel';
import type { AwaitedAcks } from './awaited-acks.ts';
import { nextHealthScore } from './formulas.ts';
import type { NodeRecord } from './node-table.ts';

/** Timers later than this mean a stalled thread. */
export const LATE_MS = 500;
const INDIRECT_CHECKS = 3;
const NACK_PROTOCOL = 4;
const TCP_PING_PROTOCOL = 3;

export interface ProberDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly acks: AwaitedAcks;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  nextTarget(): NodeRecord | undefined;
  /** Others that may ping on our behalf. */
  helpers(target: NodeRecord, count: number): readonly NodeRecord[];
  ping(target: NodeRecord, seqNo: number): void;
  pingThrough(helper: NodeRecord, target: NodeRecord, seqNo: number, wantsNack: boolean): void;
  /** Whether the target answered over TCP. Never rejects. */
  pingByStream(target: NodeRecord, seqNo: number, timeoutMs: number): Promise<boolean>;
  onRoundTrip(target: NodeRecord, rttMs: number): void;
  onOnlyTcp(target: NodeRecord, address: HostPort): void;
  onFailed(target: NodeRecord): void;
}

export class Prober {
  readonly #deps: ProberDeps;
  #score = 0;
  #current: Probe | undefined;

  constructor(deps: ProberDeps) {
    this.#deps = deps;
  }

  /** Lifeguard: 0 is healthy; stretches the probe interval. */
  get healthScore(): number {
    return this.#score;
  }

  adjustHealth(delta: number): void {
    this.#score = nextHealthScore(this.#score, delta);
  }

  /** Once each probe interval; a probe that still runs has the turn. */
  tick(): void {
    if (this.#current !== undefined) return;
    const target = this.#deps.nextTarget();
    if (target === undefined) return;
    const probe = new Probe(this.#deps, target, this.#deps.probeIntervalMs * (this.#score + 1), (outcome) => {
      this.#current = undefined;
      this.adjustHealth(outcome);
    });
    this.#current = probe;
    probe.start();
  }

  stop(): void {
    this.#current?.cancel();
    this.#current = undefined;
  }
}

class Probe {
  readonly #deps: ProberDeps;
  readonly #target: NodeRecord;
  readonly #intervalMs: number;
  readonly #onDone: (healthDelta: number) => void;
  #seqNo: number | undefined;
  #sentAt: MonoMs = 0;
  #expectedNacks = 0;
  #nacks = 0;
  #isReachedByTcp = false;
  #isIndirect = false;
  #cancelIndirect: Cancel = () => undefined;

  constructor(
    deps: ProberDeps,
    target: NodeRecord,
    intervalMs: number,
    onDone: (healthDelta: number) => void,
  ) {
    this.#deps = deps;
    this.#target = target;
    this.#intervalMs = intervalMs;
    this.#onDone = onDone;
  }

  start(): void {
    const { clock, timers, acks, probeTimeoutMs } = this.#deps;
    this.#sentAt = clock.mono();
    this.#seqNo = acks.await(this.#intervalMs, {
      onAck: () => this.#onAck(),
      onNack: () => void this.#nacks++,
      onTimeout: () => this.#onTimeout(),
    });
    if (this.#seqNo === undefined) return this.#onDone(0);
    this.#deps.ping(this.#target, this.#seqNo);
    if (probeTimeoutMs < this.#intervalMs)
      this.#cancelIndirect = timers.after(probeTimeoutMs, () => this.#askOthers());
  }

  cancel(): void {
    this.#cancelIndirect();
    if (this.#seqNo !== undefined) this.#deps.acks.forget(this.#seqNo);
  }

  #onAck(): void {
    this.#cancelIndirect();
    if (!this.#isIndirect) this.#deps.onRoundTrip(this.#target, this.#deps.clock.mono() - this.#sentAt);
    this.#onDone(-1);
  }

  #askOthers(): void {
    if (this.#isLate(this.#deps.probeTimeoutMs) || this.#seqNo === undefined) return;
    this.#isIndirect = true;
    const seqNo = this.#seqNo;
    for (const helper of this.#deps.helpers(this.#target, INDIRECT_CHECKS)) {
      const wantsNack = helper.protocolMax >= NACK_PROTOCOL;
      if (wantsNack) this.#expectedNacks++;
      this.#deps.pingThrough(helper, this.#target, seqNo, wantsNack);
    }
    if (this.#target.protocolMax < TCP_PING_PROTOCOL) return;
    const timeoutMs = this.#intervalMs - this.#deps.probeTimeoutMs;
    void this.#deps.pingByStream(this.#target, seqNo, timeoutMs).then((isReached) => {
      this.#isReachedByTcp = isReached;
    });
  }

  #onTimeout(): void {
    this.#cancelIndirect();
    if (this.#isLate(this.#intervalMs)) return this.#onDone(0);
    if (this.#isReachedByTcp) {
      this.#deps.onOnlyTcp(this.#target, this.#target.hostPort);
      return this.#onDone(-1);
    }
    // Helpers that could not even say no tell that the trouble is on our side.
    this.#onDone(this.#expectedNacks > 0 ? Math.max(0, this.#expectedNacks - this.#nacks) : 1);
    this.#deps.onFailed(this.#target);
  }

  #isLate(dueAfterMs: number): boolean {
    return this.#deps.clock.mono() - this.#sentAt > dueAfterMs + LATE_MS;
  }
}
