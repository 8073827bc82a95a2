/**
 * @module kernel/settings
 *
 * One declared table per program is the single truth about its settings: type, default, limits, flag,
 * keys and documentation. Values, `--help`, the reference page, the sample file and the start-up log all
 * come from it (settings-print.ts), so they can't disagree.
 *
 * A table is plain data, written `{ … } as const`, so that the values are typed by it:
 *
 *     export const settings = {
 *       peerTimeoutMs: { type: 'duration', flag: 'cluster.peer-timeout', grafana: 'unified_alerting.ha_peer_timeout',
 *                        default: '15s', doc: 'Time to wait between peers to send notifications.' },
 *     } as const;
 *
 * Where a value may stand, the first that has one wins:
 *  1. the flag, `--cluster.peer-timeout`;
 *  2. the environment: `TOCSIN_CLUSTER_PEER_TIMEOUT`, made from the ini key; with `grafana`, also
 *     `TOCSIN_UNIFIED_ALERTING_HA_PEER_TIMEOUT` and `GF_UNIFIED_ALERTING_HA_PEER_TIMEOUT`. With `__FILE`
 *     behind the name, the value is the path of a file that holds it;
 *  3. the settings file: `[cluster] peer_timeout`, and with `grafana` `[unified_alerting] ha_peer_timeout`;
 *  4. the default.
 * Two names of one level that disagree are a mistake. An empty value counts as not given under Grafana's
 * names, as it does there, and under ours where no empty value makes sense. Environment and file values take `${VAR}`,
 * `$__env{VAR}` and `$__file{path}` (ini.ts), and lists there are separated by commas.
 */
import { AppError, assert, messageOf } from './errors.ts';
import { expandVariables } from './ini.ts';
import type { IniFile } from './ini.ts';
import { nearest, readFlags } from './settings-flags.ts';
import { expectedOf, parseSetting } from './settings-types.ts';

interface Common {
  /** Whole sentences for operators: what it does, what raising it costs. White space is collapsed. */
  readonly doc: string;
  /** Without the dashes: `cluster.peer-timeout`. */
  readonly flag?: string;
  /** `section.key`; made from the flag when absent: `cluster.peer_timeout`. At least one of the two is needed. */
  readonly ini?: string;
  /** `section.key` in Grafana's own ini file. */
  readonly grafana?: string;
  /** Never printed or logged. Implied by type `secret`. */
  readonly isSecret?: boolean;
  /** There is no usable default: an empty value is a mistake. */
  readonly isRequired?: boolean;
}

/** Durations are milliseconds in the values and Go's or Prometheus' syntax everywhere else. */
export type SettingSpec = Common &
  (
    | { readonly type: 'string' | 'path' | 'secret'; readonly default: string }
    /** host:port, the host may be empty (`:9093`), IPv6 in brackets. An empty value is a mistake unless it is the default or `canBeEmpty`. */
    | { readonly type: 'address'; readonly default: string; readonly canBeEmpty?: boolean }
    /** With a scheme; a password in it is masked when printed. Empty as for `address`. */
    | {
        readonly type: 'url';
        readonly default: string;
        readonly schemes?: readonly string[];
        readonly canBeEmpty?: boolean;
      }
    | {
        readonly type: 'int' | 'float';
        readonly default: number;
        readonly min?: number;
        readonly max?: number;
        readonly unit?: string;
      }
    | { readonly type: 'bool'; readonly default: boolean }
    /** Never negative, unless `min` is. */
    | {
        readonly type: 'duration' | 'duration-prometheus';
        readonly default: string;
        readonly min?: string;
        readonly max?: string;
      }
    | { readonly type: 'enum'; readonly values: readonly string[]; readonly default: string }
    /** A repeatable flag. `isSplit`: commas separate items in flags too. */
    | {
        readonly type: 'list';
        readonly of?: 'string' | 'path' | 'address' | 'url';
        readonly default: readonly string[];
        readonly isSplit?: boolean;
        readonly itemsMax?: number;
      }
  );

export type SettingsTable = Readonly<Record<string, SettingSpec>>;

export type SettingValue<S extends SettingSpec> = S extends {
  readonly type: 'enum';
  readonly values: readonly (infer V)[];
}
  ? V
  : S extends { readonly type: 'int' | 'float' | 'duration' | 'duration-prometheus' }
    ? number
    : S extends { readonly type: 'bool' }
      ? boolean
      : S extends { readonly type: 'list' }
        ? readonly string[]
        : string;

export type SettingValues<T extends SettingsTable> = { readonly [K in keyof T]: SettingValue<T[K]> };

export interface SettingSource {
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** `--cluster.peer-timeout`, `TOCSIN_…`, `tocsin.ini line 7, [cluster] peer_timeout`, or ''. */
  readonly name: string;
}

export interface ResolvedSettings<T extends SettingsTable> {
  readonly values: SettingValues<T>;
  readonly sources: { readonly [K in keyof T]: SettingSource };
  /** Names that look like a setting misspelt, in the environment or the file. To be logged. */
  readonly warnings: readonly string[];
}

