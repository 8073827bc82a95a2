/** Snapshot files, and log entries and silences gossiped between real peers: read, compared, and written again to the same bytes. */
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
import { decodePart, openPacket, splitLabel } from '@tocsin/cluster/testing';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';
import { nflogJson, silenceJson } from '../decoded-entries.ts';

interface Vector {
  readonly name: string;
  readonly transport?: string;
  readonly hex?: string;
  readonly file?: string;
  readonly decoded: unknown;
}
interface Blob {
  readonly name: string;
  readonly channel: string;
  readonly bytes: Uint8Array;
  readonly entries: readonly unknown[];
}

export const set: ConformanceSet = {
  area: 'gossip',
  name: 'snapshots',
  covers: ['gossip/snapshot*'],
  run: (dir) => {
    const vectors = JSON.parse(readFileSync(join(dir, 'gossip/index.json'), 'utf8')) as readonly Vector[];
    const blobs = vectors.flatMap((vector) => [...snapshotOf(vector, dir), ...gossipedIn(vector)]);
    const failed: CaseNote[] = [];
    for (const blob of blobs) {
      const why = judge(blob);
      if (why !== undefined) failed.push({ case: blob.name, why });
    }
    return { passed: blobs.length - failed.length, failed, notCovered: [] };
  },
};

function judge({ channel, bytes, entries }: Blob): string | undefined {
  const read = channel === 'nfl' ? readNflog : readSilences;
  try {
    const { json, again } = read(bytes);
    const [is, wanted] = [JSON.stringify(json), JSON.stringify(entries)];
    if (is !== wanted) return `${is}, expected ${wanted}`;
    return Buffer.compare(again, bytes) === 0
      ? undefined
      : `written again as ${Buffer.from(again).toString('hex')}`;
  } catch (error) {
    return String(error);
  }
}

function readNflog(blob: Uint8Array): { readonly json: unknown; readonly again: Uint8Array } {
  const entries = splitNflog(blob).map(({ bytes }) => decodeNflogEntry(bytes));
  return {
    json: entries.map(nflogJson),
    again: encodeNflogBlob(entries.map((entry) => ({ bytes: encodeNflogEntry(entry) }))),
  };
}

function readSilences(blob: Uint8Array): { readonly json: unknown; readonly again: Uint8Array } {
  const silences = splitSilences(blob).map(({ bytes }) => decodeSilence(bytes));
  return {
    json: silences.map(silenceJson),
    again: encodeSilenceBlob(silences.map((silence) => ({ bytes: encodeSilence(silence) }))),
  };
}

function snapshotOf({ name, file, decoded }: Vector, dir: string): readonly Blob[] {
  if (!name.startsWith('snapshot_') || file === undefined) return [];
  const channel = name === 'snapshot_nflog' ? 'nfl' : 'sil';
  const bytes = new Uint8Array(readFileSync(join(dir, 'gossip', file)));
  return [{ name, channel, bytes, entries: decoded as readonly unknown[] }];
}

interface Gossiped {
  readonly part?: { readonly key: string; readonly entries?: readonly unknown[] };
}

function gossipedIn({ name, transport, hex, decoded }: Vector): readonly Blob[] {
  if (transport !== 'udp' || hex === undefined) return [];
  const { messages } = decoded as { readonly messages: readonly Gossiped[] };
  const wanted = messages.flatMap(({ part }) => (part?.entries === undefined ? [] : [part]));
  if (wanted.length === 0) return [];
  const packet = splitLabel(new Uint8Array(Buffer.from(hex, 'hex')));
  const parts = openPacket(packet?.rest ?? new Uint8Array(0)).messages.flatMap((message) =>
    message.type === 'user' ? [decodePart(message.payload)] : [],
  );
  return wanted.map(({ key, entries = [] }, index) => {
    const part = parts[index];
    return {
      name: `${name} ${index}`,
      channel: key,
      bytes: part?.key === key ? part.data : new Uint8Array(0),
      entries,
    };
  });
}
