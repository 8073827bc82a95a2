/**
 * The keys of Grafana that `tocsin migrate check` says are taken over are those that the settings tables
 * of the programs take, under the same flags.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SettingsTable } from '@tocsin/kernel';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const load = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
  (await import(pathToFileURL(join(root, path)).href)) as Readonly<Record<string, unknown>>;

it('migrate check promises to take over exactly the Grafana keys that the programs read', async () => {
  const promised = [
    ...((await load('apps/cli/src/migrate/grafana-keys.ts'))['grafanaKeys'] as ReadonlyMap<
      string,
      { readonly kind: string; readonly flag?: string }
    >),
  ].flatMap(([key, { kind, flag = '' }]) => (kind === 'taken' ? [`${key} as --${flag}`] : []));
  const read: string[] = [];
  for (const app of ['alertmanager', 'scheduler', 'receivers']) {
    const { settings } = await load(`apps/${app}/src/settings.ts`);
    for (const { grafana, flag } of Object.values(settings as SettingsTable))
      if (grafana !== undefined) read.push(`${grafana} as --${flag ?? ''}`);
  }
  expect(promised.toSorted()).toEqual(read.toSorted());
  expect(read.length).toBeGreaterThan(8);
});
