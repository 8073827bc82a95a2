import fc from 'fast-check';
import { AppError } from '@tocsin/kernel';
import { LabelSet, type Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { decodeSilence, encodeSilence, encodeSilenceBlob, splitSilences } from './silence-codec.ts';
import { silenceOf } from './testing/fixtures.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// Written by Alertmanager 0.34.0's own generated code: two sets, and one for receivers.
const PEER_SILENCE =
  '0a3f0a0178120808021201611a01311a020801220208022a0208015a0a0a0808021201611a01315a0a0a0808031201621a0132620c0a0a1204' +
  '6e616d651a02723112020803';
const PEER_LEGACY =
  '0a270a017912061201611a01311a020801220208022a0208013a0e0a03626f6212036f6c641a02080112020803';

const instant: fc.Arbitrary<Instant> = fc.record({
  seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  offsetMinutes: fc.constant(0),
});
const text = fc.string({ unit: 'binary', maxLength: 12 });
const sets = fc.array(
  fc.array(
    fc.record({
      name: text,
      type: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
      value: text,
    }),
    {
      maxLength: 3,
    },
  ),
  { maxLength: 3 },
);
const silence = fc.record({
  id: fc.uuid(),
  matcherSets: sets,
  startsAt: instant,
  endsAt: instant,
  updatedAt: instant,
  createdBy: text,
  comment: text,
  annotations: fc.array(fc.tuple(text, text), { maxLength: 3 }).map((pairs) => LabelSet.of(pairs)),
  receiverMatcherSets: sets,
  expiresAt: instant,
  unknownFields: fc.constantFrom(new Uint8Array(0), bytesOf('6a03616263'), bytesOf('f00705')),
});

describe('silence codec', () => {
  it('reads and writes a silence byte for byte as Alertmanager does', () => {
    const decoded = decodeSilence(bytesOf(PEER_SILENCE));
    expect(decoded).toMatchObject({
      id: 'x',
      matcherSets: [[{ name: 'a', type: '!=', value: '1' }], [{ name: 'b', type: '!~', value: '2' }]],
      receiverMatcherSets: [[{ name: 'name', type: '=', value: 'r1' }]],
      expiresAt: { seconds: 3 },
    });
    expect(hex(encodeSilence(decoded))).toBe(PEER_SILENCE);
  });
  it('reads what old peers wrote: one list of matchers, and a list of comments', () => {
    expect(decodeSilence(bytesOf(PEER_LEGACY))).toMatchObject({
      matcherSets: [[{ name: 'a', type: '=', value: '1' }]],
      createdBy: 'bob',
      comment: 'old',
    });
  });
  it('reads back whatever it wrote, unknown fields of newer peers included', () => {
    fc.assert(
      fc.property(silence, (drawn) => {
        const bytes = encodeSilence(drawn);
        expect(decodeSilence(bytes)).toEqual({ ...drawn, bytes });
      }),
    );
  });
  it('splits a blob into its silences, stamped by their last update', () => {
    const silences = [silenceOf(), silenceOf({ id: 'b' })];
    expect(splitSilences(encodeSilenceBlob(silences))).toEqual(
      silences.map(({ id, updatedAt, expiresAt, bytes }) => ({
        key: id,
        seconds: updatedAt.seconds,
        nanos: updatedAt.nanos,
        expirySeconds: expiresAt.seconds,
        expiryNanos: expiresAt.nanos,
        bytes,
      })),
    );
  });
  it('drops a matcher set of which one matcher has a type of the future, so that it silences nothing', () => {
    // silence { id "x", matcher_sets [{ type 4, "a" = "1" }, { "b" = "2" }] }
    const bytes = bytesOf('0a190a0178 5a0a0a0808041201611a0131 5a080a061201621a0132');
    expect(decodeSilence(bytes).matcherSets).toEqual([[{ name: 'b', type: '=', value: '2' }]]);
  });
  it('refuses a record without a silence', () => {
    expect(() => decodeSilence(bytesOf('12020803'))).toThrow(
      'silence: expected a silence in the record, found none',
    );
  });
  it('never throws anything but an operating error, for any bytes', () => {
    const mutated = fc
      .tuple(fc.nat(PEER_SILENCE.length / 2 - 1), fc.nat(255))
      .map(([index, byte]) => bytesOf(PEER_SILENCE).with(index, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        for (const read of [decodeSilence, splitSilences]) {
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
});
