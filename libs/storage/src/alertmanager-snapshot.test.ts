/** Files that a real Alertmanager 0.33.1 left behind, read and written back. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StateStore } from '@tocsin/kernel';
import { fileStateStore } from './file-state-store.ts';
import type { SnapshotEntry } from './snapshot-file.ts';
import { listLogger, nodeClock, nodeTimers } from './testing/node-seams.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const conformance = process.env['CONFORMANCE_DIR'] ?? join(root, 'shared/conformance');
const gossip = join(conformance, 'gossip');
const isAbsent = !existsSync(join(gossip, 'index.json')) && process.env['CI'] !== 'true';
if (isAbsent) console.warn(`skipped: no conformance data in ${conformance}`);

interface Stamp {
  readonly seconds: string;
  readonly nanos?: string;
}
interface Case {
  readonly name: string;
  readonly file: string;
  readonly decoded: readonly {
    readonly entry?: {
      readonly group_key: string;
      readonly receiver: { readonly group_name: string; readonly integration: string; readonly idx?: string };
      readonly timestamp: Stamp;
    };
    readonly silence?: { readonly id: string; readonly updated_at: Stamp };
    readonly expires_at: Stamp;
  }[];
}

/** The fields of one protobuf message: numbers, or bytes. The last of a repeated field is enough here. */
function fieldsOf(message: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('message is cut off');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if (tag % 8 === 0) fields.set(tag >> 3, varint());
    else {
      const length = varint();
      if (tag % 8 !== 2 || at + length > message.length) throw new Error(`tag ${tag} does not fit`);
      fields.set(tag >> 3, message.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

const part = (message: Uint8Array, field: number): Uint8Array => {
  const value = fieldsOf(message).get(field);
  if (!(value instanceof Uint8Array)) throw new Error(`field ${field} is absent`);
  return value;
};
const textOf = (message: Uint8Array, field: number): string =>
  Buffer.from(part(message, field)).toString('utf8');
const stampOf = (stamp: Uint8Array): { seconds: number; nanos: number } => ({
  seconds: Number(fieldsOf(stamp).get(1) ?? 0),
  nanos: Number(fieldsOf(stamp).get(2) ?? 0),
});

function splitWith(readEntry: (bytes: Uint8Array) => Pick<SnapshotEntry, 'key' | 'seconds' | 'nanos'>) {
  return (blob: Uint8Array): readonly SnapshotEntry[] => {
    const entries: SnapshotEntry[] = [];
    for (let at = 0; at < blob.length;) {
      let length = 0;
      let byte: number;
      let factor = 1;
      do {
        byte = blob[at++] ?? 0;
        length += (byte & 0x7f) * factor;
        factor *= 128;
      } while (byte >= 0x80);
      if (at + length > blob.length) throw new Error('entry is cut off');
      const bytes = blob.subarray(at, at + length);
      const expiry = stampOf(part(bytes, 2));
      entries.push({ ...readEntry(bytes), expiresAtMs: expiry.seconds * 1_000 + expiry.nanos / 1e6, bytes });
      at += length;
    }
    return entries;
  };
}

const splitters = {
  nflog: splitWith((bytes) => {
    const entry = part(bytes, 1);
    const receiver = part(entry, 2);
    const index = Number(fieldsOf(receiver).get(3) ?? 0);
    return {
      key: `${textOf(entry, 1)}:${textOf(receiver, 1)}/${textOf(receiver, 2)}/${index}`,
      ...stampOf(part(entry, 5)),
    };
  }),
  silence: splitWith((bytes) => ({ key: textOf(part(bytes, 1), 1), ...stampOf(part(part(bytes, 1), 5)) })),
};

describe.skipIf(isAbsent)('the data directory of an Alertmanager', () => {
  const cases = isAbsent
    ? []
    : (JSON.parse(readFileSync(join(gossip, 'index.json'), 'utf8')) as readonly Case[]);
  const decoded = (name: string): Case['decoded'] => cases.find((each) => each.name === name)?.decoded ?? [];
  const original = (name: string): Buffer =>
    readFileSync(join(gossip, cases.find((each) => each.name === name)?.file ?? ''));

  function dataDirectory(): string {
    const path = mkdtempSync(join(tmpdir(), 'tocsin-alertmanager-data-'));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    writeFileSync(join(path, 'nflog'), original('snapshot_nflog'));
    writeFileSync(join(path, 'silences'), original('snapshot_silences'));
    return path;
  }
  const logger = listLogger();
  const openStore = (path: string): StateStore =>
    fileStateStore({ path, splitters, logger, clock: nodeClock, timers: nodeTimers });
  const versionOf = ({ seconds, nanos = '0' }: Stamp): string => `${seconds}.${nanos}`;

  it('just works: every entry is there, under its key and with its time to the nanosecond', async () => {
    const store = openStore(dataDirectory());
    const nflog = (await store.load('nflog', 0)).map(
      ({ key, nanos, seconds }) => `${key} ${seconds}.${nanos}`,
    );
    const expectedNflog = decoded('snapshot_nflog').map(({ entry }) => {
      const {
        group_name: group,
        idx = '0',
        integration,
      } = entry?.receiver ?? { group_name: '', integration: '' };
      return `${entry?.group_key}:${group}/${integration}/${idx} ${versionOf(entry?.timestamp ?? { seconds: '' })}`;
    });
    expect(nflog.sort()).toEqual(expectedNflog.sort());
    const silences = (await store.load('silence', 0)).map(
      ({ key, nanos, seconds }) => `${key} ${seconds}.${nanos}`,
    );
    const expectedSilences = decoded('snapshot_silences').map(
      ({ silence }) => `${silence?.id} ${versionOf(silence?.updated_at ?? { seconds: '' })}`,
    );
    expect(silences.sort()).toEqual(expectedSilences.sort());
    expect(expectedNflog.length + expectedSilences.length).toBeGreaterThan(5);
    await store.close();
    expect(logger.lines).toEqual([]);
  });

  it('is written back byte for byte, so that Alertmanager can take it over again', async () => {
    const path = dataDirectory();
    const store = openStore(path);
    const last = (await store.load('nflog', 0)).at(-1);
    if (last === undefined) throw new Error('the snapshot holds no entries');
    // A change to each file, and back, makes the store write both.
    for (const kind of ['nflog', 'silence'] as const) {
      await store.merge(kind, [{ ...last, key: 'added' }]);
      await store.remove(kind, [{ ...last, key: 'added' }]);
    }
    await store.close();
    expect(readFileSync(join(path, 'nflog'))).toEqual(original('snapshot_nflog'));
    expect(readFileSync(join(path, 'silences'))).toEqual(original('snapshot_silences'));
  });

  it('keeps all but the last entry of a snapshot that was cut off', async () => {
    const path = dataDirectory();
    const whole = original('snapshot_silences');
    writeFileSync(join(path, 'silences'), whole.subarray(0, whole.length - 1));
    const store = openStore(path);
    expect(await store.load('silence', 0)).toHaveLength(decoded('snapshot_silences').length - 1);
    await store.close();
  });
});
