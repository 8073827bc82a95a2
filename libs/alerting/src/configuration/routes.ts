/**
 * @module alerting/configuration/routes
 *
 * The route tree: read as written, then resolved into nodes with everything inherited
 * (spec/alertmanager.md 1.5). Written and effective stay apart because what is rendered is what was
 * written, and because a node's own receiver is checked, not the one it inherits.
 */
import type { Field } from '@tocsin/kernel';
import { formatDuration, formatMatchers, goQuote, isValidLabelName } from '@tocsin/model';
import type { RouteNode } from '../configuration.ts';
import { readMatchers, type ReadMatchers } from './matchers.ts';
import {
  readBoolean,
  readDuration,
  readStringMap,
  readStrings,
  readText,
  setField,
  type ReadingContext,
} from './reading.ts';
import { settingMap, type SettingMap } from './setting.ts';

const KEYS = [
  'receiver',
  'group_by',
  'labels',
  'match',
  'match_re',
  'matchers',
  'mute_time_intervals',
  'active_time_intervals',
  'continue',
  'routes',
  'group_wait',
  'group_interval',
  'repeat_interval',
] as const;

/** A route as written: undefined is "not set". */
export interface WrittenRoute {
  readonly field: Field;
  readonly receiver: string | undefined;
  /** As listed, `...` included. */
  readonly groupBy: readonly string[] | undefined;
  readonly labels: ReadonlyMap<string, string> | undefined;
  readonly matching: ReadMatchers;
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly groupWaitMs: number | undefined;
  readonly groupIntervalMs: number | undefined;
  readonly repeatIntervalMs: number | undefined;
  readonly routes: readonly WrittenRoute[];
}

export function readRoute(field: Field, context: ReadingContext): WrittenRoute {
  const fields = field.object(KEYS) ?? {};
  const groupBy = readStrings(fields.group_by);
  if (groupBy !== undefined && fields.group_by !== undefined) checkGroupBy(fields.group_by, groupBy, context);
  const labels = readStringMap(fields.labels);
  for (const name of labels?.keys() ?? []) {
    if (!isValidLabelName(name, context.mode))
      fields.labels?.fail(`invalid label name ${goQuote(name)} in route labels`);
  }
  return {
    field,
    receiver: readText(fields.receiver),
    groupBy,
    labels,
    matching: readMatchers(
      { matchers: fields.matchers, match: fields.match, matchRe: fields.match_re },
      context,
    ),
    continue: readBoolean(fields.continue) ?? false,
    muteTimeIntervals: readStrings(fields.mute_time_intervals) ?? [],
    activeTimeIntervals: readStrings(fields.active_time_intervals) ?? [],
    groupWaitMs: readDuration(fields.group_wait),
    groupIntervalMs: readInterval(fields.group_interval, 'group_interval'),
    repeatIntervalMs: readInterval(fields.repeat_interval, 'repeat_interval'),
    routes: (setField(fields.routes)?.items() ?? []).flatMap((child) => {
      if (!child.isNull) return [readRoute(child, context)];
      child.fail('expected a route, found null');
      return [];
    }),
  };
}

function checkGroupBy(field: Field, names: readonly string[], context: ReadingContext): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) field.fail(`duplicated label ${goQuote(name)} in group_by`);
    seen.add(name);
    if (name !== '...' && !isValidLabelName(name, context.mode)) {
      field.fail(`invalid label name ${goQuote(name)} in group_by list`);
    }
  }
  if (seen.has('...') && seen.size > 1) {
    field.fail('cannot have wildcard group_by (`...`) and other labels at the same time');
  }
}

function readInterval(field: Field | undefined, name: string): number | undefined {
  const ms = readDuration(field);
  return ms === 0 ? field?.fail(`${name} cannot be zero`) : ms;
}

/** What holds for the root alone. */
export function checkRoot({ field, ...root }: WrittenRoute): void {
  if (root.receiver === undefined) field.fail('root route must specify a default receiver');
  if (root.matching.matchers.length > 0) field.fail('root route must not have any matchers');
  if (root.muteTimeIntervals.length > 0) field.fail('root route must not have any mute time intervals');
  if (root.activeTimeIntervals.length > 0) field.fail('root route must not have any active time intervals');
  if (root.continue) field.fail('cannot have continue in root route');
}

