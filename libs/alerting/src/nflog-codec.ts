/**
 * @module alerting/nflog-codec
 *
 * Notification log entries as Alertmanager's peers write them (`nflogpb.MeshEntry`, spec/gossip.md
 * 4.1). Decoding keeps the original bytes, so fields of newer peers survive when an entry is passed on.
 */
import { AppError, compareUtf8, encodeUtf8 } from '@tocsin/kernel';
import { zeroInstant, type AlertHash, type Instant, type ReceiverRef } from '@tocsin/model';
import type { ReplicatedEntry } from './channel-entry.ts';
import { nflogKey, type NflogEntry, type ReceiverDataValue } from './nflog-entry.ts';
import { splitDelimited, WireReader } from './wire-reader.ts';
import { joinDelimited, WireWriter } from './wire-writer.ts';

/** Encodes what an entry says; unknown fields are not part of that. */
export function encodeNflogEntry(entry: Omit<NflogEntry, 'bytes'>): Uint8Array {
  const mesh = new WireWriter();
  mesh.message(1, (fields) => {
    if (entry.groupKey !== '') fields.bytes(1, encodeUtf8(entry.groupKey));
    fields.message(2, (receiver) => {
      receiver.string(1, entry.receiver.groupName);
      receiver.string(2, entry.receiver.integration);
      receiver.uint32(3, entry.receiver.index);
    });
    fields.timestamp(5, entry.at);
    fields.packedUint64Hex(6, entry.firing);
    fields.packedUint64Hex(7, entry.resolved);
    for (const [key, value] of [...entry.receiverData].sort(([a], [b]) => compareUtf8(a, b))) {
      fields.message(8, (pair) => {
        pair.string(1, key);
        pair.message(2, (wrapped) => writeDataValue(wrapped, value));
      });
    }
  });
  mesh.timestamp(2, entry.expiresAt);
  return mesh.finish();
}

function writeDataValue(fields: WireWriter, value: ReceiverDataValue): void {
  if (typeof value === 'string') fields.bytes(1, encodeUtf8(value));
  else if (typeof value === 'bigint') fields.int64(2, value);
  else fields.double(3, value);
}

/** One `MeshEntry` without its length. Throws AppError `invalid`. */
export function decodeNflogEntry(bytes: Uint8Array): NflogEntry {
  const mesh = new WireReader('notification log entry', bytes);
  let entry: EntryFields | undefined;
  let expiresAt: Instant = zeroInstant;
  while (mesh.next()) {
    if (mesh.field === 1) readEntry(mesh.message('notification log entry'), (entry ??= emptyFields()));
    else if (mesh.field === 2) expiresAt = mesh.timestamp();
    else mesh.skip();
  }
  if (entry === undefined) throw AppError.invalid('notification log entry: expected an entry, found none');
  const { receiver, ...fields } = entry;
  if (receiver === undefined)
    throw AppError.invalid('notification log entry: expected a receiver, found none');
  return { ...fields, receiver, expiresAt, bytes };
}

interface EntryFields {
  groupKey: string;
  receiver: ReceiverRef | undefined;
  at: Instant;
  readonly firing: AlertHash[];
  readonly resolved: AlertHash[];
  readonly receiverData: Map<string, ReceiverDataValue>;
}

const emptyFields = (): EntryFields => ({
  groupKey: '',
  receiver: undefined,
  at: zeroInstant,
  firing: [],
  resolved: [],
  receiverData: new Map(),
});

function readEntry(fields: WireReader, into: EntryFields): void {
  while (fields.next()) {
    if (fields.field === 1) into.groupKey = fields.text();
    else if (fields.field === 2) into.receiver = readReceiver(fields.message('notification log receiver'));
    else if (fields.field === 5) into.at = fields.timestamp();
    else if (fields.field === 6) fields.appendUint64Hex(into.firing);
    else if (fields.field === 7) fields.appendUint64Hex(into.resolved);
    else if (fields.field === 8)
      readDataPair(fields.message('notification log receiver data'), into.receiverData);
    else fields.skip();
  }
}

function readReceiver(fields: WireReader): ReceiverRef {
  let [groupName, integration, index] = ['', '', 0];
  while (fields.next()) {
    if (fields.field === 1) groupName = fields.string();
    else if (fields.field === 2) integration = fields.string();
    else if (fields.field === 3) index = fields.uint32();
    else fields.skip();
  }
  return { groupName, integration, index };
}

function readDataPair(fields: WireReader, into: Map<string, ReceiverDataValue>): void {
  let key = '';
  let value: ReceiverDataValue | undefined;
  while (fields.next()) {
    if (fields.field === 1) key = fields.string();
    else if (fields.field === 2) value = readDataValue(fields.message('notification log receiver data'));
    else fields.skip();
  }
  if (value !== undefined) into.set(key, value);
}

function readDataValue(fields: WireReader): ReceiverDataValue | undefined {
  let value: ReceiverDataValue | undefined;
  while (fields.next()) {
    if (fields.field === 1) value = fields.string();
    else if (fields.field === 2) value = fields.int64();
    else if (fields.field === 3) value = fields.double();
    else fields.skip();
  }
  return value;
}

/** The entry as the cluster and the state store carry it. */
export const replicatedNflogEntry = (entry: NflogEntry): ReplicatedEntry => ({
  key: nflogKey(entry.groupKey, entry.receiver),
  seconds: entry.at.seconds,
  nanos: entry.at.nanos,
  expirySeconds: entry.expiresAt.seconds,
  expiryNanos: entry.expiresAt.nanos,
  bytes: entry.bytes,
});

/** The entries of a blob: gossip, full state or snapshot file. Throws AppError `invalid`; then none is used. */
export const splitNflog = (blob: Uint8Array): ReplicatedEntry[] =>
  splitDelimited('notification log', blob).map((bytes) => replicatedNflogEntry(decodeNflogEntry(bytes)));

/** A snapshot file, or with one entry a gossip update. */
export const encodeNflogBlob = (entries: Iterable<Pick<NflogEntry, 'bytes'>>): Uint8Array =>
  joinDelimited([...entries].map((entry) => entry.bytes));
