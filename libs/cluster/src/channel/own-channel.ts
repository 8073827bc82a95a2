/**
 * @module cluster/channel/own-channel
 *
 * What Tocsin replicas say to each other beside the gossip that foreign members share (architecture
 * 4.4): who is one of us, whose main loop runs, and own entries until the other's main loop has them.
 *
 * Invariants
 *  - To a member that never said Hello nothing is sent but our Hello.
 *  - Absent means: was heard, and is silent now; or refused a connection. A replica that we have not
 *    heard yet is not absent, since it may not know us yet.
 *  - UDP may be blocked, in one direction or both. Who hears nothing though a connection works asks for
 *    TCP, and gets it for a while; an entry that two packets did not deliver goes over TCP in any case.
 */
import { AppError } from '@tocsin/kernel';
import type { Cancel, Clock, Logger, MonoMs, Timers } from '@tocsin/kernel';
import type { Complaints } from '../memberlist/complaints.ts';
import { encodePart, joinEntries } from '../peer/part.ts';
import type { ChannelEntry, ChannelName } from '../port.ts';
import { decodeEnvelope, encodeEnvelope, OWN_CHANNEL } from './envelope.ts';
import type { Acknowledgement, BlobBatch, Envelope, EnvelopeBody, Hello } from './envelope.ts';
import { Outbox } from './outbox.ts';
import type { OutboxItem } from './outbox.ts';

/** Larger messages go over TCP: half of a packet, as Alertmanager has it. */
export const MAX_PACKET_PART_BYTES = 700;
export const ABSENT_MS = 2500;
/** Silent for so long, a replica is asked by a connection whether anybody listens there. */
const KNOCK_MS = 1200;
/** Capability in a Hello: "I hear nothing of you, send it over TCP". */
const OVER_TCP = 'over-tcp';
/** How long that is done; still deaf then, the other asks again before it takes us for absent. */
const OVER_TCP_MS = 10_000;
const ASK_AGAIN_MS = 1_000;
/** Small messages under way to one replica over TCP; what is beyond it is lost, as a packet would be. */
const SMALL_STREAMS_MAX = 8;
/** From this attempt on an entry goes over TCP. */
const STREAM_ATTEMPT = 3;
/** Times between Hellos to a member that did not answer; the last one repeats. */
const HELLO_RETRY_MS: readonly number[] = [1000, 10_000];

export interface Knock {
  readonly outcome: 'answered' | 'refused' | 'silent';
}

export interface OwnChannelDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly name: string;
  readonly configurationHash: string;
  /** Any number below 2^50: sequence numbers begin there. */
  readonly firstSeq: number;
  send(peer: string, payload: Uint8Array): void;
  sendReliably(peer: string, payload: Uint8Array): Promise<void>;
  knock(peer: string): Promise<Knock['outcome']>;
  /** Merge, hand to the main thread, and `acknowledge` once that has merged them. */
  onEntries(peer: string, seq: number, batches: readonly BlobBatch[]): void;
  /** A replica's main thread has these. */
  onAcknowledged(peer: string, items: readonly OutboxItem[]): void;
  /** Who is a Tocsin replica, or who is absent, has changed. */
  onChange(): void;
  onResent(): void;
  onGivenUp(entries: number): void;
}

interface Peer {
  readonly name: string;
  readonly outbox: Outbox;
  isTocsin: boolean;
  hellos: number;
  cancelHello: Cancel;
  heardAt: MonoMs | undefined;
  isAbsent: boolean;
  hasRefused: boolean;
  isKnocking: boolean;
  isStreaming: boolean;
  smallStreams: number;
  overTcpUntil: MonoMs;
  askedAt: MonoMs;
  dueTimer: { readonly at: MonoMs; readonly cancel: Cancel } | undefined;
}

export class OwnChannel {
  readonly #deps: OwnChannelDeps;
  readonly #peers = new Map<string, Peer>();
  #lastSeq: number;
  /** Silence before this was our own: we stood still. */
  #listeningSince: MonoMs;

  constructor(deps: OwnChannelDeps) {
    this.#deps = deps;
    this.#lastSeq = deps.firstSeq;
    this.#listeningSince = deps.clock.mono();
  }

  isTocsin(name: string): boolean {
    return this.#peers.get(name)?.isTocsin ?? false;
  }

  isAbsent(name: string): boolean {
    return this.#peers.get(name)?.isAbsent ?? false;
  }

