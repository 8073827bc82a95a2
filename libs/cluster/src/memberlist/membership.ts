/**
 * @module cluster/memberlist/membership
 *
 * Who is alive: what to do with an alive, suspect or dead message, given what is known of the node.
 * Pure; the engine carries the verdicts out. Rules and their numbering are those of gossip spec 2.3
 * to 2.7 and 1.11.
 *
 * Invariants
 *  - Alive needs a strictly higher incarnation, suspect and dead an equal one: a node wins against
 *    rumours only by raising its own.
 *  - Nobody else's word about ourselves is ever taken over, it is only refuted.
 */
import type { MonoMs } from '@tocsin/kernel';
import { sameBytes } from './address.ts';
import type { Alive, Dead, PushNode, Suspect, WireState } from './messages.ts';

export interface KnownNode {
  readonly name: string;
  readonly addr: Uint8Array;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly vsn: Uint8Array;
  readonly incarnation: number;
  readonly state: WireState;
  readonly stateChangedAt: MonoMs;
}

export interface Me {
  readonly name: string;
  /** Has begun to say goodbye, or has said it. */
  readonly isLeaving: boolean;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const MAX_INCARNATION = 0xffff_ffff;
/** What Alertmanager sends: protocol 1 to 5, speaking 2; delegate 0. */
export const PROTOCOL_VERSIONS: Uint8Array = Uint8Array.of(1, 5, 2, 0, 0, 0);
const VERSION_BYTES = 6;

export type AliveVerdict = 'ignore' | 'bad-node' | 'conflict' | 'refute' | 'accept';

/** `isBootstrap`: our own message about ourselves, at start. */
export function judgeAlive(
  known: KnownNode | undefined,
  alive: Alive,
  me: Me,
  isBootstrap = false,
): AliveVerdict {
  const isMe = alive.node === me.name;
  if (isMe && me.isLeaving) return 'ignore';
  if (!isUsable(alive)) return 'bad-node';
  if (known === undefined) return alive.incarnation > 0 ? 'accept' : 'ignore';
  if (!sameBytes(known.addr, alive.addr) || known.port !== alive.port)
    return known.state === 'left' && !isMe ? 'accept' : 'conflict';
  if (isBootstrap) return 'accept';
  if (!isMe) return alive.incarnation > known.incarnation ? 'accept' : 'ignore';
  if (alive.incarnation < known.incarnation) return 'ignore';
  const isEcho =
    alive.incarnation === known.incarnation &&
    sameBytes(alive.meta ?? NO_BYTES, known.meta) &&
    sameBytes(alive.vsn ?? NO_BYTES, known.vsn);
  return isEcho ? 'ignore' : 'refute';
}

function isUsable({ node, addr, port, vsn }: Alive): boolean {
  if (node === '' || port === 0 || (addr.length !== 4 && addr.length !== 16)) return false;
  const [min = 0, max = 0] = vsn ?? NO_BYTES;
  return (vsn?.length ?? 0) >= VERSION_BYTES && min > 0 && max > 0 && min <= max;
}

export type SuspectVerdict = 'ignore' | 'confirm' | 'refute' | 'accept';

export function judgeSuspect(
  known: (KnownNode & { readonly isTimed: boolean }) | undefined,
  suspect: Suspect,
  me: Me,
): SuspectVerdict {
  if (known === undefined || suspect.incarnation < known.incarnation) return 'ignore';
  if (known.isTimed) return 'confirm';
  if (known.state !== 'alive') return 'ignore';
  return suspect.node === me.name ? 'refute' : 'accept';
}

export type DeadVerdict = 'ignore' | 'refute' | 'dead' | 'left';

export function judgeDead(known: KnownNode | undefined, dead: Dead, me: Me): DeadVerdict {
  if (known === undefined || dead.incarnation < known.incarnation) return 'ignore';
  if (known.state === 'dead' || known.state === 'left') return 'ignore';
  if (dead.node === me.name && !me.isLeaving) return 'refute';
  return dead.node === dead.from ? 'left' : 'dead';
}

/** The incarnation to answer an accusation with. */
export function refutingIncarnation(own: number, accused: number): number {
  return Math.min(Math.max(own, accused) + 1, MAX_INCARNATION);
}

/**
 * How an entry of a peer's node list is taken: as if the peer had gossiped it, except that its
 * "dead" counts only as our own suspicion, so that a live node can still refute.
 */
export function asRumour(node: PushNode, me: Me): Alive | Suspect | Dead {
  const { name, incarnation } = node;
  switch (node.state) {
    case 'alive': {
      const { addr, port, meta, vsn } = node;
      return { type: 'alive', node: name, incarnation, addr, port, meta, vsn };
    }
    case 'left':
      return { type: 'dead', node: name, incarnation, from: name };
    case 'dead':
    case 'suspect':
      return { type: 'suspect', node: name, incarnation, from: me.name };
  }
}

type Versioned = Pick<PushNode, 'name' | 'state' | 'vsn'>;

/**
 * Whether both sides of a push/pull can speak to each other: every node's current versions must lie in
 * the range that all alive nodes support. Returns the name of a node for which that is not so.
 */
export function incompatibleNode(
  remote: readonly Versioned[],
  local: readonly Versioned[],
): string | undefined {
  const range = { protocolMin: 0, protocolMax: 255, delegateMin: 0, delegateMax: 255 };
  for (const { state, vsn } of [...remote, ...local]) {
    if (state !== 'alive' || vsn === undefined || vsn.length === 0) continue;
    const [protocolMin = 0, protocolMax = 0, , delegateMin = 0, delegateMax = 0] = vsn;
    range.protocolMin = Math.max(range.protocolMin, protocolMin);
    range.protocolMax = Math.min(range.protocolMax, protocolMax);
    range.delegateMin = Math.max(range.delegateMin, delegateMin);
    range.delegateMax = Math.min(range.delegateMax, delegateMax);
  }
  const isOutside = ({ vsn }: Versioned): boolean => {
    const [, , protocol = 0, , , delegate = 0] = vsn ?? NO_BYTES;
    const isProtocolFine = protocol >= range.protocolMin && protocol <= range.protocolMax;
    return !(isProtocolFine && delegate >= range.delegateMin && delegate <= range.delegateMax);
  };
  return remote.find(isOutside)?.name ?? local.find(isOutside)?.name;
}
