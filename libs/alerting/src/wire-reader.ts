/**
 * @module alerting/wire-reader
 *
 * The few pieces of protobuf's wire format that the notification log and silences need (`wire-writer`
 * is the other half). Ours because the bytes must be those of foreign peers, unknown fields must
 * survive, and 64-bit hashes must not pass through a double.
 */
import { AppError, decodeUtf8, isUtf8 } from '@tocsin/kernel';
import type { Instant } from '@tocsin/model';

/** A blob that a peer, a snapshot file or a database row holds. */
export const BLOB_MAX_BYTES = 268_435_456;
/** One entry of it. A group of 100,000 alerts takes 1 MB. */
export const ENTRY_MAX_BYTES = 16_777_216;
export const BLOB_MAX_ENTRIES = 2_000_000;
/** Seconds either side of 1970 that a timestamp may be away: what JavaScript's dates can show. */
export const TIMESTAMP_MAX_SECONDS = 8_640_000_000_000;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Reads the fields of one message. Throws AppError `invalid` at the first byte that is not protobuf. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #what: string;
  #at: number;
  #fieldStart: number;
  /** Of the field that `next` found. */
  field = 0;
  wireType = 0;
  // The last varint as two unsigned halves.
  #low = 0;
  #high = 0;

  /** `what` names the message in errors. */
  constructor(what: string, bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#what = what;
    this.#bytes = bytes;
    this.#at = start;
    this.#fieldStart = start;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  /** Moves to the next field; false at the end. The caller must read or skip it. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.#fieldStart = this.#at;
    this.#varint();
    this.field = this.#low >>> 3;
    this.wireType = this.#low & 7;
    if (this.#high !== 0 || this.field === 0)
      throw this.fail('a field number from 1 to 536870911', String(this.field));
    return true;
  }

  skip(): void {
    if (this.wireType === VARINT) this.#varint();
    else if (this.wireType === FIXED64) this.#take(8);
    else if (this.wireType === BYTES) this.#take(this.length());
    else if (this.wireType === FIXED32) this.#take(4);
    else throw this.fail('wire type 0, 1, 2 or 5', String(this.wireType));
  }

  /** Skips the field and gives back its bytes, tag included: how unknown fields are kept. */
  skipped(): Uint8Array {
    this.skip();
    return this.#bytes.slice(this.#fieldStart, this.#at);
  }

  uint32(): number {
    this.#expect(VARINT);
    this.#varint();
    return this.#low;
  }

  /** 16 lower-case hex digits. */
  uint64Hex(): string {
    this.#varint();
    return hex32(this.#high) + hex32(this.#low);
  }

  int64(): bigint {
    this.#expect(VARINT);
    this.#varint();
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low));
  }

  double(): number {
    this.#expect(FIXED64);
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  /** A length-delimited field as a copy. */
  bytes(): Uint8Array {
    const [start, end] = this.range();
    return this.#bytes.slice(start, end);
  }

  /** UTF-8, as proto3 demands of a string. */
  string(): string {
    const [start, end] = this.range();
    if (!isUtf8(this.#bytes.subarray(start, end))) throw this.fail('UTF-8 text', 'other bytes');
    return decodeUtf8(this.#bytes, start, end);
  }

  /** Bytes that are text in practice; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    const [start, end] = this.range();
    return decodeUtf8(this.#bytes, start, end);
  }

  message(what: string): WireReader {
    const [start, end] = this.range();
    return new WireReader(what, this.#bytes, start, end);
  }

  /** Appends repeated uint64, packed or not. */
  appendUint64Hex(into: string[]): void {
    if (this.wireType === VARINT) {
      into.push(this.uint64Hex());
      return;
    }
    const packed = this.message(this.#what);
    while (packed.#at < packed.#end) into.push(packed.uint64Hex());
  }

  timestamp(): Instant {
    const fields = this.message(`${this.#what} timestamp`);
    let seconds = 0n;
    let nanos = 0n;
    while (fields.next()) {
      if (fields.field === 1) seconds = fields.int64();
      else if (fields.field === 2) nanos = fields.int64();
      else fields.skip();
    }
    if (seconds > TIMESTAMP_MAX_SECONDS || seconds < -TIMESTAMP_MAX_SECONDS)
      throw fields.fail(`seconds within ±${TIMESTAMP_MAX_SECONDS}`, String(seconds));
    if (nanos < 0n || nanos > 999_999_999n) throw fields.fail('nanos from 0 to 999999999', String(nanos));
    return { seconds: Number(seconds), nanos: Number(nanos), offsetMinutes: 0 };
  }

  /** A message behind its length, without a tag. */
  delimited(maxBytes: number): Uint8Array {
    const length = this.length();
    if (length > maxBytes) throw this.fail(`an entry of at most ${maxBytes} bytes`, String(length));
    const start = this.#take(length);
    return this.#bytes.slice(start, this.#at);
  }

  /** Of a length-delimited field. */
  range(): readonly [start: number, end: number] {
    this.#expect(BYTES);
    const start = this.#take(this.length());
    return [start, this.#at];
  }

  length(): number {
    this.#varint();
    if (this.#high !== 0 || this.#low > this.#end - this.#at)
      throw this.fail(
        `a length of at most ${this.#end - this.#at}`,
        String(this.#high * 2 ** 32 + this.#low),
      );
    return this.#low;
  }

  fail(expected: string, found: string): AppError {
    return AppError.invalid(`${this.#what}: byte ${this.#at}: expected ${expected}, found ${found}`);
  }

  #expect(wireType: number): void {
    if (this.wireType !== wireType)
      throw this.fail(`wire type ${wireType} for field ${this.field}`, String(this.wireType));
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw this.fail(`${length} more bytes`, `${this.#end - start}`);
    this.#at = start + length;
    return start;
  }

  // Up to ten bytes of seven bits, least significant first; bits above 64 are dropped as Go does.
  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw this.fail('the rest of a number', 'the end');
      const byte = this.#bytes[this.#at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) throw this.fail('a number of 64 bits', 'a longer one');
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw this.fail('a number of at most ten bytes', 'a longer one');
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex32 = (value: number): string =>
  (HEX[value >>> 24] ?? '') +
  (HEX[(value >>> 16) & 0xff] ?? '') +
  (HEX[(value >>> 8) & 0xff] ?? '') +
  (HEX[value & 0xff] ?? '');

/** The messages of a length-delimited blob, each as a copy. Throws AppError `invalid`; then none is used. */
export function splitDelimited(what: string, blob: Uint8Array): Uint8Array[] {
  if (blob.length > BLOB_MAX_BYTES)
    throw AppError.invalid(`${what}: ${blob.length} bytes are more than the limit of ${BLOB_MAX_BYTES}`);
  const reader = new WireReader(what, blob);
  const messages: Uint8Array[] = [];
  while (reader.at < blob.length) {
    if (messages.length >= BLOB_MAX_ENTRIES)
      throw AppError.invalid(`${what}: more entries than the limit of ${BLOB_MAX_ENTRIES}`);
    messages.push(reader.delimited(ENTRY_MAX_BYTES));
  }
  return messages;
}
