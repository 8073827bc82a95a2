/**
 * @module scheduler-service/rules-query
 *
 * Which groups and rules `GET /api/v1/rules` shows (spec/scheduler.md 7.1): filters and pages. The
 * texts of the errors are Prometheus', since tools match on them.
 */
import { AppError, compareUtf8, messageOf } from '@tocsin/kernel';
import type { HttpRequest } from '@tocsin/kernel';
import { parseMatchers } from '@tocsin/evaluation';
import type { LabelTest } from '@tocsin/evaluation';
import { goQuote } from '@tocsin/model';
import type { GroupRunner, RuleEntry } from './group-runner.ts';
import { groupKeyOf } from './group-runner.ts';
import { sha1Hex } from './sha1.ts';

export interface RulesQuery {
  readonly type: 'alerting' | 'recording' | undefined;
  /** Empty sets let everything pass. */
  readonly ruleNames: ReadonlySet<string>;
  readonly groupNames: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
  /** One of these lists of tests must hold for the labels of the rule. */
  readonly matches: readonly (readonly LabelTest[])[];
  readonly isWithoutAlerts: boolean;
  /** Groups of a page; undefined: all. */
  readonly groupLimit: number | undefined;
  /** '' for the first page. */
  readonly token: string;
}

/** Values of one parameter and of lists that outsiders may send. */
const LIST_MAX = 1_000;

/** Throws AppError `invalid` with Prometheus' text. */
export function parseRulesQuery(request: Pick<HttpRequest, 'query'>): RulesQuery {
  const all = (name: string): readonly string[] => {
    const values = request.query.filter(([key]) => key === name).map(([, value]) => value);
    if (values.length > LIST_MAX)
      throw badParameter(name, `expected at most ${LIST_MAX} values, found ${values.length}`);
    return values;
  };
  const first = (name: string): string => all(name)[0] ?? '';
  const groupLimit = groupLimitOf(first('group_limit'), first('group_next_token'));
  return {
    type: typeOf(first('type')),
    ruleNames: new Set(all('rule_name[]')),
    groupNames: new Set(all('rule_group[]')),
    files: new Set(all('file[]')),
    matches: all('match[]').map(matchOf),
    isWithoutAlerts: booleanOf('exclude_alerts', first('exclude_alerts')),
    groupLimit,
    token: first('group_next_token'),
  };
}

export interface RulesPage {
  readonly groups: readonly { readonly runner: GroupRunner; readonly entries: readonly RuleEntry[] }[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/** Sorted by file, then name; groups of which nothing is left are not shown. Throws AppError `invalid` for a token of no group. */
export function selectRules(runners: readonly GroupRunner[], query: RulesQuery): RulesPage {
  const sorted = runners
    .filter(({ group }) => passes(query.groupNames, group.name) && passes(query.files, group.file))
    .toSorted((a, b) => compareUtf8(a.group.file, b.group.file) || compareUtf8(a.group.name, b.group.name));
  const from = query.token === '' ? 0 : sorted.findIndex((runner) => tokenOf(runner) === query.token);
  if (from === -1) {
    throw badParameter(
      'group_next_token',
      `invalid group_next_token '${query.token}'. were rule groups changed?`,
    );
  }
  const groups: { readonly runner: GroupRunner; readonly entries: readonly RuleEntry[] }[] = [];
  for (const runner of sorted.slice(from)) {
    const entries = runner.entries.filter((entry) => isWanted(entry, query));
    if (entries.length === 0) continue;
    if (groups.length === query.groupLimit) return { groups, nextToken: tokenOf(runner) };
    groups.push({ runner, entries });
  }
  return { groups, nextToken: undefined };
}

function isWanted({ rule }: RuleEntry, query: RulesQuery): boolean {
  if (query.type !== undefined && rule.kind !== query.type) return false;
  if (!passes(query.ruleNames, rule.name)) return false;
  if (query.matches.length === 0) return true;
  return query.matches.some((tests) => tests.every((test) => test.matches(rule.labels.get(test.name) ?? '')));
}

const passes = (wanted: ReadonlySet<string>, name: string): boolean => wanted.size === 0 || wanted.has(name);

const tokenOf = ({ group }: GroupRunner): string => sha1Hex(groupKeyOf(group));

function typeOf(text: string): RulesQuery['type'] {
  switch (text.toLowerCase()) {
    case '':
      return undefined;
    case 'alert':
      return 'alerting';
    case 'record':
      return 'recording';
    default:
      throw badParameter('type', `not supported value ${goQuote(text.toLowerCase())}`);
  }
}

function groupLimitOf(text: string, token: string): number | undefined {
  if (text === '') {
    if (token === '') return undefined;
    throw badParameter(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    );
  }
  if (!/^[+-]?\d{1,10}$/.test(text)) {
    throw badParameter(
      'group_limit',
      `group_limit needs to be a valid number: strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  const limit = Number(text);
  if (limit <= 0) throw badParameter('group_limit', 'group_limit needs to be greater than 0');
  return limit;
}

function matchOf(text: string): readonly LabelTest[] {
  try {
    return parseMatchers(text);
  } catch (cause) {
    throw badParameter('match[]', messageOf(cause));
  }
}

const TRUES: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSES: ReadonlySet<string> = new Set(['', '0', 'f', 'F', 'false', 'FALSE', 'False']);

function booleanOf(name: string, text: string): boolean {
  if (TRUES.has(text)) return true;
  if (FALSES.has(text)) return false;
  throw badParameter(
    name,
    `error converting ${name}: strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`,
  );
}

const badParameter = (name: string, message: string): AppError =>
  AppError.invalid(`invalid parameter "${name}": ${message}`);
