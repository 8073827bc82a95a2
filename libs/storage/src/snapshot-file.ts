/**
 * Alertmanager's own snapshot files, `nflog` and `silences`: protobuf messages, each with its length as
 * a varint in front. Entries are kept as they are, so that fields of newer releases survive. What is
 * inside an entry is not known here: the splitter that is handed in knows.
 */
import type { StateRow } from '@tocsin/kernel';

export type SnapshotEntry = Omit<StateRow, 'tenant'>;

/** Takes length-delimited entries apart; `bytes` of each without its length. Throws when one is bad. */
export type SnapshotSplitter = (blob: Uint8Array) => readonly SnapshotEntry[];

export interface SnapshotContent {
  readonly entries: readonly SnapshotEntry[];
  /** Undefined: the file is sound. Else what was wrong with the first bad entry. */
  readonly damage: unknown;
  readonly lostEntries: number;
}

/** Of a damaged file every entry that can be read on its own is kept. */
export function readSnapshot(blob: Buffer, split: SnapshotSplitter): SnapshotContent {
  try {
    return { entries: split(blob), damage: undefined, lostEntries: 0 };
  } catch (damage) {
    const entries: SnapshotEntry[] = [];
    let lostEntries = 0;
    for (const single of singles(blob)) {
      try {
        entries.push(...split(single));
      } catch {
        lostEntries++;
      }
    }
    return { entries, damage, lostEntries };
  }
}

/** Each entry with its length in front; the last may be cut off. */
function* singles(blob: Buffer): Iterable<Buffer> {
  for (let at = 0; at < blob.length;) {
    let length = 0;
    let start = at;
    for (let factor = 1; start < blob.length; factor *= 128) {
      const byte = blob[start++] ?? 0;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    const end = Math.min(blob.length, start + length);
    yield blob.subarray(at, end);
    at = end;
  }
}

export function* delimited(entries: Iterable<Pick<StateRow, 'bytes'>>): Iterable<Uint8Array> {
  for (const { bytes } of entries) {
    yield varint(bytes.length);
    yield bytes;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
