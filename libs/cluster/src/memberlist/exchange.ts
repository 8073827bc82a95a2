/**
 * @module cluster/memberlist/exchange
 *
 * Streams: each carries one message there and at most one back, within one deadline. Both sides are
 * here, the bytes and their meaning are elsewhere.
 *
 * Invariants: connections, bytes read but not understood, and bytes of answers under way are bounded
 * over all peers; whatever a peer does or fails to do, its connection is gone after the deadline.
 */
import { AppError } from '@tocsin/kernel';
import type { ByteStream, HostPort, StreamLink, Timers } from '@tocsin/kernel';
import {
  MAX_ANSWER_BYTES,
  MAX_BUFFERED_BYTES,
  MAX_INCOMING_PUSH_PULLS,
  MAX_INCOMING_STREAMS,
} from './limits.ts';
import { encodeStreamMessage, StreamMessageReader } from './stream-message.ts';
import type { StreamMessage } from './stream-message.ts';

export interface ExchangeDeps {
  readonly timers: Timers;
  readonly streams: StreamLink;
  readonly timeoutMs: number;
}

/** Dials, says one thing, hears one thing. Rejects with AppError `unavailable`, `deadline` or `invalid`. */
export async function ask(
  deps: ExchangeDeps,
  to: HostPort,
  request: StreamMessage,
  timeoutMs: number = deps.timeoutMs,
): Promise<StreamMessage> {
  const stream = await deps.streams.dial(to, timeoutMs);
  return new Promise<StreamMessage>((resolve, reject) => {
    const reader = new StreamMessageReader();
    const finish = (result: StreamMessage | AppError): void => {
      cancel();
      stream.destroy();
      if (result instanceof AppError) reject(result);
      else resolve(result);
    };
    const cancel = deps.timers.after(timeoutMs, () => finish(tooLate(to, timeoutMs)));
    stream.on({
      onBytes: (bytes) => {
        const message = readOrError(reader, bytes);
        if (message !== undefined) finish(message);
      },
      onEnd: (error) => finish(endedEarly(to, error)),
    });
    stream.write(encodeStreamMessage(request));
  });
}

/** Dials and says one thing; resolves when the peer has closed without an error. */
export async function tell(deps: ExchangeDeps, to: HostPort, message: StreamMessage): Promise<void> {
  const stream = await deps.streams.dial(to, deps.timeoutMs);
  return new Promise<void>((resolve, reject) => {
    const cancel = deps.timers.after(deps.timeoutMs, () => {
      reject(tooLate(to, deps.timeoutMs));
      stream.destroy();
    });
    stream.on({
      onBytes: () => undefined,
      onEnd: (error) => {
        cancel();
        if (error === undefined) resolve();
        else reject(endedEarly(to, error));
      },
    });
    stream.write(encodeStreamMessage(message));
    stream.end();
  });
}

const tooLate = (to: HostPort, timeoutMs: number): AppError =>
  new AppError('deadline', `peer ${to}: did not answer within ${timeoutMs} ms`);

const endedEarly = (to: HostPort, cause: unknown): AppError =>
  new AppError('unavailable', `peer ${to}: closed the connection before the exchange was over`, {
    cause,
    facts: { cutShort: true },
  });

function readOrError(reader: StreamMessageReader, bytes: Uint8Array): StreamMessage | AppError | undefined {
  try {
    return reader.push(bytes);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

export type DropReason = 'invalid' | 'limit' | 'deadline';

export interface StreamHandlers {
  /** What to answer; undefined for nothing. Called once for each stream. */
  onMessage(message: StreamMessage, from: HostPort): StreamMessage | undefined;
  /** After the answer was handed over. */
  afterAnswer(message: StreamMessage, from: HostPort): void;
  onDropped(reason: DropReason, from: HostPort, why: string): void;
}

/** Accepts streams until its link is closed. */
export function serveStreams(deps: ExchangeDeps, handlers: StreamHandlers): void {
  const usage: Usage = { streams: 0, pushPulls: 0, buffered: 0, answers: 0 };
  deps.streams.onStream((stream) => {
    if (usage.streams >= MAX_INCOMING_STREAMS) {
      stream.on({ onBytes: () => undefined, onEnd: () => undefined });
      stream.destroy();
      handlers.onDropped('limit', stream.remote, `${MAX_INCOMING_STREAMS} connections are open already`);
      return;
    }
    new Incoming(deps, handlers, usage, stream).listen();
  });
}

/** Shared by all incoming streams. */
interface Usage {
  streams: number;
  pushPulls: number;
  buffered: number;
  answers: number;
}

class Incoming {
  readonly #deps: ExchangeDeps;
  readonly #handlers: StreamHandlers;
  readonly #usage: Usage;
  readonly #stream: ByteStream;
  readonly #reader = new StreamMessageReader();
  #phase: 'reading' | 'answered' | 'closed' = 'reading';
  #isPushPull = false;
  #buffered = 0;
  #answer = 0;

  constructor(deps: ExchangeDeps, handlers: StreamHandlers, usage: Usage, stream: ByteStream) {
    this.#deps = deps;
    this.#handlers = handlers;
    this.#usage = usage;
    this.#stream = stream;
  }

  listen(): void {
    this.#usage.streams++;
    const cancel = this.#deps.timers.after(this.#deps.timeoutMs, () =>
      this.#drop('deadline', `nothing complete within ${this.#deps.timeoutMs} ms`),
    );
    this.#stream.on({
      onBytes: (bytes) => {
        if (this.#phase === 'reading') this.#receive(bytes);
      },
      onEnd: () => {
        cancel();
        this.#close();
      },
    });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#usage.buffered + bytes.length > MAX_BUFFERED_BYTES)
      return this.#drop('limit', `${this.#usage.buffered} bytes of unfinished messages are held already`);
    const message = readOrError(this.#reader, bytes);
    if (message instanceof AppError) return this.#drop('invalid', message.message);
    this.#buffer(message === undefined ? this.#reader.bufferedBytes : 0);
    if (message !== undefined) this.#respond(message);
  }

  #respond(message: StreamMessage): void {
    if (message.type === 'push-pull') {
      if (this.#usage.pushPulls >= MAX_INCOMING_PUSH_PULLS)
        return this.#drop('limit', `${MAX_INCOMING_PUSH_PULLS} push/pulls are going on already`);
      this.#isPushPull = true;
      this.#usage.pushPulls++;
    }
    this.#phase = 'answered';
    const answer = this.#handlers.onMessage(message, this.#stream.remote);
    if (answer !== undefined) {
      const bytes = encodeStreamMessage(answer);
      if (this.#usage.answers + bytes.length > MAX_ANSWER_BYTES)
        return this.#drop('limit', `${this.#usage.answers} bytes of answers are under way already`);
      this.#answer = bytes.length;
      this.#usage.answers += bytes.length;
      this.#stream.write(bytes);
    }
    this.#stream.end();
    this.#handlers.afterAnswer(message, this.#stream.remote);
  }

  #buffer(bytes: number): void {
    this.#usage.buffered += bytes - this.#buffered;
    this.#buffered = bytes;
  }

  #drop(reason: DropReason, why: string): void {
    if (this.#phase === 'closed') return;
    // After an answer a peer that keeps the connection open has done nothing wrong worth telling.
    if (this.#phase === 'reading' || reason === 'limit')
      this.#handlers.onDropped(reason, this.#stream.remote, why);
    this.#close();
    this.#stream.destroy();
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#buffer(0);
    this.#usage.streams--;
    this.#usage.answers -= this.#answer;
    if (this.#isPushPull) this.#usage.pushPulls--;
  }
}
