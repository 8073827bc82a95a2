/** Debian's PostgreSQL for one test, with a fresh data folder. */
import { noDebianPostgres, startDebianPostgres, type DebianPostgres } from '@tocsin/storage/testing';
import type { Stage } from './processes.ts';

/** Whether tests that need it run; with CI=true they always do. */
export const hasPostgres = (): boolean => noDebianPostgres() === undefined;

export async function startDatabase(stage: Stage): Promise<DebianPostgres> {
  const database = await startDebianPostgres();
  stage.onEnd(() => database.remove());
  return database;
}
