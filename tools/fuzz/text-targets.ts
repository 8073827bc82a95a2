/** Decoders of text: each takes its input, or refuses it with an AppError; and nothing else. */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AppError, parseIni, resolveSettings, type SettingsTable } from '@tocsin/kernel';
import { formatMatchers, parseMatcher, parseMatchers } from '@tocsin/model';
import { readTarget } from '@tocsin/transport';
import { wellFormed } from './maker.ts';
import { Finding, type FuzzTarget, type Outcome } from './target.ts';

export function decoding(input: unknown, decode: () => void): Outcome {
  try {
    decode();
    return 'accepted';
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal') return 'refused';
    if (error instanceof Finding) throw error;
    throw new Finding('neither taken nor refused', input, error);
  }
}

/** What is read once is written so that it is read as the same again. */
export const matcherTarget: FuzzTarget = {
  name: 'matchers',
  run(maker) {
    const text = maker.damaged(maker.matcher());
    const mode = maker.pick(['fallback', 'utf8', 'classic'] as const);
    return decoding({ text, mode }, () => {
      if (maker.chance(2)) {
        parseMatcher(text, mode).matcher.matches(maker.text());
        return;
      }
      const { matchers } = parseMatchers(text, mode);
      const written = formatMatchers(matchers);
      const again = formatMatchers(parseMatchers(written, 'fallback').matchers);
      if (again !== written) throw new Finding(`written as ${written}, read again as ${again}`, text);
    });
  },
};

export const queryTarget: FuzzTarget = {
  name: 'request targets',
  run(maker) {
    const pairs = maker.times(
      6,
      () =>
        `${maker.text()}=${maker.chance(2) ? encodeURIComponent(wellFormed(maker.text())) : maker.text()}`,
    );
    const raw = maker.damaged(
      `${maker.pick(['/api/v2/alerts', '/', '//', '*', 'http://x/y', maker.text()])}?${pairs.join('&')}`,
    );
    return decoding(raw, () => {
      const target = readTarget(raw, maker.pick(['', '/prefix']));
      if ('status' in target && target.status >= 500) throw new Finding(`status ${target.status}`, raw);
    });
  },
};

/** The table of an app, which no package exports. */
export async function settingsOf(app: string): Promise<SettingsTable> {
  const path = fileURLToPath(new URL(`../../apps/${app}/src/settings.ts`, import.meta.url));
  const { settings } = (await import(pathToFileURL(join(path)).href)) as { readonly settings: SettingsTable };
  return settings;
}

/** Command lines, environments and ini files. */
export function settingsTarget(table: SettingsTable): FuzzTarget {
  const specs = Object.values(table);
  const flags = specs.flatMap(({ flag }) => flag ?? []);
  return {
    name: 'settings',
    run(maker) {
      const args = maker.times(5, () =>
        maker.damaged(
          `--${maker.chance(8) ? 'no-' : ''}${maker.pick(flags)}${maker.pick(['=', ' ', ''])}${maker.text()}`,
          8,
        ),
      );
      const env = Object.fromEntries(
        maker.times(3, () => [
          `${maker.pick(['TOCSIN_', 'GF_'])}${maker.pick(flags).toUpperCase().replaceAll(/[.-]/g, '_')}${maker.pick(['', '__FILE'])}`,
          maker.text(),
        ]),
      );
      const ini = maker.damaged(
        maker
          .times(
            6,
            () =>
              `${maker.pick([`[${maker.text()}]`, '[unified_alerting]', ';', '#'])}\n${maker.pick(['ha_peers', 'ha_listen_address', maker.text()])} = ${maker.text()}\n`,
          )
          .join(''),
        3,
      );
      return decoding({ args, env, ini }, () => {
        resolveSettings(table, { args, env, ini: parseIni(ini, 'fuzz.ini'), readFile: () => maker.text() });
      });
    },
  };
}
