/** A notification as payloads and templates show it (spec/templates.md 3.1). */
import type { Label, NotifiedAlert, NotifyRequest } from '@tocsin/contracts';
import { LabelSet, zeroInstant, type Instant } from '@tocsin/model';
import { quoteReceiver, type NotificationData } from '@tocsin/templating';

export interface ShownAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAt: Instant;
  /** The zero instant while it fires. */
  readonly endsAt: Instant;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

export interface Notification {
  /** Quoted as templates print it. */
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly ShownAlert[];
  readonly reason: string;
  readonly groupLabels: LabelSet;
  /** Equal in all alerts. */
  readonly commonLabels: LabelSet;
  readonly commonAnnotations: LabelSet;
  readonly routeLabels: LabelSet;
  readonly externalURL: string;
  readonly groupKey: string;
}

const labelSetOf = (labels: readonly Label[]): LabelSet =>
  LabelSet.of(labels.map(({ name, value }) => [name, value] as const));

/** `alerts`: those of the request that are shown. */
export function notificationOf(request: NotifyRequest, given: readonly NotifiedAlert[]): Notification {
  const alerts = given.map(shown);
  return {
    receiver: quoteReceiver(request.receiver?.groupName ?? ''),
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    alerts,
    reason: request.reason,
    groupLabels: labelSetOf(request.groupLabels),
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    routeLabels: labelSetOf(request.routeLabels),
    externalURL: request.externalUrl,
    groupKey: request.groupKey,
  };
}

function shown(alert: NotifiedAlert): ShownAlert {
  const labels = labelSetOf(alert.labels);
  return {
    status: alert.endsAt === undefined ? 'firing' : 'resolved',
    labels,
    annotations: labelSetOf(alert.annotations),
    startsAt: alert.startsAt === undefined ? zeroInstant : { ...alert.startsAt, offsetMinutes: 0 },
    endsAt: alert.endsAt === undefined ? zeroInstant : { ...alert.endsAt, offsetMinutes: 0 },
    generatorURL: alert.generatorUrl,
    fingerprint: labels.fingerprint,
  };
}

function common(sets: readonly LabelSet[]): LabelSet {
  const [first, ...others] = sets;
  if (first === undefined) return LabelSet.empty;
  return LabelSet.of(
    first.pairs.filter(([name, value]) => others.every((other) => other.get(name) === value)),
  );
}

export const templateDataOf = (notification: Notification): NotificationData => ({
  receiver: notification.receiver,
  status: notification.status,
  alerts: notification.alerts.map((alert) => ({
    ...alert,
    labels: alert.labels.pairs,
    annotations: alert.annotations.pairs,
  })),
  notificationReason: notification.reason,
  groupLabels: notification.groupLabels.pairs,
  commonLabels: notification.commonLabels.pairs,
  commonAnnotations: notification.commonAnnotations.pairs,
  routeLabels: notification.routeLabels.pairs,
  externalURL: notification.externalURL,
});
