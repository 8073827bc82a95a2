import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError } from '@tocsin/kernel';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { embeddedPrograms } from './postgres-programs.ts';
import { freePort, startPostgresServer } from './postgres-server.ts';
import { postgresStateStore } from './postgres-state-store.ts';
import type { PostgresServer } from './postgres-server.ts';
import { serverAccount } from './server-account.ts';
import { aRow } from './state-store.contract.ts';
import { listLogger, nodeRandom, nodeTimers } from './testing/node-seams.ts';
import { sql } from './testing/test-database.ts';

const nativeDir = findNativeDir();
const isRoot = process.getuid?.() === 0;
const timeoutMs = 120_000;

/** Undefined where the optional package is not installed. */
function findNativeDir(): string | undefined {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const programs = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(dirname(programs)), 'native');
  } catch {
    if (process.env['CI'] === 'true') throw new Error('embedded-postgres is not installed');
    console.warn('skipped: the optional package embedded-postgres is not installed');
    return undefined;
  }
}

function newFolder(mode = 0o755): string {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-embedded-'));
  chmodSync(folder, mode);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(dataDir: string, logger = listLogger()): Promise<PostgresServer> {
  const server = await startEmbeddedPostgres({ dataDir, logger });
  onTestFinished(() => server.stop());
  return server;
}

const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const cause: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (cause instanceof AppError) return cause;
  throw new Error(`expected an AppError, got ${String(cause)}`);
};

