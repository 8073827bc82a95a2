/**
 * @module cluster/memberlist/packet-side
 *
 * The datagrams of a member: what it sends and how it is packed, what it answers. Every packet takes
 * waiting gossip along as far as there is room.
 */
import { AppError } from '@tocsin/kernel';
import type { HostPort, PacketLink } from '@tocsin/kernel';
import { hostPortOf } from './address.ts';
import type { AwaitedAcks } from './awaited-acks.ts';
import { PACKET_BYTES } from './limits.ts';
import { encodeMessage } from './messages.ts';
import type { IndirectPing, PacketMessage, Ping, StructMessage } from './messages.ts';
import type { NodeRecord } from './node-table.ts';
import {
  COMPOUND_HEADER_BYTES,
  COMPOUND_PART_BYTES,
  compressIfSmaller,
  joinMessages,
  openPacket,
  withCrc,
} from './packet.ts';
import type { Roster } from './roster.ts';

export interface PacketSideDeps {
  readonly link: PacketLink;
  readonly roster: Roster;
  readonly acks: AwaitedAcks;
  /** Bytes that label and sealing add to each packet. */
  readonly overheadBytes: number;
  readonly gossipNodes: number;
  readonly probeTimeoutMs: number;
  onUserMessage(payload: Uint8Array, from: HostPort): void;
  takeBroadcasts(overhead: number, limit: number): readonly Uint8Array[];
  queuedBroadcasts(): number;
  onBad(from: HostPort, why: string): void;
}

/** A user message costs its type byte beside its length. */
const USER_OVERHEAD_BYTES = COMPOUND_PART_BYTES + 1;
const CRC_PROTOCOL = 5;
/** Smaller packets gain too little for the time that compressing takes. */
const MIN_COMPRESSED_BYTES = 256;
const NO_BYTES: Uint8Array = new Uint8Array(0);

export class PacketSide {
  readonly #deps: PacketSideDeps;
  #isStopped = false;

  constructor(deps: PacketSideDeps) {
    this.#deps = deps;
  }

  listen(): void {
    this.#deps.link.onPacket((packet, from) => this.#onPacket(packet, from));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Whom to answer, for pings of ours. */
  source(): Pick<Ping, 'sourceAddr' | 'sourcePort' | 'sourceNode'> {
    const { addr, port, name } = this.#deps.roster.self;
    return { sourceAddr: addr, sourcePort: port, sourceNode: name };
  }

  ping(target: NodeRecord, seqNo: number): void {
    const ping = encodeMessage({ type: 'ping', node: target.name, seqNo, ...this.source() });
    if (target.state === 'alive') return this.#sendWithGossip(target.hostPort, ping);
    const { name, incarnation } = target;
    // Told together with the ping, so that it can refute.
    const suspect = encodeMessage({
      type: 'suspect',
      node: name,
      incarnation,
      from: this.#deps.roster.self.name,
    });
    this.#sendPacket(target.hostPort, [ping, suspect], target);
  }

  pingThrough(helper: NodeRecord, target: NodeRecord, seqNo: number, wantsNack: boolean): void {
    const message: IndirectPing = {
      type: 'indirect-ping',
      nack: wantsNack,
      node: target.name,
      port: target.port,
      target: target.addr,
      seqNo,
      ...this.source(),
    };
    this.#sendWithGossip(helper.hostPort, encodeMessage(message));
  }

  /** One tick: what is queued, to a few random nodes. */
  gossip(): void {
    if (this.#deps.roster.queue.size === 0 && this.#deps.queuedBroadcasts() === 0) return;
    const targets = this.#deps.roster.sampleForGossip(this.#deps.gossipNodes);
    for (const target of targets) {
      const room = PACKET_BYTES - COMPOUND_HEADER_BYTES - this.#deps.overheadBytes;
      const messages = this.#takeBroadcasts(room);
      if (messages.length === 0) return;
      this.#sendPacket(target.hostPort, messages, target);
    }
  }

  /** A message that takes gossip along when there is room. */
  #sendWithGossip(to: HostPort, message: Uint8Array): void {
    const room = PACKET_BYTES - message.length - COMPOUND_HEADER_BYTES - this.#deps.overheadBytes;
    this.#sendPacket(to, [message, ...this.#takeBroadcasts(room)], undefined);
  }

  #takeBroadcasts(room: number): Uint8Array[] {
    const n = this.#deps.roster.size;
    const messages = this.#deps.roster.queue.take(COMPOUND_PART_BYTES, room, n);
    const used = messages.reduce((sum, message) => sum + message.length + COMPOUND_PART_BYTES, 0);
    const left = room - used;
    if (left > USER_OVERHEAD_BYTES) {
      for (const payload of this.#deps.takeBroadcasts(USER_OVERHEAD_BYTES, left))
        messages.push(encodeMessage({ type: 'user', payload }));
    }
    return messages;
  }

  /** A user message, alone in its packet. */
  sendUser(node: NodeRecord, payload: Uint8Array): void {
    this.#sendPacket(node.hostPort, [encodeMessage({ type: 'user', payload })], node);
  }

  /** `node`: known to read checksums; without it none is put on. */
  #sendPacket(to: HostPort, messages: readonly Uint8Array[], node: NodeRecord | undefined): void {
    for (const joined of joinMessages(messages)) {
      const packet = joined.length < MIN_COMPRESSED_BYTES ? joined : compressIfSmaller(joined);
      this.#deps.link.send(to, (node?.protocolMax ?? 0) >= CRC_PROTOCOL ? withCrc(packet) : packet);
    }
  }

