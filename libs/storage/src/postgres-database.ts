/**
 * @module storage/postgres-database
 *
 * A bounded pool of connections to one PostgreSQL database whose schema is up to date.
 *
 * Apart from the stores on it, so that migrations, time limits, retries and what a failure means are
 * the same for all of them. Whatever runs here must be idempotent: after a lost connection nobody can
 * tell whether a COMMIT arrived, so it is simply run again.
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type { Logger, Random, Timers } from '@tocsin/kernel';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import type { Migration } from './migrations.ts';
import { asAppError, isAnswer, isCollision } from './postgres-errors.ts';

export interface PostgresLimits {
  readonly connectionsMax: number;
  /** To get a connection: a new one from the server, or one that another query gives back. */
  readonly connectTimeoutMs: number;
  /** Enforced by the server; after twice this time the connection itself is given up. */
  readonly statementTimeoutMs: number;
  /** A replica that migrates a large table may take its time. */
  readonly migrationTimeoutMs: number;
  /** Tries when transactions collide, or a connection is lost. */
  readonly attemptsMax: number;
}

export const postgresLimits: PostgresLimits = {
  connectionsMax: 4,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 15_000,
  migrationTimeoutMs: 600_000,
  attemptsMax: 5,
};

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`. Never logged. */
  readonly url: string;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly random: Random;
  readonly limits?: Partial<PostgresLimits>;
  /** Another schema than Tocsin's own; for tests. */
  readonly migrations?: readonly Migration[];
}

export type SqlValue = string | number | Uint8Array | null | readonly (string | number | Uint8Array | null)[];

/** A statement that each connection parses and plans once; the name stands for the text. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface SqlResult<Row> {
  readonly rows: readonly Row[];
  /** Rows written or deleted. */
  readonly count: number;
}

export interface SqlSession {
  query<Row>(statement: Statement, values: readonly SqlValue[]): Promise<SqlResult<Row>>;
}

const reconnectPauseMs = 50;

export class PostgresDatabase {
  readonly #options: PostgresOptions;
  readonly #limits: PostgresLimits;
  readonly #pool: pg.Pool;
  readonly #where: string;
  #migrated: Promise<void> | undefined;
  #isAway = false;
  #closed: Promise<void> | undefined;

  /** Throws AppError `invalid` when the URL is none. Connects when it is first used. */
  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#limits = { ...postgresLimits, ...options.limits };
    this.#where = placeOf(options.url);
    this.#pool = new pg.Pool({
      connectionString: options.url,
      application_name: 'tocsin',
      max: this.#limits.connectionsMax,
      connectionTimeoutMillis: this.#limits.connectTimeoutMs,
      statement_timeout: this.#limits.statementTimeoutMs,
      query_timeout: this.#limits.statementTimeoutMs * 2,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
    });
    // An idle connection that the server closes; the pool has dropped it already.
    this.#pool.on('error', (cause) => this.#noteAway(cause));
  }

  /** Brings the schema up to date; done once, before whatever comes first. Rejects like `run`. */
  ready(): Promise<void> {
    this.#migrated ??= this.#migrate().catch((cause: unknown) => {
      this.#migrated = undefined;
      throw cause;
    });
    return this.#migrated;
  }

  /**
   * `doing` names the work in errors. Rejects with AppError `unavailable` (away, overloaded, read-only),
   * `invalid` (a value the schema can't hold) or `precondition` (schema, user or rights are wrong).
   */
  async run<T>(doing: string, work: (session: SqlSession) => Promise<T>): Promise<T> {
    await this.ready();
    return this.#attempt(doing, (client) => work(sessionOf(client)));
  }

  /** Like `run`, in one transaction: all or none. */
  transaction<T>(doing: string, work: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.run(doing, async (session) => {
      await session.query(begin, []);
      try {
        const result = await work(session);
        await session.query(commit, []);
        return result;
      } catch (cause) {
        // When this fails too the connection is broken, and its error decides what happens next.
        await session.query(rollback, []);
        throw cause;
      }
    });
  }

  /** Waits for the queries under way, which the statement timeout bounds. */
  close(): Promise<void> {
    return (this.#closed ??= this.#pool.end());
  }

  async #migrate(): Promise<void> {
    const { logger } = this.#options;
    const known = this.#options.migrations ?? migrations;
    await this.#attempt('migrating the schema', (client) =>
      migrate(client, known, { logger, timeoutMs: this.#limits.migrationTimeoutMs }),
    );
  }

  async #attempt<T>(doing: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed !== undefined) throw new AppError('unavailable', `PostgreSQL, ${doing}: closed`);
      try {
        const result = await this.#withClient(work);
        this.#noteBack();
        return result;
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        const isLost = !isAnswer(cause);
        // A pool that sat idle over a restart of the server holds dead connections: one more try is enough.
        const attemptsMax = isLost ? 2 : isCollision(cause) ? this.#limits.attemptsMax : 1;
        if (attempt < attemptsMax) {
          await this.#pause(attempt);
          continue;
        }
        if (isLost) this.#noteAway(cause);
        throw asAppError(cause, doing, this.#where);
      }
    }
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    // Until it is given back, a connection that breaks reports it here as well as to the query.
    client.on('error', ignore);
    try {
      const result = await work(client);
      client.off('error', ignore);
      client.release();
      return result;
    } catch (cause) {
      client.off('error', ignore);
      client.release(!isAnswer(cause) && !(cause instanceof AppError));
      throw cause;
    }
  }

  #pause(attempt: number): Promise<void> {
    const { random, timers } = this.#options;
    const longest = reconnectPauseMs * 2 ** (attempt - 1);
    return new Promise((resolve) => timers.after(longest * (0.5 + random.float() / 2), resolve));
  }

  #noteAway(cause: unknown): void {
    if (this.#isAway || this.#closed !== undefined) return;
    this.#isAway = true;
    this.#options.logger.warn(
      'The database is away; state is kept in memory until it is back. Check the server',
      {
        database: this.#where,
        err: messageOf(cause),
      },
    );
  }

  #noteBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#options.logger.info('The database is back', { database: this.#where });
  }
}

const begin: Statement = { name: '', text: 'BEGIN' };
const commit: Statement = { name: '', text: 'COMMIT' };
const rollback: Statement = { name: '', text: 'ROLLBACK' };

const ignore = (): void => undefined;

function sessionOf(client: pg.PoolClient): SqlSession {
  return {
    async query<Row>({ name, text }: Statement, values: readonly SqlValue[]) {
      const named = name === '' ? {} : { name };
      const result = await client.query({ ...named, text, values: [...values] });
      return { rows: result.rows as readonly Row[], count: result.rowCount ?? 0 };
    },
  };
}

/** `host:port/database`, which is safe to show. */
function placeOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw AppError.invalid(
      'database URL can not be read, expected postgres://user:password@host:port/database',
    );
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw AppError.invalid(`database URL starts with "${parsed.protocol}", expected "postgres:"`);
  }
  return `${parsed.hostname}:${parsed.port === '' ? '5432' : parsed.port}${parsed.pathname}`;
}