  /** Own entries that some replica that is there has not acknowledged. */
  unacknowledged(): number {
    let sum = 0;
    for (const peer of this.#peers.values()) if (!peer.isAbsent) sum += peer.outbox.size;
    return sum;
  }

  onJoin(name: string): void {
    this.onLeave(name);
    const peer: Peer = {
      name,
      outbox: new Outbox(() => ++this.#lastSeq),
      isTocsin: false,
      hellos: 0,
      cancelHello: () => undefined,
      heardAt: undefined,
      isAbsent: false,
      hasRefused: false,
      isKnocking: false,
      isStreaming: false,
      smallStreams: 0,
      overTcpUntil: -Infinity,
      askedAt: -Infinity,
      dueTimer: undefined,
    };
    this.#peers.set(name, peer);
    this.#sayHello(peer);
  }

  onLeave(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined) return;
    peer.cancelHello();
    peer.dueTimer?.cancel();
    this.#peers.delete(name);
  }

  stop(): void {
    for (const name of this.#peers.keys()) this.onLeave(name);
  }

  /** An own entry: to every replica, until acknowledged. */
  broadcast(channel: ChannelName, entry: ChannelEntry): void {
    for (const peer of this.#peers.values()) {
      if (!peer.isTocsin) continue;
      const givenUp = peer.outbox.add({ channel, entry });
      if (givenUp > 0) this.#deps.onGivenUp(givenUp);
      this.#armOutbox(peer);
    }
  }

  /** The own main loop runs. */
  heartbeat(): void {
    for (const peer of this.#peers.values()) if (peer.isTocsin) this.#send(peer, { type: 'heartbeat' });
  }

  /** The own main thread has merged that envelope of that peer. */
  acknowledge(peerName: string, seqs: readonly number[]): void {
    const peer = this.#peers.get(peerName);
    if (peer !== undefined) this.#send(peer, { type: 'ack', seqs });
  }

  /** The data of a message with our key. Throws AppError `invalid`. */
  receive(data: Uint8Array): void {
    const envelope = decodeEnvelope(data);
    if (envelope === undefined || envelope.from === this.#deps.name) return;
    const peer = this.#peers.get(envelope.from);
    // Not a member yet: it is told to us soon, says Hello again, and sends its entries again.
    if (peer !== undefined) this.#handle(peer, envelope);
  }

  /** Looks for silence; about ten times a second. */
  tick(now: MonoMs): void {
    for (const peer of this.#peers.values()) {
      if (!peer.isTocsin || peer.heardAt === undefined) continue;
      const silentMs = now - Math.max(peer.heardAt, this.#listeningSince);
      if (silentMs > KNOCK_MS && !peer.isKnocking && !peer.isAbsent) this.#knock(peer);
      this.#judge(peer, silentMs);
    }
  }

  /** This thread stood still: what was not heard meanwhile proves nothing. */
  resume(now: MonoMs): void {
    this.#listeningSince = now;
  }

  #handle(peer: Peer, { seq, body }: Envelope): void {
    switch (body.type) {
      case 'hello':
        return this.#onHello(peer, body);
      case 'heartbeat':
        return this.#onHeartbeat(peer);
      case 'entries':
        return this.#deps.onEntries(peer.name, seq, body.batches);
      case 'ack':
        return this.#onAck(peer, body);
    }
  }

  #onHello(peer: Peer, hello: Hello): void {
    peer.cancelHello();
    if (hello.capabilities.includes(OVER_TCP)) peer.overTcpUntil = this.#deps.clock.mono() + OVER_TCP_MS;
    if (!hello.isAnswer) this.#send(peer, this.#hello(true));
    const { configurationHash } = this.#deps;
    if (
      configurationHash !== '' &&
      hello.configurationHash !== '' &&
      hello.configurationHash !== configurationHash
    )
      this.#deps.complaints.warn(
        'A replica has another configuration; people may be notified twice. Give all replicas the same file',
        { peer: peer.name },
      );
    if (peer.isTocsin) return;
    peer.isTocsin = true;
    this.#deps.logger.info('Found a Tocsin replica', { peer: peer.name });
    this.#deps.onChange();
  }

  #onHeartbeat(peer: Peer): void {
    peer.heardAt = this.#deps.clock.mono();
    peer.hasRefused = false;
    this.#judge(peer, 0);
    // It knows us, but its Hello was lost: ask for it.
    if (!peer.isTocsin && peer.hellos >= HELLO_RETRY_MS.length) this.#sayHello(peer);
  }

  #onAck(peer: Peer, { seqs }: Acknowledgement): void {
    const items = seqs.flatMap((seq) => peer.outbox.acknowledge(seq));
    if (items.length > 0) this.#deps.onAcknowledged(peer.name, items);
  }

