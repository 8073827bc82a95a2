/** The wire against any bytes: garbage is an AppError, and what we write we read back. */
import { AppError, isWellFormed } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../channel/envelope.ts';
import type { EnvelopeBody } from '../channel/envelope.ts';
import { decodeFullState, decodePart, encodeFullState, encodePart, updateLength } from '../peer/part.ts';
import { splitLabel, labelHeader } from './label.ts';
import { MAX_STREAM_BYTES } from './limits.ts';
import { compressLzw, decompressLzw } from './lzw.ts';
import { encodeMessage, wireStates, writePushNode, writePushPullHeader } from './messages.ts';
import type { PacketMessage, PushNode } from './messages.ts';
import { compoundOf, compressMessage, openPacket, withCrc } from './packet.ts';
import { RawWriter } from './raw-msgpack.ts';
import { StreamMessageReader, decodeStreamMessage, encodeStreamMessage } from './stream-message.ts';
import type { StreamMessage } from './stream-message.ts';
import { encodeTlsFrame, splitTlsFrame } from './tls-frame.ts';

const bytes = (maxLength = 64): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const u32 = fc.nat(0xffff_ffff);
const port = fc.nat(0xffff);
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
const optional = fc.option(bytes(), { nil: undefined });
const source = {
  sourceAddr: fc.oneof(address, fc.constant(new Uint8Array(0))),
  sourcePort: port,
  sourceNode: name,
};

const packetMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const), node: name, seqNo: u32, ...source }),
  fc.record({
    type: fc.constant('indirect-ping' as const),
    nack: fc.boolean(),
    node: name,
    port,
    seqNo: u32,
    target: address,
    ...source,
  }),
  fc.record({ type: fc.constant('ack' as const), payload: optional, seqNo: u32 }),
  fc.record({ type: fc.constant('nack' as const), seqNo: u32 }),
  fc.record({
    type: fc.constantFrom('suspect' as const, 'dead' as const),
    from: name,
    incarnation: u32,
    node: name,
  }),
  fc.record({
    type: fc.constant('alive' as const),
    addr: address,
    incarnation: u32,
    meta: optional,
    node: name,
    port,
    vsn: optional,
  }),
  fc.record({ type: fc.constant('user' as const), payload: bytes(600) }),
);

const pushNode: fc.Arbitrary<PushNode> = fc.record({
  addr: address,
  incarnation: u32,
  meta: optional,
  name,
  port,
  state: fc.constantFrom(...wireStates),
  vsn: optional,
});

const streamMessage: fc.Arbitrary<StreamMessage> = fc.oneof(
  fc.record({
    type: fc.constant('push-pull' as const),
    join: fc.boolean(),
    nodes: fc.array(pushNode, { maxLength: 200 }),
    userState: bytes(70_000),
  }),
  fc.record({ type: fc.constant('user' as const), payload: bytes(70_000) }),
  fc.record({ type: fc.constant('ack' as const), payload: optional, seqNo: u32 }),
  fc.record({ type: fc.constant('err' as const), error: name }),
);

/** Bytes that are nearly right: something valid with a few bytes changed, cut or added. */
function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  return fc
    .tuple(valid, fc.array(change, { maxLength: 6 }), fc.nat(), bytes(8))
    .map(([good, changes, cut, extra]) => {
      const bad = new Uint8Array([...good, ...extra]);
      for (const [at, value] of changes) if (bad.length > 0) bad[at % bad.length] = value;
      return bad.subarray(0, bad.length - (cut % 4));
    });
}

function onlyAppErrors(run: () => unknown): void {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === 'invalid')) throw thrown;
  }
}

const packet = fc
  .tuple(fc.array(packetMessage, { minLength: 1, maxLength: 8 }), fc.boolean(), fc.boolean())
  .map(([messages, isCompressed, hasCrc]) => {
    let whole = compoundOf(messages.map(encodeMessage));
    if (isCompressed) whole = compressMessage(whole);
    return hasCrc ? withCrc(whole) : whole;
  });

