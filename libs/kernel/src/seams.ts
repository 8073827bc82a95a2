/**
 * @module kernel/seams
 *
 * Everything that touches the world goes through one of these. Production binds them to Node,
 * the simulator to virtual time and a virtual network; the code between cannot tell.
 */

/** Wall-clock instant, milliseconds since the Unix epoch. May leave the process. */
export type WallMs = number;
/** Monotonic instant, milliseconds since an arbitrary start. Only for measuring; never leaves the process. */
export type MonoMs = number;

export interface Clock {
  wall(): WallMs;
  mono(): MonoMs;
}

/** Idempotent; calling it after the timer ran does nothing. */
export type Cancel = () => void;

export interface Timers {
  /**
   * Runs `run` once, `delayMs` (>= 0, any size: longer than 2^31 ms is re-armed) from now.
   * `run` must not throw; what it throws is a programmer's error and ends the process.
   */
  after(delayMs: number, run: () => void): Cancel;
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform whole number in [0, limit); limit >= 1. */
  below(limit: number): number;
  bytes(length: number): Uint8Array;
  /** An independent stream; the same label from the same state gives the same stream. */
  fork(label: string): Random;
}

export type LogFacts = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line an event: a message that never varies, and the facts beside it. */
export interface Logger {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  /** `warn` and `error` lines name what the operator can do. */
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
  /** A logger that adds these facts to every line. */
  with(facts: LogFacts): Logger;
}

/** `ip:port`, IPv6 in brackets. */
export type HostPort = string;

/** Unreliable datagrams (UDP). */
export interface PacketLink {
  /** The address bound, with the real port when 0 was asked for. */
  readonly local: HostPort;
  /** Never throws; what can't be sent is lost, as datagrams are. */
  send(to: HostPort, packet: Uint8Array): void;
  onPacket(receive: (packet: Uint8Array, from: HostPort) => void): void;
  close(): Promise<void>;
}

/** One side of a reliable byte stream (TCP). */
export interface ByteStream {
  readonly remote: HostPort;
  /** Bytes are queued; the handler below hears when the peer is gone. */
  write(bytes: Uint8Array): void;
  /** Ends the stream after what was written has been sent. */
  end(): void;
  /** Drops the stream at once. */
  destroy(): void;
  /** Set once, synchronously after the stream is handed over. `onEnd` is called exactly once. */
  on(handlers: { onBytes: (bytes: Uint8Array) => void; onEnd: (error?: Error) => void }): void;
}

export interface StreamLink {
  readonly local: HostPort;
  /** Rejects with AppError `unavailable` when nothing answers within `timeoutMs`. */
  dial(to: HostPort, timeoutMs: number): Promise<ByteStream>;
  onStream(accept: (stream: ByteStream) => void): void;
  close(): Promise<void>;
}

/** FoundationDB's scheme: rare branches of our own code, taken on purpose in the simulator. */
export interface Faults {
  maybe(site: string): boolean;
}
export const noFaults: Faults = { maybe: () => false };
