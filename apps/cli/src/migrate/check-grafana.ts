/** What Tocsin makes of a `grafana.ini`: its sections on alerting, and what else an alertmanager would need of it. */
import { parseIni, type IniEntry, type IniFile } from '@tocsin/kernel';
import type { Finding, FindingKind } from './finding.ts';
import { grafanaKeys } from './grafana-keys.ts';

/** Never shown, whatever they hold. */
const SECRET_KEY = /password|secret|token/i;

/** Throws AppError `invalid` when the file is no ini file. */
export function checkGrafana(text: string, file: string): readonly Finding[] {
  const ini = parseIni(text, file);
  const effective = ini.entries.filter((entry) => ini.find(entry.section, entry.key) === entry);
  return [...effective.flatMap((entry) => findingsOf(entry, file)), ...databaseFindings(ini, file)];
}

function findingsOf(entry: IniEntry, file: string): readonly Finding[] {
  const { section, key, value, line } = entry;
  const finding = (kind: FindingKind, message: string): readonly Finding[] => [
    { kind, file, line, key: `[${section}] ${key}`, message },
  ];
  if (section === 'alerting') {
    return value === ''
      ? []
      : finding('needless', 'the alerting before unified alerting; Grafana ignores it too since 11');
  }
  if (section !== 'unified_alerting' && !section.startsWith('unified_alerting.')) return [];
  const known = grafanaKeys.get(`${section}.${key}`);
  if (known === undefined) {
    // The parts below are Grafana's own surroundings; only a key of the main section may be a misspelt one.
    return finding(
      'unsupported',
      section === 'unified_alerting' ? 'no key of this name is known' : 'no such part here',
    );
  }
  const isDefault = value === '' || value === known.default;
  const shown = SECRET_KEY.test(key) ? '<secret>' : value;
  if (known.kind === 'taken') {
    return isDefault
      ? finding('default', `--${known.flag}`)
      : finding('taken', `as --${known.flag}=${shown}, from this very file with --settings.file=${file}`);
  }
  if (isDefault) return finding('default', 'nothing is lost');
  return finding(known.kind, `${shown}: ${known.why}`);
}

function databaseFindings(ini: IniFile, file: string): readonly Finding[] {
  const type = ini.find('database', 'type');
  const url = ini.find('database', 'url');
  const entry = url ?? type;
  if (entry === undefined) return [];
  const isPostgres = entry.value.startsWith('postgres');
  return [
    {
      kind: isPostgres ? 'differs' : 'unsupported',
      file,
      line: entry.line,
      key: `[database] ${entry.key}`,
      message: isPostgres
        ? 'Tocsin keeps tables of its own: give --database.url, best of a database apart; silences and contact points of Grafana are not read from this one'
        : 'state is kept in PostgreSQL (--database.url) or in files (--storage.path)',
    },
  ];
}
