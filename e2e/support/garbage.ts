/** What strangers, scanners and broken programs send to open ports. */
import { createSocket } from 'node:dgram';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Random } from '@tocsin/kernel';

/** Message types of memberlist, so that what follows is looked at and not dropped at the first byte. */
const MEMBERLIST_TYPES = 15;
const HAS_LABEL = 244;
const PACKET_BYTES_MAX = 1_400;
/** Sockets stay open so long at most; the server may close them before. */
const CONNECTION_MS = 500;
const AT_ONCE = 50;

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

export async function garbagePackets(address: string, count: number, random: Random): Promise<void> {
  const socket = createSocket('udp4');
  for (let sent = 0; sent < count; sent++) {
    const packet = random.bytes(1 + random.below(PACKET_BYTES_MAX));
    if (random.below(4) > 0) packet[0] = random.below(10) === 0 ? HAS_LABEL : random.below(MEMBERLIST_TYPES);
    await new Promise((resolve) => socket.send(packet, portOf(address), hostOf(address), resolve));
    // Else the kernel drops most of them before anybody sees them.
    if (sent % AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.close();
}

/** One connection that sends these bytes and then waits; resolves when it is closed by either side. */
function sendBytes(address: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(portOf(address), hostOf(address), () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), CONNECTION_MS);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function sendAll(address: string, all: readonly Uint8Array[]): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) {
    await Promise.all(all.slice(from, from + AT_ONCE).map((bytes) => sendBytes(address, bytes)));
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const randoms = (count: number, random: Random): Uint8Array[] =>
  Array.from({ length: count }, () => random.bytes(1 + random.below(4_000)));

/** A msgpack integer of 64 bits. */
function hugeInt(value: bigint): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xd3;
  new DataView(bytes.buffer).setBigInt64(1, value);
  return bytes;
}

/** Random bytes, and frames of memberlist whose header promises more than ever comes. */
export async function garbageStreams(address: string, count: number, random: Random): Promise<void> {
  const field = (name: string): Uint8Array => joined(Uint8Array.of(0xa0 | name.length), text(name));
  const huge = [2n ** 31n - 1n, 2n ** 40n, -1n, 2n ** 62n].flatMap((value) => [
    // push/pull
    joined(
      Uint8Array.of(6, 0x83),
      field('Nodes'),
      hugeInt(value),
      field('UserStateLen'),
      hugeInt(value),
      field('Join'),
      Uint8Array.of(0xc3),
    ),
    // user message
    joined(Uint8Array.of(8, 0x81), field('UserMsgLen'), hugeInt(value), random.bytes(100)),
  ]);
  const halves = Array.from({ length: count }, () =>
    joined(Uint8Array.of(random.below(MEMBERLIST_TYPES)), random.bytes(random.below(40))),
  );
  await sendAll(address, [...huge, ...halves, ...randoms(count, random)]);
}

export async function garbageHttp(address: string, count: number, random: Random): Promise<void> {
  const head = 'POST /api/v2/alerts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  await sendAll(address, [
    text(`${head}Content-Length: 9007199254740991\r\n\r\n[`),
    text(`${head}Content-Length: -1\r\n\r\n[]`),
    text(`${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n[`),
    text(`${head}X: ${'x'.repeat(1_000_000)}\r\n\r\n`),
    text('GET /'),
    text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    ...randoms(count, random),
  ]);
}

/** Also well-formed HTTP/2 whose gRPC message promises 4 GiB, is no protobuf, or is cut off. */
export async function garbageGrpc(address: string, count: number, random: Random): Promise<void> {
  const preface = text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const frames = Array.from({ length: count }, () => joined(preface, random.bytes(9 + random.below(200))));
  const hugeFrame = joined(preface, Uint8Array.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1), random.bytes(100));
  await sendAll(address, [hugeFrame, ...frames, ...randoms(count, random)]);
  for (const body of [
    Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3),
    joined(Uint8Array.of(0, 0, 0, 0, 50), random.bytes(50)),
    Uint8Array.of(0, 0, 0, 1, 0, 7),
    Uint8Array.of(7),
  ]) {
    await grpcCall(address, body);
  }
}

function grpcCall(address: string, body: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${address}`);
    const timer = setTimeout(() => session.destroy(), CONNECTION_MS);
    session.on('error', () => undefined);
    session.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/tocsin.alertmanager.v1.AlertmanagerService/PostAlerts',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.on('data', () => undefined);
    stream.on('end', () => session.destroy());
    stream.end(body);
  });
}
