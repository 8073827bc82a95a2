/**
 * `GET /api/v2/tocsin/preview`: if this alert fires now, which messages go out, and when. Computed by
 * `alerting/timeline` from the live state; nothing is stored.
 */
import {
  TIMELINE_ITEMS_MAX,
  TIMELINE_SPAN_MAX_MS,
  explainRoutes,
  groupKey,
  groupLabels,
  type RouteNode,
  type TimelineItem,
} from '@tocsin/alerting';
import { AppError, messageOf, type HttpRequest, type WallMs } from '@tocsin/kernel';
import { parseDuration, type LabelSet, type NotificationReason, type ReceiverRef } from '@tocsin/model';
import { all, last } from '../api/query.ts';
import type { Group } from '../dispatcher.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { outlook } from './outlook.ts';
import { suppressionWords, type Suppression } from './suppression.ts';
import { labelsOf } from './target.ts';
import { duration, iso, named, plain } from './words.ts';

const SPAN_DEFAULT_MS = 24 * 3_600_000;

/** Instants are RFC 3339 in UTC; `afterMs` counts from `at`. */
export interface Preview {
  readonly summary: readonly string[];
  readonly at: string;
  readonly until: string;
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One for each route the alert would take. */
  readonly routes: readonly PreviewedRoute[];
  /** What was taken for granted. */
  readonly assumes: readonly string[];
}

export interface PreviewedRoute {
  readonly routeId: string;
  readonly receiver: string;
  readonly groupKey: string;
  /** The group exists: the alert would join it and keep its rhythm. */
  readonly isGroupThere: boolean;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly items: readonly PreviewedItem[];
  /** `resolved`: the last message is told. `until`: the end of the time asked for. `limit`: there is more. */
  readonly end: 'resolved' | 'until' | 'limit';
  /** The items are whole until here. */
  readonly reachedAt: string;
}

export type PreviewedItem =
  | {
      readonly kind: 'notification';
      readonly at: string;
      readonly afterMs: number;
      readonly receiver: ReceiverRef;
      readonly reason: NotificationReason;
      readonly isResolved: boolean;
      readonly alerts: number;
    }
  | { readonly kind: 'suppressed'; readonly at: string; readonly afterMs: number; readonly by: string }
  | { readonly kind: 'unsuppressed'; readonly at: string; readonly afterMs: number };

interface Asked {
  readonly tenant: TenantAlertmanager;
  readonly parts: AlertmanagerParts;
  readonly labels: LabelSet;
  readonly now: WallMs;
  readonly until: WallMs;
  readonly resolvesAt: WallMs | undefined;
}

export function preview(parts: AlertmanagerParts, tenant: TenantAlertmanager, request: HttpRequest): Preview {
  const now = parts.clock.wall();
  const labels = labelsOf(all(request, 'labels'), parts.settings.matcherMode);
  const resolvesAfter = durationOf(request, 'resolvesAfter');
  const span = durationOf(request, 'for') ?? SPAN_DEFAULT_MS;
  const asked: Asked = {
    tenant,
    parts,
    labels,
    now,
    until: now + span,
    resolvesAt: resolvesAfter === undefined ? undefined : now + resolvesAfter,
  };
  const routes = explainRoutes(tenant.configuration.route, labels).matched;
  const groups = new Map(tenant.groups.map((group) => [group.id, group]));
  let left = TIMELINE_ITEMS_MAX;
  const previewed = routes.map((route) => {
    const of = previewRoute(asked, route, groups, left);
    left -= of.items.length;
    return of;
  });
  if (tenant.alerts.get(labels.fingerprint) === undefined) tenant.log.silences.forget(labels.fingerprint);
  return {
    summary: previewed.flatMap((route) => summaryOf(route)),
    at: iso(now),
    until: iso(asked.until),
    fingerprint: labels.fingerprint,
    labels: plain(labels),
    routes: previewed,
    assumes: assumptions(asked),
  };
}

function previewRoute(
  { tenant, parts, labels, now, until, resolvesAt }: Asked,
  route: RouteNode,
  groups: ReadonlyMap<string, Group>,
  itemsMax: number,
): PreviewedRoute {
  const key = groupKey(route, groupLabels(route, labels));
  const group = groups.get(`${route.id}\u0000${key}`);
  const { items, end, reachedAt } = outlook(tenant, {
    route,
    group,
    labels,
    resolvesAt,
    now,
    until,
    itemsMax,
    settings: parts.settings,
  });
  return {
    routeId: route.id,
    receiver: route.receiver,
    groupKey: key,
    isGroupThere: group !== undefined,
    groupWaitMs: route.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs,
    repeatIntervalMs: route.repeatIntervalMs,
    items: items.map((item) => previewItem(tenant, route, item, now)),
    end,
    reachedAt: iso(reachedAt),
  };
}

function previewItem(
  tenant: TenantAlertmanager,
  route: RouteNode,
  item: TimelineItem<Suppression>,
  now: WallMs,
): PreviewedItem {
  const when = { at: iso(item.at), afterMs: item.at - now };
  switch (item.kind) {
    case 'notification': {
      const { receiver, reason, isResolved, alerts } = item;
      return { kind: item.kind, ...when, receiver, reason, isResolved, alerts };
    }
    case 'suppressed':
      return { kind: item.kind, ...when, by: suppressionWords(tenant, route, item.by, item.at, now) };
    case 'unsuppressed':
      return { kind: item.kind, ...when };
  }
}

function summaryOf({ receiver, items, end, routeId }: PreviewedRoute): readonly string[] {
  const sentences = items.map((item) => {
    const after = `T+${duration(item.afterMs)}`;
    switch (item.kind) {
      case 'notification':
        return `${after}: ${named(item.receiver)} is told${item.isResolved ? ' that it resolved' : ''} (${item.reason}).`;
      case 'suppressed':
        return `${after}: not sent to ${receiver}: ${item.by}.`;
      case 'unsuppressed':
        return `${after}: no longer held back from ${receiver}.`;
    }
  });
  if (items.length > 0) return sentences;
  const why =
    end === 'limit' ? 'it was not computed: other routes have used up the answer' : 'no message goes out';
  return [`Receiver ${receiver} (route ${routeId}): ${why}.`];
}

function assumptions({ tenant, resolvesAt }: Asked): readonly string[] {
  return [
    resolvesAt === undefined ? 'The alert goes on firing.' : `The alert resolves at ${iso(resolvesAt)}.`,
    'Everything else that fires now goes on firing, and what inhibits now goes on inhibiting.',
    'Every message is delivered at once, by a replica in position 0.',
    ...(tenant.isGateOpen ? [] : ['This replica has not settled yet: until it has, nothing is sent.']),
  ];
}

/** A duration as in the configuration, above zero and at most 30 days. */
function durationOf(request: HttpRequest, name: string): number | undefined {
  const written = last(request, name);
  if (written === undefined || written === '') return undefined;
  let ms: number;
  try {
    ms = parseDuration(written);
  } catch (error) {
    throw AppError.invalid(`${name}: ${messageOf(error)}`);
  }
  if (ms <= 0 || ms > TIMELINE_SPAN_MAX_MS)
    throw AppError.invalid(
      `${name}: expected a duration above 0 and at most 30d, found ${JSON.stringify(written)}`,
    );
  return ms;
}
