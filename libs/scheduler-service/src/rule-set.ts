/**
 * @module scheduler-service/rule-set
 *
 * All files of one load, as groups with their data sources. A load is all or nothing: with any
 * mistake in any file nothing is taken over, and the error lists all of them.
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type { DocNode, Mistake, ReadDocument } from '@tocsin/kernel';
import { decodeRuleFile } from '@tocsin/evaluation';
import type { RuleGroup } from '@tocsin/evaluation';
import { LabelSet } from '@tocsin/model';
import { decodeDataSources } from './data-source.ts';
import type { DataSourceConfig, Query } from './data-source.ts';
import { expositionSource } from './exposition-source.ts';
import { prometheusSource } from './prometheus-source.ts';
import type { DataSourceDeps } from './prometheus-source.ts';
import type { SchedulerSettings } from './settings.ts';

export interface RuleFileText {
  /** As the operator named it, the same on all replicas: evaluation times depend on it. */
  readonly file: string;
  /** '' for the default one. */
  readonly dataSource: string;
  readonly text: string;
}

export interface ConfigurationFiles {
  /** File of data sources. */
  readonly dataSources: { readonly file: string; readonly text: string };
  readonly rules: readonly RuleFileText[];
}

/** Reads the files afresh at each load. Rejects with AppError when one can't be read. */
export interface ConfigurationSource {
  load(): Promise<ConfigurationFiles>;
}

export interface LoadedSource {
  readonly config: DataSourceConfig;
  readonly query: Query;
}

export interface LoadedGroup {
  readonly group: RuleGroup;
  readonly source: LoadedSource;
}

export interface RuleSet {
  readonly groups: readonly LoadedGroup[];
  readonly sources: ReadonlyMap<string, LoadedSource>;
  /** Of the texts of all files, 16 hex digits: equal on replicas that run the same rules. */
  readonly hash: string;
}

export interface RuleSetDeps extends DataSourceDeps {
  readonly readDocument: ReadDocument;
  readonly settings: SchedulerSettings;
}

/**
 * Throws AppError `invalid`, a line for each mistake: `rules.yml: line 7, column 3: …`. A source
 * that is configured as before stays the one it was, with its queries under way.
 */
export function loadRuleSet(files: ConfigurationFiles, deps: RuleSetDeps, before?: RuleSet): RuleSet {
  const problems: string[] = [];
  const sources = loadSources(files.dataSources, deps, problems, before);
  const groups: LoadedGroup[] = [];
  const seen = new Map<string, RuleFileText>();
  for (const each of files.rules) {
    const same = seen.get(each.file);
    if (same?.dataSource === each.dataSource) continue;
    if (same !== undefined) problems.push(`${each.file}: named twice, with different data sources`);
    seen.set(each.file, each);
    const source = pickSource(each, sources, problems);
    groups.push(...loadGroups(each, source, deps, problems));
  }
  if (problems.length > 0) throw AppError.invalid(problems.join('\n'), { problems });
  return { groups, sources, hash: hashOf(files) };
}

function loadSources(
  { file, text }: ConfigurationFiles['dataSources'],
  deps: RuleSetDeps,
  problems: string[],
  before: RuleSet | undefined,
): ReadonlyMap<string, LoadedSource> {
  const root = readRoot(file, text, deps.readDocument, problems);
  const { dataSources, mistakes } =
    root === undefined ? { dataSources: [], mistakes: [] } : decodeDataSources(root);
  for (const mistake of mistakes) problems.push(lineOf(file, mistake));
  return new Map(
    dataSources.map((config) => {
      const known = before?.sources.get(config.name);
      const isSame = known !== undefined && JSON.stringify(known.config) === JSON.stringify(config);
      const query = isSame ? known.query : querySource(config, deps);
      return [config.name, { config, query }];
    }),
  );
}

const querySource = (config: DataSourceConfig, deps: DataSourceDeps): Query =>
  config.type === 'prometheus' ? prometheusSource(config, deps) : expositionSource(config, deps);

function pickSource(
  { dataSource, file }: RuleFileText,
  sources: ReadonlyMap<string, LoadedSource>,
  problems: string[],
): LoadedSource | undefined {
  const found =
    dataSource === ''
      ? [...sources.values()].find(({ config }) => config.isDefault)
      : sources.get(dataSource);
  if (found !== undefined) return found;
  const known = [...sources.keys()].join(', ') || 'none';
  problems.push(
    dataSource === ''
      ? `${file}: no data source is the default; name one before the path, as in SOURCE=${file} (known: ${known})`
      : `${file}: unknown data source ${JSON.stringify(dataSource)} (known: ${known})`,
  );
  return undefined;
}

function loadGroups(
  { file, text }: RuleFileText,
  source: LoadedSource | undefined,
  { readDocument, settings }: RuleSetDeps,
  problems: string[],
): readonly LoadedGroup[] {
  const root = readRoot(file, text, readDocument, problems);
  if (root === undefined) return [];
  const { groups, mistakes } = decodeRuleFile(root, {
    file,
    intervalMs: settings.evaluationIntervalMs,
    queryOffsetMs: settings.queryOffsetMs,
    checkExpression: (expr) => source?.query.expressionMistake(expr),
  });
  for (const mistake of mistakes) problems.push(lineOf(file, mistake));
  return source === undefined ? [] : groups.map((group) => ({ group, source }));
}

function readRoot(
  file: string,
  text: string,
  readDocument: ReadDocument,
  problems: string[],
): DocNode | undefined {
  try {
    return readDocument(text);
  } catch (cause) {
    problems.push(`${file}: ${messageOf(cause)}`);
    return undefined;
  }
}

const hashOf = ({ dataSources, rules }: ConfigurationFiles): string =>
  LabelSet.of([dataSources, ...rules].map(({ file, text }) => [file, text])).hash;

const lineOf = (file: string, { column, line, message, path }: Mistake): string =>
  `${file}: line ${line}, column ${column}: ${path === '' ? '' : `${path}: `}${message}`;
