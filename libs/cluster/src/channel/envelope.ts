/**
 * @module cluster/channel/envelope
 *
 * The bytes of our own channel: `proto/tocsin/cluster/v1/cluster.proto`, read and written by hand for
 * the same reason as the memberlist codec: limits on everything, no generated code in the engine.
 */
import { AppError, decodeUtf8, isUtf8 } from '@tocsin/kernel';
import { ProtoReader, ProtoWriter } from '../proto.ts';

/** Key of the cluster message that carries an envelope. */
export const OWN_CHANNEL = 'tocsin/1';

export interface Envelope {
  readonly from: string;
  readonly seq: number;
  readonly body: EnvelopeBody;
}

export type EnvelopeBody = Hello | Heartbeat | Entries | Acknowledgement;

export interface Hello {
  readonly type: 'hello';
  readonly capabilities: readonly string[];
  readonly configurationHash: string;
  readonly wallMs: number;
  readonly monoMs: number;
  readonly isAnswer: boolean;
}

export interface Heartbeat {
  readonly type: 'heartbeat';
}

export interface Entries {
  readonly type: 'entries';
  readonly batches: readonly BlobBatch[];
}

export interface BlobBatch {
  readonly channel: string;
  /** Length-delimited entries; a view after decoding. */
  readonly blob: Uint8Array;
}

export interface Acknowledgement {
  readonly type: 'ack';
  readonly seqs: readonly number[];
}

const VERSION = 1;
const MAX_TEXT_BYTES = 1024;
const MAX_CAPABILITIES = 64;
const MAX_BATCHES = 4096;
const MAX_SEQS = 4096;

const HELLO = 4;
const HEARTBEAT = 5;
const ENTRIES = 6;
const ACK = 7;

export function encodeEnvelope({ from, seq, body }: Envelope): Uint8Array {
  const writer = new ProtoWriter(256);
  writer.uint(1, VERSION).text(2, from).uint(3, seq);
  switch (body.type) {
    case 'hello':
      return writer.bytes(HELLO, encodeHello(body)).done();
    case 'heartbeat':
      return writer.bytes(HEARTBEAT, new Uint8Array(0)).done();
    case 'entries':
      return writer.bytes(ENTRIES, encodeEntries(body)).done();
    case 'ack':
      return writer.bytes(ACK, encodeAck(body)).done();
  }
}

function encodeHello(hello: Hello): Uint8Array {
  const writer = new ProtoWriter();
  for (const capability of hello.capabilities) writer.text(1, capability);
  if (hello.configurationHash !== '') writer.text(2, hello.configurationHash);
  writer.uint(3, Math.floor(hello.wallMs)).uint(4, Math.floor(hello.monoMs));
  if (hello.isAnswer) writer.uint(5, 1);
  return writer.done();
}

function encodeEntries({ batches }: Entries): Uint8Array {
  const size = batches.reduce((sum, { blob, channel }) => sum + blob.length + 3 * channel.length + 32, 0);
  const writer = new ProtoWriter(size);
  for (const { channel, blob } of batches)
    writer.bytes(1, new ProtoWriter(blob.length + 64).text(1, channel).bytes(2, blob).done());
  return writer.done();
}

/** Packed, as proto3 does. */
function encodeAck({ seqs }: Acknowledgement): Uint8Array {
  const packed = new ProtoWriter();
  for (const seq of seqs) packed.varint(seq);
  return new ProtoWriter().bytes(1, packed.done()).done();
}

/** Undefined: a version or body that this replica does not know, to be ignored. Throws AppError `invalid`. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  let version = 0;
  let from = '';
  let seq = 0;
  let body: EnvelopeBody | undefined;
  for (const field of new ProtoReader(bytes, 'envelope')) {
    if (field.number === 1) version = field.uint();
    else if (field.number === 2) from = text(field.bytes(), 'from');
    else if (field.number === 3) seq = field.uint();
    else if (field.number === HELLO) body = decodeHello(field.bytes());
    else if (field.number === HEARTBEAT) body = { type: 'heartbeat' };
    else if (field.number === ENTRIES) body = decodeEntries(field.bytes());
    else if (field.number === ACK) body = decodeAck(field.bytes());
  }
  return version === VERSION && body !== undefined ? { from, seq, body } : undefined;
}

function text(bytes: Uint8Array, field: string): string {
  if (bytes.length > MAX_TEXT_BYTES)
    throw AppError.invalid(`envelope ${field}: ${bytes.length} bytes, at most ${MAX_TEXT_BYTES} are allowed`);
  if (!isUtf8(bytes)) throw AppError.invalid(`envelope ${field}: must be UTF-8`);
  return decodeUtf8(bytes);
}

function decodeHello(bytes: Uint8Array): Hello {
  const capabilities: string[] = [];
  let configurationHash = '';
  let wallMs = 0;
  let monoMs = 0;
  let isAnswer = false;
  for (const field of new ProtoReader(bytes, 'hello')) {
    if (field.number === 1) {
      checkCount(capabilities.length, MAX_CAPABILITIES, 'capabilities');
      capabilities.push(text(field.bytes(), 'capability'));
    } else if (field.number === 2) configurationHash = text(field.bytes(), 'configuration hash');
    else if (field.number === 3) wallMs = field.uint();
    else if (field.number === 4) monoMs = field.uint();
    else if (field.number === 5) isAnswer = field.uint() !== 0;
  }
  return { type: 'hello', capabilities, configurationHash, wallMs, monoMs, isAnswer };
}

function decodeEntries(bytes: Uint8Array): Entries {
  const batches: BlobBatch[] = [];
  for (const field of new ProtoReader(bytes, 'entries')) {
    if (field.number !== 1) continue;
    checkCount(batches.length, MAX_BATCHES, 'batches');
    batches.push(decodeBatch(field.bytes()));
  }
  return { type: 'entries', batches };
}

function decodeBatch(bytes: Uint8Array): BlobBatch {
  let channel = '';
  let blob: Uint8Array = new Uint8Array(0);
  for (const field of new ProtoReader(bytes, 'batch')) {
    if (field.number === 1) channel = text(field.bytes(), 'channel');
    else if (field.number === 2) blob = field.bytes();
  }
  return { channel, blob };
}

function decodeAck(bytes: Uint8Array): Acknowledgement {
  const seqs: number[] = [];
  for (const field of new ProtoReader(bytes, 'ack')) {
    if (field.number !== 1) continue;
    for (const seq of ProtoReader.packed(field.bytes(), 'ack')) {
      checkCount(seqs.length, MAX_SEQS, 'acknowledgements');
      seqs.push(seq);
    }
  }
  return { type: 'ack', seqs };
}

function checkCount(count: number, limit: number, what: string): void {
  if (count >= limit) throw AppError.invalid(`envelope: more than ${limit} ${what}`);
}
