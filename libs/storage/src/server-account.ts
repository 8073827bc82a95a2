/**
 * PostgreSQL refuses to run as root. So root starts it as another account of this machine, which
 * must be able to reach its programs and its data; everybody else starts it as themselves.
 */
import { chown, lchown, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '@tocsin/kernel';

export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order. A uid without an entry would not do: PostgreSQL looks its own name up at start. */
const accountNames = ['postgres', 'nobody'];

/** Undefined: as ourselves. Rejects with AppError `precondition` when root finds no account to use. */
export async function serverAccount(passwdFile = '/etc/passwd'): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile(passwdFile, 'utf8').catch(() => '');
  for (const wanted of accountNames) {
    for (const line of passwd.split('\n')) {
      const [name, , uid, gid] = line.split(':');
      if (name === wanted && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
    }
  }
  throw new AppError(
    'precondition',
    `embedded PostgreSQL can't run as root, and ${passwdFile} has neither of the users ${accountNames.join(', ')}: ` +
      'create one (a uid alone is not enough), run as another user, or set --database.url=postgres://…',
  );
}

/** The first folder on the way to `path` that the account may not enter, `path` included. */
export async function closedFolder(
  path: string,
  account: Pick<ServerAccount, 'uid' | 'gid'>,
): Promise<string | undefined> {
  const folders: string[] = [];
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const { gid, mode, uid } = await stat(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
  }
  return undefined;
}

/** Hands a folder and all in it to the account, when it is somebody else's. */
export async function handOver(path: string, account: ServerAccount): Promise<void> {
  const { uid } = await stat(path);
  if (uid === account.uid) return;
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
  // Last, so that an interrupted run is taken up again by the next start.
  await chown(path, account.uid, account.gid);
}
