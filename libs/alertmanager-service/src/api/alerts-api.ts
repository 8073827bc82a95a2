/** `/api/v2/alerts` and `/api/v2/alerts/groups`. Silences and inhibition are evaluated as of now, not as of the last flush. */
import type { ReceiverConfig, RouteNode } from '@tocsin/alerting';
import { compareUtf8, type HttpRequest, type HttpResponse, type WallMs } from '@tocsin/kernel';
import type { Alert, Fingerprint, LabelSet } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { alertJson, receiverJson } from './alert-json.ts';
import type { AlertReader } from './alert-reader.ts';
import { empty, okJson, refusedAlerts } from './answer.ts';
import { jsonList, jsonLists } from './json-slices.ts';
import { isSuppressed, liveCandidates, liveTest, membersFor, statusOf, type Status } from './live-alerts.ts';
import { filters, flag, receiverFilter, type ReceiverFilter } from './query.ts';

export function postAlerts(
  tenant: TenantAlertmanager,
  reader: AlertReader,
  request: HttpRequest,
  traceparent: string,
): HttpResponse {
  const rejections = tenant.alerts.put(reader.read(request, traceparent, tenant.alerts.texts));
  if (rejections.length === 0) return empty(200);
  return refusedAlerts(rejections);
}

/** `active`, `silenced`, `inhibited` of the query. */
export function stateFilter(request: HttpRequest): (status: Status) => boolean {
  const active = flag(request, 'active', true);
  const silenced = flag(request, 'silenced', true);
  const inhibited = flag(request, 'inhibited', true);
  return (status) =>
    (active || isSuppressed(status)) &&
    (silenced || status.silencedBy.length === 0) &&
    (inhibited || status.inhibitedBy.length === 0);
}

export function getAlerts(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
  now: WallMs,
): HttpResponse {
  const matchers = filters(request, mode);
  const receivers = receiverFilter(request, mode);
  const passes = stateFilter(request);
  const isReceiver = receiverTest(tenant, receivers);
  const { candidates, isLive } = liveCandidates(tenant, matchers, now);
  const { dispatcher } = tenant;
  return okJson(
    jsonList(candidates, (held) => {
      const { alert } = held;
      if (!isLive(alert)) return undefined;
      if (held.routing?.key !== dispatcher.routingKey) held.routing = dispatcher.routingOf(alert);
      const names = held.routing.receivers;
      if (receivers.isGiven && !names.some(isReceiver)) return undefined;
      const status = statusOf(tenant, alert, NOT_MUTED, now);
      return passes(status) ? alertJson(alert, status, names) : undefined;
    }),
  );
}

export function getGroups(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
  now: WallMs,
): HttpResponse {
  const matchers = filters(request, mode);
  const isLive = liveTest(matchers, now);
  const receivers = receiverFilter(request, mode);
  const passes = stateFilter(request);
  const isAnyState = ['active', 'silenced', 'inhibited'].every((name) => flag(request, name, true));
  const withMuted = flag(request, 'muted', true);
  const isReceiver = receiverTest(tenant, receivers);
  const isChosen = (group: Group): boolean =>
    (!receivers.isGiven || isReceiver(group.route.receiver)) && (withMuted || group.mutedBy.length === 0);
  const { dispatcher } = tenant;
  const membersOf = membersFor(tenant, matchers);
  const chosen = dispatcher.orderedGroups.filter((group) => isChosen(group) && membersOf.isAny(group));
  const isShownIn = (alert: Alert, group: Group): boolean =>
    isChosen(group) && (isAnyState || passes(statusOf(tenant, alert, group.mutedBy, now)));
  const receiversOf = shownReceivers(tenant, isShownIn, isAnyState);
  const size = chosen.reduce((sum, { alerts }) => sum + 1 + alerts.size, 0);
  return okJson(
    jsonLists<Group, Fingerprint>(chosen, size, (group) => ({
      items: membersOf.inOrder(group),
      print: (fingerprint) => {
        const alert = group.alerts.get(fingerprint);
        if (alert === undefined || !isLive(alert)) return undefined;
        const status = statusOf(tenant, alert, group.mutedBy, now);
        return passes(status) ? alertJson(alert, status, receiversOf(alert, group)) : undefined;
      },
      head: () => '{"alerts":[',
      tail: () =>
        `],"labels":${group.labels.json},"receiver":${receiverJson(group.route.receiver)},"routeLabels":${tenant.routeLabelsOf(group).json}}`,
    })),
  );
}

/**
 * The receivers of all groups that show an alert, sorted, for one request. Without a filter by state the
 * answer is the same for all alerts that are in the same groups.
 */
function shownReceivers(
  { configuration, dispatcher }: TenantAlertmanager,
  isShownIn: (alert: Alert, group: Group) => boolean,
  isSameForAll: boolean,
): (alert: Alert, of: Group) => readonly string[] {
  const isInOneOnly = !hasContinue(configuration.route);
  const known = new Map<object, readonly string[]>();
  const single = new Map<string, readonly string[]>();
  const only = (receiver: string): readonly string[] => {
    let list = single.get(receiver);
    if (list === undefined) single.set(receiver, (list = [receiver]));
    return list;
  };
  return (alert, of) => {
    if (isInOneOnly) return only(of.route.receiver);
    const together = dispatcher.groupsTogether(alert.labels.fingerprint);
    if (together.length <= 1) return only(of.route.receiver);
    const before = isSameForAll ? known.get(together) : undefined;
    if (before !== undefined) return before;
    const names = new Set([of.route.receiver]);
    for (const { group } of together)
      if (!group.isGone && isShownIn(alert, group)) names.add(group.route.receiver);
    const sorted = [...names].sort(compareUtf8);
    if (isSameForAll) known.set(together, sorted);
    return sorted;
  };
}

const hasContinue = (route: RouteNode): boolean =>
  route.routes.some((child) => child.continue || hasContinue(child));

const NOT_MUTED: readonly string[] = [];

/** Whether the receiver of this name passes; asked once for each. */
function receiverTest(tenant: TenantAlertmanager, filter: ReceiverFilter): (name: string) => boolean {
  const byName = receiversByName(tenant);
  const answers = new Map<string, boolean>();
  return (name) => {
    let answer = answers.get(name);
    if (answer === undefined) answers.set(name, (answer = filter.passes(receiverNamed(byName, name))));
    return answer;
  };
}

export const receiversByName = (tenant: TenantAlertmanager): ReadonlyMap<string, ReceiverConfig> =>
  new Map(tenant.configuration.receivers.map((receiver) => [receiver.name, receiver]));

export function receiverNamed(
  byName: ReadonlyMap<string, ReceiverConfig>,
  name: string,
): { readonly name: string; readonly labels: LabelSet } {
  const receiver = byName.get(name);
  if (receiver === undefined) throw new Error(`route names receiver ${name}, which is not configured`);
  return receiver;
}
