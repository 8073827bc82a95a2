/**
 * @module storage/postgres-state-store
 *
 * State rows in PostgreSQL, shared by all replicas. The rule "only a greater (seconds, nanos)
 * replaces" is in the statement itself, so no replica can overwrite something newer, whatever it
 * believed when it wrote.
 *
 * Rows of a batch are written in the order of their keys: two replicas that write the same rows wait
 * for each other instead of deadlocking.
 */
import { createHash } from 'node:crypto';
import type { StateKind, StateRow, StateStore } from '@tocsin/kernel';
import { decodeKeyText, encodeKeyText } from './key-text.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { PostgresOptions, SqlSession, Statement } from './postgres-database.ts';
import { acceptedRows } from './rows.ts';
import type { RowId, RowVersion } from './rows.ts';

export interface PostgresStateStore extends StateStore {
  /**
   * Connects and migrates now instead of at the first use, to fail early and clearly. Rejects with
   * AppError `unavailable` or `precondition`; may be called again.
   */
  ready(): Promise<void>;
}

/** One statement's worth; a merge of more rows or bytes is several, in one transaction. */
const chunkRowsMax = 5_000;
const chunkBytesMax = 8 * 1024 * 1024;
const loadPageRows = 10_000;
const garbageChunkRows = 5_000;

export function postgresStateStore(options: PostgresOptions): PostgresStateStore {
  return postgresStateStoreOn(new PostgresDatabase(options));
}

/** On a database that others use too; `close` closes it. */
export function postgresStateStoreOn(database: PostgresDatabase): PostgresStateStore {
  return {
    ready: () => database.ready(),
    merge: (kind, rows) => merge(database, kind, rows),
    load: (kind, nowMs) => database.run(`loading ${kind} rows`, (session) => load(session, kind, nowMs)),
    remove: (kind, rows) => remove(database, kind, rows),
    collectGarbage: (kind, nowMs) =>
      database.run(`collecting expired ${kind} rows`, (session) => collectGarbage(session, kind, nowMs)),
    close: () => database.close(),
  };
}

const mergeStatement: Statement = {
  name: 'tocsin_state_merge',
  text: `
    INSERT INTO tocsin_state AS stored (kind, tenant, key, long_key, seconds, nanos, expires_at_ms, bytes)
    SELECT $1, fresh.* FROM
      unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::int8[], $6::int4[], $7::int8[], $8::bytea[]) AS fresh
    ON CONFLICT (kind, tenant, key) DO UPDATE SET
      seconds = excluded.seconds,
      nanos = excluded.nanos,
      expires_at_ms = excluded.expires_at_ms,
      bytes = excluded.bytes
    WHERE (excluded.seconds, excluded.nanos) > (stored.seconds, stored.nanos)`,
};

async function merge(database: PostgresDatabase, kind: StateKind, rows: readonly StateRow[]): Promise<void> {
  const chunks = inChunks(inKeyOrder(acceptedRows(rows)));
  if (chunks.length === 0) return;
  const writeAll = async (session: SqlSession): Promise<void> => {
    for (const chunk of chunks) await session.query(mergeStatement, mergeValues(kind, chunk));
  };
  const doing = `storing ${rows.length} ${kind} rows`;
  await (chunks.length === 1 ? database.run(doing, writeAll) : database.transaction(doing, writeAll));
}

const mergeValues = (
  kind: StateKind,
  chunk: readonly Keyed<StateRow>[],
): Parameters<SqlSession['query']>[1] => [
  kind,
  chunk.map(({ tenant }) => tenant),
  chunk.map(({ key }) => key),
  chunk.map(({ longKey }) => longKey),
  chunk.map(({ row }) => row.seconds),
  chunk.map(({ row }) => row.nanos),
  chunk.map(({ row }) => row.expiresAtMs),
  chunk.map(({ row }) => row.bytes),
];

interface StoredRow {
  readonly tenant: Buffer;
  readonly key: Buffer;
  readonly long_key: Buffer | null;
  readonly seconds: string;
  readonly nanos: number;
  readonly expires_at_ms: string;
  readonly bytes: Buffer;
}

const loadColumns = 'SELECT tenant, key, long_key, seconds, nanos, expires_at_ms, bytes FROM tocsin_state';
const loadFirstStatement: Statement = {
  name: 'tocsin_state_load_first',
  text: `${loadColumns} WHERE kind = $1 AND expires_at_ms > $2 ORDER BY tenant, key LIMIT $3`,
};
const loadNextStatement: Statement = {
  name: 'tocsin_state_load_next',
  text: `${loadColumns} WHERE kind = $1 AND expires_at_ms > $2 AND (tenant, key) > ($4, $5)
    ORDER BY tenant, key LIMIT $3`,
};

/** Page by page, so that neither the statement timeout nor one huge answer limits how much there may be. */
async function load(session: SqlSession, kind: StateKind, nowMs: number): Promise<readonly StateRow[]> {
  const loaded: StateRow[] = [];
  const first = [kind, Math.floor(nowMs), loadPageRows];
  let page = (await session.query<StoredRow>(loadFirstStatement, first)).rows;
  for (;;) {
    for (const stored of page) loaded.push(asStateRow(stored));
    const last = page.at(-1);
    if (last === undefined || page.length < loadPageRows) return loaded;
    page = (await session.query<StoredRow>(loadNextStatement, [...first, last.tenant, last.key])).rows;
  }
}

