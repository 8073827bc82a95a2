/**
 * @module cluster/memberlist/stream-message
 *
 * The one message that each side of a stream sends: push/pull, user message, ping, ack or err,
 * compressed as a whole or not. Its end is known from its own lengths, so reading is incremental
 * and never looks at a byte twice for long.
 *
 * Invariants: buffered bytes never exceed `MAX_STREAM_BYTES`; any bytes lead to a message, to
 * "more please", or to AppError `invalid`.
 */
import { AppError } from '@tocsin/kernel';
import { MAX_STREAM_BYTES } from './limits.ts';
import { decompressLzw } from './lzw.ts';
import {
  encodeMessage,
  messageType,
  readCompressed,
  readPushNode,
  readPushPullHeader,
  readStructMessage,
  readUserHeader,
  writePushNode,
  writePushPullHeader,
  writeUserHeader,
} from './messages.ts';
import type { Ack, Err, Ping, PushNode, PushPullHeader, User } from './messages.ts';
import { compressMessage } from './packet.ts';
import { RawReader, RawWriter, TruncatedError } from './raw-msgpack.ts';
import type { SignedInts } from './raw-msgpack.ts';

export interface PushPull {
  readonly type: 'push-pull';
  readonly join: boolean;
  readonly nodes: readonly PushNode[];
  readonly userState: Uint8Array;
}

export type StreamMessage = PushPull | User | Ping | Ack | Err;

const LZW_ALGORITHM = 0;
/**
 * Compressing a state of many megabytes would keep the engine from answering pings; peers read
 * uncompressed messages as well.
 */
const MAX_COMPRESSED_PLAIN_BYTES = 1024 * 1024;
const FIRST_CAPACITY = 2048;

/** The bytes of a message as one write to a stream. */
export function encodeStreamMessage(message: StreamMessage, ints: SignedInts = 'v05'): Uint8Array {
  const plain = encodePlain(message, ints);
  return plain.length > MAX_COMPRESSED_PLAIN_BYTES ? plain : compressMessage(plain);
}

function encodePlain(message: StreamMessage, ints: SignedInts): Uint8Array {
  switch (message.type) {
    case 'push-pull':
      return encodePushPull(message, ints);
    case 'user': {
      const writer = new RawWriter(message.payload.length + 32);
      writeUserHeader(writer, message.payload.length, ints);
      return writer.append(message.payload).done();
    }
    case 'ping':
    case 'ack':
    case 'err':
      return encodeMessage(message);
  }
}

function encodePushPull({ join, nodes, userState }: PushPull, ints: SignedInts): Uint8Array {
  const writer = new RawWriter(128 * nodes.length + userState.length + 64);
  writePushPullHeader(writer, { join, nodes: nodes.length, userStateLength: userState.length }, ints);
  for (const node of nodes) writePushNode(writer, node, ints);
  return writer.append(userState).done();
}

export class StreamMessageReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** Nothing is tried before so many bytes are there. */
  #needed = 1;
  #pushPull: PushPullReader | undefined;

  get bufferedBytes(): number {
    return this.#length;
  }

  /** The message once it is complete; bytes after it are ignored. Throws AppError `invalid`. */
  push(chunk: Uint8Array): StreamMessage | undefined {
    this.#append(chunk);
    if (this.#length < this.#needed) return undefined;
    try {
      return this.#read();
    } catch (thrown) {
      if (!(thrown instanceof TruncatedError)) throw thrown;
      if (thrown.needed > MAX_STREAM_BYTES)
        throw AppError.invalid(
          `stream: a message of ${thrown.needed} bytes, at most ${MAX_STREAM_BYTES} are allowed`,
        );
      this.#needed = Math.max(thrown.needed, this.#length + 1);
      return undefined;
    }
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > MAX_STREAM_BYTES)
      throw AppError.invalid(`stream: more than ${MAX_STREAM_BYTES} bytes without a complete message`);
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length, FIRST_CAPACITY));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  #read(): StreamMessage {
    const bytes = this.#bytes.subarray(0, this.#length);
    if (bytes[0] !== messageType.compress) {
      this.#pushPull ??= new PushPullReader();
      return readPlain(bytes, this.#pushPull);
    }
    const { algorithm, buffer } = readCompressed(new RawReader(bytes, 1));
    if (algorithm !== LZW_ALGORITHM) throw AppError.invalid(`stream: compression ${algorithm} is not known`);
    const plain = decompressLzw(buffer, MAX_STREAM_BYTES);
    try {
      return readPlain(plain, new PushPullReader());
    } catch (thrown) {
      if (thrown instanceof TruncatedError)
        throw AppError.invalid('stream: the compressed message ends early');
      throw thrown;
    }
  }
}

/** A whole message, or an AppError `invalid`. */
export function decodeStreamMessage(bytes: Uint8Array): StreamMessage {
  const message = new StreamMessageReader().push(bytes);
  if (message === undefined) throw AppError.invalid('stream: the message ends early');
  return message;
}

function readPlain(bytes: Uint8Array, pushPull: PushPullReader): StreamMessage {
  const reader = new RawReader(bytes);
  const type = reader.byte();
  if (type === messageType.pushPull) return pushPull.read(bytes);
  if (type === messageType.user) {
    const length = readUserHeader(reader);
    return { type: 'user', payload: reader.take(length) };
  }
  const message = readStructMessage(type, reader);
  if (message.type === 'ping' || message.type === 'ack' || message.type === 'err') return message;
  throw AppError.invalid(`stream: a message of type ${message.type} belongs in a packet`);
}

/** Remembers the nodes read so far, so that a slow sender does not make us start over with each chunk. */
class PushPullReader {
  #header: PushPullHeader | undefined;
  #at = 1;
  readonly #nodes: PushNode[] = [];

  read(bytes: Uint8Array): PushPull {
    const reader = new RawReader(bytes, this.#at);
    this.#header ??= readPushPullHeader(reader);
    this.#at = reader.at;
    const { join, nodes, userStateLength } = this.#header;
    while (this.#nodes.length < nodes) {
      const node = readPushNode(reader);
      this.#nodes.push(node);
      this.#at = reader.at;
    }
    return { type: 'push-pull', join, nodes: this.#nodes, userState: reader.take(userStateLength) };
  }
}
