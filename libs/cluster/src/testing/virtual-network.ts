/**
 * @module cluster/testing/virtual-network
 *
 * Packets and streams between virtual threads, with delay, loss, cuts and partitions. Streams keep
 * their order and lose nothing: what a cut holds back arrives after it is healed, as with TCP.
 */
import { AppError } from '@tocsin/kernel';
import type { ByteStream, HostPort, PacketLink, StreamLink } from '@tocsin/kernel';
import type { VirtualThread, VirtualWorld } from './virtual-world.ts';

type StreamHandlers = Parameters<ByteStream['on']>[0];

export interface NetworkOptions {
  /** One way, asked for each packet and each write. */
  delayMs?: () => number;
  /** Probability that a packet is lost. */
  loss?: number;
}

/** How often a stream tries to get through a cut. */
const RETRY_MS = 200;
/** What a socket of a paused thread keeps; more is lost. */
const SOCKET_BUFFER_BYTES: number = 2 * 1024 * 1024;

interface PacketSocket {
  readonly thread: VirtualThread;
  receive: ((packet: Uint8Array, from: HostPort) => void) | undefined;
  waiting: number;
}

interface StreamSocket {
  readonly thread: VirtualThread;
  accept: ((stream: ByteStream) => void) | undefined;
}

export class VirtualNetwork {
  readonly #world: VirtualWorld;
  readonly #packets = new Map<HostPort, PacketSocket>();
  readonly #streams = new Map<HostPort, StreamSocket>();
  readonly #cuts = new Set<string>();
  readonly #sides = new Set<Side>();
  readonly #random: VirtualWorld['random'];
  #nextPort = 40_000;
  delayMs: () => number;
  loss: number;

  constructor(world: VirtualWorld, options: NetworkOptions = {}) {
    this.#world = world;
    this.#random = world.random.fork('network');
    this.delayMs = options.delayMs ?? ((): number => 1);
    this.loss = options.loss ?? 0;
  }

  // ---- faults ---------------------------------------------------------------------------------------

  /** One way: nothing of the one address reaches the other. */
  cut(from: HostPort, to: HostPort): void {
    this.#cuts.add(`${from}>${to}`);
  }

