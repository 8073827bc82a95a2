/** The notifications of the template data sets, as our templates take them. */
import { parseInstant, zeroInstant, type Instant } from '@tocsin/model';
import type { NotificationData } from '@tocsin/templating';

type Texts = Readonly<Record<string, string>>;

export interface RawNotification {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Texts;
    readonly annotations: Texts;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
  readonly notification_reason?: string;
  readonly groupLabels: Texts;
  readonly commonLabels: Texts;
  readonly commonAnnotations: Texts;
  readonly routeLabels?: Texts;
  readonly externalURL: string;
}

/** When the data was recorded, or later: the cases only need a time after the alerts began. */
export const NOW: number = Date.parse('2026-11-22T12:00:00Z');

const instant = (text: string): Instant => parseInstant(text) ?? zeroInstant;

export function readNotification(raw: RawNotification): NotificationData {
  return {
    receiver: raw.receiver,
    status: raw.status,
    alerts: raw.alerts.map((alert) => ({
      ...alert,
      labels: Object.entries(alert.labels),
      annotations: Object.entries(alert.annotations),
      startsAt: instant(alert.startsAt),
      endsAt: instant(alert.endsAt),
    })),
    notificationReason: raw.notification_reason ?? '',
    groupLabels: Object.entries(raw.groupLabels),
    commonLabels: Object.entries(raw.commonLabels),
    commonAnnotations: Object.entries(raw.commonAnnotations),
    ...(raw.routeLabels === undefined ? {} : { routeLabels: Object.entries(raw.routeLabels) }),
    externalURL: raw.externalURL,
  };
}
