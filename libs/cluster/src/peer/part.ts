/**
 * @module cluster/peer/part
 *
 * Alertmanager's cluster messages (package `clusterpb`): an update is one `Part`, the state that
 * push/pull exchanges is a `FullState` with a part for each channel. The data of a part is a blob of
 * length-delimited entries.
 */
import { AppError, decodeUtf8, isUtf8, utf8Length } from '@tocsin/kernel';
import { ProtoReader, ProtoWriter, varintLength } from '../proto.ts';

export interface Part {
  readonly key: string;
  readonly data: Uint8Array;
}

/** Tenants times two, and room. */
const MAX_PARTS = 65_536;
const MAX_KEY_BYTES = 512;
const NO_BYTES: Uint8Array = new Uint8Array(0);

export function encodePart({ key, data }: Part): Uint8Array {
  const writer = new ProtoWriter(data.length + 3 * key.length + 16);
  if (key !== '') writer.text(1, key);
  if (data.length > 0) writer.bytes(2, data);
  return writer.done();
}

/** The data is a view. Throws AppError `invalid`. */
export function decodePart(bytes: Uint8Array): Part {
  let key = '';
  let data = NO_BYTES;
  for (const field of new ProtoReader(bytes, 'cluster message')) {
    if (field.number === 1) key = keyOf(field.bytes());
    else if (field.number === 2) data = field.bytes();
  }
  return { key, data };
}

function keyOf(bytes: Uint8Array): string {
  if (bytes.length > MAX_KEY_BYTES)
    throw AppError.invalid(
      `cluster message: a key of ${bytes.length} bytes, at most ${MAX_KEY_BYTES} are allowed`,
    );
  if (!isUtf8(bytes)) throw AppError.invalid('cluster message: its key must be UTF-8');
  return decodeUtf8(bytes);
}

export function encodeFullState(parts: readonly Part[]): Uint8Array {
  const size = parts.reduce((sum, { key, data }) => sum + data.length + 3 * key.length + 32, 0);
  const writer = new ProtoWriter(size);
  for (const part of parts) writer.bytes(1, encodePart(part));
  return writer.done();
}

export function decodeFullState(bytes: Uint8Array): readonly Part[] {
  const parts: Part[] = [];
  for (const field of new ProtoReader(bytes, 'full state')) {
    if (field.number !== 1) continue;
    if (parts.length >= MAX_PARTS) throw AppError.invalid(`full state: more than ${MAX_PARTS} parts`);
    parts.push(decodePart(field.bytes()));
  }
  return parts;
}

/** Entries as one blob: `varint length | entry`, back to back. */
export function joinEntries(entries: readonly Uint8Array[]): Uint8Array {
  const writer = new ProtoWriter(entries.reduce((sum, entry) => sum + delimitedLength(entry.length), 0));
  for (const entry of entries) writer.delimited(entry);
  return writer.done();
}

export const delimitedLength = (length: number): number => length + varintLength(length);

/** Bytes of an update that carries one entry of so many bytes. */
export function updateLength(key: string, entryLength: number): number {
  const dataLength = delimitedLength(entryLength);
  return 1 + delimitedLength(utf8Length(key)) + 1 + delimitedLength(dataLength);
}
