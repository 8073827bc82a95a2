/**
 * What the gossip core needs from the thread it runs in, beside the kernel's seams. The transport
 * lib binds these to sockets and shared memory, the simulator to its virtual ones.
 */
import type { Clock, HostPort, MonoMs, PacketLink, Random, StreamLink, Timers } from '@tocsin/kernel';
import type { ChannelCodec, ChannelName } from '../port.ts';

export interface Resolver {
  /**
   * Literal addresses (A and AAAA, no port). An empty list means the name exists without an
   * address, and is asked for again at start; a rejection means the lookup failed, and is not.
   */
  resolve(host: string): Promise<readonly string[]>;
}

/**
 * Stamps in memory that both threads see. All stamps are of ONE monotonic clock: in Node that is
 * `process.hrtime`, not `performance.now`, whose origin differs in each thread.
 */
export interface StallSign {
  /** When the main thread last stamped, on the worker's own `Clock.mono()`. */
  mainStamp(): MonoMs;
  /** Called by the core every 100 ms. */
  stampWorker(now: MonoMs): void;
}

/** Encryption (AES-GCM), applied between the label and the engine. */
export interface LinkSealing {
  /** Bytes that a packet grows by. */
  readonly overheadBytes: number;
  packets(link: PacketLink): PacketLink;
  /** One `write` of the engine is one message. */
  streams(link: StreamLink): StreamLink;
}

export interface GossipCoreDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Bound already, without label or encryption; TLS framing is inside. The core closes both when it has left. */
  readonly packets: PacketLink;
  /**
   * A dial that was refused (nobody listens) should reject at once with AppError `unavailable` and
   * `facts: { refused: true }`: a Tocsin replica that refuses counts as absent without waiting.
   */
  readonly streams: StreamLink;
  readonly sealing?: LinkSealing;
  readonly resolver: Resolver;
  readonly stall: StallSign;
  /** Undefined for a channel that nobody here knows: its messages are ignored. */
  codecFor(channel: ChannelName): ChannelCodec | undefined;
  /** The main thread has not run for 30 s and the cluster was left: end the process, a supervisor restarts it. */
  onMainDead(): void;
  /** Hex or any short text: told to Tocsin replicas, for a warning when it differs. '' when unknown. */
  readonly configurationHash?: string;
}

/** A running core. */
export interface GossipCore {
  readonly address: HostPort;
  /** Stops at once without saying goodbye; closes the links. */
  stop(): Promise<void>;
}
