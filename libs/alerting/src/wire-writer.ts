import { assert, encodeUtf8 } from '@tocsin/kernel';
import type { Instant } from '@tocsin/model';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/** Writes the fields of one message in the order called. Proto3: zero values are left out. */
export class WireWriter {
  #bytes: Uint8Array = new Uint8Array(128);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  uint32(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, VARINT);
    this.#varint(value, 0);
  }

  /** Also a zero: the case of a oneof. */
  int64(field: number, value: bigint): void {
    this.#tag(field, VARINT);
    this.#varint64(value);
  }

  /** Also a zero: the case of a oneof. */
  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  string(field: number, value: string): void {
    if (value !== '') this.bytes(field, encodeUtf8(value));
  }

  /** Also empty bytes: messages and the case of a oneof. */
  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, BYTES);
    this.#varint(value.length, 0);
    this.raw(value);
  }

  /** A nested message, written even when it has no fields. */
  message(field: number, write: (nested: WireWriter) => void): void {
    const nested = new WireWriter();
    write(nested);
    this.bytes(field, nested.#bytes.subarray(0, nested.#length));
  }

  timestamp(field: number, instant: Pick<Instant, 'seconds' | 'nanos'>): void {
    this.message(field, (nested) => {
      if (instant.seconds !== 0) nested.int64(1, BigInt(instant.seconds));
      nested.uint32(2, instant.nanos);
    });
  }

  packedUint64Hex(field: number, values: readonly string[]): void {
    if (values.length === 0) return;
    const packed = new WireWriter();
    for (const value of values)
      packed.#varint(Number.parseInt(value.slice(8), 16), Number.parseInt(value.slice(0, 8), 16));
    this.bytes(field, packed.#bytes.subarray(0, packed.#length));
  }

  /** A message behind its length. */
  delimited(message: Uint8Array): void {
    this.#varint(message.length, 0);
    this.raw(message);
  }

  /** Fields that are encoded already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType, 0);
  }

  #varint64(value: bigint): void {
    const unsigned = BigInt.asUintN(64, value);
    this.#varint(Number(unsigned & 0xffffffffn), Number(unsigned >> 32n));
  }

  #varint(low: number, high: number): void {
    assert(low >= 0 && high >= 0, 'a varint is written from unsigned halves');
    this.#room(10);
    let [rest, top] = [low, high];
    while (top > 0 || rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | ((top & 0x7f) << 25)) >>> 0;
      top >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #room(needed: number): void {
    if (this.#length + needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + needed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Length-delimited blob of encoded messages. */
export function joinDelimited(messages: Iterable<Uint8Array>): Uint8Array {
  const writer = new WireWriter();
  for (const message of messages) writer.delimited(message);
  return writer.finish();
}