  #judge(peer: Peer, silentMs: number): void {
    const isAbsent = peer.hasRefused || silentMs > ABSENT_MS;
    if (isAbsent === peer.isAbsent) return;
    peer.isAbsent = isAbsent;
    this.#deps.logger.info(isAbsent ? 'A replica is absent' : 'A replica is back', {
      peer: peer.name,
      refused: peer.hasRefused,
    });
    this.#deps.onChange();
  }

  #knock(peer: Peer): void {
    peer.isKnocking = true;
    void this.#deps.knock(peer.name).then((outcome) => {
      peer.isKnocking = false;
      const isSilent = peer.heardAt !== undefined && this.#deps.clock.mono() - peer.heardAt > KNOCK_MS;
      if (!isSilent || this.#peers.get(peer.name) !== peer) return;
      if (outcome === 'refused') this.#refused(peer);
      if (outcome === 'answered') this.#askForTcp(peer);
    });
  }

  /** It lives, and its packets do not arrive. */
  #askForTcp(peer: Peer): void {
    const now = this.#deps.clock.mono();
    if (now - peer.askedAt < ASK_AGAIN_MS) return;
    peer.askedAt = now;
    this.#streamSmall(peer, this.#wrap(++this.#lastSeq, this.#hello(false, [OVER_TCP])));
  }

  #refused(peer: Peer): void {
    peer.hasRefused = true;
    this.#judge(peer, 0);
  }

  // ---- sending --------------------------------------------------------------------------------------

  #sayHello(peer: Peer): void {
    peer.cancelHello();
    // Every other one by the way that may be open when UDP is not, and asking for the same.
    if (peer.hellos % 2 === 0) this.#send(peer, this.#hello(false));
    else this.#streamSmall(peer, this.#wrap(++this.#lastSeq, this.#hello(false, [OVER_TCP])));
    const delayMs = HELLO_RETRY_MS[Math.min(peer.hellos++, HELLO_RETRY_MS.length - 1)] ?? 0;
    peer.cancelHello = this.#deps.timers.after(delayMs, () => this.#sayHello(peer));
  }

  #hello(isAnswer: boolean, capabilities: readonly string[] = []): Hello {
    const { clock, configurationHash } = this.#deps;
    return {
      type: 'hello',
      capabilities,
      configurationHash,
      wallMs: Math.max(0, clock.wall()),
      monoMs: Math.max(0, clock.mono()),
      isAnswer,
    };
  }

  #send(peer: Peer, body: EnvelopeBody): void {
    const part = this.#wrap(++this.#lastSeq, body);
    if (part.length <= MAX_PACKET_PART_BYTES) this.#sendSmall(peer, part, false);
    else void this.#stream(peer, part);
  }

  #sendSmall(peer: Peer, part: Uint8Array, mustStream: boolean): void {
    if (mustStream || this.#deps.clock.mono() < peer.overTcpUntil) this.#streamSmall(peer, part);
    else this.#deps.send(peer.name, part);
  }

  #streamSmall(peer: Peer, part: Uint8Array): void {
    if (peer.smallStreams >= SMALL_STREAMS_MAX) return;
    peer.smallStreams++;
    void this.#stream(peer, part).finally(() => peer.smallStreams--);
  }

  #wrap(seq: number, body: EnvelopeBody): Uint8Array {
    return encodePart({ key: OWN_CHANNEL, data: encodeEnvelope({ from: this.#deps.name, seq, body }) });
  }

  #sendDue(peer: Peer): void {
    peer.dueTimer = undefined;
    const { clock } = this.#deps;
    for (const { seq, items, attempt } of peer.outbox.takeDue(
      clock.mono(),
      clock.wall(),
      !peer.isStreaming,
    )) {
      if (attempt > 1) this.#deps.onResent();
      const part = this.#wrap(seq, { type: 'entries', batches: batchesOf(items) });
      if (part.length <= MAX_PACKET_PART_BYTES) this.#sendSmall(peer, part, attempt >= STREAM_ATTEMPT);
      else void this.#streamEntries(peer, part);
    }
    this.#armOutbox(peer);
  }

  /** One stream to a replica at a time, or one that hangs would collect them. */
  async #streamEntries(peer: Peer, part: Uint8Array): Promise<void> {
    peer.isStreaming = true;
    await this.#stream(peer, part);
    peer.isStreaming = false;
    if (this.#peers.get(peer.name) === peer) this.#armOutbox(peer);
  }

  async #stream(peer: Peer, part: Uint8Array): Promise<void> {
    try {
      await this.#deps.sendReliably(peer.name, part);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.facts['refused'] === true) this.#refused(peer);
    }
  }

  /** The first entry waits for the end of the turn, so that those of one flush share a packet. */
  #armOutbox(peer: Peer): void {
    const now = this.#deps.clock.mono();
    const dueAt = peer.outbox.nextDueAt(now, !peer.isStreaming);
    if (dueAt === undefined || (peer.dueTimer !== undefined && peer.dueTimer.at <= dueAt)) return;
    peer.dueTimer?.cancel();
    const cancel = this.#deps.timers.after(Math.max(0, dueAt - now), () => this.#sendDue(peer));
    peer.dueTimer = { at: dueAt, cancel };
  }
}

function batchesOf(items: readonly OutboxItem[]): BlobBatch[] {
  const byChannel = new Map<ChannelName, Uint8Array[]>();
  for (const { channel, entry } of items) {
    const entries = byChannel.get(channel);
    if (entries === undefined) byChannel.set(channel, [entry.bytes]);
    else entries.push(entry.bytes);
  }
  return [...byChannel].map(([channel, entries]) => ({ channel, blob: joinEntries(entries) }));
}
