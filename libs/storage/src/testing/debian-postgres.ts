/**
 * A throw-away PostgreSQL server from Debian's package, for tests: in a temporary folder, on a free
 * port, as user `postgres` when the tests run as root.
 */
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@tocsin/kernel';
import { startPostgresServer } from '../postgres-server.ts';
import type { PostgresServer } from '../postgres-server.ts';
import { serverAccount } from '../server-account.ts';
import { listLogger } from './node-seams.ts';

export interface DebianPostgres {
  /** The same before and after a restart. */
  readonly url: string;
  /** Fast shutdown; `start` brings it back with its data. */
  stop(): Promise<void>;
  /** As a crash: nothing more is written. */
  kill(): Promise<void>;
  /** After `stop` or `kill`, on the same port. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops the server and deletes its data. */
  remove(): Promise<void>;
}

const versionsDir = '/usr/lib/postgresql';

/** The newest one installed, e.g. `/usr/lib/postgresql/15/bin`. */
export function debianPostgresBinDir(): string | undefined {
  if (!existsSync(versionsDir)) return undefined;
  return readdirSync(versionsDir)
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(versionsDir, version, 'bin'))
    .find((dir) => existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres')));
}

/**
 * Why tests that need a server can't run here; prints it once. Undefined: they can, and with CI=true
 * they must: a server that is missing there fails the tests instead of hiding them.
 */
export function noDebianPostgres(): string | undefined {
  if (debianPostgresBinDir() !== undefined || process.env['CI'] === 'true') return undefined;
  const notice = `skipped: no PostgreSQL server in ${versionsDir}; apt-get install postgresql`;
  console.warn(notice);
  return notice;
}

export async function startDebianPostgres(
  options: { readonly logger?: Logger } = {},
): Promise<DebianPostgres> {
  const binDir = debianPostgresBinDir();
  if (binDir === undefined)
    throw new Error(`no PostgreSQL server in ${versionsDir}: apt-get install postgresql`);
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-debian-postgres-'));
  // The server's account has to pass through it.
  await chmod(folder, 0o711);
  const account = await serverAccount();
  const logger = options.logger ?? listLogger();
  const launch = (port: number): Promise<PostgresServer> =>
    startPostgresServer({ programs: { binDir }, account, dataDir: join(folder, 'data'), port, logger });
  let server = await launch(0);
  const start = async (): Promise<void> => {
    server = await launch(server.port);
  };
  return {
    url: server.url,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start,
    restart: async () => {
      await server.stop();
      await start();
    },
    remove: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