describe('packets', () => {
  it('are read as they were written, through every wrapper', () => {
    fc.assert(
      fc.property(
        fc.array(packetMessage, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        fc.boolean(),
        (messages, isCompressed, hasCrc) => {
          let whole = compoundOf(messages.map(encodeMessage));
          if (isCompressed) whole = compressMessage(whole);
          if (hasCrc) whole = withCrc(whole);
          const opened = openPacket(whole);
          expect(opened.badParts).toBe(0);
          expect(opened.messages).toEqual(messages);
        },
      ),
    );
  });

  it('of any bytes are messages or an AppError', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(2000), mutated(packet)), (any) => onlyAppErrors(() => openPacket(any))),
      {
        numRuns: 2000,
      },
    );
  });

  it('lose only the bad part of a compound', () => {
    const good = encodeMessage({ type: 'nack', seqNo: 7 });
    const opened = openPacket(compoundOf([Uint8Array.of(4, 0xff), good, Uint8Array.of(99)]));
    expect(opened.messages).toEqual([{ type: 'nack', seqNo: 7 }]);
    expect(opened.badParts).toBe(2);
  });

  it('keep the first parts of a compound that was cut off', () => {
    const good = encodeMessage({ type: 'nack', seqNo: 7 });
    const whole = compoundOf([good, good, good]);
    const opened = openPacket(whole.subarray(0, whole.length - 1));
    expect(opened.messages).toHaveLength(2);
    expect(opened.badParts).toBe(1);
  });

  it('that were damaged on the way are refused by their checksum', () => {
    const whole = withCrc(encodeMessage({ type: 'nack', seqNo: 7 }));
    whole[whole.length - 1] = 8;
    expect(() => openPacket(whole)).toThrow(AppError);
  });

  it('that would decompress to megabytes are refused', () => {
    const bomb = compressMessage(new Uint8Array(30_000_000));
    expect(bomb.length).toBeLessThan(65_000);
    expect(() => openPacket(bomb)).toThrow(/larger than/);
  });

  it('that nest compression in compression without end are refused', () => {
    let nested = encodeMessage({ type: 'nack', seqNo: 7 });
    for (let depth = 0; depth < 20; depth++) nested = compressMessage(nested);
    expect(() => openPacket(nested)).toThrow(/nested too deep/);
  });
});

