/** `/api/v2/tocsin/alerts`: `GET /api/v2/alerts` in pages, sorted, with the number of all. */
import type { HttpRequest, HttpResponse, Timers, WallMs } from '@tocsin/kernel';
import type { Alert } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { queryAlerts } from './alert-query.ts';
import { okJson } from './answer.ts';
import { instantKey, PageCollector, readPageRequest } from './paging.ts';
import { inSlices } from './slices.ts';

/** Of a label that is sorted or counted by, UTF-16 units. */
export const labelNameLengthMax = 256;

const BY_LABEL = 'label.';
const KEYS: ReadonlyMap<string, (alert: Alert) => string> = new Map([
  ['fingerprint', (alert) => alert.labels.fingerprint],
  ['startsAt', (alert) => instantKey(alert.startsAt)],
  ['endsAt', (alert) => instantKey(alert.endsAt)],
  ['updatedAt', (alert) => instantKey(alert.updatedAt)],
  ['alertname', (alert) => alert.labels.get('alertname') ?? ''],
]);

function keyOf(field: string): (alert: Alert) => string {
  const label = field.slice(BY_LABEL.length);
  return KEYS.get(field) ?? ((alert) => alert.labels.get(label) ?? '');
}

const isField = (field: string): boolean =>
  KEYS.has(field) ||
  (field.startsWith(BY_LABEL) &&
    field.length > BY_LABEL.length &&
    field.length <= BY_LABEL.length + labelNameLengthMax);

export async function getAlertPage(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
  now: WallMs,
  timers: Timers,
): Promise<HttpResponse> {
  const wanted = readPageRequest(request, {
    isField,
    fields: `${[...KEYS.keys()].join(', ')} or ${BY_LABEL}NAME`,
    byDefault: 'fingerprint',
  });
  const query = queryAlerts(tenant, request, mode, now);
  const key = keyOf(wanted.field);
  const collector = new PageCollector<Alert>(wanted);
  await inSlices(query.alerts, timers, (alert) => {
    if (query.isSelected(alert)) collector.add(alert, key(alert), alert.labels.fingerprint);
  });
  const { items, next, total } = collector.page();
  const more = next === undefined ? '' : `"next":${JSON.stringify(next)},`;
  return okJson(
    `{"alerts":[${items.map((alert) => query.print(alert)).join(',')}],${more}"total":${total}}\n`,
  );
}
