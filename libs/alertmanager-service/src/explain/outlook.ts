/** What a group will say about an alert from now on: the timeline of `alerting`, fed with the live state. */
import {
  firstFlushDelay,
  groupKey,
  groupLabels,
  timeline,
  type RouteNode,
  type Timeline,
} from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { instantOf, isResolvedAt, type Alert, type AlertHash, type LabelSet } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { suppressionAt, type Suppression } from './suppression.ts';

/** Other alerts of the group that are asked whether something suppresses them; the rest counts as not. */
const OTHERS_ASKED_MAX = 10_000;

export interface Others {
  readonly firing: readonly AlertHash[];
  readonly resolved: readonly AlertHash[];
}

export interface OutlookQuestion {
  readonly route: RouteNode;
  /** The group as it is, when there is one. */
  readonly group: Group | undefined;
  readonly labels: LabelSet;
  readonly resolvesAt: WallMs | undefined;
  readonly now: WallMs;
  readonly until: WallMs;
  readonly itemsMax: number;
  readonly settings: AlertmanagerSettings;
  /** Of `othersOf`, when they are known already: a large group is walked once for all integrations. */
  readonly others?: Others;
}

/** Integrations of the receiver in which `isWanted`; all unless given. */
export function outlook(
  tenant: TenantAlertmanager,
  question: OutlookQuestion,
  isWanted: (integration: string, index: number) => boolean = () => true,
): Timeline<Suppression> {
  const { route, group, labels, now, settings } = question;
  const key = group?.key ?? groupKey(route, groupLabels(route, labels));
  const receiver = tenant.configuration.receivers.find(({ name }) => name === route.receiver);
  const integrations = (receiver?.integrations ?? [])
    .filter(({ integration, index }) => isWanted(integration, index))
    .map(({ integration, index, sendResolved }) => {
      const ref = { groupName: route.receiver, integration, index };
      return { receiver: ref, sendResolved, entry: tenant.log.nflog.get(key, ref) };
    });
  return timeline({
    route,
    alert: { hash: labels.hash, resolvesAt: question.resolvesAt },
    others: question.others ?? othersOf(tenant, group, labels, now),
    integrations,
    firstFlushAt: group?.nextFlushAt ?? newGroupFlushAt(tenant, route, now),
    suppressedAt: (at) => suppressionAt(tenant, route, labels, now, at),
    until: question.until,
    retentionMs: settings.retentionMs,
    collectedAfterMs: Math.min(settings.maintenanceIntervalMs, settings.alertsGcIntervalMs),
    itemsMax: question.itemsMax,
  });
}

/** When a group would flush first that an alert made now, which begins to fire now. */
export const newGroupFlushAt = (tenant: TenantAlertmanager, route: RouteNode, now: WallMs): WallMs =>
  Math.max(now + firstFlushDelay({ startsAt: instantOf(now) }, route, now), tenant.startAt);

/** The other alerts of the group that nothing suppresses by itself now. */
export function othersOf(
  tenant: TenantAlertmanager,
  group: Group | undefined,
  labels: LabelSet,
  now: WallMs,
): Others {
  const firing: AlertHash[] = [];
  const resolved: AlertHash[] = [];
  let asked = 0;
  for (const alert of group?.alerts.values() ?? []) {
    if (alert.labels.fingerprint === labels.fingerprint) continue;
    if (asked++ < OTHERS_ASKED_MAX && isSuppressed(tenant, alert, now)) continue;
    (isResolvedAt(alert, now) ? resolved : firing).push(alert.labels.hash);
  }
  return { firing, resolved };
}

// Not the time intervals: those mute the whole group, and are asked at each flush.
const isSuppressed = (tenant: TenantAlertmanager, { labels }: Alert, now: WallMs): boolean =>
  tenant.inhibitor.mutes(labels, now) !== undefined ||
  tenant.log.silences.mutedBy(labels, labels.fingerprint, now).length > 0;
