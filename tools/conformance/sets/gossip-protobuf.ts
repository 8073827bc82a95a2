/** Messages that Alertmanager's generated code wrote: read, compared with what they say, and written again to the same bytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
import {
  decodeFullState,
  decodePart,
  encodeFullState,
  encodePart,
  encodeTlsFrame,
  splitTlsFrame,
} from '@tocsin/cluster/testing';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';
import { nflogJson, receiverDataJson, silenceJson } from '../decoded-entries.ts';

interface Vector {
  readonly name: string;
  readonly type: string;
  readonly hex?: string;
  readonly delimited_hex?: string;
  readonly decoded: Readonly<Record<string, unknown>>;
}
/** What we read, and what we write again. */
interface Seen {
  readonly json: unknown;
  readonly again: Uint8Array;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const onlyOne = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`${items.length} entries instead of one`);
  return item;
};

const READERS: Readonly<Record<string, (bytes: Uint8Array) => Seen>> = {
  MeshEntry: (bytes) => {
    const entry = decodeNflogEntry(onlyOne(splitNflog(bytes)).bytes);
    return { json: nflogJson(entry), again: encodeNflogBlob([{ bytes: encodeNflogEntry(entry) }]) };
  },
  MeshSilence: (bytes) => {
    const silence = decodeSilence(onlyOne(splitSilences(bytes)).bytes);
    return { json: silenceJson(silence), again: encodeSilenceBlob([{ bytes: encodeSilence(silence) }]) };
  },
  ReceiverDataValue: (bytes) => {
    const value = Buffer.concat([Buffer.from([0x12, bytes.length]), bytes]);
    const entry = Buffer.concat([Buffer.from([0x12, 0, 0x42, value.length]), value]);
    const decoded = decodeNflogEntry(Buffer.concat([Buffer.from([0x0a, entry.length]), entry]));
    const written = Buffer.from(encodeNflogEntry(decoded));
    return {
      json: receiverDataJson(decoded.receiverData.get('')),
      again: written.subarray(written.indexOf(bytes)).subarray(0, bytes.length),
    };
  },
  Part: (bytes) => {
    const part = decodePart(bytes);
    return { json: partJson(part), again: encodePart(part) };
  },
  FullState: (bytes) => {
    const parts = decodeFullState(bytes);
    return { json: { parts: parts.map(partJson) }, again: encodeFullState(parts) };
  },
  MemberlistMessage: (bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    const frame = splitTlsFrame(Buffer.concat([length, bytes]))?.frame;
    if (frame === undefined) throw new Error('the frame is cut off');
    const json = {
      version: 'v0.1.0',
      ...(frame.kind === 'packet' ? { kind: '1' } : {}),
      ...(frame.from === '' ? {} : { from_addr: frame.from }),
      ...(frame.bytes.length === 0 ? {} : { msg: hex(frame.bytes) }),
    };
    return { json, again: encodeTlsFrame(frame).subarray(4) };
  },
};

const partJson = ({ key, data }: { readonly key: string; readonly data: Uint8Array }): unknown =>
  data.length === 0 ? { key } : { key, data: hex(data) };

export const set: ConformanceSet = {
  area: 'gossip',
  name: 'protobuf',
  run: (dir) => {
    const file = readFileSync(join(dir, 'gossip/protobuf.json'), 'utf8');
    const { vectors } = JSON.parse(file) as { readonly vectors: readonly Vector[] };
    const failed: CaseNote[] = [];
    for (const vector of vectors) {
      const why = judge(vector);
      if (why !== undefined) failed.push({ case: vector.name, why });
    }
    return { passed: vectors.length - failed.length, failed, notCovered: [] };
  },
};

function judge(vector: Vector): string | undefined {
  const bytes = new Uint8Array(Buffer.from(vector.delimited_hex ?? vector.hex ?? '', 'hex'));
  try {
    const seen = READERS[vector.type]?.(bytes);
    if (seen === undefined) return `no reader for ${vector.type}`;
    // An old record is read as what it means, and written in today's form.
    const isOldForm = vector.name === 'silence_legacy_comments';
    const [is, wanted] = [
      JSON.stringify(seen.json),
      JSON.stringify(isOldForm ? modern(vector.decoded) : vector.decoded),
    ];
    if (is !== wanted) return `${is}, expected ${wanted}`;
    return isOldForm || hex(seen.again) === hex(bytes) ? undefined : `written again as ${hex(seen.again)}`;
  } catch (error) {
    return String(error);
  }
}

function modern(decoded: Vector['decoded']): unknown {
  const { comments, ...silence } = decoded['silence'] as Readonly<Record<string, unknown>>;
  const [first] = comments as readonly { readonly author: string; readonly comment: string }[];
  const matcherSets = [{ matchers: silence['matchers'] }];
  return {
    silence: { ...silence, created_by: first?.author, comment: first?.comment, matcher_sets: matcherSets },
    expires_at: decoded['expires_at'],
  };
}