describe('streams', () => {
  it('are read as they were written, by both generations of peers', () => {
    fc.assert(
      fc.property(streamMessage, fc.constantFrom('v05' as const, 'v2' as const), (message, ints) => {
        expect(decodeStreamMessage(encodeStreamMessage(message, ints))).toEqual(message);
      }),
      { numRuns: 50 },
    );
  });

  it('may arrive in any pieces, compressed or not', () => {
    fc.assert(
      fc.property(
        streamMessage,
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 3000 })),
        (message, isPlain, cuts) => {
          const whole = isPlain ? decompressed(encodeStreamMessage(message)) : encodeStreamMessage(message);
          const reader = new StreamMessageReader();
          let at = 0;
          let read: StreamMessage | undefined;
          for (let piece = 0; read === undefined && at < whole.length; piece++) {
            const next = at + (cuts[piece] ?? 500);
            read = reader.push(whole.subarray(at, next));
            at = next;
          }
          expect(read).toEqual(message);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('of any bytes are messages, a wish for more, or an AppError', () => {
    const nearly = mutated(streamMessage.map((message) => encodeStreamMessage(message)));
    const nearlyPlain = mutated(streamMessage.map((message) => decompressed(encodeStreamMessage(message))));
    fc.assert(
      fc.property(fc.oneof(bytes(2000), nearly, nearlyPlain), (any) =>
        onlyAppErrors(() => new StreamMessageReader().push(any)),
      ),
      { numRuns: 600 },
    );
  });

  it('that announce more than the limits are refused at once, not collected', () => {
    const header = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
    // A user message of 2^31 bytes; a push/pull of 2^20 nodes; a compressed buffer of 4 GB.
    for (const huge of [
      '0881aa557365724d73674c656ece7fffffff',
      '0683a44a6f696ec3a54e6f646573ce00100000ac5573657253746174654c656e00',
      '0982a4416c676f00a3427566dbffffffff',
    ])
      expect(() => new StreamMessageReader().push(header(huge))).toThrow(AppError);
  });

  it('that go on without end stop being read at the limit', () => {
    const writer = new RawWriter();
    writePushPullHeader(writer, { join: true, nodes: 65_000, userStateLength: 0 }, 'v05');
    const reader = new StreamMessageReader();
    reader.push(writer.done());
    const node = new RawWriter();
    const meta = new Uint8Array(4000);
    writePushNode(
      node,
      { addr: meta, incarnation: 1, meta, name: 'n', port: 1, state: 'alive', vsn: meta },
      'v05',
    );
    expect(() => reader.push(node.done())).toThrow(/Addr/);

    const endless = new StreamMessageReader();
    endless.push(writer.done());
    const fine = new RawWriter();
    const addr = new Uint8Array(4);
    writePushNode(fine, { addr, incarnation: 1, meta, name: 'n', port: 1, state: 'alive', vsn: addr }, 'v05');
    expect(() => {
      for (let sent = 0; sent <= MAX_STREAM_BYTES; sent += fine.done().length) endless.push(fine.done());
    }).toThrow(/more than/);
  });

  it('refuse what belongs in packets, and nodes without a name', () => {
    expect(() => decodeStreamMessage(encodeMessage({ type: 'nack', seqNo: 1 }))).toThrow(
      /belongs in a packet/,
    );
    const nameless = '0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656e0081a5537461746500';
    expect(() => decodeStreamMessage(new Uint8Array(Buffer.from(nameless, 'hex')))).toThrow(/Name/);
  });
});

function decompressed(compressed: Uint8Array): Uint8Array {
  // 09 82 a4 Algo 00 a3 Buf, then the raw header of one to five bytes.
  const tag = compressed[12] ?? 0;
  const header = tag < 0xc0 ? 1 : tag === 0xda ? 3 : 5;
  return compressed[0] === 9 ? decompressLzw(compressed.subarray(12 + header), MAX_STREAM_BYTES) : compressed;
}

describe('LZW', () => {
  it('gives back what went in', () => {
    const anything = fc.oneof(
      bytes(5000),
      fc.array(fc.constantFrom(65, 66, 67), { maxLength: 60_000 }).map((all) => Uint8Array.from(all)),
      fc.tuple(fc.nat(255), fc.nat(40_000)).map(([value, length]) => new Uint8Array(length).fill(value)),
    );
    fc.assert(
      fc.property(anything, (plain) => {
        expect(decompressLzw(compressLzw(plain), 1_000_000)).toEqual(plain);
      }),
    );
  });

  it('refuses bad codes and never runs away', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(500), mutated(bytes(3000).map(compressLzw))), (any) =>
        onlyAppErrors(() => decompressLzw(any, 100_000)),
      ),
      { numRuns: 2000 },
    );
  });

  it('stops at the limit it is given', () => {
    expect(() => decompressLzw(compressLzw(new Uint8Array(1001)), 1000)).toThrow(/larger than 1000/);
    expect(decompressLzw(compressLzw(new Uint8Array(1000)), 1000)).toHaveLength(1000);
  });
});

