import fc from 'fast-check';
import { AppError, decodeUtf8 } from '@tocsin/kernel';
import type { Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { decodeNflogEntry, encodeNflogBlob, encodeNflogEntry, splitNflog } from './nflog-codec.ts';
import { entryOf, hashOf } from './testing/fixtures.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// Written by Alertmanager 0.34.0's own generated code.
const PEER_ENTRY =
  '0a490a127b7d3a7b616c6572746e616d653d2241227d12140a09726f6f742d686f6f6b1207776562686f6f6b2a0b0880e2cfaa0610959aef3a' +
  '320d01ac02ffffffffffffffffff013a0107120608c0d2d0aa06';

const anyInstant: fc.Arbitrary<Instant> = fc.record({
  seconds: fc.oneof(
    fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
    fc.constantFrom(0, -1, 1, 2 ** 32),
  ),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  offsetMinutes: fc.constant(0),
});
// Text as UTF-8 can carry it.
const text = fc.string({ unit: 'binary', maxLength: 20 });
const hash = fc.oneof(
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }).map((value) => value.toString(16).padStart(16, '0')),
  fc.constantFrom(
    hashOf(0),
    hashOf(127),
    hashOf(128),
    hashOf(2 ** 32),
    'ffffffffffffffff',
    '8000000000000000',
  ),
);
const entry = fc.record({
  groupKey: text,
  receiver: fc.record({ groupName: text, integration: text, index: fc.nat() }),
  at: anyInstant,
  firing: fc.array(hash, { maxLength: 5 }),
  resolved: fc.array(hash, { maxLength: 5 }),
  expiresAt: anyInstant,
  receiverData: fc
    .array(
      fc.tuple(text, fc.oneof(text, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double())),
      { maxLength: 3 },
    )
    .map((pairs) => new Map(pairs)),
});

describe('notification log codec', () => {
  it('reads and writes an entry byte for byte as Alertmanager does', () => {
    const decoded = decodeNflogEntry(bytesOf(PEER_ENTRY));
    expect(decoded).toMatchObject({
      groupKey: '{}:{alertname="A"}',
      receiver: { groupName: 'root-hook', integration: 'webhook', index: 0 },
      at: { seconds: 1_700_000_000, nanos: 123_456_789 },
      firing: [hashOf(1), hashOf(300), 'ffffffffffffffff'],
      resolved: [hashOf(7)],
      expiresAt: { seconds: 1_700_014_400, nanos: 0 },
    });
    expect(hex(encodeNflogEntry(decoded))).toBe(PEER_ENTRY);
  });

  it('reads back whatever it wrote', () => {
    fc.assert(
      fc.property(entry, (drawn) => {
        const bytes = encodeNflogEntry(drawn);
        const decoded = decodeNflogEntry(bytes);
        const inOrder = new Map(
          [...drawn.receiverData].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
        expect(decoded).toEqual({ ...drawn, receiverData: inOrder, bytes });
        expect([...decoded.receiverData.keys()]).toEqual([...inOrder.keys()]);
      }),
    );
  });

  it('splits a blob into its entries, each with its key, stamps and own bytes', () => {
    const entries = [entryOf(), entryOf({ groupKey: 'b', firing: [] })];
    const blob = encodeNflogBlob(entries);
    expect(splitNflog(blob)).toEqual(
      entries.map(({ groupKey, at, expiresAt, bytes }) => ({
        key: `${groupKey}:team/webhook/0`,
        seconds: at.seconds,
        nanos: at.nanos,
        expirySeconds: expiresAt.seconds,
        expiryNanos: expiresAt.nanos,
        bytes,
      })),
    );
    expect(splitNflog(new Uint8Array(0))).toEqual([]);
  });

  it('reads hashes that a peer wrote one by one instead of packed', () => {
    // entry { receiver {}, firing 5, firing 300 }
    expect(decodeNflogEntry(bytesOf('0a0712003005 30ac02')).firing).toEqual([hashOf(5), hashOf(300)]);
  });

  it('keeps the bytes of fields that only a newer peer knows', () => {
    // Field 9 of the entry and field 15 of the record.
    const newer = '0a07 1200 4a03616263 7a0178';
    const [split] = splitNflog(bytesOf(`0c${newer}`));
    expect(split?.bytes).toEqual(bytesOf(newer));
  });

  const errorOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      return error instanceof AppError ? `${error.code}: ${error.message}` : '';
    }
    return 'accepted';
  };
  it('refuses a whole blob for one bad entry and says what is wrong', () => {
    const good = encodeNflogBlob([entryOf()]);
    const blobOf = (bad: string): Uint8Array => Uint8Array.from([...good, ...bytesOf(bad)]);
    expect(errorOf(() => splitNflog(blobOf('00')))).toBe(
      'invalid: notification log entry: expected an entry, found none',
    );
    expect(errorOf(() => splitNflog(blobOf('020a00')))).toBe(
      'invalid: notification log entry: expected a receiver, found none',
    );
    expect(errorOf(() => splitNflog(blobOf('05')))).toMatch(
      /^invalid: notification log: .*expected a length of at most 0/,
    );
    expect(errorOf(() => decodeNflogEntry(bytesOf('0a0512030a01ff')))).toMatch(/expected UTF-8 text/);
    expect(errorOf(() => decodeNflogEntry(bytesOf('0a0412002a00 1201ff')))).toMatch(
      /expected the rest of a number/,
    );
    expect(errorOf(() => decodeNflogEntry(bytesOf('0a0c1200 2a08 08ffffffffffff7f')))).toMatch(
      /expected seconds within/,
    );
    expect(errorOf(() => decodeNflogEntry(bytesOf('1b')))).toMatch(
      /expected wire type 0, 1, 2 or 5, found 3/,
    );
    expect(errorOf(() => decodeNflogEntry(bytesOf('0a0e1200 30 ffffffffffffffffffff01')))).toMatch(
      /ten bytes/,
    );
  });

  it('never throws anything but an operating error, for any bytes', () => {
    const mutated = fc
      .tuple(fc.nat(PEER_ENTRY.length / 2 - 1), fc.nat(255))
      .map(([index, byte]) => bytesOf(PEER_ENTRY).with(index, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        for (const read of [decodeNflogEntry, splitNflog]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a group key that is not UTF-8 rather than refuse a peer’s whole state', () => {
    expect(decodeNflogEntry(bytesOf('0a050a01ff1200')).groupKey).toBe(decodeUtf8(Uint8Array.of(0xff)));
  });
});
