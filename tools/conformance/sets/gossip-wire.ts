/**
 * Captured and encoder-made messages of real peers: each is decoded, compared with what the capture
 * says is in it, and encoded again to the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  compoundOf,
  compressIfSmaller,
  compressLzw,
  compressMessage,
  decodeFullState,
  decodePart,
  decodeStreamMessage,
  decompressLzw,
  encodeFullState,
  encodeMessage,
  encodePart,
  encodeStreamMessage,
  encodeTlsFrame,
  labelHeader,
  openPacket,
  RawReader,
  RawWriter,
  readPushNode,
  readPushPullHeader,
  readStructMessage,
  readUserHeader,
  splitLabel,
  splitTlsFrame,
  withCrc,
  wireStates,
  writePushNode,
  writePushPullHeader,
  writeUserHeader,
} from '@tocsin/cluster/testing';
import type {
  PacketMessage,
  PushNode,
  SignedInts,
  StreamMessage,
  StructMessage,
} from '@tocsin/cluster/testing';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';

interface Vector {
  readonly name: string;
  readonly transport?: string;
  readonly length?: number;
  readonly hex?: string;
  readonly file?: string;
  readonly decoded: unknown;
}

type Json = Readonly<Record<string, unknown>>;

const MAX_PLAIN = 1_000_000;
const hex = (bytes: Uint8Array | undefined): string | null =>
  bytes === undefined ? null : Buffer.from(bytes).toString('hex');

const set: ConformanceSet = {
  area: 'gossip',
  name: 'wire',
  covers: ['gossip/index', 'gossip/codec*', 'gossip/tcp*'],
  run: (dir) => {
    const folder = join(dir, 'gossip');
    const vectors = (
      JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as readonly Vector[]
    ).filter(({ transport }) => transport !== undefined && transport !== 'file');
    const failed: CaseNote[] = [];
    for (const vector of vectors) {
      try {
        check(vector, bytesOf(vector, folder));
      } catch (thrown) {
        failed.push({ case: vector.name, why: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    }
    return { passed: vectors.length - failed.length, failed, notCovered: [] };
  },
};
export default set;

function bytesOf(vector: Vector, folder: string): Uint8Array {
  return vector.hex === undefined
    ? new Uint8Array(readFileSync(join(folder, vector.file ?? '')))
    : new Uint8Array(Buffer.from(vector.hex, 'hex'));
}

function check(vector: Vector, bytes: Uint8Array): void {
  const ints: SignedInts = /^(codec_)?v2_/.test(vector.name) ? 'v2' : 'v05';
  const decoded = vector.decoded as Json;
  if (vector.transport === 'udp') checkPacket(bytes, decoded);
  else if (vector.transport === 'tcp') checkStream(bytes, decoded, ints);
  else if (vector.transport?.startsWith('tls') === true) checkTls(bytes, decoded);
  else checkEncoding(vector.name.replace(/^codec_v\w+?_/, ''), bytes, decoded, ints);
}

function checkPacket(bytes: Uint8Array, decoded: Json): void {
  const split = splitLabel(bytes);
  if (split === undefined) throw new Error('the label is cut off');
  same('label', Buffer.from(split.label).toString('utf8'), decoded['label'] ?? '');
  const opened = openPacket(split.rest);
  same('bad parts', opened.badParts, 0);
  same('wrappers', opened.wrappers, decoded['wrappers']);
  const wanted = decoded['messages'] as readonly Json[];
  // Captures list messages by their type where a packet mixes several; ours come in packet order.
  same('messages', sorted(opened.messages.map(describeMessage)), sorted(wanted.map(withoutContent)));
  opened.messages.forEach((message) => checkPart(message, wanted));
  let again = packetAgain(opened.messages.map(encodeMessage), opened.wrappers);
  again = Buffer.concat([labelHeader(Buffer.from(split.label).toString('utf8')), again]);
  same('bytes', hex(again), hex(bytes));
}

function packetAgain(messages: readonly Uint8Array[], wrappers: readonly string[]): Uint8Array {
  let bytes = wrappers.includes('compound') ? compoundOf(messages) : (messages[0] ?? new Uint8Array(0));
  if (wrappers.includes('compress')) bytes = compressIfSmaller(bytes);
  return wrappers.includes('crc') ? withCrc(bytes) : bytes;
}

function checkPart(message: PacketMessage, wanted: readonly Json[]): void {
  if (message.type !== 'user') return;
  const part = decodePart(message.payload);
  same('part bytes', hex(encodePart(part)), hex(message.payload));
  const keys = wanted
    .map((each) => (each['part'] as Json | undefined)?.['key'])
    .filter((key) => key !== undefined);
  if (keys.length > 0 && !keys.includes(part.key))
    throw new Error(`part key ${part.key} is not in the capture`);
}

function checkStream(bytes: Uint8Array, decoded: Json, ints: SignedInts): void {
  const split = splitLabel(bytes);
  if (split === undefined) throw new Error('the label is cut off');
  same('label', Buffer.from(split.label).toString('utf8'), decoded['label'] ?? '');
  const message = decodeStreamMessage(split.rest);
  checkStreamContent(message, decoded);
  same('bytes', hex(encodeStreamMessage(message, ints)), hex(split.rest));
}

function checkStreamContent(message: StreamMessage, decoded: Json): void {
  same('type', message.type.replace('-', ''), decoded['type']);
  if (message.type === 'push-pull') {
    const header = {
      Join: message.join,
      Nodes: message.nodes.length,
      UserStateLen: message.userState.length,
    };
    same('header', header, decoded['header']);
    same('nodes', message.nodes.map(describeNode), decoded['nodes']);
    if (decoded['full_state'] === undefined) return;
    const parts = decodeFullState(message.userState);
    const wanted = (decoded['full_state'] as readonly Json[]).map((part) => part['key']);
    same(
      'parts',
      parts.map((part) => part.key),
      wanted,
    );
    same('full state bytes', hex(encodeFullState(parts)), hex(message.userState));
  } else if (message.type === 'user') {
    same('length', message.payload.length, (decoded['header'] as Json)['UserMsgLen']);
    same('key', decodePart(message.payload).key, (decoded['part'] as Json)['key']);
  } else {
    const wanted = Object.entries(decoded).filter(
      ([field]) => !['compressed', 'consumed', 'left'].includes(field),
    );
    same('fields', describeMessage(message), Object.fromEntries(wanted));
  }
}

function checkTls(bytes: Uint8Array, decoded: Json): void {
  const split = splitTlsFrame(bytes);
  if (split === undefined) throw new Error('the frame is cut off');
  const wanted = decoded['frame'] as Json;
  same('kind', split.frame.kind, wanted['kind'] === '1' ? 'packet' : 'stream');
  same('from', split.frame.from, wanted['from_addr'] ?? '');
  if (split.frame.kind === 'packet') checkPacket(split.frame.bytes, decoded['packet'] as Json);
  // Field order in real frames differs from none of ours; both sides accept any.
  same('bytes', hex(encodeTlsFrame(split.frame)), hex(bytes));
}

function checkEncoding(name: string, bytes: Uint8Array, decoded: Json, ints: SignedInts): void {
  const writer = new RawWriter();
  if (name.startsWith('pushpull_header')) {
    const header = readPushPullHeader(new RawReader(bytes, 1));
    same('header', { Join: header.join, Nodes: header.nodes, UserStateLen: header.userStateLength }, decoded);
    writePushPullHeader(writer, header, ints);
    same('bytes', hex(writer.done()), hex(bytes));
  } else if (name.startsWith('usermsg_header')) {
    const length = readUserHeader(new RawReader(bytes, 1));
    same('length', length, decoded['UserMsgLen']);
    writeUserHeader(writer, length, ints);
    same('bytes', hex(writer.done()), hex(bytes));
  } else if (name.startsWith('pushnodestate')) {
    const node = readPushNode(new RawReader(bytes));
    same('node', describeNode(node), decoded);
    writePushNode(writer, node, ints);
    same('bytes', hex(writer.done()), hex(bytes));
  } else if (name.startsWith('lzw')) checkLzw(bytes, decoded);
  else if (name.startsWith('compress_msg')) {
    const plain = Buffer.alloc(100, 0x61);
    same('bytes', hex(compressMessage(plain)), hex(bytes));
  } else if (name === 'err') {
    const message = readStructMessage(bytes[0] ?? 0, new RawReader(bytes, 1));
    same('message', [describeMessage(message)], decoded['messages']);
    same('bytes', hex(encodeMessage(message)), hex(bytes));
  } else checkPacket(bytes, decoded);
}

function checkLzw(bytes: Uint8Array, decoded: Json): void {
  const plain = decompressLzw(bytes, MAX_PLAIN);
  if (typeof decoded['plain'] === 'string') same('plain', hex(plain), decoded['plain']);
  else same('plain', hex(plain), hex(longInput()));
  same('bytes', hex(compressLzw(plain)), hex(bytes));
}

/** The bytes that the long LZW vectors were made of: a linear congruential generator. */
function longInput(): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length: 20_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 24) & 0x3f;
  });
}