  // ---- packets in -----------------------------------------------------------------------------------

  #onPacket(packet: Uint8Array, from: HostPort): void {
    if (this.#isStopped || packet.length === 0) return;
    try {
      const { messages, badParts } = openPacket(packet);
      if (badParts > 0) this.#deps.onBad(from, `${badParts} of its parts were not understood`);
      for (const message of messages) this.#onMessage(message, from);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#deps.onBad(from, thrown.message);
    }
  }

  #onMessage(message: PacketMessage, from: HostPort): void {
    switch (message.type) {
      case 'ping':
        return this.#onPing(message, from);
      case 'indirect-ping':
        return this.#onIndirectPing(message, from);
      case 'ack':
        return this.#deps.acks.ack(message.seqNo);
      case 'nack':
        return this.#deps.acks.nack(message.seqNo);
      case 'alive':
        return this.#deps.roster.onAlive(message);
      case 'suspect':
        return this.#deps.roster.onSuspect(message);
      case 'dead':
        return this.#deps.roster.onDead(message);
      case 'user':
        return this.#deps.onUserMessage(message.payload, from);
    }
  }

  #onPing(ping: Ping, from: HostPort): void {
    if (ping.node !== '' && ping.node !== this.#deps.roster.self.name) return;
    const ack = encodeMessage({ type: 'ack', seqNo: ping.seqNo, payload: NO_BYTES });
    this.#sendWithGossip(sourceOf(ping, from), ack);
  }

  #onIndirectPing(request: IndirectPing, from: HostPort): void {
    const target = hostPortOf(request.target, request.port);
    if (target === undefined || request.port === 0) return;
    const asker = sourceOf(request, from);
    const reply = (message: StructMessage): void => this.#sendWithGossip(asker, encodeMessage(message));
    const seqNo = this.#deps.acks.await(this.#deps.probeTimeoutMs, {
      onAck: () => reply({ type: 'ack', seqNo: request.seqNo, payload: undefined }),
      onTimeout: () => {
        if (request.nack) reply({ type: 'nack', seqNo: request.seqNo });
      },
    });
    if (seqNo === undefined) return;
    this.#sendWithGossip(
      target,
      encodeMessage({ type: 'ping', node: request.node, seqNo, ...this.source() }),
    );
  }
}

function sourceOf(ping: Ping | IndirectPing, from: HostPort): HostPort {
  if (ping.sourcePort === 0) return from;
  return hostPortOf(ping.sourceAddr, ping.sourcePort) ?? from;
}
