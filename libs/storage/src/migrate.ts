/**
 * Brings a database to the newest schema. All missing steps are one transaction, under an advisory
 * lock that waits: of replicas that start together one migrates, and the others find it done. The
 * lock ends with the transaction, so a replica that dies in between leaves nothing behind.
 */
import { AppError } from '@tocsin/kernel';
import type { Logger } from '@tocsin/kernel';
import type { ClientBase } from 'pg';
import type { Migration } from './migrations.ts';

/** Any number will do, as long as nobody else who uses this database locks the same ("tocs" in ASCII). */
const advisoryLock = 0x746f6373;

export interface MigrateOptions {
  readonly logger: Logger;
  /** For the wait and for each statement. */
  readonly timeoutMs: number;
}

/** Rejects with AppError `precondition` when the database is newer than `known`; then nothing is changed. */
export async function migrate(
  client: ClientBase,
  known: readonly Migration[],
  { logger, timeoutMs }: MigrateOptions,
): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL statement_timeout = ${Math.trunc(timeoutMs)}`);
    await lock(client, logger, timeoutMs);
    const applied = await appliedVersions(client);
    refuseNewer(applied, known);
    for (const migration of known) {
      if (!applied.has(migration.version)) await apply(client, migration, { logger, timeoutMs });
    }
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw cause;
  }
}

async function lock(client: ClientBase, logger: Logger, timeoutMs: number): Promise<void> {
  const free = await client.query<{ is_mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS is_mine', [
    advisoryLock,
  ]);
  if (free.rows[0]?.is_mine === true) return;
  logger.info('Another replica is migrating the database; waiting for it');
  await client.query(withTimeout(`SELECT pg_advisory_xact_lock(${advisoryLock})`, timeoutMs));
}

async function appliedVersions(client: ClientBase): Promise<ReadonlySet<number>> {
  // Asked first, so that an up-to-date database needs no right to create tables.
  const present = await client.query<{ is_present: boolean }>(
    `SELECT to_regclass('tocsin_migrations') IS NOT NULL AS is_present`,
  );
  if (present.rows[0]?.is_present !== true) {
    await client.query(
      `CREATE TABLE tocsin_migrations (
         version    int4        PRIMARY KEY,
         name       text        NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now()
       )`,
    );
  }
  const { rows } = await client.query<{ version: number }>('SELECT version FROM tocsin_migrations');
  return new Set(rows.map(({ version }) => version));
}

function refuseNewer(applied: ReadonlySet<number>, known: readonly Migration[]): void {
  const newest = Math.max(0, ...known.map(({ version }) => version));
  const stored = Math.max(0, ...applied);
  if (stored <= newest) return;
  throw new AppError(
    'precondition',
    `database schema: version is ${stored}, this program knows up to ${newest}: ` +
      'start the newer release that migrated it, or give this one another database',
    { facts: { stored, newest } },
  );
}

async function apply(
  client: ClientBase,
  migration: Migration,
  { logger, timeoutMs }: MigrateOptions,
): Promise<void> {
  await client.query(withTimeout(migration.sql, timeoutMs));
  await client.query('INSERT INTO tocsin_migrations (version, name) VALUES ($1, $2)', [
    migration.version,
    migration.name,
  ]);
  logger.info('The database schema was migrated', { version: migration.version, name: migration.name });
}

/** The pool's own limit for a query is meant for state rows. */
const withTimeout = (
  text: string,
  timeoutMs: number,
): { readonly text: string; readonly query_timeout: number } => ({
  text,
  query_timeout: timeoutMs,
});
