/**
 * @module alertmanager-service/page/alert-query
 *
 * What the list of alerts is asked for, in the address. Names and meaning are those of Alertmanager's
 * own page behind its `#/alerts?`, so that bookmarks and links in messages keep working: `filter` is a
 * list of matchers (and may be repeated here), what is suppressed is hidden unless asked for.
 */
import { AppError, messageOf, type HttpRequest } from '@tocsin/kernel';
import { compileAnchored, parseMatchers, type Matcher, type MatcherMode } from '@tocsin/model';
import { all, flag, last } from '../api/query.ts';
import { queryOf, type Pair } from './links.ts';

export const STATES = ['active', 'silenced', 'inhibited', 'muted'] as const;
export type AlertState = (typeof STATES)[number];

export interface AlertQuery {
  readonly matchers: readonly Matcher[];
  /** A receiver's name, or a regular expression for some; '' for all. */
  readonly receiver: string;
  readonly states: Readonly<Record<AlertState, boolean>>;
  /** Undefined: by routes, as notifications are. Empty: one list. */
  readonly groupBy: readonly string[] | undefined;
  /** Counted from 1. */
  readonly page: number;
}

/** A query, what is wrong with the address, and the text that was meant to become matchers. */
export interface ReadQuery {
  readonly query: AlertQuery;
  readonly mistake: string | undefined;
  readonly typed: string;
}

/** Matchers of one filter, and labels of one grouping; more are refused. */
export const MATCHERS_MAX = 50;
export const GROUP_LABELS_MAX = 20;

export function readAlertQuery(request: HttpRequest, mode: MatcherMode): ReadQuery {
  const matchers = new Map<string, Matcher>();
  const mistakes: string[] = [];
  const typed: string[] = [];
  for (const text of all(request, 'filter')) {
    try {
      for (const matcher of parseMatchers(text, mode).matchers) matchers.set(matcher.toString(), matcher);
      if (matchers.size > MATCHERS_MAX) throw AppError.invalid(`more than ${MATCHERS_MAX} matchers`);
    } catch (error) {
      mistakes.push(messageOf(error));
      typed.push(text);
    }
  }
  const receiver = last(request, 'receiver') ?? '';
  const receiverMistake = mistakeIn(receiver);
  if (receiverMistake !== undefined) mistakes.push(receiverMistake);
  const groupBy = readGrouping(request);
  return {
    query: {
      matchers: [...matchers.values()].slice(0, MATCHERS_MAX),
      receiver,
      states: {
        active: flag(request, 'active', true),
        silenced: flag(request, 'silenced', false),
        inhibited: flag(request, 'inhibited', false),
        muted: flag(request, 'muted', false),
      },
      groupBy,
      page: pageOf(request),
    },
    mistake: mistakes.length === 0 ? undefined : mistakes.join('; '),
    typed: typed.join(', '),
  };
}

/** `page=`, counted from 1; anything else is the first. */
export function pageOf(request: HttpRequest): number {
  const page = Number(last(request, 'page') ?? '1');
  return Number.isSafeInteger(page) && page >= 1 ? page : 1;
}

function readGrouping(request: HttpRequest): readonly string[] | undefined {
  const given = all(request, 'group').flatMap((text) => text.split(','));
  const names = [...new Set(given.map((name) => name.trim()).filter((name) => name !== ''))];
  const isCustom = flag(request, 'customGrouping', names.length > 0);
  return isCustom ? names.slice(0, GROUP_LABELS_MAX) : undefined;
}

function mistakeIn(receiver: string): string | undefined {
  if (receiver === '') return undefined;
  try {
    compileAnchored(receiver);
    return undefined;
  } catch (error) {
    return `receiver: ${messageOf(error)}`;
  }
}

/** Whether a receiver is asked for: by its name, or by the expression that links from messages hold. */
export function receiverPasses(wanted: string): (name: string) => boolean {
  if (wanted === '') return () => true;
  if (mistakeIn(wanted) !== undefined) return (name) => name === wanted;
  const regex = compileAnchored(wanted);
  return (name) => name === wanted || regex.matches(name);
}

/** The address of a query, without what is the default. The page is left out: a changed filter starts at its first. */
export function pairsOf(query: Omit<AlertQuery, 'page'>): readonly Pair[] {
  const { matchers, receiver, states, groupBy } = query;
  const pairs: Pair[] = matchers.map((matcher) => ['filter', matcher.toString()]);
  if (receiver !== '') pairs.push(['receiver', receiver]);
  for (const state of STATES) {
    if (states[state] !== (state === 'active')) pairs.push([state, String(states[state])]);
  }
  if (groupBy !== undefined) pairs.push(['customGrouping', 'true']);
  if (groupBy !== undefined && groupBy.length > 0) pairs.push(['group', groupBy.join(',')]);
  return pairs;
}

/** `alerts?…` for a changed query. */
export const alertsLink = (query: AlertQuery, change: Partial<AlertQuery> = {}): string =>
  `alerts${queryOf([...pairsOf({ ...query, ...change }), ...(change.page === undefined ? [] : [['page', String(change.page)] as const])])}`;
