/**
 * @module storage/record-file
 *
 * The format of `tocsin.journal` and `tocsin.state`: a header of eight bytes, then records.
 *
 *   header   "tocsin", 0, version (1)
 *   record   length u32 · CRC-32 of the payload u32 · payload
 *   payload  operation u8 · kind u8 · number of rows u32 · rows
 *   row      tenant · key · seconds i64 · nanos u32 · [expiry in ms i64 · bytes]
 *
 * Numbers are little-endian; texts and bytes have their length (u32) in front; the part in brackets is
 * absent when rows are removed. A record is what one call stored: it counts whole or not at all.
 *
 * Reading never fails on account of what is in there. What follows the last sound record was never
 * acknowledged: a power cut left it. A damaged record before that costs only itself.
 */
import { crc32 } from 'node:zlib';
import { AppError } from '@tocsin/kernel';
import type { StateKind, StateRow } from '@tocsin/kernel';
import { decodeKeyText, encodeKeyText } from './key-text.ts';
import type { RowId, RowVersion } from './rows.ts';

export type Operation =
  | { readonly does: 'merge'; readonly kind: StateKind; readonly rows: readonly StateRow[] }
  | { readonly does: 'remove'; readonly kind: StateKind; readonly rows: readonly (RowId & RowVersion)[] };

export interface RecordFileContent {
  readonly operations: readonly Operation[];
  /** Up to here the file is sound, and may be continued. */
  readonly soundBytes: number;
  /** Bytes after that belong to a record that was not finished. */
  readonly isTorn: boolean;
  /** Places before that which can't be read: damaged, or written by a newer release. */
  readonly unreadable: number;
}

export const recordFileHeader: Buffer = Buffer.from('tocsin\0\u0001', 'latin1');

/** One record; beyond this, a length is damage. */
export const recordBytesMax: number = 512 * 1024 * 1024;

const frameBytes = 8;
/** Operation, kind and count. */
const payloadBytesMin = 6;

// Part of the format: never renumber.
const operationCodes = { merge: 1, remove: 2 } as const;
const kindCodes: Readonly<Record<StateKind, number>> = {
  nflog: 1,
  silence: 2,
  alert: 3,
  group: 4,
  'rule-instance': 5,
};
const kindOfCode = new Map(Object.entries(kindCodes).map(([kind, code]) => [code, kind as StateKind]));

/** Of a row without its texts and bytes: three lengths, seconds, nanos, expiry. */
const rowBytesMin = 4 + 4 + 12;
const wholeRowBytesMin = rowBytesMin + 8 + 4;

/** Throws AppError `limit` when the rows are too many for one record. */
export function encodeRecord(operation: Operation): Buffer {
  const isMerge = operation.does === 'merge';
  // Asked for once: a row may make its bytes anew at each reading.
  const parts = operation.rows.map((row) => ({
    row,
    tenant: encodeKeyText(row.tenant),
    key: encodeKeyText(row.key),
    bytes: isMerge && isWhole(row) ? row.bytes : undefined,
  }));
  const fixed = isMerge ? wholeRowBytesMin : rowBytesMin;
  const length = parts.reduce(
    (sum, { tenant, key, bytes }) => sum + fixed + tenant.length + key.length + (bytes?.length ?? 0),
    payloadBytesMin,
  );
  if (length > recordBytesMax) {
    throw new AppError(
      'limit',
      `state rows: ${length} bytes in one call, expected at most ${recordBytesMax}`,
    );
  }
  const record = Buffer.allocUnsafe(frameBytes + length);
  let at = record.writeUInt8(operationCodes[operation.does], frameBytes);
  at = record.writeUInt8(kindCodes[operation.kind], at);
  at = record.writeUInt32LE(operation.rows.length, at);
  const put = (bytes: Uint8Array): void => {
    record.set(bytes, record.writeUInt32LE(bytes.length, at));
    at += 4 + bytes.length;
  };
  for (const { row, tenant, key, bytes } of parts) {
    put(tenant);
    put(key);
    at = writeInt64(record, row.seconds, at);
    at = record.writeUInt32LE(row.nanos, at);
    if (bytes === undefined || !isWhole(row)) continue;
    at = writeInt64(record, row.expiresAtMs, at);
    put(bytes);
  }
  record.writeUInt32LE(length, 0);
  record.writeUInt32LE(crc32(record.subarray(frameBytes)), 4);
  return record;
}

/** Two's complement, of a safe integer: BigInt would make garbage. */
function writeInt64(into: Buffer, value: number, at: number): number {
  into.writeInt32LE(Math.floor(value / 0x1_0000_0000), into.writeUInt32LE(value >>> 0, at));
  return at + 8;
}

/** Whether a file begins as ours do. An empty one does: it was made and not yet written. */
export const isRecordFile = (file: Buffer): boolean =>
  recordFileHeader.subarray(0, file.length).equals(file.subarray(0, recordFileHeader.length));

/** Expects `isRecordFile`. */
export function readRecordFile(file: Buffer): RecordFileContent {
  const operations: Operation[] = [];
  let unreadable = 0;
  let at = recordFileHeader.length;
  if (file.length < at) return { operations, soundBytes: 0, isTorn: file.length > 0, unreadable };
  while (at < file.length) {
    const found = nextIntact(file, at);
    if (found === undefined) return { operations, soundBytes: at, isTorn: true, unreadable };
    const operation = decodePayload(found.payload);
    if (found.at > at || operation === undefined) unreadable++;
    if (operation !== undefined) operations.push(operation);
    at = found.at + frameBytes + found.payload.length;
  }
  return { operations, soundBytes: at, isTorn: false, unreadable };
}

interface FoundRecord {
  readonly at: number;
  readonly payload: Buffer;
}

/** The record at `from`, or else the first intact one after it: a damaged length says nothing about where that is. */
function nextIntact(file: Buffer, from: number): FoundRecord | undefined {
  for (let at = from; at + frameBytes + payloadBytesMin <= file.length; at++) {
    const length = file.readUInt32LE(at);
    if (length < payloadBytesMin || at + frameBytes + length > file.length) continue;
    const payload = file.subarray(at + frameBytes, at + frameBytes + length);
    if (crc32(payload) === file.readUInt32LE(at + 4)) return { at, payload };
  }
  return undefined;
}

/** Undefined: of a newer release. */
function decodePayload(payload: Buffer): Operation | undefined {
  const reader = new Reader(payload);
  const code = reader.uint8();
  const kind = kindOfCode.get(reader.uint8());
  const count = reader.uint32();
  if (kind === undefined) return undefined;
  const times = <T>(read: () => T): readonly T[] => Array.from({ length: count }, read);
  try {
    if (code === operationCodes.merge) return { does: 'merge', kind, rows: times(() => reader.row()) };
    if (code === operationCodes.remove) return { does: 'remove', kind, rows: times(() => reader.named()) };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  return undefined;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64LE(this.#take(8)));
  }

  sized(): Buffer {
    const length = this.uint32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  named(): RowId & RowVersion {
    return {
      tenant: decodeKeyText(this.sized()),
      key: decodeKeyText(this.sized()),
      seconds: this.int64(),
      nanos: this.uint32(),
    };
  }

  row(): StateRow {
    // Bytes are copied, or one small row would keep the whole file in memory.
    return { ...this.named(), expiresAtMs: this.int64(), bytes: new Uint8Array(this.sized()) };
  }

  #take(length: number): number {
    const start = this.#at;
    this.#at += length;
    return start;
  }
}

const isWhole = (row: StateRow | (RowId & RowVersion)): row is StateRow => 'bytes' in row;
