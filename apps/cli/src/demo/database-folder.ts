import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256Hex } from '@tocsin/runtime';

/**
 * Where the demo's database lives: beside its other files, but as root the server runs as another
 * user, who may not enter a home directory of mode 0700; then in /var/tmp, under a name made of the
 * folder's, so that the next start finds it again.
 */
export function databaseFolder(
  folder: string,
  isRoot: boolean = process.getuid?.() === 0,
  modeOf: (path: string) => number = (path) => statSync(path).mode,
): string {
  const beside = join(folder, 'postgres');
  if (!isRoot || parentsOf(folder).every((path) => (modeOf(path) & 0o001) !== 0)) return beside;
  return `/var/tmp/tocsin-demo-${sha256Hex(folder).slice(0, 12)}`;
}

/** The folder itself and all above it. */
function parentsOf(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...parentsOf(above)];
}
