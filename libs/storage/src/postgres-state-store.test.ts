import * as fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '@tocsin/kernel';
import type { StateRow } from '@tocsin/kernel';
import { migrations } from './migrations.ts';
import { postgresStateStore } from './postgres-state-store.ts';
import type { PostgresStateStore } from './postgres-state-store.ts';
import type { PostgresOptions } from './postgres-database.ts';
import { aRow, comparable } from './state-store.contract.ts';
import { noDebianPostgres, startDebianPostgres } from './testing/debian-postgres.ts';
import type { DebianPostgres } from './testing/debian-postgres.ts';
import { freePort } from './postgres-server.ts';
import { listLogger, nodeRandom, nodeTimers } from './testing/node-seams.ts';
import { newDatabase, sql } from './testing/test-database.ts';

const logger = listLogger();
const stores: PostgresStateStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

function openStore(url: string, options: Partial<PostgresOptions> = {}): PostgresStateStore {
  const store = postgresStateStore({ url, logger, timers: nodeTimers, random: nodeRandom, ...options });
  stores.push(store);
  return store;
}

const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const cause: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (cause instanceof AppError) return cause;
  throw new Error(`expected an AppError, got ${String(cause)}`);
};

describe('postgresStateStore without a server', () => {
  it('says that nothing answers, where, and never with which password', async () => {
    const url = `postgres://user:secret-word@127.0.0.1:${await freePort()}/tocsin`;
    const failure = await failureOf(openStore(url).merge('nflog', [aRow('a')]));
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toContain('127.0.0.1');
    expect(JSON.stringify([failure.message, failure.facts, logger.lines])).not.toContain('secret-word');
  });

  it.each(['not a url', 'mysql://user:secret-word@host/db'])('refuses the URL %s at once', (url) => {
    expect(() => openStore(url)).toThrow(/database URL/);
    expect(() => openStore(url)).not.toThrow(/secret-word/);
  });
});

