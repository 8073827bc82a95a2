/**
 * @module cluster/memberlist/roster
 *
 * The nodes this member knows and what it believes of them: carries out the verdicts of
 * `membership.ts`, runs suspicions, and queues for gossip what others should believe too.
 */
import { AppError } from '@tocsin/kernel';
import type { Clock, HostPort, Logger, Random, Timers } from '@tocsin/kernel';
import { hostPortOf, parseHostPort, parseIp, sameBytes } from './address.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import type { Complaints } from './complaints.ts';
import { suspicionBounds, suspicionTimeout } from './formulas.ts';
import { MAX_KNOWN_NODES } from './limits.ts';
import {
  asRumour,
  incompatibleNode,
  judgeAlive,
  judgeDead,
  judgeSuspect,
  PROTOCOL_VERSIONS,
  refutingIncarnation,
} from './membership.ts';
import { encodeMessage } from './messages.ts';
import type { Alive, Dead, PushNode, StructMessage, Suspect } from './messages.ts';
import { GOSSIP_TO_THE_DEAD_MS, NodeRecord, NodeTable } from './node-table.ts';
import { LATE_MS } from './prober.ts';

export interface RosterDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly name: string;
  /** Literal `ip:port`. */
  readonly advertiseAddress: HostPort;
  readonly probeIntervalMs: number;
  readonly events: RosterEvents;
  /** Others thought ill of us: a sign of bad health. */
  onRefuted(): void;
}

export interface RosterEvents {
  onJoin(node: NodeRecord): void;
  onLeave(node: NodeRecord): void;
  onUpdate(node: NodeRecord): void;
  onConflict(node: NodeRecord): void;
  /** An alive message came, whatever becomes of it. */
  onAlive(name: string): void;
}

const RETRANSMIT_MULT = 4;
/** One queued message a node, so as many as there can be nodes. */
const MAX_QUEUED = MAX_KNOWN_NODES;
const NO_BYTES: Uint8Array = new Uint8Array(0);

export class Roster {
  readonly self: NodeRecord;
  /** What others should believe, to be gossiped. */
  readonly queue: BroadcastQueue = new BroadcastQueue({
    retransmitMultiplier: RETRANSMIT_MULT,
    maxQueued: MAX_QUEUED,
  });
  readonly #deps: RosterDeps;
  readonly #table: NodeTable;
  readonly #me: { name: string; isLeaving: boolean };
  #onGoodbyeSent: (() => void) | undefined;

  /** Throws AppError `invalid` when the advertised address is no literal one. */
  constructor(deps: RosterDeps) {
    this.#deps = deps;
    this.#table = new NodeTable(deps.random);
    this.#me = { name: deps.name, isLeaving: false };
    this.self = newSelf(deps);
  }

  get size(): number {
    return this.#table.size;
  }

  get(name: string): NodeRecord | undefined {
    return this.#table.get(name);
  }

  all(): readonly NodeRecord[] {
    return this.#table.all();
  }

  /** Alive and suspect nodes, self included. */
  members(): readonly NodeRecord[] {
    return this.#table.all().filter((node) => node.isMember);
  }

  nextToProbe(): NodeRecord | undefined {
    return this.#table.nextToProbe(this.#me.name, this.#deps.clock.mono());
  }

