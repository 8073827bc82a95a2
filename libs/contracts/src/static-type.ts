import { AppError, messageOf, type MessageCodec } from '@tocsin/kernel';

/** What the generated module offers for each message. */
export interface StaticType {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** As much of protobufjs' Reader as is used here. */
interface WireReader {
  readonly buf: Uint8Array;
  pos: number;
  len: number;
  uint32(): number;
  string(): string;
  skip(): unknown;
  int64(): number | { toNumber(): number };
}

/**
 * An int64 as a number. protobufjs makes a Long object of each, which costs more than the rest of a
 * timestamp; nothing we send needs more than 53 bits.
 */
export function int64(reader: WireReader): number {
  const start = reader.pos;
  // Seven bytes hold 49 bits: exact, and without 32-bit overflow when summed as doubles.
  const end = Math.min(start + 7, reader.len);
  let value = 0;
  let unit = 1;
  for (let at = start; at < end; at++) {
    const byte = reader.buf[at] ?? 0;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) {
      reader.pos = at + 1;
      return value;
    }
    unit *= 128;
  }
  const long = reader.int64();
  const number = typeof long === 'number' ? long : long.toNumber();
  if (!Number.isSafeInteger(number)) throw new RangeError(`an integer of ${number} is outside ±2^53`);
  return number;
}

/** An int64 as it is. */
export function bigint64(reader: WireReader): bigint {
  const start = reader.pos;
  reader.skip();
  let value = 0n;
  for (let at = reader.pos - 1; at >= start; at--)
    value = (value << 7n) | BigInt((reader.buf[at] ?? 0) & 0x7f);
  return BigInt.asIntN(64, value);
}

/** The halves that protobufjs' writer takes for an int64. */
export const halvesOf = (value: bigint): { readonly low: number; readonly high: number } => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});

/** A string. protobufjs takes one that ends beyond its message for a shorter one; here it is an error. */
export function text(reader: WireReader): string {
  const start = reader.pos;
  const length = reader.uint32();
  if (length > reader.len - reader.pos)
    throw new RangeError(`a string of ${length} bytes ends beyond its message`);
  reader.pos = start;
  return reader.string();
}

/** Between the message as the services see it and as protobufjs has it, where the two differ. */
export interface WireForm<T> {
  readonly fromWire: (message: unknown) => T;
  readonly toWire: (message: T) => unknown;
}

/** Decoding throws AppError `invalid` on bytes that are no such message. */
export function codecOf<T>(name: string, type: StaticType | undefined, form?: WireForm<T>): MessageCodec<T> {
  if (type === undefined) throw new Error(`no generated type ${name}: run npm run gen`);
  return {
    encode: (message) => type.encode(form === undefined ? message : form.toWire(message)).finish(),
    decode(bytes) {
      try {
        const message = type.decode(bytes);
        return form === undefined ? (message as T) : form.fromWire(message);
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        throw new AppError('invalid', `not a ${name}: ${messageOf(cause)} (${bytes.length} bytes)`, {
          cause,
        });
      }
    },
  };
}