const asStateRow = (stored: StoredRow): StateRow => ({
  tenant: decodeKeyText(stored.tenant),
  key: decodeKeyText(stored.long_key ?? stored.key),
  seconds: Number(stored.seconds),
  nanos: stored.nanos,
  expiresAtMs: Number(stored.expires_at_ms),
  bytes: new Uint8Array(stored.bytes.buffer, stored.bytes.byteOffset, stored.bytes.byteLength),
});

const removeStatement: Statement = {
  name: 'tocsin_state_remove',
  // Locked in the order of their keys, as merges do.
  text: `
    DELETE FROM tocsin_state AS stored
    USING (
      SELECT held.tenant, held.key FROM tocsin_state AS held
      JOIN unnest($2::bytea[], $3::bytea[], $4::int8[], $5::int4[]) AS named (tenant, key, seconds, nanos)
        ON held.tenant = named.tenant AND held.key = named.key
      WHERE held.kind = $1 AND (held.seconds, held.nanos) <= (named.seconds, named.nanos)
      ORDER BY held.tenant, held.key FOR UPDATE OF held
    ) AS doomed
    WHERE stored.kind = $1 AND stored.tenant = doomed.tenant AND stored.key = doomed.key`,
};

async function remove(
  database: PostgresDatabase,
  kind: StateKind,
  rows: readonly (RowId & RowVersion)[],
): Promise<void> {
  if (rows.length === 0) return;
  const ordered = inKeyOrder(rows);
  await database.run(`forgetting ${rows.length} ${kind} rows`, async (session) => {
    for (let at = 0; at < ordered.length; at += chunkRowsMax) {
      const chunk = ordered.slice(at, at + chunkRowsMax);
      await session.query(removeStatement, [
        kind,
        chunk.map(({ tenant }) => tenant),
        chunk.map(({ key }) => key),
        chunk.map(({ row }) => row.seconds),
        chunk.map(({ row }) => row.nanos),
      ]);
    }
  });
}

const garbageStatement: Statement = {
  name: 'tocsin_state_garbage',
  // SKIP LOCKED: replicas that collect at the same time share the work, and a row that is being
  // written now gets a new expiry.
  text: `
    DELETE FROM tocsin_state AS stored
    USING (
      SELECT tenant, key FROM tocsin_state
      WHERE kind = $1 AND expires_at_ms <= $2
      ORDER BY tenant, key LIMIT $3 FOR UPDATE SKIP LOCKED
    ) AS expired
    WHERE stored.kind = $1 AND stored.tenant = expired.tenant AND stored.key = expired.key`,
};

async function collectGarbage(session: SqlSession, kind: StateKind, nowMs: number): Promise<number> {
  let dropped = 0;
  for (;;) {
    const values = [kind, Math.floor(nowMs), garbageChunkRows];
    const { count } = await session.query(garbageStatement, values);
    dropped += count;
    if (count < garbageChunkRows) return dropped;
  }
}

/** A row with its key as the table holds it. */
interface Keyed<Row> {
  readonly row: Row;
  readonly tenant: Buffer;
  readonly key: Buffer;
  readonly longKey: Buffer | null;
}

/** Tenant, kind and key must fit into one index entry of 2,704 bytes. */
const indexedKeyBytesMax = 1_024;
const keptPrefixBytes = 960;
/** Never part of an encoded key, so a shortened one can't equal a short one. */
const shortenedMark = Buffer.from([0xff]);

function keyed<Row extends RowId>(row: Row): Keyed<Row> {
  const tenant = encodeKeyText(row.tenant);
  const key = encodeKeyText(row.key);
  if (key.length <= indexedKeyBytesMax) return { row, tenant, key, longKey: null };
  const digest = createHash('sha256').update(key).digest();
  const shortened = Buffer.concat([key.subarray(0, keptPrefixBytes), shortenedMark, digest]);
  return { row, tenant, key: shortened, longKey: key };
}

const inKeyOrder = <Row extends RowId>(rows: readonly Row[]): readonly Keyed<Row>[] =>
  rows.map(keyed).sort((left, right) => left.tenant.compare(right.tenant) || left.key.compare(right.key));

function inChunks(rows: readonly Keyed<StateRow>[]): readonly (readonly Keyed<StateRow>[])[] {
  const chunks: Keyed<StateRow>[][] = [];
  let bytes = chunkBytesMax;
  for (const each of rows) {
    const size = each.row.bytes.length + (each.longKey ?? each.key).length;
    let chunk = chunks.at(-1);
    if (chunk === undefined || chunk.length === chunkRowsMax || bytes + size > chunkBytesMax) {
      chunks.push((chunk = []));
      bytes = 0;
    }
    chunk.push(each);
    bytes += size;
  }
  return chunks;
}
