/** Bytes that peers, stores and gRPC clients send: silences, log entries, blobs of them, and batches of alerts. */
import {
  decodeNflogEntry,
  decodeSilence,
  encodeNflogBlob,
  encodeNflogEntry,
  encodeSilence,
  encodeSilenceBlob,
  splitNflog,
  splitSilences,
} from '@tocsin/alerting';
import { alertBatchCodec } from '@tocsin/contracts';
import { instantOf, LabelSet } from '@tocsin/model';
import { wellFormed, type Maker } from './maker.ts';
import type { FuzzTarget } from './target.ts';
import { decoding } from './text-targets.ts';

const wellFormedText = (maker: Maker): string => wellFormed(maker.text());

function silenceBytes(maker: Maker): Uint8Array {
  const at = instantOf(maker.random.below(2_000_000_000_000));
  return encodeSilence({
    id: wellFormedText(maker),
    matcherSets: maker.times(3, () =>
      maker.times(3, () => ({
        name: wellFormedText(maker),
        type: maker.pick(['=', '!=', '=~', '!~'] as const),
        value: wellFormedText(maker),
      })),
    ),
    receiverMatcherSets: [],
    startsAt: at,
    endsAt: at,
    updatedAt: at,
    expiresAt: at,
    createdBy: wellFormedText(maker),
    comment: wellFormedText(maker),
    annotations: LabelSet.of(maker.times(3, () => [wellFormedText(maker), wellFormedText(maker)] as const)),
    unknownFields: new Uint8Array(0),
  });
}

function entryBytes(maker: Maker): Uint8Array {
  const at = instantOf(maker.random.below(2_000_000_000_000));
  const hashes = (): string[] => maker.times(4, () => Buffer.from(maker.random.bytes(8)).toString('hex'));
  return encodeNflogEntry({
    groupKey: wellFormedText(maker),
    receiver: { groupName: wellFormedText(maker), integration: 'webhook', index: maker.random.below(9) },
    at,
    expiresAt: at,
    firing: hashes(),
    resolved: hashes(),
    receiverData: new Map(),
  });
}

function batchBytes(maker: Maker): Uint8Array {
  const labels = (): { name: string; value: string }[] =>
    maker.times(4, () => ({ name: wellFormedText(maker), value: wellFormedText(maker) }));
  return alertBatchCodec.encode({
    number: 1,
    tenant: '',
    sender: wellFormedText(maker),
    traceparent: '',
    alerts: maker.times(3, () => ({
      labels: labels(),
      annotations: labels(),
      generatorUrl: wellFormedText(maker),
      traceparent: '',
    })),
  });
}

export const wireTarget: FuzzTarget = {
  name: 'wire',
  run(maker) {
    const decoders: readonly (readonly [make: () => Uint8Array, decode: (bytes: Uint8Array) => unknown])[] = [
      [() => silenceBytes(maker), decodeSilence],
      [() => entryBytes(maker), decodeNflogEntry],
      [() => encodeSilenceBlob(maker.times(3, () => ({ bytes: silenceBytes(maker) }))), splitSilences],
      [() => encodeNflogBlob(maker.times(3, () => ({ bytes: entryBytes(maker) }))), splitNflog],
      [() => batchBytes(maker), (bytes) => alertBatchCodec.decode(bytes)],
    ];
    const [make, decode] = maker.pick(decoders);
    const bytes = maker.chance(10) ? maker.random.bytes(maker.random.below(300)) : maker.damagedBytes(make());
    return decoding(Buffer.from(bytes).toString('hex'), () => void decode(bytes));
  },
};
