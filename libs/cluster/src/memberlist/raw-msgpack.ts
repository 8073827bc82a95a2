/**
 * @module cluster/memberlist/raw-msgpack
 *
 * The part of "old" msgpack that memberlist speaks: maps with text keys, one raw family for text
 * and bytes, integers, booleans. Generic decoders turn raw bytes into text and destroy addresses.
 *
 * Two generations of peers write signed integers above 127 differently (`cc/cd/ce` or `d1/d2`);
 * reading takes both, writing takes which as an argument. See gossip spec 1.3.
 */
import { AppError, decodeUtf8, isUtf8, utf8Length, writeUtf8 } from '@tocsin/kernel';
import { MAX_NESTING, MAX_STRUCT_FIELDS } from './limits.ts';

export type SignedInts = 'v05' | 'v2';

/** The bytes end before the value does. On a stream that means: wait for `needed` bytes in all. */
export class TruncatedError extends AppError {
  readonly needed: number;
  constructor(needed: number) {
    super('invalid', `message: ends early, ${needed} bytes were expected`);
    this.needed = needed;
  }
}

export class RawReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] ?? 0;
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Number of keys; nil counts as an empty map. */
  mapHeader(): number {
    const tag = this.byte();
    let count: number;
    if ((tag & 0xf0) === 0x80) count = tag & 0x0f;
    else if (tag === 0xde) count = this.#uint(2);
    else if (tag === 0xdf) count = this.#uint(4);
    else if (tag === 0xc0) count = 0;
    else throw AppError.invalid(`message: expected a map, got tag ${tag}`);
    if (count > MAX_STRUCT_FIELDS)
      throw AppError.invalid(
        `message: a struct of ${count} fields, at most ${MAX_STRUCT_FIELDS} are allowed`,
      );
    return count;
  }

  /** A view; undefined for nil. */
  bytes(field: string, maxLength: number): Uint8Array | undefined {
    const tag = this.byte();
    if (tag === 0xc0) return undefined;
    const length = this.#rawLength(tag);
    if (length === undefined) throw AppError.invalid(`${field}: expected bytes, got tag ${tag}`);
    if (length > maxLength)
      throw AppError.invalid(`${field}: ${length} bytes, at most ${maxLength} are allowed`);
    return this.take(length);
  }

  /** '' for nil. Names are keys on every peer, so bytes that are no UTF-8 are refused. */
  text(field: string, maxLength: number): string {
    const bytes = this.bytes(field, maxLength);
    if (bytes === undefined) return '';
    if (!isUtf8(bytes)) throw AppError.invalid(`${field}: must be UTF-8`);
    return decodeUtf8(bytes);
  }

  /** A whole number in [0, max], in any of the widths, signed or not; 0 for nil. */
  integer(field: string, max: number): number {
    const value = this.#anyInteger(field);
    if (value < 0 || value > max) throw AppError.invalid(`${field}: ${value} must be between 0 and ${max}`);
    return value;
  }

  boolean(field: string): boolean {
    const tag = this.byte();
    if (tag === 0xc3) return true;
    if (tag === 0xc2 || tag === 0xc0) return false;
    throw AppError.invalid(`${field}: expected true or false, got tag ${tag}`);
  }

  /** Passes over one value of any type. */
  skip(depth = 0): void {
    if (depth > MAX_NESTING) throw AppError.invalid('message: nested too deep');
    const tag = this.byte();
    if (tag < 0x80 || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return;
    const raw = this.#rawLength(tag);
    if (raw !== undefined) return void this.take(raw);
    if ((tag & 0xf0) === 0x80) return this.#skipMany(2 * (tag & 0x0f), depth);
    if ((tag & 0xf0) === 0x90) return this.#skipMany(tag & 0x0f, depth);
    switch (tag) {
      case 0xca:
      case 0xce:
      case 0xd2:
        return void this.take(4);
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return void this.take(8);
      case 0xcc:
      case 0xd0:
        return void this.take(1);
      case 0xcd:
      case 0xd1:
        return void this.take(2);
      case 0xdc:
        return this.#skipMany(this.#uint(2), depth);
      case 0xde:
        return this.#skipMany(2 * this.#uint(2), depth);
      default:
        // 32-bit counts and extensions: no peer writes them, and counting to 2^32 must not be asked of us.
        throw AppError.invalid(`message: unexpected tag ${tag}`);
    }
  }

  #skipMany(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.skip(depth + 1);
  }

  #rawLength(tag: number): number | undefined {
    if ((tag & 0xe0) === 0xa0) return tag & 0x1f;
    if (tag === 0xda || tag === 0xc5) return this.#uint(2);
    if (tag === 0xdb || tag === 0xc6) return this.#uint(4);
    if (tag === 0xd9 || tag === 0xc4) return this.#uint(1);
    return undefined;
  }

  #anyInteger(field: string): number {
    const tag = this.byte();
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return 0;
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        return this.#uint(8);
      case 0xd0:
        return (this.#uint(1) << 24) >> 24;
      case 0xd1:
        return (this.#uint(2) << 16) >> 16;
      case 0xd2:
        return this.#uint(4) | 0;
      case 0xd3: {
        const high = this.#uint(4) | 0;
        return high * 2 ** 32 + this.#uint(4);
      }
      default:
        throw AppError.invalid(`${field}: expected an integer, got tag ${tag}`);
    }
  }

  #uint(width: number): number {
    this.#need(width);
    let value = 0;
    for (let index = 0; index < width; index++) value = value * 256 + (this.#bytes[this.#at++] ?? 0);
    return value;
  }

  #need(length: number): void {
    if (this.#at + length > this.#end) throw new TruncatedError(this.#at + length);
  }
}

/** Grows as needed; `done` hands out what was written. */
export class RawWriter {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  mapHeader(count: number): this {
    return this.byte(0x80 | count);
  }

  text(value: string): this {
    const length = utf8Length(value);
    this.#rawHeader(length);
    this.#reserve(length);
    this.#at = writeUtf8(value, this.#bytes, this.#at);
    return this;
  }

  /** Undefined becomes nil. */
  bytes(value: Uint8Array | undefined): this {
    if (value === undefined) return this.byte(0xc0);
    this.#rawHeader(value.length);
    return this.append(value);
  }

  unsigned(value: number): this {
    if (value < 0x80) return this.byte(value);
    if (value < 0x100) return this.byte(0xcc).byte(value);
    if (value < 0x10000) return this.byte(0xcd).#bigEndian(value, 2);
    return this.byte(0xce).#bigEndian(value, 4);
  }

  /** `value` in [0, 2^31). */
  signed(value: number, ints: SignedInts): this {
    if (ints === 'v05' || value < 0x80) return this.unsigned(value);
    if (value < 0x8000) return this.byte(0xd1).#bigEndian(value, 2);
    return this.byte(0xd2).#bigEndian(value, 4);
  }

  boolean(value: boolean): this {
    return this.byte(value ? 0xc3 : 0xc2);
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #rawHeader(length: number): void {
    if (length < 32) this.byte(0xa0 | length);
    else if (length < 0x10000) this.byte(0xda).#bigEndian(length, 2);
    else this.byte(0xdb).#bigEndian(length, 4);
  }

  #bigEndian(value: number, width: number): this {
    this.#reserve(width);
    for (let index = width - 1; index >= 0; index--) this.#bytes[this.#at++] = (value >>> (8 * index)) & 0xff;
    return this;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}
