/**
 * @module cluster/memberlist/packet
 *
 * What wraps messages in a datagram, outermost first: CRC, compression, compound (gossip spec 1.4 to
 * 1.7). The label is outside of all that and lives in `label.ts`.
 *
 * Reading is total: any bytes yield messages or an AppError `invalid`. One bad part of a compound
 * costs only that part, as other parts may say who is alive.
 */
import { AppError } from '@tocsin/kernel';
import { crc32 } from './crc32.ts';
import { MAX_MESSAGES_PER_PACKET, MAX_NESTING, MAX_OPENED_PACKET_BYTES } from './limits.ts';
import { compressLzw, decompressLzw } from './lzw.ts';
import { encodeCompressed, messageType, readCompressed, readStructMessage } from './messages.ts';
import type { PacketMessage } from './messages.ts';
import { RawReader } from './raw-msgpack.ts';

/** Type byte and count. */
export const COMPOUND_HEADER_BYTES = 2;
/** Length prefix of each part. */
export const COMPOUND_PART_BYTES = 2;
const MAX_COMPOUND_PARTS = 255;
const CRC_HEADER_BYTES = 5;
const LZW_ALGORITHM = 0;

export interface OpenedPacket {
  readonly messages: readonly PacketMessage[];
  /** Parts that were not understood and left out. */
  readonly badParts: number;
  /** Outermost first. */
  readonly wrappers: readonly ('crc' | 'compress' | 'compound')[];
}

/** `packet` without its label. Payloads of user messages are views into it. Throws AppError `invalid`. */
export function openPacket(packet: Uint8Array): OpenedPacket {
  const opening = new Opening();
  const body =
    packet[0] === messageType.hasCrc && packet.length >= CRC_HEADER_BYTES ? checkedBody(packet) : packet;
  if (body !== packet) opening.wrappers.push('crc');
  opening.open(body, 0);
  return opening;
}

function checkedBody(packet: Uint8Array): Uint8Array {
  const told = uint32At(packet, 1);
  const body = packet.subarray(CRC_HEADER_BYTES);
  if (crc32(body) !== told)
    throw AppError.invalid('packet: its checksum does not fit, it was damaged on the way');
  return body;
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

class Opening {
  readonly messages: PacketMessage[] = [];
  readonly wrappers: ('crc' | 'compress' | 'compound')[] = [];
  badParts = 0;
  #budget = MAX_OPENED_PACKET_BYTES;

  open(bytes: Uint8Array, depth: number): void {
    if (depth > MAX_NESTING) throw AppError.invalid('packet: nested too deep');
    const [type] = bytes;
    if (type === undefined) throw AppError.invalid('packet: is empty');
    if (type === messageType.compress) return this.#decompress(bytes, depth);
    if (type === messageType.compound) return this.#split(bytes, depth);
    if (this.messages.length >= MAX_MESSAGES_PER_PACKET)
      throw AppError.invalid(`packet: more than ${MAX_MESSAGES_PER_PACKET} messages`);
    this.messages.push(readPacketMessage(type, bytes));
  }

  #decompress(bytes: Uint8Array, depth: number): void {
    if (depth < 2) this.wrappers.push('compress');
    const { algorithm, buffer } = readCompressed(new RawReader(bytes, 1));
    if (algorithm !== LZW_ALGORITHM) throw AppError.invalid(`packet: compression ${algorithm} is not known`);
    const plain = decompressLzw(buffer, this.#budget);
    this.#budget -= plain.length;
    this.open(plain, depth + 1);
  }

  #split(bytes: Uint8Array, depth: number): void {
    if (depth < 2) this.wrappers.push('compound');
    const count = bytes[1] ?? 0;
    let at = COMPOUND_HEADER_BYTES + COMPOUND_PART_BYTES * count;
    for (let part = 0; part < count; part++) {
      const lengthAt = COMPOUND_HEADER_BYTES + COMPOUND_PART_BYTES * part;
      const length = ((bytes[lengthAt] ?? 0) << 8) | (bytes[lengthAt + 1] ?? 0);
      if (at + length > bytes.length) {
        this.badParts += count - part;
        return;
      }
      this.#openPart(bytes.subarray(at, at + length), depth);
      at += length;
    }
  }

  #openPart(part: Uint8Array, depth: number): void {
    try {
      this.open(part, depth + 1);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.badParts++;
    }
  }
}

function readPacketMessage(type: number, bytes: Uint8Array): PacketMessage {
  if (type === messageType.user) return { type: 'user', payload: bytes.subarray(1) };
  const message = readStructMessage(type, new RawReader(bytes, 1));
  if (message.type === 'err') throw AppError.invalid('packet: an error message belongs on a stream');
  return message;
}

/** One message stays as it is; several become compounds of at most 255 parts. */
export function joinMessages(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const [first] = messages;
  if (first === undefined) return [];
  if (messages.length === 1) return [first];
  const compounds: Uint8Array[] = [];
  for (let from = 0; from < messages.length; from += MAX_COMPOUND_PARTS)
    compounds.push(compoundOf(messages.slice(from, from + MAX_COMPOUND_PARTS)));
  return compounds;
}

export function compoundOf(parts: readonly Uint8Array[]): Uint8Array {
  const header = COMPOUND_HEADER_BYTES + COMPOUND_PART_BYTES * parts.length;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, header));
  bytes[0] = messageType.compound;
  bytes[1] = parts.length;
  let at = header;
  parts.forEach((part, index) => {
    bytes[COMPOUND_HEADER_BYTES + 2 * index] = part.length >> 8;
    bytes[COMPOUND_HEADER_BYTES + 2 * index + 1] = part.length & 0xff;
    bytes.set(part, at);
    at += part.length;
  });
  return bytes;
}

export function compressMessage(message: Uint8Array): Uint8Array {
  return encodeCompressed({ algorithm: LZW_ALGORITHM, buffer: compressLzw(message) });
}

/** Compressed only when that is strictly smaller. */
export function compressIfSmaller(message: Uint8Array): Uint8Array {
  const compressed = compressMessage(message);
  return compressed.length < message.length ? compressed : message;
}

export function withCrc(message: Uint8Array): Uint8Array {
  const crc = crc32(message);
  const bytes = new Uint8Array(CRC_HEADER_BYTES + message.length);
  bytes.set([messageType.hasCrc, crc >>> 24, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff]);
  bytes.set(message, CRC_HEADER_BYTES);
  return bytes;
}
