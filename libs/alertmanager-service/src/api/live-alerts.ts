/** Which alerts a listing shows, and what suppresses each: as of now, not as of the last flush. */
import { compareForFlush, matchesAll } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type Alert, type Fingerprint, type Matcher } from '@tocsin/model';
import type { HeldAlert } from '../alert-store.ts';
import type { Group } from '../dispatcher.ts';
import type { TenantAlertmanager } from '../tenant.ts';

/** Alerts that have not ended and match all of `matchers`, by fingerprint. */
export function liveAlerts(
  tenant: TenantAlertmanager,
  matchers: readonly Matcher[],
  now: WallMs,
): readonly Alert[] {
  const isLive = liveTest(matchers, now);
  const alerts: Alert[] = [];
  for (const { alert } of tenant.alerts.candidates(matchers)) if (isLive(alert)) alerts.push(alert);
  return alerts;
}

/** The same alerts, and some that `isLive` refuses: for those who look at them slice by slice. */
export function liveCandidates(
  tenant: TenantAlertmanager,
  matchers: readonly Matcher[],
  now: WallMs,
): { readonly candidates: readonly HeldAlert[]; readonly isLive: (alert: Alert) => boolean } {
  return { candidates: tenant.alerts.candidates(matchers), isLive: liveTest(matchers, now) };
}

/** Whether an alert has not ended and matches; a matcher is asked once about each value. */
export function liveTest(matchers: readonly Matcher[], now: WallMs): (alert: Alert) => boolean {
  const instant = instantOf(now);
  const asked = matchers.map(askedOnce);
  return ({ labels, endsAt }) => compareInstants(endsAt, instant) >= 0 && matchesAll(asked, labels);
}

/** Values whose answer is remembered for one request. */
const VALUES_REMEMBERED_MAX = 10_000;

function askedOnce(matcher: Matcher): Matcher {
  const { name, type, value } = matcher;
  if (type === '=' || type === '!=') return matcher;
  const answers = new Map<string, boolean>();
  const matches = (text: string): boolean => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = matcher.matches(text);
    if (answers.size < VALUES_REMEMBERED_MAX) answers.set(text, answer);
    return answer;
  };
  return { name, type, value, matches, toString: () => matcher.toString() };
}

interface OrderedMembers {
  readonly version: number;
  readonly fingerprints: readonly Fingerprint[];
}
const orderedMembers = new WeakMap<Group, OrderedMembers>();
/** The order of smaller groups is not worth remembering. */
const REMEMBERED_FROM = 64;

/** Which alerts of which groups have to be looked at for a listing of groups. */
export interface Members {
  isAny(group: Group): boolean;
  /** In the order of notifications. */
  inOrder(group: Group): readonly Fingerprint[];
}

/** All alerts of all groups, or only the few that can match. */
export function membersFor(
  { alerts, dispatcher }: TenantAlertmanager,
  matchers: readonly Matcher[],
): Members {
  const all: Members = { isAny: () => true, inOrder: membersInOrder };
  if (matchers.length === 0) return all;
  const candidates = alerts.candidates(matchers);
  if (candidates.length * 4 > alerts.size) return all;
  const few = new Map<Group, Alert[]>();
  for (const { alert } of candidates) {
    for (const { group } of dispatcher.groupsTogether(alert.labels.fingerprint)) {
      const members = few.get(group);
      if (members === undefined) few.set(group, [alert]);
      else members.push(alert);
    }
  }
  return {
    isAny: (group) => few.has(group),
    inOrder: (group) => fingerprintsInOrder(few.get(group) ?? []),
  };
}

const fingerprintsInOrder = (alerts: readonly Alert[]): readonly Fingerprint[] =>
  alerts.toSorted((a, b) => compareForFlush(a.labels, b.labels)).map(({ labels }) => labels.fingerprint);

/** The alerts of a group in the order of notifications; sorted anew only when one came or went. */
function membersInOrder(group: Group): readonly Fingerprint[] {
  const known = orderedMembers.get(group);
  if (known?.version === group.membersVersion) return known.fingerprints;
  // What was in order stays so, and new ones come last: sorting that takes little more than looking at it.
  const before = new Set(known?.fingerprints ?? []);
  const alerts: Alert[] = [];
  for (const fingerprint of before) {
    const alert = group.alerts.get(fingerprint);
    if (alert !== undefined) alerts.push(alert);
  }
  for (const [fingerprint, alert] of group.alerts) if (!before.has(fingerprint)) alerts.push(alert);
  const fingerprints = fingerprintsInOrder(alerts);
  if (fingerprints.length >= REMEMBERED_FROM)
    orderedMembers.set(group, { version: group.membersVersion, fingerprints });
  return fingerprints;
}

export interface Status {
  readonly inhibitedBy: readonly string[];
  readonly silencedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

const NOBODY: readonly string[] = [];
const ACTIVE: Status = { inhibitedBy: NOBODY, silencedBy: NOBODY, mutedBy: NOBODY };

export function statusOf(
  tenant: TenantAlertmanager,
  alert: Alert,
  mutedBy: readonly string[],
  now: WallMs,
): Status {
  const { silences } = tenant.log;
  const inhibited = tenant.inhibitor.mutes(alert.labels, now);
  // Without any silence nothing need be remembered of the alert.
  const silencedBy =
    silences.size === 0 ? NOBODY : silences.mutedBy(alert.labels, alert.labels.fingerprint, now);
  if (inhibited === undefined && silencedBy.length === 0 && mutedBy.length === 0) return ACTIVE;
  return { inhibitedBy: inhibited === undefined ? NOBODY : [inhibited.by], silencedBy, mutedBy };
}

export const isSuppressed = (status: Status): boolean =>
  status.inhibitedBy.length > 0 || status.silencedBy.length > 0 || status.mutedBy.length > 0;
