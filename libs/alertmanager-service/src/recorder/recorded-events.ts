/**
 * @module alertmanager-service/recorder/recorded-events
 *
 * The shapes of recorded events (spec/alertmanager.md 9.3), as protobuf's JSON writes them: camelCase,
 * 64-bit numbers as strings, enums by name, durations like `14400s`, zero values left out. Names are
 * what consumers of Alertmanager's recorder read: changing one breaks them.
 */
import type { FlushAlert, InhibitRule, Silence, SilenceMatcher } from '@tocsin/alerting';
import {
  formatMatcher,
  formatNanos,
  isZeroInstant,
  type Alert,
  type AlertHash,
  type Fingerprint,
  type Instant,
  type LabelSet,
  type MatchType,
  type NotificationReason,
  type ReceiverRef,
} from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { EventData } from './recorder.ts';

/** What tells groups apart in events. */
export interface GroupNames {
  /** SHA-256 of the key, hex. */
  readonly groupId: string;
  /** Of this instance of the group; another one after a reload. */
  readonly groupUuid: string;
}

const REASONS: Readonly<Record<NotificationReason, string | undefined>> = {
  'first notification': 'NOTIFY_REASON_FIRST_NOTIFICATION',
  'new alerts added': 'NOTIFY_REASON_NEW_ALERTS_IN_GROUP',
  'some alerts resolved': 'NOTIFY_REASON_NEW_RESOLVED_ALERTS',
  'all alerts resolved': 'NOTIFY_REASON_ALL_ALERTS_RESOLVED',
  'repeat interval elapsed': 'NOTIFY_REASON_REPEAT_INTERVAL_ELAPSED',
  // Unspecified is the zero value.
  none: undefined,
  unknown: undefined,
};

const MATCH_TYPES: Readonly<Record<MatchType, string>> = {
  '=': 'TYPE_EQUAL',
  '!=': 'TYPE_NOT_EQUAL',
  '=~': 'TYPE_REGEXP',
  '!~': 'TYPE_NOT_REGEXP',
};

export const alertCreatedData = (alert: Alert): EventData => ({ alert: groupedAlert(alert) });

export const alertInGroupData = (alert: Alert, group: Group, names: GroupNames): EventData => ({
  alert: groupedAlert(alert),
  groupInfo: groupInfo(group, names),
});

export interface SentNotification {
  readonly group: Group;
  readonly names: GroupNames;
  /** All of the flush, muted ones too. */
  readonly alerts: readonly FlushAlert[];
  readonly firing: readonly AlertHash[];
  readonly resolved: readonly AlertHash[];
  readonly reason: NotificationReason;
  readonly receiver: ReceiverRef;
  readonly flush: number;
}

export function notificationData(sent: SentNotification): EventData {
  const told = new Set([...sent.firing, ...sent.resolved]);
  const hashes = sent.alerts.map(({ alert }) => alert.labels.hash);
  return {
    alerts: list(sent.alerts.map(({ alert, endsAt }) => groupedAlert({ ...alert, endsAt }))),
    firingAlerts: list(sent.firing.map(decimal)),
    resolvedAlerts: list(sent.resolved.map(decimal)),
    mutedAlerts: list(hashes.filter((hash) => !told.has(hash)).map(decimal)),
    groupInfo: groupInfo(sent.group, sent.names),
    repeatInterval: duration(sent.group.route.repeatIntervalMs),
    reason: REASONS[sent.reason],
    flushId: sent.flush === 0 ? undefined : String(sent.flush),
    integration: {
      name: sent.receiver.integration,
      index: sent.receiver.index === 0 ? undefined : sent.receiver.index,
    },
  };
}

export const silenceData = (silence: Silence): EventData => ({ silence: silenceJson(silence) });

export const silenceMutedData = (
  silence: Silence | undefined,
  labels: LabelSet,
  fingerprint: Fingerprint,
): EventData => ({
  silence: silence === undefined ? undefined : silenceJson(silence),
  mutedAlert: mutedAlert(labels, fingerprint),
});

export const inhibitionMutedData = (
  rule: InhibitRule | undefined,
  labels: LabelSet,
  fingerprint: Fingerprint,
  by: Fingerprint,
): EventData => ({
  inhibitRules: rule === undefined ? undefined : [inhibitRule(rule)],
  mutedAlert: mutedAlert(labels, fingerprint),
  inhibitingFingerprints: [decimal(by)],
});

const mutedAlert = (labels: LabelSet, fingerprint: Fingerprint): EventData => ({
  labels: labelsJson(labels),
  fingerprint: decimal(fingerprint),
});

const groupedAlert = (alert: Alert): EventData => ({
  hash: decimal(alert.labels.hash),
  details: {
    labels: labelsJson(alert.labels),
    annotations: labelsJson(alert.annotations),
    startsAt: time(alert.startsAt),
    endsAt: time(alert.endsAt),
    generatorUrl: text(alert.generatorUrl),
    updatedAt: time(alert.updatedAt),
    timeout: alert.isTimeout || undefined,
  },
});

const groupInfo = (group: Group, { groupId, groupUuid }: GroupNames): EventData => ({
  groupKey: group.key,
  groupLabels: labelsJson(group.labels),
  groupId,
  receiverName: group.route.receiver,
  matchers: list(group.route.matchers.map(matcherJson)),
  groupUuid,
});

/** The first matcher set is `matchers`, as in the API; all are in `matcherSets` when there are several. */
function silenceJson(silence: Silence): EventData {
  const sets = silence.matcherSets.map((set) => set.map(matcherJson));
  return {
    id: silence.id,
    matchers: list(sets[0] ?? []),
    matcherSets: sets.length > 1 ? sets.map((matchers) => ({ matchers })) : undefined,
    startsAt: time(silence.startsAt),
    endsAt: time(silence.endsAt),
    updatedAt: time(silence.updatedAt),
    createdBy: text(silence.createdBy),
    comment: text(silence.comment),
    annotations: silence.annotations.size === 0 ? undefined : Object.fromEntries(silence.annotations.pairs),
  };
}

const inhibitRule = (rule: InhibitRule): EventData => ({
  name: text(rule.name),
  sourceMatchers: list(rule.sourceMatchers.map(matcherJson)),
  targetMatchers: list(rule.targetMatchers.map(matcherJson)),
  equal: list(rule.equal),
});

const matcherJson = (matcher: SilenceMatcher): EventData => ({
  type: MATCH_TYPES[matcher.type],
  name: text(matcher.name),
  pattern: text(matcher.value),
  rendered: formatMatcher(matcher.name, matcher.type, matcher.value),
});

const labelsJson = (labels: LabelSet): EventData => ({
  labels: list(labels.pairs.map(([key, value]) => ({ key: text(key), value: text(value) }))),
});

/** 16 hex digits as the decimal text of protobuf's 64-bit numbers. */
const decimal = (hex: AlertHash): string => BigInt(`0x${hex}`).toString();

const text = (value: string): string | undefined => (value === '' ? undefined : value);
const list = <T>(items: readonly T[]): readonly T[] | undefined => (items.length === 0 ? undefined : items);
const time = (instant: Instant): string | undefined =>
  isZeroInstant(instant) ? undefined : formatNanos({ ...instant, offsetMinutes: 0 });

/** Seconds with no, three, six or nine digits after the point. */
function duration(ms: number): string | undefined {
  if (ms === 0) return undefined;
  const rest = Math.round(ms % 1000);
  return rest === 0 ? `${ms / 1000}s` : `${Math.floor(ms / 1000)}.${String(rest).padStart(3, '0')}s`;
}
