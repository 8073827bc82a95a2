/** What `GET` of alerts, of pages of them and of counts select by: the same parameters with the same meaning. */
import { matchRoutes } from '@tocsin/alerting';
import type { HttpRequest, WallMs } from '@tocsin/kernel';
import type { Alert } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { alertJson } from './alert-json.ts';
import { receiverNamed, receiversByName, stateFilter } from './alerts-api.ts';
import { liveAlerts, statusOf, type Status } from './live-alerts.ts';
import { filters, flag, receiverFilter } from './query.ts';

export interface AlertQuery {
  /** By fingerprint; `isSelected` has not been asked yet. */
  readonly alerts: readonly Alert[];
  /** By receiver and state. */
  isSelected(alert: Alert): boolean;
  statusOf(alert: Alert): Status;
  /** As an element of `GET /api/v2/alerts`. */
  print(alert: Alert): string;
}

/** Reads `filter`, `receiver`, `receiver_matchers`, `active`, `silenced` and `inhibited`; throws AppError `invalid`. */
export function queryAlerts(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
  now: WallMs,
): AlertQuery {
  const matchers = filters(request, mode);
  const receivers = receiverFilter(request, mode);
  const passes = stateFilter(request);
  const isAnyState = ['active', 'silenced', 'inhibited'].every((name) => flag(request, name, true));
  const byName = receiversByName(tenant);
  const { route } = tenant.configuration;
  const receiversOf = (alert: Alert): readonly string[] =>
    matchRoutes(route, alert.labels).map((node) => node.receiver);
  const status = (alert: Alert): Status => statusOf(tenant, alert, [], now);
  return {
    alerts: liveAlerts(tenant, matchers, now),
    isSelected: (alert) =>
      (!receivers.isGiven ||
        receiversOf(alert).some((name) => receivers.passes(receiverNamed(byName, name)))) &&
      (isAnyState || passes(status(alert))),
    statusOf: status,
    print: (alert) => alertJson(alert, status(alert), receiversOf(alert)),
  };
}
