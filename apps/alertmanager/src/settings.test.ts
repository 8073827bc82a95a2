import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { defaultTexts, resolveSettings, type SettingSpec, type SettingValues } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { checkSettings, matcherModeOf, routePrefixOf } from './check.ts';
import { settings } from './settings.ts';

const REAL = '/usr/bin/prometheus-alertmanager';
const isThere = existsSync(REAL) || process.env['CI'] === 'true';

const valuesOf = (...args: string[]): SettingValues<typeof settings> =>
  resolveSettings(settings, { args, env: {} }).values;

describe('the command line', () => {
  it.skipIf(!isThere)('takes every flag of the real Alertmanager', () => {
    const help = execFileSync(REAL, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const theirs = [...help.matchAll(/^ {2}(?: {4}|-\w, )--(?:\[no-\])?([a-z][a-z.-]*[a-z])/gm)].map(
      (match) => match[1] ?? '',
    );
    const ours = new Set(Object.values(settings).map(({ flag }) => flag as string));
    expect(theirs.length).toBeGreaterThan(25);
    // help, help-long, help-man and version are asked for, not set.
    expect(theirs.filter((flag) => !ours.has(flag) && !/^(help.*|version)$/.test(flag))).toEqual([]);
  });

  it.skipIf(!isThere)('has the defaults of the real Alertmanager, but for the folders of Debian', () => {
    const help = execFileSync(REAL, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const ours = new Map(
      Object.values<SettingSpec>(settings).map((spec) => [spec.flag ?? '', defaultTexts(spec).join()]),
    );
    const theirs = [...help.matchAll(/^ {6}--([a-z][a-z.-]*[a-z])=(\S+)/gm)].map(
      ([, flag = '', shown = '']) => [
        flag,
        // A name in capitals stands for a flag without a default.
        /^[A-Z.-]+$/.test(shown) ? '' : shown.replaceAll('"', ''),
      ],
    );
    expect(theirs.length).toBeGreaterThan(20);
    const DEBIANS = new Set(['config.file', 'storage.path', 'web.ui-path']);
    for (const [flag = '', shown] of theirs)
      if (!DEBIANS.has(flag))
        expect([flag, ours.get(flag)]).toEqual([flag, flag === 'web.timeout' ? '0s' : shown]);
  });

  it('has upstream defaults', () => {
    const values = valuesOf();
    expect(values.configFile).toBe('alertmanager.yml');
    expect(values.storagePath).toBe('data/');
    expect(values.retention).toBe(120 * 3_600_000);
    expect(values.clusterListenAddress).toBe('0.0.0.0:9094');
    expect(values.clusterPeerTimeout).toBe(15_000);
    expect(values.webListenAddress).toEqual([':9093']);
    expect(values.grpcListenAddress).toBe('');
  });

  it.each([
    [['--cluster.tls-config=tls.yml'], '--cluster.tls-config=tls.yml'],
    [['--enable-feature=nonsense'], "unknown option 'nonsense'"],
    [['--enable-feature=classic-mode,utf8-strict-mode'], 'exclude each other'],
    [['--web.external-url=ftp://x'], '--web.external-url=ftp://x'],
  ])('%j: what protects or is unknown is refused by name, never ignored', (args, why) => {
    expect(checkSettings(valuesOf(...args)).join('\n')).toContain(why);
  });

  it('takes the route prefix from the external URL unless it is given', () => {
    expect(routePrefixOf(valuesOf())).toBe('');
    expect(routePrefixOf(valuesOf('--web.external-url=http://h/am/'))).toBe('/am');
    expect(routePrefixOf(valuesOf('--web.external-url=http://h/am/', '--web.route-prefix=/'))).toBe('');
    expect(routePrefixOf(valuesOf('--web.route-prefix=x/y/'))).toBe('/x/y');
    expect(matcherModeOf(valuesOf('--enable-feature=utf8-strict-mode'))).toBe('utf8');
  });
});
