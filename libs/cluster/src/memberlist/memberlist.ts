/**
 * @module cluster/memberlist/memberlist
 *
 * A member of a memberlist cluster: puts the roster, the prober, packets and streams together and
 * keeps their rhythm. Knows nothing of alerts; what travels as user data is the delegate's.
 *
 * Everything it does happens in a timer, a packet, a stream or a call, one at a time: there is no
 * lock and no queue of incoming messages. Within a packet messages are taken in order, which the
 * protocol does not rely on.
 *
 * Compared with: hashicorp/memberlist 0.5 to 0.6 (`state.go`, `net.go`).
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type { Cancel, Clock, HostPort, Logger, PacketLink, Random, StreamLink, Timers } from '@tocsin/kernel';
import { AwaitedAcks } from './awaited-acks.ts';
import { Complaints } from './complaints.ts';
import { ask, serveStreams, tell } from './exchange.ts';
import type { DropReason, ExchangeDeps } from './exchange.ts';
import { pushPullScale } from './formulas.ts';
import { startLoop } from './loop.ts';
import type { Ping, PushNode } from './messages.ts';
import type { NodeRecord } from './node-table.ts';
import { PacketSide } from './packet-side.ts';
import { Prober } from './prober.ts';
import { Roster } from './roster.ts';
import type { RosterEvents } from './roster.ts';
import type { PushPull, StreamMessage } from './stream-message.ts';

export interface MemberlistOptions {
  readonly name: string;
  /** Literal `ip:port` told to others. Throws AppError `invalid` when it is none. */
  readonly advertiseAddress: HostPort;
  /** Bytes that label and sealing add to each packet. */
  readonly packetOverheadBytes: number;
  readonly gossipIntervalMs: number;
  readonly gossipNodes: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** 0: only on joining. */
  readonly pushPullIntervalMs: number;
  readonly tcpTimeoutMs: number;
}

export interface MemberlistDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly packets: PacketLink;
  readonly streams: StreamLink;
}

/** The layer above. Called synchronously; may call back. */
export interface MemberlistDelegate extends RosterEvents {
  /** The user state of a push/pull. */
  localState(): Uint8Array;
  mergeState(state: Uint8Array): void;
  /** Must not throw for bad bytes. */
  onUserMessage(payload: Uint8Array, from: HostPort): void;
  /** Queued user messages that fit into `limit` bytes, each counted with `overhead` more. */
  takeBroadcasts(overhead: number, limit: number): readonly Uint8Array[];
  /** How many are queued. */
  queuedBroadcasts(): number;
  onRoundTrip(name: string, rttMs: number): void;
  onBadPacket(): void;
  onDroppedStream(reason: DropReason): void;
}

/** Gossip while somebody waits for the queue to empty. */
const HURRIED_GOSSIP_MS = 40;

export class Memberlist {
  readonly #deps: MemberlistDeps;
  readonly #options: MemberlistOptions;
  readonly #delegate: MemberlistDelegate;
  readonly #exchange: ExchangeDeps;
  readonly #complaints: Complaints;
  readonly #acks: AwaitedAcks;
  readonly #roster: Roster;
  readonly #packets: PacketSide;
  readonly #prober: Prober;
  readonly #loops: Cancel[] = [];
  #hurries = 0;
  #cancelGossip: Cancel = () => undefined;
  #isStopped = false;

