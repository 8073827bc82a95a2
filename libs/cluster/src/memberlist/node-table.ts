/**
 * The nodes that this one knows, dead ones included until they are reaped, and the order in which
 * they are probed.
 */
import type { Cancel, HostPort, MonoMs, Random } from '@tocsin/kernel';
import { formatHostPort, formatIp } from './address.ts';
import type { SuspicionBounds } from './formulas.ts';
import type { KnownNode } from './membership.ts';
import type { PushNode, WireState } from './messages.ts';

/** Dead and left nodes are told so, and kept, for this long. */
export const GOSSIP_TO_THE_DEAD_MS = 30_000;

export interface Suspicion {
  readonly startedAt: MonoMs;
  readonly bounds: SuspicionBounds;
  /** Names that accused, the first one included; those after it are confirmations. */
  readonly accusers: Set<string>;
  dueAt: MonoMs;
  cancel: Cancel;
}

export class NodeRecord implements KnownNode {
  readonly name: string;
  addr: Uint8Array;
  port: number;
  meta: Uint8Array = new Uint8Array(0);
  vsn: Uint8Array = new Uint8Array(0);
  incarnation = 0;
  state: WireState = 'dead';
  stateChangedAt: MonoMs;
  suspicion: Suspicion | undefined;
  #hostPort: HostPort;

  constructor(name: string, addr: Uint8Array, port: number, now: MonoMs) {
    this.name = name;
    this.addr = addr;
    this.port = port;
    this.stateChangedAt = now;
    this.#hostPort = formatHostPort(formatIp(addr) ?? '', port);
  }

  get isTimed(): boolean {
    return this.suspicion !== undefined;
  }

  /** Counts as a member: for positions, lists and metrics. */
  get isMember(): boolean {
    return this.state === 'alive' || this.state === 'suspect';
  }

  get hostPort(): HostPort {
    return this.#hostPort;
  }

  moveTo(addr: Uint8Array, port: number): void {
    this.addr = addr;
    this.port = port;
    this.#hostPort = formatHostPort(formatIp(addr) ?? '', port);
  }

  change(state: WireState, now: MonoMs): void {
    if (this.state === state) return;
    this.state = state;
    this.stateChangedAt = now;
  }

  /** Highest protocol version that the node understands. */
  get protocolMax(): number {
    return this.vsn[1] ?? 0;
  }

  toPushNode(): PushNode {
    const { addr, incarnation, meta, name, port, state, vsn } = this;
    return { addr, incarnation, meta, name, port, state, vsn };
  }
}

export class NodeTable {
  readonly #random: Random;
  readonly #byName = new Map<string, NodeRecord>();
  #probeOrder: NodeRecord[] = [];
  #probeIndex = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): NodeRecord | undefined {
    return this.#byName.get(name);
  }

  all(): readonly NodeRecord[] {
    return this.#probeOrder;
  }

  add(node: NodeRecord): void {
    this.#byName.set(node.name, node);
    // At a random place, so that a new node is not everybody's next target.
    this.#probeOrder.splice(this.#random.below(this.#probeOrder.length + 1), 0, node);
  }

  /** The next node to probe; undefined when nobody is to be probed. A full pass reaps and shuffles. */
  nextToProbe(selfName: string, now: MonoMs): NodeRecord | undefined {
    for (let checked = 0; checked <= this.#probeOrder.length; checked++) {
      if (this.#probeIndex >= this.#probeOrder.length) {
        this.#reap(now);
        this.#shuffle();
        this.#probeIndex = 0;
      }
      const node = this.#probeOrder[this.#probeIndex++];
      if (node !== undefined && node.isMember && node.name !== selfName) return node;
    }
    return undefined;
  }

  /** Up to `count` different nodes that `isWanted`. */
  sample(count: number, isWanted: (node: NodeRecord) => boolean): NodeRecord[] {
    const candidates = this.#probeOrder.filter(isWanted);
    const chosen: NodeRecord[] = [];
    while (chosen.length < count && candidates.length > 0) {
      const [node] = candidates.splice(this.#random.below(candidates.length), 1);
      if (node !== undefined) chosen.push(node);
    }
    return chosen;
  }

  #reap(now: MonoMs): void {
    const isGone = (node: NodeRecord): boolean =>
      !node.isMember && now - node.stateChangedAt > GOSSIP_TO_THE_DEAD_MS;
    for (const node of this.#probeOrder) if (isGone(node)) this.#byName.delete(node.name);
    this.#probeOrder = this.#probeOrder.filter((node) => !isGone(node));
  }

  #shuffle(): void {
    const order = this.#probeOrder;
    for (let index = order.length - 1; index > 0; index--) {
      const other = this.#random.below(index + 1);
      const [left, right] = [order[index], order[other]];
      if (left !== undefined && right !== undefined) [order[index], order[other]] = [right, left];
    }
  }
}