  /** Both ways, between every address of the one group and every one of the other. */
  partition(left: readonly HostPort[], right: readonly HostPort[]): void {
    for (const one of left) {
      for (const other of right) {
        this.cut(one, other);
        this.cut(other, one);
      }
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The process of these sockets died: its connections are reset, its ports refuse. */
  reset(thread: VirtualThread): void {
    for (const [address, socket] of this.#packets)
      if (socket.thread === thread) this.#packets.delete(address);
    for (const [address, socket] of this.#streams)
      if (socket.thread === thread) this.#streams.delete(address);
    for (const side of this.#sides) if (side.thread === thread) side.abort();
  }

  // ---- links ----------------------------------------------------------------------------------------

  packets(thread: VirtualThread, local: HostPort): PacketLink {
    if (this.#packets.has(local)) throw new AppError('unavailable', `${local}: the address is in use`);
    const socket: PacketSocket = { thread, receive: undefined, waiting: 0 };
    this.#packets.set(local, socket);
    return {
      local,
      send: (to, packet) => this.#sendPacket(local, to, packet),
      onPacket: (receive) => {
        socket.receive = receive;
      },
      close: () => {
        if (this.#packets.get(local) === socket) this.#packets.delete(local);
        return Promise.resolve();
      },
    };
  }

  streams(thread: VirtualThread, local: HostPort): StreamLink {
    if (this.#streams.has(local)) throw new AppError('unavailable', `${local}: the address is in use`);
    const socket: StreamSocket = { thread, accept: undefined };
    this.#streams.set(local, socket);
    return {
      local,
      dial: (to, timeoutMs) => this.#dial(thread, local, to, timeoutMs),
      onStream: (accept) => {
        socket.accept = accept;
      },
      close: () => {
        if (this.#streams.get(local) === socket) this.#streams.delete(local);
        return Promise.resolve();
      },
    };
  }

  isCut(from: HostPort, to: HostPort): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  #sendPacket(from: HostPort, to: HostPort, packet: Uint8Array): void {
    if (this.isCut(from, to) || this.#random.float() < this.loss) return;
    const copy = new Uint8Array(packet);
    this.#world.timers.after(this.delayMs(), () => {
      const socket = this.#packets.get(to);
      if (socket === undefined || socket.waiting + copy.length > SOCKET_BUFFER_BYTES) return;
      socket.waiting += copy.length;
      socket.thread.deliver(() => {
        socket.waiting -= copy.length;
        if (this.#packets.get(to) === socket) socket.receive?.(copy, from);
      });
    });
  }

  #dial(thread: VirtualThread, from: HostPort, to: HostPort, timeoutMs: number): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const delayMs = this.delayMs();
      const fail = (why: string, facts: Readonly<Record<string, unknown>>): void =>
        thread.deliver(() => reject(new AppError('unavailable', `${to}: ${why}`, { facts })));
      if (this.isCut(from, to) || this.isCut(to, from)) {
        this.#world.timers.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`, {}));
        return;
      }
      this.#world.timers.after(2 * delayMs, () => {
        const socket = this.#streams.get(to);
        if (socket?.accept === undefined || socket.thread.isKilled)
          return fail('refused the connection', { refused: true });
        const near = new Side(this, this.#world, thread, { local: from, remote: to });
        const far = new Side(this, this.#world, socket.thread, {
          local: to,
          remote: `${hostOf(from)}:${this.#nextPort++}`,
        });
        near.connect(far, from, to);
        far.connect(near, to, from);
        const { accept } = socket;
        socket.thread.deliver(() => accept(far));
        thread.deliver(() => resolve(near));
      });
    });
  }

  track(side: Side, isOpen: boolean): void {
    if (isOpen) this.#sides.add(side);
    else this.#sides.delete(side);
  }
}

const hostOf = (address: HostPort): string => address.slice(0, address.lastIndexOf(':'));

/** One end of a stream. Bytes, the end and a reset all travel in one queue, in order. */
class Side implements ByteStream {
  readonly remote: HostPort;
  readonly thread: VirtualThread;
  readonly #network: VirtualNetwork;
  readonly #world: VirtualWorld;
  readonly #underway: (() => void)[] = [];
  #peer: Side | undefined;
  #route: readonly [from: HostPort, to: HostPort] = ['', ''];
  #handlers: StreamHandlers | undefined;
  #isMoving = false;
  #hasEnded = false;
  #isClosed = false;

  constructor(
    network: VirtualNetwork,
    world: VirtualWorld,
    thread: VirtualThread,
    { remote }: { readonly local: HostPort; readonly remote: HostPort },
  ) {
    this.#network = network;
    this.#world = world;
    this.thread = thread;
    this.remote = remote;
    network.track(this, true);
  }

  connect(peer: Side, from: HostPort, to: HostPort): void {
    this.#peer = peer;
    this.#route = [from, to];
  }

  on(handlers: StreamHandlers): void {
    this.#handlers = handlers;
  }

  write(bytes: Uint8Array): void {
    if (this.#hasEnded || this.#isClosed) return;
    const copy = new Uint8Array(bytes);
    this.#transmit((peer) => peer.#receive(copy));
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    this.#transmit((peer) => peer.#onPeerEnded());
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#world.timers.after(0, () => this.thread.deliver(() => this.#close()));
    this.abort();
  }

  /** The other side hears a reset; this one hears nothing more. */
  abort(): void {
    this.#hasEnded = true;
    this.#network.track(this, false);
    this.#transmit((peer) =>
      peer.#close(new AppError('unavailable', `${this.remote}: the connection was reset`)),
    );
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#isClosed && this.#handlers !== undefined) this.#handlers.onBytes(bytes);
  }

  #onPeerEnded(): void {
    // Node's sockets end their own side when the other one has.
    this.end();
    this.#close();
  }

  #close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#network.track(this, false);
    this.#handlers?.onEnd(error);
  }

  #transmit(arrive: (peer: Side) => void): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#underway.push(() => peer.thread.deliver(() => arrive(peer)));
    if (!this.#isMoving) this.#move(this.#network.delayMs());
  }

  #move(delayMs: number): void {
    this.#isMoving = true;
    this.#world.timers.after(delayMs, () => {
      if (this.#network.isCut(...this.#route)) return this.#move(RETRY_MS);
      this.#isMoving = false;
      for (const arrive of this.#underway.splice(0)) arrive();
    });
  }
}
