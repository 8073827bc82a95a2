/**
 * Limits on everything that a packet or a connection from the network can name. What exceeds one
 * costs the sender its packet or connection; nothing else happens.
 */

/** A packet before CRC, label or sealing; also what a datagram may safely carry. */
export const PACKET_BYTES = 1400;
/** A datagram can't be longer; a sane packet decompresses to far less. */
export const MAX_OPENED_PACKET_BYTES: number = 256 * 1024;
/** Compressed in compound in compressed …: real peers nest three deep. */
export const MAX_NESTING = 6;
export const MAX_MESSAGES_PER_PACKET = 4096;

/** One message on a stream, as sent and as decompressed (memberlist's own limit for the latter). */
export const MAX_STREAM_BYTES: number = 40 * 1024 * 1024;
export const MAX_USER_STATE_BYTES: number = 20 * 1024 * 1024;
/** Memberlist accepts 1,048,576, which no cluster has and which would cost hundreds of megabytes to read. */
export const MAX_NODES_PER_PUSH_PULL = 65_536;
/** Nodes known, dead ones included; messages about further ones are ignored. */
export const MAX_KNOWN_NODES = 16_384;

export const MAX_NODE_NAME_BYTES = 1024;
export const MAX_META_BYTES = 4096;
export const MAX_VERSION_BYTES = 64;
export const MAX_ERROR_BYTES = 4096;
/** Keys of one struct, known and unknown. */
export const MAX_STRUCT_FIELDS = 64;

export const MAX_INCOMING_PUSH_PULLS = 128;
/** Connections accepted and not yet ended, push/pulls included. */
export const MAX_INCOMING_STREAMS = 512;
/** Bytes read but not yet understood, over all connections. */
export const MAX_BUFFERED_BYTES: number = 96 * 1024 * 1024;
/** Bytes of answers handed to sockets that have not ended. */
export const MAX_ANSWER_BYTES: number = 256 * 1024 * 1024;
/** Pings (own and on behalf of others) that wait for an ack. */
export const MAX_AWAITED_ACKS = 4096;
