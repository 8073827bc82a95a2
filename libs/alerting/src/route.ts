/**
 * @module alerting/route
 *
 * Which routes an alert takes, and into which group of each (spec/alertmanager.md 4.1, 4.2). Route
 * keys and group keys are shared with foreign peers through the notification log: every byte counts.
 */
import type { LabelSet, Matcher } from '@tocsin/model';
import type { RouteNode } from './configuration.ts';

/**
 * The routes of an alert in tree order; the same receiver may come several times. Depth first: a
 * node whose children all refuse is itself the match, and a child that matched ends the search
 * among its siblings unless it says `continue`. Empty only when the root itself refuses.
 */
export function matchRoutes(root: RouteNode, labels: LabelSet): RouteNode[] {
  const matched: RouteNode[] = [];
  collect(root, labels, matched, undefined);
  return matched;
}

export interface RefusedRoute {
  readonly routeId: string;
  /** Canonical text of the first matcher that did not match. */
  readonly matcher: string;
}

export interface TriedRoute {
  readonly route: RouteNode;
  /** 0 is the root. */
  readonly depth: number;
  /**
   * `matched`: the alert goes here. `passed-on`: it matches, and a child took it. `refused`: on `matcher`.
   * `not-tried`: the earlier sibling `takenBy` took the alert and does not `continue`. Children of the
   * last two are not listed.
   */
  readonly outcome: 'matched' | 'passed-on' | 'refused' | 'not-tried';
  readonly matcher?: string;
  readonly takenBy?: RouteNode;
}

export interface RouteExplanation {
  readonly matched: readonly RouteNode[];
  /** Every route that was tried and refused, in the order tried. */
  readonly refused: readonly RefusedRoute[];
  /** The walk in tree order, parents before children. */
  readonly tried: readonly TriedRoute[];
}

/** The same walk as `matchRoutes`, with what was refused on the way. Dearer: for people, not for every alert. */
export function explainRoutes(root: RouteNode, labels: LabelSet): RouteExplanation {
  const matched: RouteNode[] = [];
  const walked: TriedRoute[] = [];
  collect(root, labels, matched, {
    depth: 0,
    tell: (route, depth, finding) => void walked.push({ route, depth, ...finding }),
  });
  const taken = new Set(matched);
  // Whether a node is the match is known only after its children.
  const tried = walked.map((each): TriedRoute =>
    each.outcome === 'passed-on' && taken.has(each.route) ? { ...each, outcome: 'matched' } : each,
  );
  const refused = tried.flatMap(({ route, matcher }) =>
    matcher === undefined ? [] : { routeId: route.id, matcher },
  );
  return { matched, refused, tried };
}

interface Walk {
  readonly depth: number;
  readonly tell: (route: RouteNode, depth: number, finding: Omit<TriedRoute, 'route' | 'depth'>) => void;
}

function collect(route: RouteNode, labels: LabelSet, matched: RouteNode[], walk: Walk | undefined): boolean {
  const refusing = refusingMatcher(route.matchers, labels);
  if (refusing !== undefined) {
    walk?.tell(route, walk.depth, { outcome: 'refused', matcher: refusing.toString() });
    return false;
  }
  walk?.tell(route, walk.depth, { outcome: 'passed-on' });
  const below = walk === undefined ? undefined : { ...walk, depth: walk.depth + 1 };
  let isTaken = false;
  for (const child of route.routes) {
    if (!collect(child, labels, matched, below)) continue;
    isTaken = true;
    if (child.continue) continue;
    if (below !== undefined) tellSkipped(route, child, below);
    break;
  }
  if (!isTaken) matched.push(route);
  return true;
}

function tellSkipped({ routes }: RouteNode, takenBy: RouteNode, { depth, tell }: Walk): void {
  for (const skipped of routes.slice(routes.indexOf(takenBy) + 1))
    tell(skipped, depth, { outcome: 'not-tried', takenBy });
}

function refusingMatcher(matchers: readonly Matcher[], labels: LabelSet): Matcher | undefined {
  for (const matcher of matchers) if (!matcher.matches(labels.get(matcher.name) ?? '')) return matcher;
  return undefined;
}

/** All must match; a missing label counts as the empty string. No matchers match everything. */
export const matchesAll = (matchers: readonly Matcher[], labels: LabelSet): boolean =>
  refusingMatcher(matchers, labels) === undefined;

/** The alert's labels that are in `group_by`; those it lacks are left out, not empty. */
export function groupLabels(route: Pick<RouteNode, 'groupBy'>, labels: LabelSet): LabelSet {
  const names = route.groupBy;
  return names === 'all' ? labels : labels.filter((name) => names.has(name));
}

/** Names the group in the notification log. Two routes with the same matcher path share it. */
export const groupKey = (route: Pick<RouteNode, 'key'>, labelsOfGroup: LabelSet): string =>
  `${route.key}:${labelsOfGroup.toString()}`;
