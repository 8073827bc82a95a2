/**
 * @module cluster/memberlist/messages
 *
 * The structs of the memberlist protocol and their exact bytes. Field names on the wire are Go's;
 * fields are written in the byte order of those names, read in any order, unknown ones skipped.
 */
import { AppError } from '@tocsin/kernel';
import {
  MAX_ERROR_BYTES,
  MAX_META_BYTES,
  MAX_NODES_PER_PUSH_PULL,
  MAX_NODE_NAME_BYTES,
  MAX_STREAM_BYTES,
  MAX_USER_STATE_BYTES,
  MAX_VERSION_BYTES,
} from './limits.ts';
import { RawWriter } from './raw-msgpack.ts';
import type { RawReader, SignedInts } from './raw-msgpack.ts';

/** First byte of every message. */
export const messageType: {
  readonly ping: 0;
  readonly indirectPing: 1;
  readonly ack: 2;
  readonly suspect: 3;
  readonly alive: 4;
  readonly dead: 5;
  readonly pushPull: 6;
  readonly compound: 7;
  readonly user: 8;
  readonly compress: 9;
  readonly encrypt: 10;
  readonly nack: 11;
  readonly hasCrc: 12;
  readonly err: 13;
  readonly label: 244;
} = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  hasCrc: 12,
  err: 13,
  label: 244,
};

