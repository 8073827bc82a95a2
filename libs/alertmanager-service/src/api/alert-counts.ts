/**
 * `/api/v2/tocsin/alerts/counts`: how many alerts there are, by label values and by state. A page that
 * shows 100,000 alerts needs these numbers, not the alerts.
 */
import {
  AppError,
  compareUtf8,
  type HttpRequest,
  type HttpResponse,
  type Meter,
  type Timers,
  type WallMs,
} from '@tocsin/kernel';
import type { Alert } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { labelNameLengthMax } from './alert-pages.ts';
import { queryAlerts } from './alert-query.ts';
import { ok } from './answer.ts';
import { apiMetrics } from './api-metrics.ts';
import { isSuppressed, type Status } from './live-alerts.ts';
import { all, last } from './query.ts';
import { inSlices } from './slices.ts';

/** Labels to count by at once. */
export const countLabelsMax = 5;
/** Buckets in one answer, the largest first; the others are summed. */
export const countBucketsMax = 1_000;
const COUNT_BUCKETS_DEFAULT = 100;
/** Combinations of values counted apart; alerts of further ones go into the sum of the others. */
const COMBINATIONS_MAX = 100_000;

interface Counts {
  count: number;
  active: number;
  suppressed: number;
  silenced: number;
  inhibited: number;
}
interface Bucket extends Counts {
  readonly values: readonly string[];
}

const noCounts = (): Counts => ({ count: 0, active: 0, suppressed: 0, silenced: 0, inhibited: 0 });

export async function getAlertCounts(
  tenant: TenantAlertmanager,
  request: HttpRequest,
  mode: AlertmanagerSettings['matcherMode'],
  now: WallMs,
  deps: { readonly timers: Timers; readonly meter: Meter },
): Promise<HttpResponse> {
  const labels = labelsOf(request);
  const limit = limitOf(request);
  const query = queryAlerts(tenant, request, mode, now);
  const total = noCounts();
  const uncounted = noCounts();
  const buckets = new Map<string, Bucket>();
  const bucketOf = (alert: Alert): Counts => {
    const values = labels.map((name) => alert.labels.get(name) ?? '');
    const id = values.length === 1 ? (values[0] ?? '') : JSON.stringify(values);
    const found = buckets.get(id);
    if (found !== undefined) return found;
    if (buckets.size >= COMBINATIONS_MAX) return uncounted;
    const fresh = { values, ...noCounts() };
    buckets.set(id, fresh);
    return fresh;
  };
  await inSlices(query.alerts, deps.timers, (alert) => {
    if (!query.isSelected(alert)) return;
    const status = query.statusOf(alert);
    add(total, status);
    if (labels.length > 0) add(bucketOf(alert), status);
  });
  const sorted = [...buckets.values()].sort(
    (left, right) => right.count - left.count || compareLists(left.values, right.values),
  );
  const others = sorted.slice(limit);
  const isPartial = others.length > 0 || uncounted.count > 0;
  if (isPartial) deps.meter.add(apiMetrics.limitReached, 1, { limit: 'count_buckets' });
  return ok({
    by: labels,
    total,
    buckets: sorted.slice(0, limit).map(({ values, ...counts }) => ({
      labels: Object.fromEntries(labels.map((name, index) => [name, values[index] ?? ''])),
      ...counts,
    })),
    ...(isPartial
      ? { others: { buckets: others.length, isMore: uncounted.count > 0, ...sumOf([...others, uncounted]) } }
      : {}),
  });
}

function add(counts: Counts, status: Status): void {
  counts.count++;
  if (isSuppressed(status)) counts.suppressed++;
  else counts.active++;
  if (status.silencedBy.length > 0) counts.silenced++;
  if (status.inhibitedBy.length > 0) counts.inhibited++;
}

function sumOf(parts: readonly Counts[]): Counts {
  const sum = noCounts();
  for (const each of parts) {
    sum.count += each.count;
    sum.active += each.active;
    sum.suppressed += each.suppressed;
    sum.silenced += each.silenced;
    sum.inhibited += each.inhibited;
  }
  return sum;
}

/** `by=a,b` and `by=a&by=b`. A comma always separates. */
function labelsOf(request: HttpRequest): readonly string[] {
  const names = [...new Set(all(request, 'by').flatMap((text) => text.split(',')))].filter(
    (name) => name !== '',
  );
  if (names.length > countLabelsMax || names.some((name) => name.length > labelNameLengthMax)) {
    throw AppError.invalid(
      `by: expected at most ${countLabelsMax} label names of at most ${labelNameLengthMax} characters, found ${names.length}`,
    );
  }
  return names;
}

function limitOf(request: HttpRequest): number {
  const text = last(request, 'limit') ?? '';
  const limit = text === '' ? COUNT_BUCKETS_DEFAULT : Number(text);
  if (/^\d{0,9}$/.test(text) && limit >= 1 && limit <= countBucketsMax) return limit;
  throw AppError.invalid(
    `limit: expected a whole number from 1 to ${countBucketsMax}, found ${JSON.stringify(text)}`,
  );
}

function compareLists(left: readonly string[], right: readonly string[]): number {
  for (const [index, value] of left.entries()) {
    const order = compareUtf8(value, right[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}
