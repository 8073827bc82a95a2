/**
 * @module alertmanager-service/page/alert-listing
 *
 * The alerts of one page of the list, with the counts of all. It walks over everything that is held,
 * in slices with other work in between, but orders and shows only the groups that the page touches:
 * with 100,000 alerts the first page is no longer than with 100.
 */
import { compareLabelSets, matchRoutes, matchesAll } from '@tocsin/alerting';
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Alert, type Fingerprint, type LabelSet } from '@tocsin/model';
import { isSuppressed, statusOf, type Status } from '../api/live-alerts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { receiverPasses, type AlertQuery, type AlertState } from './alert-query.ts';

/** Alerts on one page. */
export const ALERTS_PER_PAGE = 50;
/** Alerts judged before other work gets its turn. */
export const SLICE = 2_000;

export interface ShownAlert {
  readonly alert: Alert;
  readonly status: Status;
}
export interface AlertSection {
  readonly labels: LabelSet;
  /** Undefined when grouped by labels. */
  readonly receiver: string | undefined;
  readonly mutedBy: readonly string[];
  /** Of the group on all pages. */
  readonly total: number;
  /** Those on this page; newest first. */
  readonly alerts: readonly ShownAlert[];
}
export interface AlertListing {
  readonly sections: readonly AlertSection[];
  /** Groups on all pages. */
  readonly groups: number;
  /** Alerts on all pages; one that is in two groups counts twice. */
  readonly total: number;
  /** The same alerts, each once. */
  readonly distinct: number;
  /** Alerts that fit everything but the states asked for; one that is silenced and inhibited counts in both. */
  readonly states: Readonly<Record<AlertState, number>>;
  /** Index of the first alert shown; page and number of pages, from 1. */
  readonly first: number;
  readonly page: number;
  readonly pages: number;
}

interface Gathered {
  readonly labels: LabelSet;
  readonly receiver: string | undefined;
  readonly mutedBy: readonly string[];
  readonly alerts: ShownAlert[];
}

/** `breathe` lets other work run. */
export async function listAlerts(
  tenant: TenantAlertmanager,
  query: AlertQuery,
  now: WallMs,
  breathe: () => Promise<void>,
): Promise<AlertListing> {
  const gathering = new Gathering(tenant, query, now);
  const groups =
    query.groupBy === undefined
      ? await gathering.byRoutes(breathe)
      : await gathering.byLabels(query.groupBy, breathe);
  const total = groups.reduce((sum, group) => sum + group.alerts.length, 0);
  const pages = Math.max(1, Math.ceil(total / ALERTS_PER_PAGE));
  const page = Math.min(query.page, pages);
  const first = (page - 1) * ALERTS_PER_PAGE;
  return {
    sections: cutOut(groups, first, first + ALERTS_PER_PAGE),
    groups: groups.length,
    total,
    distinct: gathering.distinct,
    states: gathering.states,
    first,
    page,
    pages,
  };
}

class Gathering {
  readonly states: Record<AlertState, number> = { active: 0, silenced: 0, inhibited: 0, muted: 0 };
  readonly #tenant: TenantAlertmanager;
  readonly #query: AlertQuery;
  readonly #now: WallMs;
  readonly #isReceiver: (name: string) => boolean;
  /** What each alert was counted as, bit by bit: it may be in several groups, and muted in one of them only. */
  readonly #counted = new Map<Fingerprint, number>();
  #distinct = 0;
  #looked = 0;

  constructor(tenant: TenantAlertmanager, query: AlertQuery, now: WallMs) {
    this.#tenant = tenant;
    this.#query = query;
    this.#now = now;
    this.#isReceiver = receiverPasses(query.receiver);
  }

  get distinct(): number {
    return this.#distinct;
  }

