/**
 * @module cluster/memberlist/tls-frame
 *
 * The frames in front of everything on a TLS connection (gossip spec 2.12): `u32` little endian
 * length, then a protobuf of version, kind, sender and bytes. Sockets, pooling and the rule "one
 * frame, one write, one TLS record" belong to the transport.
 */
import { AppError, decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import type { HostPort } from '@tocsin/kernel';
import { ProtoReader, ProtoWriter } from '../proto.ts';

export interface TlsFrame {
  readonly kind: 'stream' | 'packet';
  /** The sender's listener, `ip:port`; '' on streams. */
  readonly from: HostPort;
  /** The packet; empty on streams. */
  readonly bytes: Uint8Array;
}

const VERSION = 'v0.1.0';
const LENGTH_BYTES = 4;
/** A UDP datagram and its frame; real peers send 1.4 kB. */
const MAX_FRAME_BYTES = 70_000;
const PACKET_KIND = 1;

export function encodeTlsFrame(frame: TlsFrame): Uint8Array {
  const body = new ProtoWriter();
  body.text(1, VERSION);
  if (frame.kind === 'packet') body.uint(2, PACKET_KIND);
  if (frame.from !== '') body.text(3, frame.from);
  if (frame.bytes.length > 0) body.bytes(4, frame.bytes);
  const encoded = body.done();
  const bytes = new Uint8Array(LENGTH_BYTES + encoded.length);
  for (let index = 0; index < LENGTH_BYTES; index++) bytes[index] = (encoded.length >>> (8 * index)) & 0xff;
  bytes.set(encoded, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads the first frame. Undefined: more bytes are needed. The rest follows the frame: further
 * frames on a packet connection, the memberlist stream on the other kind. Throws AppError `invalid`.
 */
export function splitTlsFrame(
  bytes: Uint8Array,
): { readonly frame: TlsFrame; readonly rest: Uint8Array } | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const length = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  if (length > MAX_FRAME_BYTES)
    throw AppError.invalid(`TLS frame: ${length} bytes, at most ${MAX_FRAME_BYTES} are allowed`);
  const end = LENGTH_BYTES + length;
  if (bytes.length < end) return undefined;
  return { frame: readFrame(bytes.subarray(LENGTH_BYTES, end)), rest: bytes.subarray(end) };
}

function readFrame(body: Uint8Array): TlsFrame {
  let version = '';
  let kind = 0;
  let from = '';
  let packet: Uint8Array = encodeUtf8('');
  for (const field of new ProtoReader(body, 'TLS frame')) {
    if (field.number === 1) version = decodeUtf8(field.bytes());
    else if (field.number === 2) kind = field.uint();
    else if (field.number === 3) from = decodeUtf8(field.bytes());
    else if (field.number === 4) packet = field.bytes();
  }
  if (version !== VERSION) throw AppError.invalid(`TLS frame: version "${version}", expected "${VERSION}"`);
  if (kind > PACKET_KIND) throw AppError.invalid(`TLS frame: kind ${kind}, expected 0 or 1`);
  return { kind: kind === PACKET_KIND ? 'packet' : 'stream', from, bytes: packet };
}
