/** Which alert a request is about. */
import { matchesAll } from '@tocsin/alerting';
import { AppError, type HttpRequest, type WallMs } from '@tocsin/kernel';
import {
  LabelSet,
  goQuote,
  isResolvedAt,
  isValidLabelName,
  msOf,
  parseInstant,
  parseMatcher,
  parseMatchers,
  type Alert,
  type EventLog,
  type Matcher,
  type MatcherMode,
} from '@tocsin/model';
import { all, filters, last } from '../api/query.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { isEvent } from './history.ts';

/** Labels of an alert that is asked for: no sender has more. */
const LABELS_MAX = 256;
/** Alerts that a refusal names. */
const NAMED_MAX = 10;

export interface Target {
  readonly labels: LabelSet;
  /** As it is held now; undefined: not, or no longer. */
  readonly alert: Alert | undefined;
}

/**
 * By `labels` (the exact set, of an alert that may never have come), `fingerprint` or `filter` (matchers
 * that leave one alert). Throws AppError `invalid` or `not-found`.
 */
export function targetOf(
  tenant: TenantAlertmanager,
  log: EventLog,
  request: HttpRequest,
  mode: MatcherMode,
  now: WallMs,
): Target {
  const fingerprint = last(request, 'fingerprint');
  if (fingerprint !== undefined) return byFingerprint(tenant, log, fingerprint);
  const written = all(request, 'labels');
  if (written.length > 0) return held(tenant, labelsOf(written, mode));
  const matchers = filters(request, mode);
  if (matchers.length === 0) {
    throw AppError.invalid(
      'labels, fingerprint or filter is needed: labels={alertname="X",instance="y"} names one alert, filter=alertname="X" finds one',
    );
  }
  return byFilter(tenant, log, matchers, now);
}

const held = (tenant: TenantAlertmanager, labels: LabelSet): Target => ({
  labels,
  alert: tenant.alerts.get(labels.fingerprint),
});

/** The labels of `labels=`: `{a="b",c="d"}`, or `a=b` repeated. Throws AppError `invalid`. */
export function labelsOf(written: readonly string[], mode: MatcherMode): LabelSet {
  const matchers = written.flatMap((text) =>
    text.trimStart().startsWith('{')
      ? parseMatchers(text, mode).matchers
      : [parseMatcher(text, mode).matcher],
  );
  if (matchers.length > LABELS_MAX)
    throw AppError.invalid(`labels: expected at most ${LABELS_MAX}, found ${matchers.length}`);
  const seen = new Set<string>();
  for (const { name, type, value } of matchers) {
    if (type !== '=')
      throw AppError.invalid(`labels: expected name="value", found ${name}${type}${goQuote(value)}`);
    if (!isValidLabelName(name, mode)) throw AppError.invalid(`labels: invalid label name ${goQuote(name)}`);
    if (seen.has(name)) throw AppError.invalid(`labels: ${goQuote(name)} is given twice`);
    seen.add(name);
  }
  const labels = LabelSet.of(
    matchers.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]),
  );
  if (labels.size === 0) throw AppError.invalid('labels: expected at least one label with a value');
  return labels;
}

function byFingerprint(tenant: TenantAlertmanager, log: EventLog, fingerprint: string): Target {
  if (!/^[0-9a-f]{16}$/.test(fingerprint))
    throw AppError.invalid(
      `fingerprint: expected 16 lower-case hex digits, found ${JSON.stringify(fingerprint.slice(0, 64))}`,
    );
  const alert = tenant.alerts.get(fingerprint);
  if (alert !== undefined) return { labels: alert.labels, alert };
  const labels = receivedLabels(tenant, log).get(fingerprint);
  if (labels !== undefined) return { labels, alert: undefined };
  throw new AppError(
    'not-found',
    `fingerprint ${fingerprint}: no alert with it is held here, nor among the decisions that are kept; ask by labels`,
  );
}

/** Labels of alerts that came while decisions were kept, by fingerprint. */
function receivedLabels(tenant: TenantAlertmanager, log: EventLog): ReadonlyMap<string, LabelSet> {
  const found = new Map<string, LabelSet>();
  const { events } = log.query({ tenant: tenant.tenant, type: 'alert-received', limit: 1_000 });
  for (const event of events) {
    if (!isEvent(event, 'alert-received') || event.decision.labels === undefined) continue;
    found.set(event.decision.fingerprint, LabelSet.of(event.decision.labels));
  }
  return found;
}

function byFilter(
  tenant: TenantAlertmanager,
  log: EventLog,
  matchers: readonly Matcher[],
  now: WallMs,
): Target {
  const found = [...tenant.alerts.alerts()].filter(({ labels }) => matchesAll(matchers, labels));
  const firing = found.filter((alert) => !isResolvedAt(alert, now));
  const [only] = firing.length === 1 ? firing : found;
  if (only !== undefined && (firing.length === 1 || found.length === 1))
    return { labels: only.labels, alert: only };
  if (found.length > 1) throw ambiguous((firing.length > 0 ? firing : found).map(({ labels }) => labels));
  const gone = [...receivedLabels(tenant, log).values()].filter((labels) => matchesAll(matchers, labels));
  if (gone.length > 1) throw ambiguous(gone);
  if (gone[0] !== undefined) return { labels: gone[0], alert: undefined };
  if (!matchers.every(({ type, value }) => type === '=' && value !== ''))
    throw new AppError('not-found', `no alert here matches ${matchers.map(String).join(', ')}`);
  // Plain equalities name an alert that never came: what would become of it can be told.
  return { labels: LabelSet.of(matchers.map(({ name, value }) => [name, value])), alert: undefined };
}

function ambiguous(found: readonly LabelSet[]): AppError {
  const named = found.slice(0, NAMED_MAX).map((labels) => `${labels.fingerprint} ${labels.toString()}`);
  const more = found.length > NAMED_MAX ? `\n… and ${found.length - NAMED_MAX} more` : '';
  return AppError.invalid(
    `filter: expected one alert, found ${found.length}; add matchers or name one by fingerprint:\n${named.join('\n')}${more}`,
  );
}

/** `at=`: RFC 3339, not after `now`. */
export function instantOfRequest(request: HttpRequest, now: WallMs): WallMs {
  const written = last(request, 'at');
  if (written === undefined || written === '') return now;
  const instant = parseInstant(written);
  if (instant === undefined)
    throw AppError.invalid(
      `at: expected RFC 3339 like 2026-11-22T14:05:30Z, found ${JSON.stringify(written.slice(0, 64))}`,
    );
  const at = msOf(instant);
  // Clocks differ: what another machine takes for now is no question about the future.
  if (at > now + 60_000)
    throw AppError.invalid(`at: ${written} lies ahead; what will happen is told by /api/v2/tocsin/preview`);
  return Math.min(at, now);
}