function describeNode(node: PushNode): Json {
  return {
    Addr: hex(node.addr),
    Incarnation: node.incarnation,
    Meta: hex(node.meta),
    Name: node.name,
    Port: node.port,
    State: wireStates.indexOf(node.state),
    Vsn: hex(node.vsn),
  };
}

function describeMessage(message: StructMessage | PacketMessage): Json {
  switch (message.type) {
    case 'ping':
      return { type: 'ping', Node: message.node, SeqNo: message.seqNo, ...describeSource(message) };
    case 'indirect-ping': {
      const { nack, node, port, seqNo, target } = message;
      const fields = { Nack: nack, Node: node, Port: port, SeqNo: seqNo };
      return { type: 'indirect', ...fields, ...describeSource(message), Target: hex(target) };
    }
    case 'ack':
      return { type: 'ack', Payload: hex(message.payload), SeqNo: message.seqNo };
    case 'nack':
      return { type: 'nack', SeqNo: message.seqNo };
    case 'err':
      return { type: 'err', Error: message.error };
    case 'suspect':
    case 'dead':
      return { type: message.type, From: message.from, Incarnation: message.incarnation, Node: message.node };
    case 'alive': {
      const { addr, incarnation, meta, node, port, vsn } = message;
      const fields = { Addr: hex(addr), Incarnation: incarnation, Meta: hex(meta), Node: node, Port: port };
      return { type: 'alive', ...fields, Vsn: hex(vsn) };
    }
    case 'user':
      return { type: 'user' };
  }
}

function describeSource(message: {
  readonly sourceAddr: Uint8Array;
  readonly sourceNode: string;
  readonly sourcePort: number;
}): Json {
  return {
    ...(message.sourceAddr.length > 0 ? { SourceAddr: hex(message.sourceAddr) } : {}),
    ...(message.sourceNode === '' ? {} : { SourceNode: message.sourceNode }),
    ...(message.sourcePort === 0 ? {} : { SourcePort: message.sourcePort }),
  };
}

const withoutContent = (message: Json): Json => (message['type'] === 'user' ? { type: 'user' } : message);
const sorted = (messages: readonly Json[]): readonly string[] => messages.map(canonical).sort();

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [left, right] = [canonical(actual), canonical(expected)];
  if (left !== right) throw new Error(`${what}: ${left.slice(0, 400)} instead of ${right.slice(0, 400)}`);
}
