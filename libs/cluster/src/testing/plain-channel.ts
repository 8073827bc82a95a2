/** A channel whose entries are made for tests: a key, a stamp, an expiry and as many bytes as wanted. */
import { AppError, decodeUtf8 } from '@tocsin/kernel';
import type { ChannelCodec, ChannelEntry } from '../port.ts';
import { ProtoReader, ProtoWriter } from '../proto.ts';

export interface PlainEntry {
  readonly key: string;
  readonly seconds: number;
  readonly nanos?: number;
  readonly expirySeconds: number;
  readonly payload?: Uint8Array;
}

export function plainEntry(entry: PlainEntry): ChannelEntry {
  const { key, seconds, nanos = 0, expirySeconds, payload } = entry;
  const writer = new ProtoWriter().text(1, key).uint(2, seconds).uint(3, nanos).uint(4, expirySeconds);
  if (payload !== undefined) writer.bytes(5, payload);
  return { key, seconds, nanos, expirySeconds, expiryNanos: 0, bytes: writer.done() };
}

export const plainCodec: ChannelCodec = {
  split: (blob) => [...ProtoReader.delimited(blob, 'blob')].map(readEntry),
};

function readEntry(bytes: Uint8Array): ChannelEntry {
  let key = '';
  let seconds = 0;
  let nanos = 0;
  let expirySeconds = 0;
  for (const field of new ProtoReader(bytes, 'entry')) {
    if (field.number === 1) key = decodeUtf8(field.bytes());
    else if (field.number === 2) seconds = field.uint();
    else if (field.number === 3) nanos = field.uint();
    else if (field.number === 4) expirySeconds = field.uint();
  }
  if (key === '') throw AppError.invalid('entry: must have a key');
  return { key, seconds, nanos, expirySeconds, expiryNanos: 0, bytes };
}
