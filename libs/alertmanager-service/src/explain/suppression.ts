/** What would leave an alert out of a flush: the functions of the flush, asked in its order (pipeline.ts). */
import { timeMute, type RouteNode, type TimelineSuppression } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, msOf, type Fingerprint, type LabelSet } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import { iso, list, silenceWords } from './words.ts';

export type Suppression = TimelineSuppression &
  (
    | { readonly reason: 'inhibition'; readonly rule: string; readonly source: Fingerprint }
    | {
        readonly reason: 'active_time_interval' | 'mute_time_interval';
        readonly intervals: readonly string[];
      }
    | { readonly reason: 'silence'; readonly silences: readonly string[] }
  );

/** `at` may lie ahead. Inhibition is judged as of `now`: whether its source will fire then, nobody knows. */
export function suppressionAt(
  tenant: TenantAlertmanager,
  route: RouteNode,
  labels: LabelSet,
  now: WallMs,
  at: WallMs = now,
): Suppression | undefined {
  const inhibition = tenant.inhibitor.mutes(labels, now);
  if (inhibition !== undefined)
    return { isWholeGroup: false, reason: 'inhibition', rule: inhibition.rule, source: inhibition.by };
  const mute = timeMute(route, tenant.intervals, at);
  if (mute !== undefined) {
    const reason = mute.isOutsideActive ? 'active_time_interval' : 'mute_time_interval';
    return { isWholeGroup: true, reason, intervals: mute.by };
  }
  const silences = tenant.log.silences.mutedBy(labels, labels.fingerprint, at);
  return silences.length === 0 ? undefined : { isWholeGroup: false, reason: 'silence', silences };
}

/** `silenced by … (alice: maintenance) until …`; what can be told of its end is told. `at` may lie ahead of `now`. */
export function suppressionWords(
  tenant: TenantAlertmanager,
  route: RouteNode | undefined,
  by: Suppression,
  at: WallMs,
  now: WallMs = at,
): string {
  switch (by.reason) {
    case 'inhibition': {
      const source = tenant.alerts.get(by.source);
      if (source === undefined) return `inhibited by alert ${by.source} (rule ${by.rule})`;
      const state = isResolvedAt(source, now) ? 'resolved since' : 'fires since';
      const since = isResolvedAt(source, now) ? source.endsAt : source.startsAt;
      return `inhibited by ${source.labels.toString()} (rule ${by.rule}), which ${state} ${iso(msOf(since))}`;
    }
    case 'silence':
      return `silenced by ${list(by.silences.map((id) => silenceWords(id, tenant.log.silences.get(id))))}`;
    case 'mute_time_interval':
      return `muted by time interval ${list(by.intervals)}${until(tenant, route, at)}`;
    case 'active_time_interval':
      return `outside the active time interval ${list(by.intervals)}${until(tenant, route, at)}`;
  }
}

const until = (tenant: TenantAlertmanager, route: RouteNode | undefined, at: WallMs): string => {
  const end = route === undefined ? undefined : muteEnd(tenant, route, at);
  return end === undefined ? '' : ` until ${iso(end)}`;
};

const MINUTE_MS = 60_000;
/** Minutes that are tried for the end of a mute: each costs a look at the calendar. */
const MUTE_MINUTES_MAX = 3 * 24 * 60;

/** The first full minute at which the route is no longer muted as it is at `at`. */
export function muteEnd(tenant: TenantAlertmanager, route: RouteNode, at: WallMs): WallMs | undefined {
  const first = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
  for (let minute = 0; minute < MUTE_MINUTES_MAX; minute++) {
    const then = first + minute * MINUTE_MS;
    if (timeMute(route, tenant.intervals, then) === undefined) return then;
  }
  return undefined;
}
