/**
 * @module cluster/proto
 *
 * The little of protobuf's wire format that the cluster's own messages need: varints, fixed widths
 * to skip, length-delimited fields. Reading is total: any bytes yield fields or AppError `invalid`.
 */
import { AppError, utf8Length, writeUtf8 } from '@tocsin/kernel';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** One field of a message. The getters throw AppError `invalid` when the field has another wire type. */
export interface ProtoField {
  readonly number: number;
  /** Whole numbers up to 2^53; larger ones are refused. */
  uint(): number;
  /** A view. */
  bytes(): Uint8Array;
}

/** Iterates over the fields of one message, in order. `what` names the message in errors. */
export class ProtoReader implements Iterable<ProtoField> {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  *[Symbol.iterator](): Generator<ProtoField> {
    while (this.#at < this.#bytes.length) {
      const tag = this.#varint();
      const number = Math.floor(tag / 8);
      if (number < 1) throw AppError.invalid(`${this.#what}: field number 0`);
      yield this.#field(number, tag % 8);
    }
  }

  /** The numbers of a packed repeated field. */
  static *packed(bytes: Uint8Array, what: string): Generator<number> {
    const reader = new ProtoReader(bytes, what);
    while (reader.#at < bytes.length) yield reader.#varint();
  }

  /** The entries of a length-delimited blob; views. */
  static *delimited(bytes: Uint8Array, what: string): Generator<Uint8Array> {
    const reader = new ProtoReader(bytes, what);
    while (reader.#at < bytes.length) yield reader.#take(reader.#varint());
  }

  #field(number: number, wireType: number): ProtoField {
    let varint: number | undefined;
    let delimited: Uint8Array | undefined;
    if (wireType === VARINT) varint = this.#varint();
    else if (wireType === DELIMITED) delimited = this.#take(this.#varint());
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === FIXED32) this.#take(4);
    else throw AppError.invalid(`${this.#what}: field ${number} has unknown wire type ${wireType}`);
    const wrong = (): AppError =>
      AppError.invalid(`${this.#what}: field ${number} has wire type ${wireType}, which is not expected`);
    return {
      number,
      uint: () => {
        if (varint === undefined) throw wrong();
        if (!Number.isSafeInteger(varint))
          throw AppError.invalid(`${this.#what}: field ${number} is larger than 2^53`);
        return varint;
      },
      bytes: () => {
        if (delimited === undefined) throw wrong();
        return delimited;
      },
    };
  }

  #varint(): number {
    let value = 0;
    for (let index = 0, scale = 1; index < MAX_VARINT_BYTES; index++, scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw AppError.invalid(`${this.#what}: ends within a number`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw AppError.invalid(`${this.#what}: a number of more than ${MAX_VARINT_BYTES} bytes`);
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw AppError.invalid(`${this.#what}: a field of ${length} bytes goes beyond the end`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export class ProtoWriter {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  /** `value`: a whole number in [0, 2^53]. */
  uint(field: number, value: number): this {
    return this.varint(field * 8 + VARINT).varint(value);
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(field * 8 + DELIMITED);
    return this.delimited(value);
  }

  text(field: number, value: string): this {
    const length = utf8Length(value);
    this.varint(field * 8 + DELIMITED).varint(length);
    this.#reserve(length);
    this.#at = writeUtf8(value, this.#bytes, this.#at);
    return this;
  }

  /** Length, then bytes: one entry of a length-delimited blob. */
  delimited(value: Uint8Array): this {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  varint(value: number): this {
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  /** A view of what was written. */
  done(): Uint8Array {
    return this.#at === 0 ? NO_BYTES : this.#bytes.subarray(0, this.#at);
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

/** Bytes that a number takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}