export interface Ping {
  readonly type: 'ping';
  readonly node: string;
  readonly seqNo: number;
  /** Empty (or 0, or ''): not told. */
  readonly sourceAddr: Uint8Array;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

export interface IndirectPing {
  readonly type: 'indirect-ping';
  readonly nack: boolean;
  readonly node: string;
  readonly port: number;
  readonly seqNo: number;
  readonly target: Uint8Array;
  readonly sourceAddr: Uint8Array;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

export interface Ack {
  readonly type: 'ack';
  readonly payload: Uint8Array | undefined;
  readonly seqNo: number;
}

export interface Nack {
  readonly type: 'nack';
  readonly seqNo: number;
}

export interface Err {
  readonly type: 'err';
  readonly error: string;
}

export interface Suspect {
  readonly type: 'suspect';
  readonly from: string;
  readonly incarnation: number;
  readonly node: string;
}

export interface Dead {
  readonly type: 'dead';
  /** Equal to `node` when it said goodbye itself. */
  readonly from: string;
  readonly incarnation: number;
  readonly node: string;
}

export interface Alive {
  readonly type: 'alive';
  readonly addr: Uint8Array;
  readonly incarnation: number;
  readonly meta: Uint8Array | undefined;
  readonly node: string;
  readonly port: number;
  /** Protocol minimum, maximum, current; delegate minimum, maximum, current. */
  readonly vsn: Uint8Array | undefined;
}

export interface User {
  readonly type: 'user';
  readonly payload: Uint8Array;
}

export type PacketMessage = Ping | IndirectPing | Ack | Nack | Suspect | Dead | Alive | User;
export type StructMessage = Exclude<PacketMessage, User> | Err;

export interface PushPullHeader {
  readonly join: boolean;
  readonly nodes: number;
  readonly userStateLength: number;
}

/** 0 alive, 1 suspect, 2 dead, 3 left. */
export type WireState = 'alive' | 'suspect' | 'dead' | 'left';
export const wireStates: readonly WireState[] = ['alive', 'suspect', 'dead', 'left'];

export interface PushNode {
  readonly addr: Uint8Array;
  readonly incarnation: number;
  readonly meta: Uint8Array | undefined;
  readonly name: string;
  readonly port: number;
  readonly state: WireState;
  readonly vsn: Uint8Array | undefined;
}

export interface Compressed {
  readonly algorithm: number;
  readonly buffer: Uint8Array;
}

const U32 = 0xffff_ffff;
const U16 = 0xffff;
const ADDRESS_BYTES = 16;
const NO_BYTES: Uint8Array = new Uint8Array(0);

// ---- reading ------------------------------------------------------------------------------------

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type FieldReaders = Readonly<Record<string, (reader: RawReader) => void>>;

function readStruct(reader: RawReader, fields: FieldReaders): void {
  for (let left = reader.mapHeader(); left > 0; left--) {
    const key = reader.text('field name', MAX_NODE_NAME_BYTES);
    const read = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (read === undefined) reader.skip();
    else read(reader);
  }
}

const name = (reader: RawReader, field: string): string => reader.text(field, MAX_NODE_NAME_BYTES);
// Copies: these outlive the packet, whose buffer must not be kept for their sake.
const copied = (reader: RawReader, field: string, max: number): Uint8Array | undefined => {
  const bytes = reader.bytes(field, max);
  return bytes === undefined ? undefined : new Uint8Array(bytes);
};
const address = (reader: RawReader, field: string): Uint8Array =>
  copied(reader, field, ADDRESS_BYTES) ?? NO_BYTES;

/** A message whose body is one struct; `type` is its first byte, already read. Throws AppError `invalid`. */
export function readStructMessage(type: number, reader: RawReader): StructMessage {
  switch (type) {
    case messageType.ping:
      return readPing(reader);
    case messageType.indirectPing:
      return readIndirectPing(reader);
    case messageType.ack:
      return readAck(reader);
    case messageType.nack:
      return readNack(reader);
    case messageType.suspect:
      return { type: 'suspect', ...readAccusation(reader) };
    case messageType.dead:
      return { type: 'dead', ...readAccusation(reader) };
    case messageType.alive:
      return readAlive(reader);
    case messageType.err:
      return readErr(reader);
    default:
      throw AppError.invalid(`message type: ${type} is not expected here`);
  }
}

function readPing(reader: RawReader): Ping {
  const ping: Mutable<Ping> = {
    type: 'ping',
    node: '',
    seqNo: 0,
    sourceAddr: NO_BYTES,
    sourcePort: 0,
    sourceNode: '',
  };
  readStruct(reader, {
    Node: (r) => (ping.node = name(r, 'Node')),
    SeqNo: (r) => (ping.seqNo = r.integer('SeqNo', U32)),
    SourceAddr: (r) => (ping.sourceAddr = address(r, 'SourceAddr')),
    SourcePort: (r) => (ping.sourcePort = r.integer('SourcePort', U16)),
    SourceNode: (r) => (ping.sourceNode = name(r, 'SourceNode')),
  });
  return ping;
}

function readIndirectPing(reader: RawReader): IndirectPing {
  const ping: Mutable<IndirectPing> = {
    type: 'indirect-ping',
    nack: false,
    node: '',
    port: 0,
    seqNo: 0,
    target: NO_BYTES,
    sourceAddr: NO_BYTES,
    sourcePort: 0,
    sourceNode: '',
  };
  readStruct(reader, {
    Nack: (r) => (ping.nack = r.boolean('Nack')),
    Node: (r) => (ping.node = name(r, 'Node')),
    Port: (r) => (ping.port = r.integer('Port', U16)),
    SeqNo: (r) => (ping.seqNo = r.integer('SeqNo', U32)),
    Target: (r) => (ping.target = address(r, 'Target')),
    SourceAddr: (r) => (ping.sourceAddr = address(r, 'SourceAddr')),
    SourcePort: (r) => (ping.sourcePort = r.integer('SourcePort', U16)),
    SourceNode: (r) => (ping.sourceNode = name(r, 'SourceNode')),
  });
  return ping;
}

function readAck(reader: RawReader): Ack {
  let payload: Uint8Array | undefined;
  let seqNo = 0;
  readStruct(reader, {
    Payload: (r) => (payload = r.bytes('Payload', MAX_STREAM_BYTES)),
    SeqNo: (r) => (seqNo = r.integer('SeqNo', U32)),
  });
  return { type: 'ack', payload, seqNo };
}

function readNack(reader: RawReader): Nack {
  let seqNo = 0;
  readStruct(reader, { SeqNo: (r) => (seqNo = r.integer('SeqNo', U32)) });
  return { type: 'nack', seqNo };
}

function readErr(reader: RawReader): Err {
  let error = '';
  readStruct(reader, { Error: (r) => (error = r.text('Error', MAX_ERROR_BYTES)) });
  return { type: 'err', error };
}

function readAccusation(reader: RawReader): { from: string; incarnation: number; node: string } {
  const accusation = { from: '', incarnation: 0, node: '' };
  readStruct(reader, {
    From: (r) => (accusation.from = name(r, 'From')),
    Incarnation: (r) => (accusation.incarnation = r.integer('Incarnation', U32)),
    Node: (r) => (accusation.node = name(r, 'Node')),
  });
  return accusation;
}

interface NodeFields {
  addr: Uint8Array;
  incarnation: number;
  meta: Uint8Array | undefined;
  port: number;
  vsn: Uint8Array | undefined;
}

const emptyNode = (): NodeFields => ({
  addr: NO_BYTES,
  incarnation: 0,
  meta: undefined,
  port: 0,
  vsn: undefined,
});

const nodeFieldReaders = (node: NodeFields): FieldReaders => ({
  Addr: (r) => (node.addr = address(r, 'Addr')),
  Incarnation: (r) => (node.incarnation = r.integer('Incarnation', U32)),
  Meta: (r) => (node.meta = copied(r, 'Meta', MAX_META_BYTES)),
  Port: (r) => (node.port = r.integer('Port', U16)),
  Vsn: (r) => (node.vsn = copied(r, 'Vsn', MAX_VERSION_BYTES)),
});

function readAlive(reader: RawReader): Alive {
  const fields = emptyNode();
  let node = '';
  readStruct(reader, { ...nodeFieldReaders(fields), Node: (r) => (node = name(r, 'Node')) });
  return { type: 'alive', node, ...fields };
}

export function readPushNode(reader: RawReader): PushNode {
  const fields = emptyNode();
  let nodeName = '';
  let state: WireState = 'alive';
  readStruct(reader, {
    ...nodeFieldReaders(fields),
    Name: (r) => (nodeName = name(r, 'Name')),
    State: (r) => (state = wireStates[r.integer('State', wireStates.length - 1)] ?? 'dead'),
  });
  if (nodeName === '') throw AppError.invalid('Name: a node of a push/pull must have one');
  return { name: nodeName, state, ...fields };
}

export function readPushPullHeader(reader: RawReader): PushPullHeader {
  const header = { join: false, nodes: 0, userStateLength: 0 };
  readStruct(reader, {
    Join: (r) => (header.join = r.boolean('Join')),
    Nodes: (r) => (header.nodes = r.integer('Nodes', MAX_NODES_PER_PUSH_PULL)),
    UserStateLen: (r) => (header.userStateLength = r.integer('UserStateLen', MAX_USER_STATE_BYTES)),
  });
  return header;
}

/** Length of the payload that follows. */
export function readUserHeader(reader: RawReader): number {
  let length = 0;
  readStruct(reader, { UserMsgLen: (r) => (length = r.integer('UserMsgLen', MAX_USER_STATE_BYTES)) });
  return length;
}

/** The buffer is a view. */
export function readCompressed(reader: RawReader): Compressed {
  let algorithm = 0;
  let buffer: Uint8Array = NO_BYTES;
  readStruct(reader, {
    Algo: (r) => (algorithm = r.integer('Algo', 0xff)),
    Buf: (r) => (buffer = r.bytes('Buf', MAX_STREAM_BYTES) ?? NO_BYTES),
  });
  return { algorithm, buffer };
}

// ---- writing ------------------------------------------------------------------------------------

/** The bytes of one message, its type byte first. */
export function encodeMessage(message: StructMessage | User): Uint8Array {
  const writer = new RawWriter();
  switch (message.type) {
    case 'ping':
      return writePing(writer, message);
    case 'indirect-ping':
      return writeIndirectPing(writer, message);
    case 'ack':
      writer.byte(messageType.ack).mapHeader(2).text('Payload').bytes(message.payload);
      return writer.text('SeqNo').unsigned(message.seqNo).done();
    case 'nack':
      return writer.byte(messageType.nack).mapHeader(1).text('SeqNo').unsigned(message.seqNo).done();
    case 'err':
      return writer.byte(messageType.err).mapHeader(1).text('Error').text(message.error).done();
    case 'suspect':
    case 'dead':
      writer.byte(messageType[message.type]).mapHeader(3).text('From').text(message.from);
      writer.text('Incarnation').unsigned(message.incarnation);
      return writer.text('Node').text(message.node).done();
    case 'alive':
      return writeAlive(writer, message);
    case 'user':
      return writer.byte(messageType.user).append(message.payload).done();
  }
}

interface Source {
  readonly sourceAddr: Uint8Array;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

const sourceFields = (source: Source): number =>
  Number(source.sourceAddr.length > 0) + Number(source.sourceNode !== '') + Number(source.sourcePort !== 0);

function writeSource(writer: RawWriter, source: Source): void {
  if (source.sourceAddr.length > 0) writer.text('SourceAddr').bytes(source.sourceAddr);
  if (source.sourceNode !== '') writer.text('SourceNode').text(source.sourceNode);
  if (source.sourcePort !== 0) writer.text('SourcePort').unsigned(source.sourcePort);
}

function writePing(writer: RawWriter, ping: Ping): Uint8Array {
  writer.byte(messageType.ping).mapHeader(2 + sourceFields(ping));
  writer.text('Node').text(ping.node).text('SeqNo').unsigned(ping.seqNo);
  writeSource(writer, ping);
  return writer.done();
}

function writeIndirectPing(writer: RawWriter, ping: IndirectPing): Uint8Array {
  writer.byte(messageType.indirectPing).mapHeader(5 + sourceFields(ping));
  writer.text('Nack').boolean(ping.nack).text('Node').text(ping.node);
  writer.text('Port').unsigned(ping.port).text('SeqNo').unsigned(ping.seqNo);
  writeSource(writer, ping);
  return writer.text('Target').bytes(ping.target).done();
}

function writeAlive(writer: RawWriter, alive: Alive): Uint8Array {
  writer.byte(messageType.alive).mapHeader(6).text('Addr').bytes(alive.addr);
  writer.text('Incarnation').unsigned(alive.incarnation).text('Meta').bytes(alive.meta);
  writer.text('Node').text(alive.node).text('Port').unsigned(alive.port);
  return writer.text('Vsn').bytes(alive.vsn).done();
}

export function writePushPullHeader(writer: RawWriter, header: PushPullHeader, ints: SignedInts): void {
  writer.byte(messageType.pushPull).mapHeader(3).text('Join').boolean(header.join);
  writer.text('Nodes').signed(header.nodes, ints);
  writer.text('UserStateLen').signed(header.userStateLength, ints);
}

export function writePushNode(writer: RawWriter, node: PushNode, ints: SignedInts): void {
  writer.mapHeader(7).text('Addr').bytes(node.addr).text('Incarnation').unsigned(node.incarnation);
  writer.text('Meta').bytes(node.meta).text('Name').text(node.name).text('Port').unsigned(node.port);
  writer.text('State').signed(wireStates.indexOf(node.state), ints).text('Vsn').bytes(node.vsn);
}

export function writeUserHeader(writer: RawWriter, length: number, ints: SignedInts): void {
  writer.byte(messageType.user).mapHeader(1).text('UserMsgLen').signed(length, ints);
}

export function encodeCompressed({ algorithm, buffer }: Compressed): Uint8Array {
  const writer = new RawWriter(buffer.length + 32);
  writer.byte(messageType.compress).mapHeader(2).text('Algo').unsigned(algorithm);
  return writer.text('Buf').bytes(buffer).done();
}
