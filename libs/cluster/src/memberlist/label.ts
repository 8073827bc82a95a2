/**
 * @module cluster/memberlist/label
 *
 * Clusters with different labels never mix. The label stands in front of every packet, and in front
 * of what the dialler of a stream sends; the answer carries none (gossip spec 1.8). Both are put on
 * and checked here, so that the engine behind sees neither label nor foreign traffic.
 */
import { AppError, encodeUtf8 } from '@tocsin/kernel';
import type { ByteStream, HostPort, PacketLink, StreamLink } from '@tocsin/kernel';
import { sameBytes } from './address.ts';
import { messageType } from './messages.ts';

const LABEL_HEADER_BYTES = 2;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Bytes that a label takes from every packet. */
export function labelOverhead(label: string): number {
  return label === '' ? 0 : LABEL_HEADER_BYTES + encodeUtf8(label).length;
}

/** `label` of 1 to 255 bytes; nothing for ''. */
export function labelHeader(label: string): Uint8Array {
  if (label === '') return NO_BYTES;
  const text = encodeUtf8(label);
  const header = new Uint8Array(LABEL_HEADER_BYTES + text.length);
  header.set([messageType.label, text.length]);
  header.set(text, LABEL_HEADER_BYTES);
  return header;
}

/**
 * Splits what a peer sent into its label (empty for none) and the rest. Undefined: more bytes are
 * needed to know. Throws AppError `invalid` for a label of length 0.
 */
export function splitLabel(
  bytes: Uint8Array,
): { readonly label: Uint8Array; readonly rest: Uint8Array } | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== messageType.label) return { label: NO_BYTES, rest: bytes };
  const [, length] = bytes;
  if (length === 0) throw AppError.invalid('label: a label header must not be empty');
  if (length === undefined || bytes.length < LABEL_HEADER_BYTES + length) return undefined;
  return {
    label: bytes.subarray(LABEL_HEADER_BYTES, LABEL_HEADER_BYTES + length),
    rest: bytes.subarray(LABEL_HEADER_BYTES + length),
  };
}

/** What does not carry exactly this label is dropped silently, as peers of other clusters are no news. */
export function labelPackets(link: PacketLink, label: string): PacketLink {
  const header = labelHeader(label);
  const own = header.subarray(LABEL_HEADER_BYTES);
  return {
    local: link.local,
    send: (to, packet) => link.send(to, header.length === 0 ? packet : concat(header, packet)),
    onPacket: (receive) =>
      link.onPacket((packet, from) => {
        const rest = unlabelled(packet, own);
        if (rest !== undefined) receive(rest, from);
      }),
    close: () => link.close(),
  };
}

function unlabelled(packet: Uint8Array, own: Uint8Array): Uint8Array | undefined {
  try {
    const split = splitLabel(packet);
    return split !== undefined && sameBytes(split.label, own) ? split.rest : undefined;
  } catch {
    return undefined;
  }
}

export function labelStreams(link: StreamLink, label: string): StreamLink {
  const header = labelHeader(label);
  const own = header.subarray(LABEL_HEADER_BYTES);
  return {
    local: link.local,
    dial: async (to: HostPort, timeoutMs: number) => {
      const stream = await link.dial(to, timeoutMs);
      return header.length === 0 ? stream : prefixed(stream, header);
    },
    onStream: (accept) => link.onStream((stream) => acceptLabelled(stream, own, accept)),
    close: () => link.close(),
  };
}

/** The header goes out in one write with the first message: some transports frame each write. */
function prefixed(stream: ByteStream, header: Uint8Array): ByteStream {
  let isFirst = true;
  return {
    remote: stream.remote,
    write: (bytes) => {
      stream.write(isFirst ? concat(header, bytes) : bytes);
      isFirst = false;
    },
    end: () => stream.end(),
    destroy: () => stream.destroy(),
    on: (handlers) => stream.on(handlers),
  };
}

/** At most 257 bytes are held back until the label is complete. */
function acceptLabelled(stream: ByteStream, own: Uint8Array, accept: (stream: ByteStream) => void): void {
  let held: Uint8Array = NO_BYTES;
  let inner: Handlers | undefined;
  let isChecked = false;
  const check = (bytes: Uint8Array): Uint8Array | undefined => {
    held = held.length === 0 ? bytes : concat(held, bytes);
    const split = splitLabel(held);
    if (split === undefined) return undefined;
    if (!sameBytes(split.label, own)) throw AppError.invalid('label: the stream belongs to another cluster');
    isChecked = true;
    held = NO_BYTES;
    return split.rest;
  };
  accept({
    remote: stream.remote,
    write: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
    on: (handlers) => {
      inner = handlers;
      stream.on({
        onBytes: (bytes) => {
          if (isChecked) return inner?.onBytes(bytes);
          const rest = checkedOrClosed(check, bytes, stream);
          if (rest !== undefined && rest.length > 0) inner?.onBytes(rest);
        },
        onEnd: (error) => inner?.onEnd(error),
      });
    },
  });
}

type Handlers = Parameters<ByteStream['on']>[0];

function checkedOrClosed(
  check: (bytes: Uint8Array) => Uint8Array | undefined,
  bytes: Uint8Array,
  stream: ByteStream,
): Uint8Array | undefined {
  try {
    return check(bytes);
  } catch {
    stream.destroy();
    return undefined;
  }
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