  constructor(deps: MemberlistDeps, options: MemberlistOptions, delegate: MemberlistDelegate) {
    this.#deps = deps;
    this.#options = options;
    this.#delegate = delegate;
    this.#exchange = { timers: deps.timers, streams: deps.streams, timeoutMs: options.tcpTimeoutMs };
    this.#complaints = new Complaints(deps.clock, deps.logger);
    this.#acks = new AwaitedAcks(deps.timers);
    this.#roster = new Roster({
      ...deps,
      ...options,
      complaints: this.#complaints,
      events: delegate,
      onRefuted: () => this.#prober.adjustHealth(1),
    });
    this.#packets = this.#newPacketSide();
    this.#prober = this.#newProber();
  }

  // ---- what others call ---------------------------------------------------------------------------

  /** Listens, and becomes a cluster of one. */
  start(): void {
    this.#packets.listen();
    serveStreams(this.#exchange, {
      onMessage: (message, from) => this.#answer(message, from),
      afterAnswer: (message) => void (message.type === 'push-pull' && this.#merge(message)),
      onDropped: (reason, from, why) => {
        this.#delegate.onDroppedStream(reason);
        this.#complaints.warn('A connection from a peer was dropped; check what speaks to the cluster port', {
          reason,
          from,
          why,
        });
      },
    });
    this.#roster.start();
    this.#startLoops();
  }

  /** Alive and suspect nodes, self included, in no particular order. */
  members(): readonly NodeRecord[] {
    return this.#roster.members();
  }

  node(name: string): NodeRecord | undefined {
    return this.#roster.get(name);
  }

  get healthScore(): number {
    return this.#prober.healthScore;
  }

  /**
   * Exchanges state with whoever is at `address` and merges the answer, even an empty one. Resolves
   * with the number of other live nodes that the answer named: 0 means we have spoken to ourselves.
   */
  async join(address: HostPort, isJoin = true): Promise<number> {
    const answer = await ask(this.#exchange, address, this.#ownState(isJoin));
    if (answer.type === 'err') throw AppError.invalid(`peer ${address}: refused: ${answer.error}`);
    if (answer.type !== 'push-pull')
      throw AppError.invalid(`peer ${address}: answered a push/pull with a message of type ${answer.type}`);
    if (this.#isStopped) throw new AppError('cancelled', `peer ${address}: the cluster was left meanwhile`);
    if (!this.#merge(answer))
      throw AppError.invalid(`peer ${address}: speaks a protocol version that does not fit`);
    const isOther = ({ name, state }: PushNode): boolean =>
      name !== this.#options.name && (state === 'alive' || state === 'suspect');
    return answer.nodes.filter(isOther).length;
  }

  /**
   * Push/pulls with up to `count` live members at once; ends with the first answer. False: there is
   * no live member. Rejects when none answered.
   */
  async pushPullWithAny(count: number): Promise<boolean> {
    const nodes = this.#roster.sampleAlive(count);
    if (nodes.length === 0) return false;
    await firstOf(nodes.map((node) => this.join(node.hostPort, false)));
    return true;
  }

  /** Whether anybody listens where that member is. Never rejects. */
  async knock(node: NodeRecord): Promise<'answered' | 'refused' | 'silent'> {
    try {
      await this.#askPing(node, 0, this.#options.probeIntervalMs);
      return 'answered';
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      return thrown.facts['refused'] === true ? 'refused' : 'silent';
    }
  }

  /** One packet, no promise that it arrives. */
  send(node: NodeRecord, payload: Uint8Array): void {
    this.#packets.sendUser(node, payload);
  }

  /** Over TCP; rejects when it was not taken. */
  sendReliably(node: NodeRecord, payload: Uint8Array): Promise<void> {
    return tell(this.#exchange, node.hostPort, { type: 'user', payload });
  }

  /** Gossips fast until the returned function is called: somebody waits for the queues to empty. */
  hurry(): Cancel {
    this.#hurries++;
    this.#restartGossip();
    let isDone = false;
    return () => {
      if (!isDone) this.#hurries--;
      isDone = true;
    };
  }

  /** Says goodbye; resolves when that was gossiped, after `timeoutMs` at the latest. */
  leave(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const calmDown = this.hurry();
      const finish = (): void => {
        cancel();
        calmDown();
        resolve();
      };
      const cancel = this.#deps.timers.after(timeoutMs, finish);
      this.#roster.leave(finish);
      this.#packets.gossip();
    });
  }

  /** Stops everything at once. The links are closed by who opened them. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelGossip();
    for (const cancel of this.#loops) cancel();
    this.#packets.stop();
    this.#roster.stop();
    this.#prober.stop();
    this.#acks.clear();
  }

  // ---- parts and their rhythm -----------------------------------------------------------------------

  #newPacketSide(): PacketSide {
    const delegate = this.#delegate;
    return new PacketSide({
      link: this.#deps.packets,
      roster: this.#roster,
      acks: this.#acks,
      overheadBytes: this.#options.packetOverheadBytes,
      gossipNodes: this.#options.gossipNodes,
      probeTimeoutMs: this.#options.probeTimeoutMs,
      onUserMessage: (payload, from) => delegate.onUserMessage(payload, from),
      takeBroadcasts: (overhead, limit) => delegate.takeBroadcasts(overhead, limit),
      queuedBroadcasts: () => delegate.queuedBroadcasts(),
      onBad: (from, why) => {
        delegate.onBadPacket();
        this.#complaints.warn('A packet was dropped; check what speaks to the cluster port', { from, why });
      },
    });
  }

  #newProber(): Prober {
    const { clock, timers } = this.#deps;
    const { probeIntervalMs, probeTimeoutMs } = this.#options;
    return new Prober({
      clock,
      timers,
      acks: this.#acks,
      probeIntervalMs,
      probeTimeoutMs,
      nextTarget: () => this.#roster.nextToProbe(),
      helpers: (target, count) => this.#roster.sampleAlive(count, (node) => node !== target),
      ping: (target, seqNo) => this.#packets.ping(target, seqNo),
      pingThrough: (...request) => this.#packets.pingThrough(...request),
      pingByStream: (target, seqNo, timeoutMs) => this.#pingByStream(target, seqNo, timeoutMs),
      onRoundTrip: (target, rttMs) => this.#delegate.onRoundTrip(target.name, rttMs),
      onOnlyTcp: (target, address) =>
        this.#complaints.warn('A member answers over TCP but not over UDP; open the cluster port for UDP', {
          peer: target.name,
          address,
        }),
      onFailed: ({ name, incarnation }) =>
        this.#roster.onSuspect({ type: 'suspect', node: name, incarnation, from: this.#options.name }),
    });
  }

  #startLoops(): void {
    const { probeIntervalMs, pushPullIntervalMs } = this.#options;
    const loop = (intervalMs: () => number, run: () => void): void => {
      this.#loops.push(startLoop(this.#deps, intervalMs, run));
    };
    loop(
      () => probeIntervalMs,
      () => this.#prober.tick(),
    );
    if (pushPullIntervalMs > 0)
      loop(
        () => pushPullScale(pushPullIntervalMs, this.#roster.size),
        () => this.#pushPullTick(),
      );
    this.#restartGossip();
  }

  #restartGossip(): void {
    this.#cancelGossip();
    if (this.#isStopped) return;
    this.#cancelGossip = startLoop(
      this.#deps,
      () => (this.#hurries > 0 ? HURRIED_GOSSIP_MS : this.#options.gossipIntervalMs),
      () => this.#packets.gossip(),
    );
  }

  #pushPullTick(): void {
    this.pushPullWithAny(1).catch((thrown: unknown) =>
      this.#complaints.warn('The periodic exchange of state with a member failed; the next one comes', {
        err: messageOf(thrown),
      }),
    );
  }

  // ---- streams --------------------------------------------------------------------------------------

  #askPing(target: NodeRecord, seqNo: number, timeoutMs: number): Promise<StreamMessage> {
    const ping: Ping = { type: 'ping', node: target.name, seqNo, ...this.#packets.source() };
    return ask(this.#exchange, target.hostPort, ping, timeoutMs);
  }

  async #pingByStream(target: NodeRecord, seqNo: number, timeoutMs: number): Promise<boolean> {
    try {
      const answer = await this.#askPing(target, seqNo, timeoutMs);
      return answer.type === 'ack' && answer.seqNo === seqNo;
    } catch (thrown) {
      if (thrown instanceof AppError) return false;
      throw thrown;
    }
  }

  #ownState(join: boolean): PushPull {
    return {
      type: 'push-pull',
      join,
      nodes: this.#roster.all().map((node) => node.toPushNode()),
      userState: this.#delegate.localState(),
    };
  }

  #answer(message: StreamMessage, from: HostPort): StreamMessage | undefined {
    switch (message.type) {
      case 'push-pull':
        return this.#ownState(message.join);
      case 'user':
        this.#delegate.onUserMessage(message.payload, from);
        return undefined;
      case 'ping':
        if (message.node !== '' && message.node !== this.#options.name) return undefined;
        return { type: 'ack', seqNo: message.seqNo, payload: undefined };
      case 'ack':
      case 'err':
        return undefined;
    }
  }

  /** False, and nothing merged, when versions do not fit. */
  #merge({ nodes, userState }: PushPull): boolean {
    if (!this.#roster.merge(nodes)) return false;
    if (userState.length > 0) this.#delegate.mergeState(userState);
    return true;
  }
}

/** Resolves with the first that does; rejects with the last failure when all fail. */
function firstOf(attempts: readonly Promise<unknown>[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = attempts.length;
    for (const attempt of attempts)
      attempt.then(
        () => resolve(),
        (thrown: unknown) => {
          if (--left === 0)
            reject(thrown instanceof Error ? thrown : new AppError('internal', String(thrown)));
        },
      );
  });
}