describe.skipIf(nativeDir === undefined)('startEmbeddedPostgres', () => {
  it(
    'prepares a database at the first start and finds its rows at the second',
    { timeout: timeoutMs },
    async () => {
      const dataDir = join(newFolder(), 'deep', 'data');
      const first = await start(dataDir);
      const seams = { logger: listLogger(), timers: nodeTimers, random: nodeRandom };
      const store = postgresStateStore({ url: first.url, ...seams });
      await store.merge('alert', [aRow('a')]);
      await store.close();
      await first.stop();
      await first.stop();
      const logger = listLogger();
      const second = await start(dataDir, logger);
      const again = postgresStateStore({ url: second.url, ...seams });
      expect((await again.load('alert', 0)).map(({ key }) => key)).toEqual(['a']);
      await again.close();
      expect(logger.lines.map(({ message }) => message)).not.toContain('Preparing a PostgreSQL database');
      expect(existsSync(join(dataDir, 'pg', 'postmaster.pid'))).toBe(true);
      await second.stop();
      expect(existsSync(join(dataDir, 'pg', 'postmaster.pid'))).toBe(false);
    },
  );

  it('listens on loopback only, and asks for a password', { timeout: timeoutMs }, async () => {
    const server = await start(join(newFolder(), 'data'));
    expect(await sql(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const url = new URL(server.url);
    url.password = 'guess';
    await expect(sql(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it(
    'refuses a data folder whose server is running and says which process that is',
    { timeout: timeoutMs },
    async () => {
      const dataDir = join(newFolder(), 'data');
      const server = await start(dataDir);
      const failure = await failureOf(startEmbeddedPostgres({ dataDir, logger: listLogger() }));
      expect(failure).toMatchObject({ code: 'precondition', facts: { pid: server.pid } });
      expect(failure.message).toContain(String(server.pid));
      expect(await sql(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
  );

  it(
    'starts after a crash whose process id belongs to somebody else by now',
    { timeout: timeoutMs },
    async () => {
      const dataDir = join(newFolder(), 'data');
      const server = await start(dataDir);
      await sql(server.url, 'CREATE TABLE kept ()');
      await server.kill();
      const account = await serverAccount();
      const ids = account === undefined ? {} : { uid: account.uid, gid: account.gid };
      // As PostgreSQL's own user, or it would ignore the process.
      const other = spawn('sleep', ['300'], { ...ids, cwd: '/' });
      onTestFinished(() => void other.kill('SIGKILL'));
      const lockFile = join(dataDir, 'pg', 'postmaster.pid');
      const lines = readFileSync(lockFile, 'utf8').split('\n');
      writeFileSync(lockFile, [String(other.pid), ...lines.slice(1)].join('\n'));
      const logger = listLogger();
      // Orphans of a killed server take a moment to notice.
      const again = await eventually(() => start(dataDir, logger));
      expect(await sql(again.url, 'SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 0 }]);
      expect(logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
        { facts: { pid: other.pid } },
      ]);
    },
  );

  it('starts on the lock file of a process that is gone', { timeout: timeoutMs }, async () => {
    const dataDir = join(newFolder(), 'data');
    const server = await start(dataDir);
    await server.kill();
    expect(existsSync(join(dataDir, 'pg', 'postmaster.pid'))).toBe(true);
    await start(dataDir);
  });

  it('builds a half-made data folder anew', { timeout: timeoutMs }, async () => {
    const dataDir = newFolder();
    mkdirSync(join(dataDir, 'pg.new'));
    writeFileSync(join(dataDir, 'pg.new', 'PG_VERSION'), '18\n');
    writeFileSync(join(dataDir, 'password'), 'left over\n');
    await start(dataDir);
  });

  it('refuses a data folder of another major version, naming both', { timeout: timeoutMs }, async () => {
    const dataDir = newFolder();
    mkdirSync(join(dataDir, 'pg'));
    writeFileSync(join(dataDir, 'pg', 'PG_VERSION'), '12\n');
    const failure = await failureOf(start(dataDir));
    expect(failure.code).toBe('precondition');
    expect(failure.message).toMatch(/version 12.*version 18/);
  });

  it('says so when the wanted port is taken', { timeout: timeoutMs }, async () => {
    const port = await freePort();
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void occupant.close());
    const failure = await failureOf(
      startEmbeddedPostgres({ dataDir: join(newFolder(), 'data'), port, logger: listLogger() }),
    );
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toContain('Address already in use');
  });

  it('ends when the process that started it is killed', { timeout: timeoutMs }, async () => {
    const dataDir = join(newFolder(), 'data');
    const server = await start(dataDir);
    await server.stop();
    const script = `
      import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded-postgres.ts'))};
      import { listLogger } from ${JSON.stringify(join(import.meta.dirname, 'testing/node-seams.ts'))};
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, logger: listLogger() });
      console.log(server.pid);
      setInterval(() => undefined, 1_000);`;
    const parent = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@tocsin/source', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
    );
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (text) => resolve(Number(text))),
    );
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => (isAlive(pid) ? Promise.reject(new Error('still alive')) : Promise.resolve()));
    // A clean end: nothing to recover from.
    expect(existsSync(join(dataDir, 'pg', 'postmaster.pid'))).toBe(false);
  });

  describe.skipIf(!isRoot)('as root', () => {
    it('runs the server as another user, who owns the data', { timeout: timeoutMs }, async () => {
      const dataDir = join(newFolder(), 'data');
      const server = await start(dataDir);
      const account = await serverAccount();
      expect(statSync(`/proc/${server.pid}`).uid).toBe(account?.uid);
      expect(statSync(join(dataDir, 'pg')).uid).toBe(account?.uid);
      expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
    });

    it('takes over a data folder that belonged to somebody else', { timeout: timeoutMs }, async () => {
      const dataDir = join(newFolder(), 'data');
      await (await start(dataDir)).stop();
      execFileSync('chown', ['-R', '0:0', dataDir]);
      await start(dataDir);
    });

    it('names the folder that keeps the user from the data', async () => {
      const closed = newFolder(0o700);
      const failure = await failureOf(start(join(closed, 'data')));
      expect(failure.code).toBe('precondition');
      expect(failure.message).toContain(closed);
    });

    it('uses the user nobody where there is no postgres, and refuses when there is neither', async () => {
      const passwd = join(newFolder(), 'passwd');
      writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n');
      expect(await serverAccount(passwd)).toEqual({ name: 'nobody', uid: 65_534, gid: 65_533 });
      writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\n');
      expect((await failureOf(serverAccount(passwd))).message).toContain('a uid alone is not enough');
    });

    it(
      'copies programs that the user can not reach, with the links that are missing, once',
      { timeout: timeoutMs },
      async () => {
        const home = newFolder(0o700);
        const native = join(home, 'package', 'native');
        const libraryLink = join(native, 'lib', 'libicuuc.so.60');
        cpSync(nativeDir ?? '', native, { recursive: true, verbatimSymlinks: true });
        cpSync(join(nativeDir ?? '', '..', 'package.json'), join(home, 'package', 'package.json'));
        if (process.platform === 'linux' && process.arch === 'x64') rmSync(libraryLink);
        const cacheDirs = [join(newFolder(), 'cache')];
        const account = await serverAccount();
        const logger = listLogger();
        const programs = await embeddedPrograms({ account, logger, nativeDir: native, cacheDirs });
        expect(programs.binDir.startsWith(cacheDirs[0] ?? '')).toBe(true);
        expect(await embeddedPrograms({ account, logger, nativeDir: native, cacheDirs })).toEqual(programs);
        expect(logger.lines).toHaveLength(1);
        const dataDir = join(newFolder(), 'data');
        const server = await startPostgresServer({ programs, account, dataDir, port: 0, logger });
        onTestFinished(() => server.stop());
        expect(await sql(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      },
    );

    it('runs nothing from a cache folder that others could have written', async () => {
      const home = newFolder(0o700);
      const native = join(home, 'package', 'native');
      mkdirSync(join(native, 'bin'), { recursive: true });
      writeFileSync(join(native, 'bin', 'postgres'), '');
      writeFileSync(join(home, 'package', 'package.json'), '{"version":"1.2.3"}');
      const planted = join(newFolder(), 'cache');
      mkdirSync(planted);
      chownSync(planted, 65_534, 65_534);
      const writable = join(newFolder(), 'cache');
      mkdirSync(writable);
      chmodSync(writable, 0o777);
      const account = await serverAccount();
      const failure = await failureOf(
        embeddedPrograms({
          account,
          logger: listLogger(),
          nativeDir: native,
          cacheDirs: [planted, writable],
        }),
      );
      expect(failure.code).toBe('precondition');
      expect(failure.message).toContain(planted);
      expect(failure.message).toContain(writable);
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (cause) {
      if (tries === 200) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
