/** `/api/v2/alerts` and `/api/v2/alerts/groups`. Silences and inhibition are evaluated as of now, not as of the last flush. */
import {
  compareForFlush,
  compareLabelSets,
  matchRoutes,
  matchesAll,
  type ReceiverConfig,
} from '@tocsin/alerting';
import { compareUtf8, type HttpRequest, type HttpResponse, type WallMs } from '@tocsin/kernel';
import { compareInstants, formatMillis, instantOf, type Alert, type LabelSet } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { empty, okJson, refusedAlerts } from './answer.ts';
import type { AlertReader } from './alert-reader.ts';
import { isSuppressed, liveAlerts, statusOf, type Status } from './live-alerts.ts';
import { filters, flag, receiverFilter } from './query.ts';

/** Alerts serialised before other work gets its turn. */
const SLICE = 500;

export function postAlerts(
  tenant: TenantAlertmanager,
  reader: AlertReader,
  request: HttpRequest,
  traceparent: string,
): HttpResponse {
  const rejections = tenant.alerts.put(reader.read(request, traceparent));
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

export function alertJson(alert: Alert, status: Status, receivers: readonly string[]): string {
  const state = isSuppressed(status) ? 'suppressed' : 'active';
  const generator = alert.generatorUrl === '' ? '' : `"generatorURL":${JSON.stringify(alert.generatorUrl)},`;
  return (
    `{"annotations":${alert.annotations.json},"endsAt":"${formatMillis(alert.endsAt)}",` +
    `"fingerprint":"${alert.labels.fingerprint}",` +
    `"receivers":[${receivers.map((name) => `{"name":${JSON.stringify(name)}}`).join(',')}],` +
    `"startsAt":"${formatMillis(alert.startsAt)}",` +
    `"status":{"inhibitedBy":${JSON.stringify(status.inhibitedBy)},"mutedBy":${JSON.stringify(status.mutedBy)},` +
    `"silencedBy":${JSON.stringify(status.silencedBy)},"state":"${state}"},` +
    `"updatedAt":"${formatMillis(alert.updatedAt)}",${generator}"labels":${alert.labels.json}}`
  );
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
  const byName = receiversByName(tenant);
  const { route } = tenant.configuration;
  return okJson(
    listOf(liveAlerts(tenant, matchers, now), (alert) => {
      const names = matchRoutes(route, alert.labels).map((node) => node.receiver);
      if (receivers.isGiven && !names.some((name) => receivers.passes(receiverNamed(byName, name))))
        return undefined;
      const status = statusOf(tenant, alert, [], now);
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
  const receivers = receiverFilter(request, mode);
  const passes = stateFilter(request);
  const withMuted = flag(request, 'muted', true);
  const byName = receiversByName(tenant);
  const instant = instantOf(now);
  const chosen = tenant.groups.filter(
    (group) =>
      (!receivers.isGiven || receivers.passes(receiverNamed(byName, group.route.receiver))) &&
      (withMuted || group.mutedBy.length === 0),
  );
  const shown = chosen
    .map((group) => {
      const alerts = [...group.alerts.values()]
        .filter((alert) => compareInstants(alert.endsAt, instant) >= 0 && matchesAll(matchers, alert.labels))
        .map((alert) => ({ alert, status: statusOf(tenant, alert, group.mutedBy, now) }))
        .filter(({ status }) => passes(status))
        .sort((a, b) => compareForFlush(a.alert.labels, b.alert.labels));
      return { group, alerts };
    })
    .filter(({ alerts }) => alerts.length > 0)
    .sort(
      (a, b) =>
        compareLabelSets(a.group.labels, b.group.labels) ||
        compareUtf8(a.group.route.receiver, b.group.route.receiver),
    );
  const receiversOf = new Map<string, Set<string>>();
  for (const { group, alerts } of shown) {
    for (const { alert } of alerts) {
      const names = receiversOf.get(alert.labels.fingerprint) ?? new Set();
      receiversOf.set(alert.labels.fingerprint, names.add(group.route.receiver));
    }
  }
  return okJson(
    listOf(shown, ({ group, alerts }) => {
      const each = alerts.map(({ alert, status }) =>
        alertJson(alert, status, [...(receiversOf.get(alert.labels.fingerprint) ?? [])].sort(compareUtf8)),
      );
      return `{"alerts":[${each.join(',')}],"labels":${group.labels.json},"receiver":{"name":${JSON.stringify(group.route.receiver)}},"routeLabels":${tenant.routeLabelsOf(group).json}}`;
    }),
  );
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

/** A JSON list in slices, so that a long one never holds up a flush. */
function listOf<T>(
  items: readonly T[],
  print: (item: T) => string | undefined,
): string | AsyncIterable<string> {
  if (items.length <= SLICE) return `[${items.flatMap((item) => print(item) ?? []).join(',')}]\n`;
  return slices(items, print);
}

async function* slices<T>(
  items: readonly T[],
  print: (item: T) => string | undefined,
): AsyncIterable<string> {
  let before = '[';
  for (let start = 0; start < items.length; start += SLICE) {
    const printed = items.slice(start, start + SLICE).flatMap((item) => print(item) ?? []);
    if (printed.length === 0) continue;
    yield before + printed.join(',');
    before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}
