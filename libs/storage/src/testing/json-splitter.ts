/** Entries of JSON in place of protobuf: enough for tests of what happens around them. */
import type { SnapshotSplitter } from '../snapshot-file.ts';
import type { SnapshotSplitters } from '../state-folder.ts';

export const jsonSplitter: SnapshotSplitter = (blob) => {
  const entries: ReturnType<SnapshotSplitter>[number][] = [];
  for (let at = 0; at < blob.length;) {
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = blob[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    if (at + length > blob.length) throw new Error(`entry of ${length} bytes is cut off`);
    const bytes = blob.subarray(at, at + length);
    entries.push({
      ...(JSON.parse(Buffer.from(bytes).toString('utf8')) as Omit<(typeof entries)[number], 'bytes'>),
      bytes,
    });
    at += length;
  }
  return entries;
};

export const jsonSplitters: SnapshotSplitters = { nflog: jsonSplitter, silence: jsonSplitter };