describe.skipIf(noDebianPostgres() !== undefined)('postgresStateStore', () => {
  let server: DebianPostgres;
  beforeAll(async () => {
    server = await startDebianPostgres();
  }, 120_000);
  afterAll(() => server.remove());

  it('ends with the newest version everywhere, whichever of three replicas writes which version when', async () => {
    const url = await newDatabase(server.url);
    const replicas = [openStore(url), openStore(url), openStore(url)];
    const write = fc.record({
      replica: fc.nat(2),
      rows: fc.array(fc.record({ key: fc.nat(20), seconds: fc.nat(3), nanos: fc.nat(3) }), {
        minLength: 1,
        maxLength: 15,
      }),
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 20 }), async (writes) => {
        const prefix = `${++round}/`;
        const newest = new Map<string, StateRow>();
        const merges = writes.map(({ replica, rows }) => {
          const versions = rows.map(({ key, nanos, seconds }) =>
            aRow(`${prefix}${key}`, { seconds, nanos, bytes: Uint8Array.from([seconds, nanos]) }),
          );
          for (const row of versions) {
            const known = newest.get(row.key);
            if (known === undefined || row.seconds * 10 + row.nanos > known.seconds * 10 + known.nanos) {
              newest.set(row.key, row);
            }
          }
          return replicas[replica]?.merge('nflog', versions);
        });
        await Promise.all(merges);
        for (const replica of replicas) {
          const loaded = (await replica.load('nflog', 0)).filter(({ key }) => key.startsWith(prefix));
          expect(comparable(loaded)).toEqual(comparable([...newest.values()]));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('does not deadlock when replicas write, forget and collect the same rows in opposite orders', async () => {
    const url = await newDatabase(server.url);
    const replicas = [openStore(url), openStore(url), openStore(url)];
    const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
    const work = replicas.map(async (replica, which) => {
      const ordered = which === 1 ? keys.toReversed() : keys;
      for (let round = 1; round <= 15; round++) {
        await replica.merge(
          'alert',
          ordered.map((key) => aRow(key, { seconds: round, expiresAtMs: round })),
        );
        if (which === 2)
          await replica.remove(
            'alert',
            ordered.map((key) => aRow(key, { seconds: round - 5 })),
          );
        else await replica.collectGarbage('alert', round - 3);
      }
    });
    await Promise.all(work);
    const newest = (await replicas[0]?.load('alert', 0)) ?? [];
    expect(newest.map(({ seconds }) => seconds)).toEqual(keys.map(() => 15));
    // Sessions report what they counted when they end at the latest.
    await Promise.all(replicas.map((replica) => replica.close()));
    const counted = await sql(
      url,
      `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`,
    );
    expect(counted).toEqual([{ deadlocks: 0 }]);
  });

  it('has every acknowledged row after the server was killed and restarted under load, and goes on by itself', async () => {
    const url = await newDatabase(server.url);
    const replicas = [openStore(url), openStore(url), openStore(url)];
    await replicas[0]?.ready();
    const acknowledged = new Set<string>();
    const refusals = new Set<string>();
    let isEnough = false;
    const load = replicas.map(async (store, which) => {
      for (let n = 0; !isEnough; n++) {
        const rows = [aRow(`${which}/${n}/a`), aRow(`${which}/${n}/b`)];
        try {
          await store.merge('nflog', rows);
          for (const { key } of rows) acknowledged.add(key);
        } catch (cause) {
          refusals.add(cause instanceof AppError ? cause.code : String(cause));
        }
      }
    });
    const until = async (count: number): Promise<void> => {
      while (acknowledged.size < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(200);
    await server.kill();
    await server.start();
    await until(acknowledged.size + 200);
    await server.restart();
    await until(acknowledged.size + 200);
    isEnough = true;
    await Promise.all(load);
    const stored = new Set(((await replicas[0]?.load('nflog', 0)) ?? []).map(({ key }) => key));
    expect([...acknowledged].filter((key) => !stored.has(key))).toEqual([]);
    // All or none: what was not acknowledged is there as a pair, or not at all.
    expect(
      [...stored].filter((key) => !stored.has(key.replace(/.$/, key.endsWith('a') ? 'b' : 'a'))),
    ).toEqual([]);
    expect([...refusals].filter((code) => code !== 'unavailable')).toEqual([]);
  }, 120_000);

  it('rejects with `unavailable` while the server is stopped and needs no help when it is back', async () => {
    const url = await newDatabase(server.url);
    const store = openStore(url, { logger: listLogger() });
    await store.merge('silence', [aRow('before')]);
    await server.stop();
    expect((await failureOf(store.merge('silence', [aRow('during')]))).code).toBe('unavailable');
    expect((await failureOf(store.load('silence', 0))).code).toBe('unavailable');
    await server.start();
    await store.merge('silence', [aRow('after')]);
    expect((await store.load('silence', 0)).map(({ key }) => key).sort()).toEqual(['after', 'before']);
  }, 60_000);

  it('starts while the server is still away, and migrates when it comes', async () => {
    const url = await newDatabase(server.url);
    await server.stop();
    const store = openStore(url);
    expect((await failureOf(store.ready())).code).toBe('unavailable');
    await server.start();
    await store.merge('silence', [aRow('a')]);
    expect(await store.load('silence', 0)).toHaveLength(1);
  }, 60_000);

  it('stores more rows than one statement takes in one transaction: all or none', async () => {
    const url = await newDatabase(server.url);
    const store = openStore(url);
    await store.ready();
    await sql(
      url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'disk full, says the test' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON tocsin_state FOR EACH ROW
         WHEN (new.key = 'row 9998'::bytea) EXECUTE FUNCTION refuse()`,
    );
    const rows = Array.from({ length: 12_000 }, (_, index) => aRow(`row ${index}`));
    const failure = await failureOf(store.merge('group', rows));
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(failure.message).toContain('its disk is full');
    expect(await store.load('group', 0)).toEqual([]);
    await sql(url, 'DROP TRIGGER refuse ON tocsin_state');
    await store.merge('group', rows);
    expect(await store.load('group', 0)).toHaveLength(12_000);
  });

  it('loads rows that fill several pages exactly once each, long keys among them', async () => {
    const url = await newDatabase(server.url);
    const store = openStore(url);
    const rows = Array.from({ length: 20_000 }, (_, index) =>
      aRow(index % 1_000 === 0 ? `${'x'.repeat(1_500)}${index}` : `k${index}`, { tenant: String(index % 3) }),
    );
    await store.merge('alert', rows);
    const loaded = await store.load('alert', 0);
    expect(loaded).toHaveLength(20_000);
    expect(new Set(loaded.map(({ key, tenant }) => `${tenant} ${key}`)).size).toBe(20_000);
  });

  it('gives up a statement that waits too long for a lock, and keeps the connection', async () => {
    const url = await newDatabase(server.url);
    const store = openStore(url, { limits: { statementTimeoutMs: 200, connectionsMax: 1 } });
    await store.ready();
    const blocker = new pg.Client({ connectionString: url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE tocsin_state IN ACCESS EXCLUSIVE MODE');
    const failure = await failureOf(store.merge('alert', [aRow('a')]));
    await blocker.end();
    expect(failure).toMatchObject({ code: 'unavailable', facts: { code: '57014' } });
    await store.merge('alert', [aRow('a')]);
  });

  it('tells a wrong password from a server that is away', async () => {
    const url = new URL(server.url);
    url.password = 'wrong';
    expect((await failureOf(openStore(url.href).ready())).code).toBe('precondition');
  });

  it('calls a read-only standby unavailable and says what to do', async () => {
    const url = await newDatabase(server.url);
    await openStore(url).ready();
    await sql(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
    const standby = openStore(url);
    const failure = await failureOf(standby.merge('alert', [aRow('a')]));
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toContain('primary');
    expect(await standby.load('alert', 0)).toEqual([]);
  });

  describe('migrations', () => {
    it('are applied once when replicas start together, and all replicas are ready', async () => {
      const url = await newDatabase(server.url);
      const slow = { version: 2, name: 'slow', sql: 'SELECT pg_sleep(0.3); CREATE TABLE second ()' };
      const replicas = [1, 2, 3].map(() => openStore(url, { migrations: [...migrations, slow] }));
      await Promise.all(replicas.map((replica) => replica.ready()));
      expect(await sql(url, 'SELECT version FROM tocsin_migrations ORDER BY version')).toEqual([
        { version: 1 },
        { version: 2 },
      ]);
      await Promise.all(replicas.map((replica, index) => replica.merge('alert', [aRow(`${index}`)])));
      expect(await replicas[0]?.load('alert', 0)).toHaveLength(3);
    });

    it('leave nothing behind when one of them fails, and go through when it is mended', async () => {
      const url = await newDatabase(server.url);
      const broken = { version: 2, name: 'broken', sql: 'CREATE TABLE half (); SELECT no_such_function()' };
      expect((await failureOf(openStore(url, { migrations: [...migrations, broken] }).ready())).code).toBe(
        'precondition',
      );
      expect(
        await sql(url, `SELECT to_regclass('tocsin_state') AS state, to_regclass('half') AS half`),
      ).toEqual([{ state: null, half: null }]);
      await openStore(url).ready();
    });

    it('refuse a database of a newer release, naming both versions, and leave it alone', async () => {
      const url = await newDatabase(server.url);
      const newer = { version: 7, name: 'of the future', sql: 'SELECT 1' };
      await openStore(url, { migrations: [...migrations, newer] }).ready();
      const failure = await failureOf(openStore(url).merge('alert', [aRow('a')]));
      expect(failure).toMatchObject({ code: 'precondition', facts: { stored: 7, newest: 1 } });
      expect(await sql(url, 'SELECT count(*)::int AS rows FROM tocsin_state')).toEqual([{ rows: 0 }]);
    });

    it('keep the rows that an older release has stored', async () => {
      const url = await newDatabase(server.url);
      await openStore(url).merge('alert', [aRow('a')]);
      const second = { version: 2, name: 'second', sql: 'CREATE TABLE second ()' };
      const upgraded = openStore(url, { migrations: [...migrations, second] });
      expect(comparable(await upgraded.load('alert', 0))).toEqual(comparable([aRow('a')]));
    });

    it('are numbered without gaps', () => {
      expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
    });
  });
});