  /** As notifications are grouped: sorted by labels, then receiver, like the API's groups. */
  async byRoutes(breathe: () => Promise<void>): Promise<Gathered[]> {
    const gathered: Gathered[] = [];
    for (const group of this.#tenant.groups) {
      const { receiver } = group.route;
      if (!this.#isReceiver(receiver)) continue;
      const alerts: ShownAlert[] = [];
      for (const alert of [...group.alerts.values()]) {
        if (this.#isSliceOver()) await breathe();
        const shown = this.#judge(alert, group.mutedBy);
        if (shown !== undefined) alerts.push(shown);
      }
      if (alerts.length > 0)
        gathered.push({ labels: group.labels, receiver, mutedBy: group.mutedBy, alerts });
    }
    return gathered.sort(
      (a, b) => compareLabelSets(a.labels, b.labels) || compareUtf8(a.receiver ?? '', b.receiver ?? ''),
    );
  }

  async byLabels(names: readonly string[], breathe: () => Promise<void>): Promise<Gathered[]> {
    const gathered = new Map<string, Gathered>();
    const wanted = new Set(names);
    const { route } = this.#tenant.configuration;
    for (const alert of [...this.#tenant.alerts.alerts()]) {
      if (this.#isSliceOver()) await breathe();
      if (
        this.#query.receiver !== '' &&
        !matchRoutes(route, alert.labels).some((node) => this.#isReceiver(node.receiver))
      )
        continue;
      const shown = this.#judge(alert, []);
      if (shown === undefined) continue;
      const labels = alert.labels.filter((name) => wanted.has(name));
      const group = gathered.get(labels.json);
      if (group === undefined)
        gathered.set(labels.json, { labels, receiver: undefined, mutedBy: [], alerts: [shown] });
      else group.alerts.push(shown);
    }
    return [...gathered.values()].sort((a, b) => compareLabelSets(a.labels, b.labels));
  }

  #isSliceOver(): boolean {
    return ++this.#looked % SLICE === 0;
  }

  /** Undefined: not on any page. Counts the alert where it belongs. */
  #judge(alert: Alert, mutedBy: readonly string[]): ShownAlert | undefined {
    if (compareInstants(alert.endsAt, instantOf(this.#now)) < 0) return undefined;
    if (!matchesAll(this.#query.matchers, alert.labels)) return undefined;
    const status = statusOf(this.#tenant, alert, mutedBy, this.#now);
    const isShown = passes(status, this.#query.states);
    this.#count(alert.labels.fingerprint, status, isShown);
    return isShown ? { alert, status } : undefined;
  }

  #count(fingerprint: Fingerprint, status: Status, isShown: boolean): void {
    const before = this.#counted.get(fingerprint) ?? 0;
    const facts =
      (isSuppressed(status) ? 0 : 1) |
      (status.silencedBy.length > 0 ? 2 : 0) |
      (status.inhibitedBy.length > 0 ? 4 : 0) |
      (status.mutedBy.length > 0 ? 8 : 0) |
      (isShown ? 16 : 0);
    const fresh = facts & ~before;
    if (fresh === 0) return;
    this.#counted.set(fingerprint, before | facts);
    if (fresh & 1) this.states.active++;
    if (fresh & 2) this.states.silenced++;
    if (fresh & 4) this.states.inhibited++;
    if (fresh & 8) this.states.muted++;
    if (fresh & 16) this.#distinct++;
  }
}

/** Whatever hides an alert must be asked for. */
const passes = (status: Status, states: AlertQuery['states']): boolean =>
  (states.active || isSuppressed(status)) &&
  (states.silenced || status.silencedBy.length === 0) &&
  (states.inhibited || status.inhibitedBy.length === 0) &&
  (states.muted || status.mutedBy.length === 0);

/** The groups that have alerts from `from` up to `to`, with those alerts. */
function cutOut(groups: readonly Gathered[], from: number, to: number): readonly AlertSection[] {
  const sections: AlertSection[] = [];
  let at = 0;
  for (const group of groups) {
    const start = Math.max(0, from - at);
    const end = Math.min(group.alerts.length, to - at);
    at += group.alerts.length;
    if (start < end) {
      const { labels, receiver, mutedBy, alerts } = group;
      const shown = alerts.sort(newestFirst).slice(start, end);
      sections.push({ labels, receiver, mutedBy, total: alerts.length, alerts: shown });
    }
    if (at >= to) break;
  }
  return sections;
}

const newestFirst = ({ alert: a }: ShownAlert, { alert: b }: ShownAlert): number =>
  compareInstants(b.startsAt, a.startsAt) || compareUtf8(a.labels.fingerprint, b.labels.fingerprint);