export interface SettingInputs<T extends SettingsTable> {
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ini?: IniFile;
  /** For `$__file{}` and `__FILE`. Throws with a readable message. */
  readonly readFile?: (path: string) => string;
  /** Rules that need several settings at once; returns the mistakes. Runs when every single value is right. */
  readonly check?: (values: SettingValues<T>) => readonly string[];
}

/** Throws AppError `invalid` with every mistake at once, one a line: where it stands, the value, and what was expected. */
export function resolveSettings<const T extends SettingsTable>(
  table: T,
  inputs: SettingInputs<T>,
): ResolvedSettings<T> {
  assertTable(table);
  const flags = readFlags(table, inputs.args);
  const mistakes: string[] = [...flags.mistakes];
  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  for (const [name, spec] of Object.entries<SettingSpec>(table)) {
    const given = findGiven(spec, flags.given.get(spec), inputs, mistakes);
    sources[name] =
      given === undefined ? { from: 'default', name: '' } : { from: given.from, name: given.name };
    values[name] = valueOf(spec, given, mistakes);
  }
  // The loop above gave every key of the table the type its row declares.
  const resolved = { values, sources } as unknown as Pick<ResolvedSettings<T>, 'values' | 'sources'>;
  if (mistakes.length === 0) mistakes.push(...(inputs.check?.(resolved.values) ?? []));
  if (mistakes.length > 0) throw new AppError('invalid', mistakes.join('\n'), { facts: { mistakes } });
  return { ...resolved, warnings: suspects(table, inputs) };
}

interface Given extends SettingSource {
  /** One text, but for lists. */
  readonly texts: readonly string[];
}

function valueOf(spec: SettingSpec, given: Given | undefined, mistakes: string[]): unknown {
  const texts = given?.texts ?? defaultTexts(spec);
  if (spec.isRequired === true && texts.every((text) => text === '')) {
    mistakes.push(`${given?.name ?? mainName(spec)}: is required; expected ${expectedOf(spec)}`);
    return undefined;
  }
  const read = parseSetting(spec, texts);
  if (read.isRight) return read.value;
  assert(given !== undefined, `${mainName(spec)}: the default in its declaration is not ${expectedOf(spec)}`);
  const shown = isSecret(spec) ? 'the value' : JSON.stringify(read.culprit);
  mistakes.push(`${given.name}: ${shown} is not ${expectedOf(spec)}`);
  return undefined;
}

function findGiven<T extends SettingsTable>(
  spec: SettingSpec,
  flag: readonly string[] | undefined,
  inputs: SettingInputs<T>,
  mistakes: string[],
): Given | undefined {
  if (flag !== undefined)
    return {
      from: 'flag',
      name: `--${spec.flag}`,
      texts: spec.type === 'list' && spec.isSplit === true ? flag.flatMap(split) : flag,
    };
  return (
    pickOne(fromEnvironment(spec, inputs, mistakes), mistakes) ??
    pickOne(fromFile(spec, inputs, mistakes), mistakes)
  );
}

function pickOne(candidates: readonly Given[], mistakes: string[]): Given | undefined {
  const [first] = candidates;
  for (const other of candidates.slice(1)) {
    if (other.texts.join('\n') !== first?.texts.join('\n'))
      mistakes.push(`${first?.name} and ${other.name} are both set and differ; remove one`);
  }
  return first;
}

function fromEnvironment<T extends SettingsTable>(
  spec: SettingSpec,
  inputs: SettingInputs<T>,
  mistakes: string[],
): readonly Given[] {
  return environmentNames(spec).flatMap((name, index): readonly Given[] => {
    const value = inputs.env[name];
    const path = inputs.env[`${name}__FILE`];
    if (value !== undefined && path !== undefined)
      mistakes.push(`${name} and ${name}__FILE are both set; remove one`);
    const raw = value ?? (path === undefined ? undefined : `$__file{${path}}`);
    const source: SettingSource = { from: 'environment', name: value === undefined ? `${name}__FILE` : name };
    return raw === undefined
      ? []
      : expandGiven(spec, source, raw, inputs, mistakes).filter((given) => counts(spec, given, index > 0));
  });
}

function fromFile<T extends SettingsTable>(
  spec: SettingSpec,
  inputs: SettingInputs<T>,
  mistakes: string[],
): readonly Given[] {
  return iniKeys(spec).flatMap(([section, key], index): readonly Given[] => {
    const entry = inputs.ini?.find(section, key);
    if (entry === undefined) return [];
    const name = `${inputs.ini?.name ?? ''} line ${entry.line}, ${section === '' ? '' : `[${section}] `}${key}`;
    const given = expandGiven(spec, { from: 'file', name }, entry.value, inputs, mistakes);
    return given.filter((each) => counts(spec, each, index > 0));
  });
}