  /** Up to `count` random others that are alive. */
  sampleAlive(count: number, isWanted: (node: NodeRecord) => boolean = (): boolean => true): NodeRecord[] {
    return this.#table.sample(
      count,
      (node) => node.state === 'alive' && node !== this.self && isWanted(node),
    );
  }

  /** Up to `count` random others worth gossiping to: those that died lately may refute. */
  sampleForGossip(count: number): NodeRecord[] {
    const now = this.#deps.clock.mono();
    const diedLately = (node: NodeRecord): boolean =>
      node.state === 'dead' && now - node.stateChangedAt <= GOSSIP_TO_THE_DEAD_MS;
    return this.#table.sample(count, (node) => node !== this.self && (node.isMember || diedLately(node)));
  }

  /** Enters itself as alive. */
  start(): void {
    this.#table.add(this.self);
    const { name, addr, port } = this.self;
    const incarnation = this.self.incarnation + 1;
    this.onAlive(
      { type: 'alive', node: name, addr, port, incarnation, meta: NO_BYTES, vsn: PROTOCOL_VERSIONS },
      true,
    );
  }

  /** Says goodbye. `onSent`: it was gossiped, or there is nobody to hear it; may be called twice. */
  leave(onSent: () => void): void {
    if (this.#me.isLeaving) return onSent();
    this.#me.isLeaving = true;
    this.#onGoodbyeSent = onSent;
    const { name, incarnation } = this.self;
    this.onDead({ type: 'dead', node: name, from: name, incarnation }, onSent);
    this.#endGoodbyeWhenAlone();
  }

  // All may leave at the same time: then the last ones would wait for somebody who listens.
  #endGoodbyeWhenAlone(): void {
    if (this.#onGoodbyeSent === undefined || this.members().some((node) => node !== this.self)) return;
    this.#onGoodbyeSent();
    this.#onGoodbyeSent = undefined;
  }

  stop(): void {
    for (const node of this.#table.all()) node.suspicion?.cancel();
  }

  /** Takes over what a peer knows. False, and nothing taken, when versions do not fit. */
  merge(nodes: readonly PushNode[]): boolean {
    const misfit = incompatibleNode(nodes, this.#table.all());
    if (misfit !== undefined) {
      this.#deps.complaints.warn(
        'A member speaks a protocol version that does not fit; its state was not used',
        { peer: misfit },
      );
      return false;
    }
    for (const node of nodes) {
      const rumour = asRumour(node, this.#me);
      if (rumour.type === 'alive') this.onAlive(rumour);
      else if (rumour.type === 'suspect') this.onSuspect(rumour);
      else this.onDead(rumour);
    }
    return true;
  }

  onAlive(alive: Alive, isBootstrap = false): void {
    const known = this.#table.get(alive.node);
    this.#deps.events.onAlive(alive.node);
    const verdict = judgeAlive(known, alive, this.#me, isBootstrap);
    if (verdict === 'conflict' && known !== undefined) return this.#onConflict(known, alive);
    if (verdict === 'refute') return this.#refute(alive.incarnation);
    if (verdict !== 'accept') return;
    const now = this.#deps.clock.mono();
    const node = known ?? this.#newNode(alive);
    if (node === undefined) return;
    this.#endSuspicion(node);
    this.#broadcast(node.name, alive);
    const wasMember = node.isMember;
    const isUpdate = wasMember && !sameBytes(node.meta, alive.meta ?? NO_BYTES);
    node.moveTo(alive.addr, alive.port);
    node.incarnation = alive.incarnation;
    node.meta = alive.meta ?? NO_BYTES;
    node.vsn = alive.vsn ?? NO_BYTES;
    node.change('alive', now);
    if (!wasMember) this.#deps.events.onJoin(node);
    else if (isUpdate) this.#deps.events.onUpdate(node);
  }

  #newNode(alive: Alive): NodeRecord | undefined {
    if (this.#table.size >= MAX_KNOWN_NODES) {
      this.#deps.complaints.warn(
        'The cluster has too many nodes; new ones are ignored. Check what joins it',
        {
          limit: MAX_KNOWN_NODES,
        },
      );
      return undefined;
    }
    const node = new NodeRecord(alive.node, alive.addr, alive.port, this.#deps.clock.mono());
    this.#table.add(node);
    return node;
  }

  #onConflict(known: NodeRecord, alive: Alive): void {
    this.#deps.events.onConflict(known);
    this.#deps.complaints.warn(
      'Two addresses claim one peer name; the new one is ignored until the other has left. Give each member its own --cluster.peer-name',
      { peer: known.name, known: known.hostPort, claimed: hostPortOf(alive.addr, alive.port) },
    );
  }

  onSuspect(suspect: Suspect): void {
    const node = this.#table.get(suspect.node);
    const verdict = judgeSuspect(node, suspect, this.#me);
    if (node === undefined || verdict === 'ignore') return;
    if (verdict === 'confirm') return this.#confirm(node, suspect);
    if (verdict === 'refute') return this.#refute(suspect.incarnation);
    this.#broadcast(node.name, suspect);
    node.incarnation = suspect.incarnation;
    node.change('suspect', this.#deps.clock.mono());
    this.#startSuspicion(node, suspect.from);
  }

  #startSuspicion(node: NodeRecord, from: string): void {
    const startedAt = this.#deps.clock.mono();
    const bounds = suspicionBounds(this.#table.size, this.#deps.probeIntervalMs);
    const dueAt = startedAt + suspicionTimeout(bounds, 0);
    node.suspicion = { startedAt, bounds, accusers: new Set([from]), dueAt, cancel: () => undefined };
    this.#armSuspicion(node);
  }

  #armSuspicion(node: NodeRecord): void {
    const { suspicion } = node;
    if (suspicion === undefined) return;
    suspicion.cancel();
    const delayMs = Math.max(0, suspicion.dueAt - this.#deps.clock.mono());
    suspicion.cancel = this.#deps.timers.after(delayMs, () => this.#onSuspicionDue(node));
  }

  #onSuspicionDue(node: NodeRecord): void {
    const { suspicion } = node;
    if (suspicion === undefined || node.state !== 'suspect') return;
    const now = this.#deps.clock.mono();
    if (now - suspicion.dueAt > LATE_MS) {
      // We stood still: a refutation may wait in the socket.
      suspicion.dueAt = now + this.#deps.probeIntervalMs;
      return this.#armSuspicion(node);
    }
    this.#deps.logger.info('A member is considered dead', { peer: node.name, address: node.hostPort });
    const { name, incarnation } = node;
    this.onDead({ type: 'dead', node: name, incarnation, from: this.#me.name });
  }

  #confirm(node: NodeRecord, suspect: Suspect): void {
    const { suspicion } = node;
    if (suspicion === undefined || suspicion.accusers.has(suspect.from)) return;
    const confirmed = suspicion.accusers.size;
    if (confirmed > suspicion.bounds.confirmations) return;
    suspicion.accusers.add(suspect.from);
    this.#broadcast(node.name, suspect);
    suspicion.dueAt = suspicion.startedAt + suspicionTimeout(suspicion.bounds, confirmed);
    this.#armSuspicion(node);
  }

  #endSuspicion(node: NodeRecord): void {
    node.suspicion?.cancel();
    node.suspicion = undefined;
  }

  onDead(dead: Dead, onSent?: () => void): void {
    const node = this.#table.get(dead.node);
    const verdict = judgeDead(node, dead, this.#me);
    if (node === undefined || verdict === 'ignore') return onSent?.();
    if (verdict === 'refute') {
      this.#endSuspicion(node);
      return this.#refute(dead.incarnation);
    }
    this.#endSuspicion(node);
    this.#broadcast(node.name, dead, onSent);
    node.incarnation = dead.incarnation;
    node.change(verdict, this.#deps.clock.mono());
    this.#deps.events.onLeave(node);
    this.#endGoodbyeWhenAlone();
  }

  #refute(accused: number): void {
    const node = this.self;
    node.incarnation = refutingIncarnation(node.incarnation, accused);
    this.#deps.onRefuted();
    const { name, addr, port, incarnation, meta, vsn } = node;
    this.#deps.logger.info('Others took this member for dead or suspect; it says that it lives', {
      incarnation,
    });
    this.#broadcast(name, { type: 'alive', node: name, addr, port, incarnation, meta, vsn });
  }

  #broadcast(key: string, message: StructMessage, onDone?: () => void): void {
    this.queue.add(encodeMessage(message), onDone === undefined ? { key } : { key, onDone });
  }
}

function newSelf({ name, advertiseAddress, clock }: RosterDeps): NodeRecord {
  const { host, port } = parseHostPort(advertiseAddress, 'cluster advertise address');
  const addr = parseIp(host);
  if (addr === undefined || port === 0)
    throw AppError.invalid(
      `cluster advertise address: "${advertiseAddress}" must be a literal IP address and a port`,
    );
  return new NodeRecord(name, addr, port, clock.mono());
}
