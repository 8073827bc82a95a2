/** Our small codecs of the log and of silences against protobufjs, which reads the same `.proto` files another way. */
import fc from 'fast-check';
import Long from 'long';
import protobuf from 'protobufjs';
import {
  decodeNflogEntry,
  decodeSilence,
  encodeNflogEntry,
  encodeSilence,
  type SilenceMatcher,
} from '@tocsin/alerting';
import { upstreamDescriptor } from '@tocsin/contracts';
import { LabelSet, type Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';

// Without it 64-bit numbers would be read as doubles.
protobuf.util.Long = Long;
protobuf.configure();
const root = protobuf.Root.fromJSON(upstreamDescriptor);
const MeshEntry = root.lookupType('nflogpb.MeshEntry');
const MeshSilence = root.lookupType('silencepb.MeshSilence');
// As protobufjs shows messages when told to lose nothing.
const plain = { longs: String, enums: String, defaults: false, bytes: String } as const;

const text = fc.string({ unit: 'binary', maxLength: 12 });
const instant: fc.Arbitrary<Instant> = fc.record({
  seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  offsetMinutes: fc.constant(0),
});
const hash = fc
  .bigInt({ min: 0n, max: 0xffffffffffffffffn })
  .map((value) => value.toString(16).padStart(16, '0'));
const decimal = (value: string): string => BigInt(`0x${value}`).toString();
const timestamp = ({ seconds, nanos }: Instant): object => ({
  ...(seconds === 0 ? {} : { seconds: String(seconds) }),
  ...(nanos === 0 ? {} : { nanos }),
});
const given = <T extends string | readonly unknown[] | number>(name: string, value: T): object =>
  value === 0 || (typeof value !== 'number' && value.length === 0) ? {} : { [name]: value };

const entry = fc.record({
  groupKey: text,
  receiver: fc.record({ groupName: text, integration: text, index: fc.nat() }),
  at: instant,
  firing: fc.array(hash, { maxLength: 5 }),
  resolved: fc.array(hash, { maxLength: 5 }),
  expiresAt: instant,
  receiverData: fc
    .option(text, { nil: undefined })
    .map((value) => new Map(value === undefined ? [] : [['threadTs', value]])),
});

const TYPES: Readonly<Record<SilenceMatcher['type'], string>> = {
  '=': '',
  '=~': 'REGEXP',
  '!=': 'NOT_EQUAL',
  '!~': 'NOT_REGEXP',
};
const matcher = fc.record({
  name: text,
  type: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
  value: text,
});
const sets = fc.array(fc.array(matcher, { minLength: 1, maxLength: 3 }), { maxLength: 3 });
const silence = fc.record({
  id: fc.uuid(),
  matcherSets: sets,
  startsAt: instant,
  endsAt: instant,
  updatedAt: instant,
  createdBy: text,
  comment: text,
  annotations: fc
    .option(text, { nil: undefined })
    .map((value) => LabelSet.of(value === undefined ? [] : [['ticket', value]])),
  receiverMatcherSets: sets,
  expiresAt: instant,
  unknownFields: fc.constant(new Uint8Array(0)),
});
const shownMatcher = ({ name, type, value }: SilenceMatcher): object => ({
  ...given('type', TYPES[type]),
  ...given('name', name),
  ...given('pattern', value),
});
const shownSets = (all: readonly (readonly SilenceMatcher[])[]): object[] =>
  all.map((set) => ({ matchers: set.map(shownMatcher) }));

describe('our codecs and protobufjs', () => {
  it('agree on every notification log entry, in both directions', () => {
    fc.assert(
      fc.property(entry, (drawn) => {
        const bytes = encodeNflogEntry(drawn);
        const message = MeshEntry.decode(bytes);
        expect(MeshEntry.toObject(message, plain)).toEqual({
          entry: {
            ...given('groupKey', Buffer.from(drawn.groupKey).toString('base64')),
            receiver: {
              ...given('groupName', drawn.receiver.groupName),
              ...given('integration', drawn.receiver.integration),
              ...given('idx', drawn.receiver.index),
            },
            timestamp: timestamp(drawn.at),
            ...given('firingAlerts', drawn.firing.map(decimal)),
            ...given('resolvedAlerts', drawn.resolved.map(decimal)),
            ...(drawn.receiverData.size === 0
              ? {}
              : { receiverData: { threadTs: { strVal: drawn.receiverData.get('threadTs') } } }),
          },
          expiresAt: timestamp(drawn.expiresAt),
        });
        const again = new Uint8Array(MeshEntry.encode(message).finish());
        expect(decodeNflogEntry(again)).toEqual({ ...drawn, bytes: again });
      }),
    );
  });

  it('agree on every silence, in both directions', () => {
    fc.assert(
      fc.property(silence, (drawn) => {
        const message = MeshSilence.decode(encodeSilence(drawn));
        const [[key, value] = ['', '']] = drawn.annotations.pairs;
        expect(MeshSilence.toObject(message, plain)).toEqual({
          silence: {
            id: drawn.id,
            ...given('matchers', (drawn.matcherSets[0] ?? []).map(shownMatcher)),
            startsAt: timestamp(drawn.startsAt),
            endsAt: timestamp(drawn.endsAt),
            updatedAt: timestamp(drawn.updatedAt),
            ...given('createdBy', drawn.createdBy),
            ...given('comment', drawn.comment),
            ...(key === '' ? {} : { annotations: { [key]: value } }),
            ...given('matcherSets', shownSets(drawn.matcherSets)),
            ...given('receiverMatcherSets', shownSets(drawn.receiverMatcherSets)),
          },
          expiresAt: timestamp(drawn.expiresAt),
        });
        const again = new Uint8Array(MeshSilence.encode(message).finish());
        expect(decodeSilence(again)).toEqual({ ...drawn, bytes: again });
      }),
    );
  });
});