/** `isGrafanas`: the value stands under one of Grafana's names. */
function counts(spec: SettingSpec, { texts }: Given, isGrafanas: boolean): boolean {
  const isEmpty = texts.every((text) => text === '');
  return !isEmpty || (!isGrafanas && parseSetting(spec, texts).isRight);
}

function expandGiven<T extends SettingsTable>(
  spec: SettingSpec,
  source: SettingSource,
  raw: string,
  inputs: SettingInputs<T>,
  mistakes: string[],
): readonly Given[] {
  const { readFile } = inputs;
  try {
    const text = expandVariables(raw, {
      env: (name) => inputs.env[name],
      file: (path) => {
        if (readFile === undefined) throw AppError.invalid('files are not read here');
        return readFile(path);
      },
    });
    return [{ ...source, texts: spec.type === 'list' ? split(text) : [text] }];
  } catch (cause) {
    mistakes.push(`${source.name}: ${messageOf(cause)}`);
    return [];
  }
}

const split = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** What has to be known before the settings are: is only a text asked for, and which file holds settings? */
export function settingsRequest(
  table: SettingsTable,
  args: readonly string[],
  env: SettingInputs<SettingsTable>['env'],
): { readonly asks: 'help' | 'version' | undefined; readonly settingsFile: string | undefined } {
  const { asks, settingsFile } = readFlags(table, args);
  const fromEnv = env['TOCSIN_SETTINGS_FILE'];
  return { asks, settingsFile: settingsFile ?? (fromEnv === '' ? undefined : fromEnv) };
}

/** The default as one would write it. */
export function defaultTexts(spec: SettingSpec): readonly string[] {
  return spec.type === 'list' ? spec.default : [String(spec.default)];
}

export const isSecret = (spec: SettingSpec): boolean => spec.type === 'secret' || spec.isSecret === true;

/** Section and key in the settings file, our own first. */
export function iniKeys(spec: SettingSpec): readonly (readonly [section: string, key: string])[] {
  const own = spec.ini ?? (spec.flag === undefined ? undefined : spec.flag.replaceAll('-', '_'));
  return [own, spec.grafana].filter((each) => each !== undefined).map(splitKey);
}

function splitKey(path: string): readonly [section: string, key: string] {
  const dot = path.indexOf('.');
  return dot < 0 ? ['', path] : [path.slice(0, dot), path.slice(dot + 1).replaceAll('.', '_')];
}

/** Environment variables that set it, our own first. */
export function environmentNames(spec: SettingSpec): readonly string[] {
  const shout = ([section, key]: readonly [string, string]): string =>
    `${section === '' ? '' : `${section}_`}${key}`.replaceAll(/[.-]/g, '_').toUpperCase();
  const own = iniKeys(spec).map((key) => `TOCSIN_${shout(key)}`);
  return spec.grafana === undefined ? own : [...own, `GF_${shout(splitKey(spec.grafana))}`];
}

/** How a message names a setting that was not given. */
const mainName = (spec: SettingSpec): string =>
  spec.flag === undefined ? (environmentNames(spec)[0] ?? '') : `--${spec.flag}`;

/** Two rows with one name would shadow each other without a word. */
function assertTable(table: SettingsTable): void {
  const seen = new Set<string>();
  for (const [name, spec] of Object.entries(table)) {
    assert(
      spec.flag !== undefined || spec.ini !== undefined,
      `setting ${name} has neither a flag nor an ini key`,
    );
    const names = [...environmentNames(spec), ...(spec.flag === undefined ? [] : [`--${spec.flag}`])];
    for (const each of names) {
      assert(!seen.has(each), `setting ${name}: ${each} is taken`);
      seen.add(each);
    }
  }
}

/**
 * A name that is one or two letters away from a setting's. Whole unknown names are left alone: one file
 * and one environment serve several programs, Grafana among them.
 */
function suspects<T extends SettingsTable>(table: T, inputs: SettingInputs<T>): readonly string[] {
  const specs = Object.values<SettingSpec>(table);
  const variables = new Set(['TOCSIN_SETTINGS_FILE', ...specs.flatMap(environmentNames)]);
  const warnings: string[] = [];
  for (const name of Object.keys(inputs.env)) {
    if (!/^(?:TOCSIN|GF)_/.test(name) || variables.has(name.replace(/__FILE$/, ''))) continue;
    const near = nearest(name, variables);
    if (near !== undefined) warnings.push(`${name} is not a setting; did you mean ${near}?`);
  }
  const keys = new Set(specs.flatMap(iniKeys).map(([section, key]) => `[${section}] ${key}`));
  for (const { section, key, line } of inputs.ini?.entries ?? []) {
    const name = `[${section}] ${key}`;
    const near = keys.has(name) ? undefined : nearest(name, keys);
    if (near !== undefined)
      warnings.push(
        `${inputs.ini?.name ?? ''} line ${line}: ${name} is not a setting; did you mean ${near}?`,
      );
  }
  return warnings;
}