/** Every receiver and interval that a route names must exist. */
export function checkReferences(
  route: WrittenRoute,
  receivers: ReadonlySet<string>,
  timeIntervals: ReadonlySet<string>,
): void {
  if (route.receiver !== undefined && !receivers.has(route.receiver)) {
    route.field.fail(`undefined receiver ${goQuote(route.receiver)} used in route`);
  }
  for (const name of [...route.muteTimeIntervals, ...route.activeTimeIntervals]) {
    if (!timeIntervals.has(name)) route.field.fail(`undefined time interval ${goQuote(name)} used in route`);
  }
  for (const child of route.routes) checkReferences(child, receivers, timeIntervals);
}

type Inherited = Pick<
  RouteNode,
  'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs' | 'labels' | 'timingSetBy'
>;

const DEFAULTS: Inherited = {
  receiver: '',
  groupBy: new Set(),
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
  labels: new Map(),
};

/** The tree with effective options. */
export const resolveRoutes = (root: WrittenRoute): RouteNode => resolve(root, DEFAULTS, undefined);

interface Place {
  readonly parent: Pick<RouteNode, 'id' | 'key'>;
  /** Among the siblings. */
  readonly index: number;
}

function resolve(route: WrittenRoute, inherited: Inherited, place: Place | undefined): RouteNode {
  const own = formatMatchers(route.matching.matchers);
  const key = place === undefined ? own : `${place.parent.key}/${own}`;
  const id = place === undefined ? own : `${place.parent.id}/${own}/${place.index}`;
  const options: Inherited = {
    receiver: route.receiver ?? inherited.receiver,
    groupBy: effectiveGroupBy(route, inherited),
    groupWaitMs: route.groupWaitMs ?? inherited.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs ?? inherited.groupIntervalMs,
    repeatIntervalMs: route.repeatIntervalMs ?? inherited.repeatIntervalMs,
    labels:
      route.labels === undefined
        ? (inherited.labels ?? new Map())
        : new Map([...(inherited.labels ?? []), ...route.labels]),
    timingSetBy: {
      groupWait: route.groupWaitMs === undefined ? inherited.timingSetBy?.groupWait : id,
      groupInterval: route.groupIntervalMs === undefined ? inherited.timingSetBy?.groupInterval : id,
      repeatInterval: route.repeatIntervalMs === undefined ? inherited.timingSetBy?.repeatInterval : id,
    },
  };
  return {
    ...options,
    id,
    key,
    matchers: route.matching.matchers,
    continue: route.continue,
    muteTimeIntervals: route.muteTimeIntervals,
    activeTimeIntervals: route.activeTimeIntervals,
    routes: route.routes.map((child, index) => resolve(child, options, { parent: { id, key }, index })),
  };
}

function effectiveGroupBy(route: WrittenRoute, inherited: Inherited): RouteNode['groupBy'] {
  if (route.groupBy === undefined) return inherited.groupBy;
  return route.groupBy.includes('...') ? 'all' : new Set(route.groupBy);
}

export function renderRoute(route: WrittenRoute): SettingMap {
  const duration = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : formatDuration(ms);
  const names = (list: readonly string[]): readonly string[] | undefined =>
    list.length === 0 ? undefined : list;
  const { matchers, match, matchRe } = route.matching.rendered;
  return settingMap([
    ['receiver', route.receiver],
    ['group_by', route.groupBy],
    ['labels', route.labels?.size === 0 ? undefined : route.labels],
    ['match', match],
    ['match_re', matchRe],
    ['matchers', matchers],
    ['mute_time_intervals', names(route.muteTimeIntervals)],
    ['active_time_intervals', names(route.activeTimeIntervals)],
    ['continue', route.continue],
    ['routes', route.routes.length === 0 ? undefined : route.routes.map(renderRoute)],
    ['group_wait', duration(route.groupWaitMs)],
    ['group_interval', duration(route.groupIntervalMs)],
    ['repeat_interval', duration(route.repeatIntervalMs)],
  ]);
}

/** What loads but can hardly be meant. */
export function routeWarnings(route: RouteNode, retentionMs: number | undefined): readonly string[] {
  const own: string[] = [];
  const repeat = formatDuration(route.repeatIntervalMs);
  if (route.repeatIntervalMs < route.groupIntervalMs) {
    const interval = formatDuration(route.groupIntervalMs);
    own.push(
      `route ${route.id}: repeat_interval ${repeat} is less than group_interval ${interval}, so notifications repeat only every ${interval}`,
    );
  }
  if (retentionMs !== undefined && route.repeatIntervalMs > retentionMs) {
    own.push(
      `route ${route.id}: repeat_interval ${repeat} is greater than the data retention of ${formatDuration(retentionMs)}, so notifications repeat sooner`,
    );
  }
  return [...own, ...route.routes.flatMap((child) => routeWarnings(child, retentionMs))];
}
