/**
 * @module scheduler-service/data-source
 *
 * Where samples come from, as a port, and the file that names the sources:
 *
 *     datasources:
 *       - name: main
 *         type: prometheus          # or exposition: a /metrics page
 *         url: http://prometheus:9090
 *         is_default: true          # with one source, that is the default
 *         timeout: 10s              # default: the scheduler's query timeout
 *         external_url: https://…   # base of links in alerts; default: url
 *         headers: {Authorization: Bearer …}
 *
 * Rule files name their source where they are named themselves: `--rules=main=rules/*.yml`.
 */
import { Field, messageOf, Mistakes } from '@tocsin/kernel';
import type { DocNode, Mistake, WallMs } from '@tocsin/kernel';
import type { Sample } from '@tocsin/evaluation';
import { parseDuration } from '@tocsin/model';

export interface QueryOptions {
  /** Rejects with AppError `deadline` after it, milliseconds. */
  readonly timeoutMs: number;
  /** W3C trace context of the evaluation. */
  readonly traceparent: string;
}

export interface QueryResult {
  readonly samples: readonly Sample[];
  /** For the operator; the result holds all the same. */
  readonly warnings: readonly string[];
}

/** One data source. */
export interface Query {
  /** What is wrong with an expression, or undefined; checked when a rule file is loaded. */
  expressionMistake(expr: string): string | undefined;
  /** Rejects with AppError: `invalid` (the source refuses the query), `unavailable`, `deadline`, `limit`. */
  instant(expr: string, at: WallMs, options: QueryOptions): Promise<QueryResult>;
  /** Page that shows the expression: `generatorURL` of its alerts. */
  link(expr: string): string;
}

export interface DataSourceConfig {
  readonly name: string;
  readonly type: 'prometheus' | 'exposition';
  /** http or https, without a slash at the end. */
  readonly url: string;
  readonly isDefault: boolean;
  /** 0: the scheduler's query timeout. */
  readonly timeoutMs: number;
  /** Without a slash at the end. */
  readonly externalUrl: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const FIELDS = ['name', 'type', 'url', 'is_default', 'timeout', 'external_url', 'headers'] as const;

/** Never throws; with mistakes the list is not complete. */
export function decodeDataSources(root: DocNode): {
  readonly dataSources: readonly DataSourceConfig[];
  readonly mistakes: readonly Mistake[];
} {
  const mistakes = new Mistakes();
  const list = Field.root(root, mistakes).object(['datasources'])?.datasources?.items() ?? [];
  const dataSources: DataSourceConfig[] = [];
  const names = new Set<string>();
  for (const each of list) {
    const config = dataSourceOf(each);
    if (config === undefined) continue;
    if (names.has(config.name)) each.fail(`data source name ${JSON.stringify(config.name)} is repeated`);
    if (config.isDefault && dataSources.some((other) => other.isDefault))
      each.fail('only one data source can be the default');
    names.add(config.name);
    dataSources.push(config);
  }
  const [only] = dataSources;
  if (only !== undefined && dataSources.length === 1) dataSources[0] = { ...only, isDefault: true };
  return { dataSources, mistakes: mistakes.list };
}

function dataSourceOf(field: Field): DataSourceConfig | undefined {
  const fields = field.object(FIELDS);
  if (fields === undefined) return undefined;
  const name = fields.name?.string();
  if (name === undefined || !NAME.test(name))
    (fields.name ?? field).fail('expected a name of letters, digits, _, - and .');
  const type = fields.type?.string();
  if (type !== 'prometheus' && type !== 'exposition')
    (fields.type ?? field).fail('expected type prometheus or exposition');
  const url = urlOf(fields.url ?? field, fields.url?.string());
  const externalUrl =
    fields.external_url === undefined ? undefined : urlOf(fields.external_url, fields.external_url.string());
  const headers = (fields.headers?.entries() ?? []).map(
    ([key, value]) => [key.toLowerCase(), value.string() ?? ''] as const,
  );
  for (const [key, value] of headers) {
    if (!HEADER_NAME.test(key) || !HEADER_VALUE.test(value))
      fields.headers?.fail(`header ${JSON.stringify(key)} is not a valid HTTP header`);
  }
  return {
    name: name ?? '',
    type: type === 'exposition' ? 'exposition' : 'prometheus',
    url: url ?? '',
    isDefault: fields.is_default?.boolean() ?? false,
    timeoutMs: timeoutOf(fields.timeout),
    externalUrl: externalUrl ?? withoutUser(url ?? ''),
    headers,
  };
}

const NAME = /^[A-Za-z0-9_.-]+$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function urlOf(field: Field, text: string | undefined): string | undefined {
  if (text === undefined || !/^https?:\/\/[^\s/?#]+[^\s?#]*(\?[^\s#]*)?$/.test(text)) {
    return field.fail('expected an http or https URL');
  }
  return text.replace(/\/+$/, '');
}

// Links are shown to people who must not see the password.
const withoutUser = (url: string): string => url.replace(/^(https?:\/\/)[^/@]*@/, '$1');

function timeoutOf(field: Field | undefined): number {
  const text = field?.string();
  if (field === undefined || text === undefined) return 0;
  try {
    return parseDuration(text);
  } catch (cause) {
    field.fail(messageOf(cause));
    return 0;
  }
}

export interface RulesFlag {
  /** '' for the default source. */
  readonly dataSource: string;
  readonly glob: string;
}

/** `[datasource=]glob`. A glob with `=` in its first part is written with `./` before it. */
export function parseRulesFlag(text: string): RulesFlag {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0));
  return NAME.test(name)
    ? { dataSource: name, glob: text.slice(equals + 1) }
    : { dataSource: '', glob: text };
}
