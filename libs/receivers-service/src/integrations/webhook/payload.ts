/** The body of a webhook: Alertmanager 0.34's, byte for byte (spec/receivers.md 5.1, 10). */
import { formatNanos } from '@tocsin/model';
import { goJsonLabels, goJsonString } from '../../go-json.ts';
import type { Notification, ShownAlert } from '../../notification.ts';

export function webhookPayload(notification: Notification, truncatedAlerts: number): string {
  const { receiver, status, alerts, reason, groupLabels, commonLabels, commonAnnotations } = notification;
  return (
    `{"receiver":${goJsonString(receiver)},"status":"${status}"` +
    `,"alerts":[${alerts.map(alertJson).join(',')}]` +
    `,"notification_reason":${goJsonString(reason)}` +
    `,"groupLabels":${goJsonLabels(groupLabels)}` +
    `,"commonLabels":${goJsonLabels(commonLabels)}` +
    `,"commonAnnotations":${goJsonLabels(commonAnnotations)}` +
    `,"routeLabels":${goJsonLabels(notification.routeLabels)}` +
    `,"externalURL":${goJsonString(notification.externalURL)}` +
    `,"version":"4","groupKey":${goJsonString(notification.groupKey)}` +
    `,"truncatedAlerts":${truncatedAlerts}}\n`
  );
}

const alertJson = (alert: ShownAlert): string =>
  `{"status":"${alert.status}"` +
  `,"labels":${goJsonLabels(alert.labels)}` +
  `,"annotations":${goJsonLabels(alert.annotations)}` +
  `,"startsAt":"${formatNanos(alert.startsAt)}","endsAt":"${formatNanos(alert.endsAt)}"` +
  `,"generatorURL":${goJsonString(alert.generatorURL)}` +
  `,"fingerprint":"${alert.fingerprint}"}`;