describe('labels and TLS frames', () => {
  it('a label is split off as it was put on', () => {
    fc.assert(
      fc.property(name, bytes(), (label, rest) => {
        const split = splitLabel(new Uint8Array([...labelHeader(label), ...rest]));
        expect(Buffer.from(split?.label ?? []).toString()).toBe(label);
        expect(split?.rest).toEqual(rest);
      }),
    );
  });

  it('any bytes split into a label and a rest, ask for more, or are an AppError', () => {
    fc.assert(fc.property(bytes(300), (any) => onlyAppErrors(() => splitLabel(any))));
    fc.assert(
      fc.property(
        mutated(bytes().map((body) => encodeTlsFrame({ kind: 'packet', from: 'a:1', bytes: body }))),
        (any) => onlyAppErrors(() => splitTlsFrame(any)),
      ),
      { numRuns: 1000 },
    );
  });

  it('frames that follow each other come apart, and half a frame asks for more', () => {
    const one = encodeTlsFrame({ kind: 'packet', from: '10.0.0.1:9094', bytes: Uint8Array.of(1, 2, 3) });
    const two = encodeTlsFrame({ kind: 'stream', from: '', bytes: new Uint8Array(0) });
    const both = new Uint8Array([...one, ...two]);
    const first = splitTlsFrame(both);
    expect(first?.frame).toEqual({ kind: 'packet', from: '10.0.0.1:9094', bytes: Uint8Array.of(1, 2, 3) });
    expect(splitTlsFrame(first?.rest ?? new Uint8Array(0))?.frame.kind).toBe('stream');
    expect(splitTlsFrame(one.subarray(0, one.length - 1))).toBeUndefined();
  });
});

describe('cluster messages', () => {
  const part = fc.record({ key: name, data: bytes(2000) });

  it('parts and full states are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        for (const one of parts) expect(decodePart(encodePart(one))).toEqual(one);
        expect(decodeFullState(encodeFullState(parts))).toEqual(parts);
      }),
    );
  });

  it('of any bytes are parts or an AppError', () => {
    const nearly = mutated(fc.array(part, { maxLength: 5 }).map(encodeFullState));
    fc.assert(
      fc.property(fc.oneof(bytes(500), nearly), (any) => onlyAppErrors(() => decodeFullState(any))),
      {
        numRuns: 1000,
      },
    );
  });

  it('the length of an update is known before it is made', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 20_000 }), (key, length) => {
        const writer = encodePart({ key, data: new Uint8Array(delimitedSize(length)) });
        expect(updateLength(key, length)).toBe(writer.length);
      }),
    );
  });

  const body: fc.Arbitrary<EnvelopeBody> = fc.oneof(
    fc.record({
      type: fc.constant('hello' as const),
      capabilities: fc.array(name, { maxLength: 5 }),
      configurationHash: fc.string({ maxLength: 64 }).filter(isWellFormed),
      wallMs: fc.maxSafeNat(),
      monoMs: fc.maxSafeNat(),
      isAnswer: fc.boolean(),
    }),
    fc.constant({ type: 'heartbeat' as const }),
    fc.record({
      type: fc.constant('entries' as const),
      batches: fc.array(fc.record({ channel: name, blob: bytes(500) }), { maxLength: 5 }),
    }),
    fc.record({ type: fc.constant('ack' as const), seqs: fc.array(fc.maxSafeNat(), { maxLength: 50 }) }),
  );
  const envelope = fc.record({ from: name, seq: fc.maxSafeNat(), body });

  it('envelopes of our own channel are read as they were written', () => {
    fc.assert(
      fc.property(envelope, (one) => {
        expect(decodeEnvelope(encodeEnvelope(one))).toEqual(one);
      }),
    );
  });

  it('envelopes of any bytes are envelopes, unknown, or an AppError', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(500), mutated(envelope.map(encodeEnvelope))), (any) =>
        onlyAppErrors(() => decodeEnvelope(any)),
      ),
      { numRuns: 2000 },
    );
  });

  it('envelopes of a newer version, and bodies not known yet, are passed over', () => {
    const heartbeat = encodeEnvelope({ from: 'a', seq: 1, body: { type: 'heartbeat' } });
    expect(
      decodeEnvelope(Uint8Array.from(heartbeat, (byte, index) => (index === 1 ? 2 : byte))),
    ).toBeUndefined();
    // Field 8 (a lease) instead of 5.
    expect(
      decodeEnvelope(Uint8Array.from(heartbeat, (byte) => (byte === 0x2a ? 0x42 : byte))),
    ).toBeUndefined();
  });
});

const delimitedSize = (length: number): number => length + (length < 128 ? 1 : length < 16_384 ? 2 : 3);
