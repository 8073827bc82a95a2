/** Which alerts a listing shows, and what suppresses each: as of now, not as of the last flush. */
import { matchesAll } from '@tocsin/alerting';
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Alert, type Matcher } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';

/** Alerts that have not ended and match all of `matchers`, by fingerprint. */
export function liveAlerts(
  tenant: TenantAlertmanager,
  matchers: readonly Matcher[],
  now: WallMs,
): readonly Alert[] {
  const instant = instantOf(now);
  return [...tenant.alerts.alerts()]
    .filter((alert) => compareInstants(alert.endsAt, instant) >= 0 && matchesAll(matchers, alert.labels))
    .sort((a, b) => compareUtf8(a.labels.fingerprint, b.labels.fingerprint));
}

export interface Status {
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

export function statusOf(
  tenant: TenantAlertmanager,
  alert: Alert,
  mutedBy: readonly string[],
  now: WallMs,
): Status {
  const inhibited = tenant.inhibitor.mutes(alert.labels, now);
  return {
    inhibitedBy: inhibited === undefined ? [] : [inhibited.by],
    silencedBy: tenant.log.silences.mutedBy(alert.labels, alert.labels.fingerprint, now),
    mutedBy,
  };
}

export const isSuppressed = (status: Status): boolean =>
  status.inhibitedBy.length > 0 || status.silencedBy.length > 0 || status.mutedBy.length > 0;
