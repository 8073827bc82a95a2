/**
 * How an alert looks in answers (spec/alertmanager.md 7.1). Put together from texts that exist already:
 * a listing has fifty thousand of them.
 */
import { formatMillis, type Alert } from '@tocsin/model';
import { isSuppressed, type Status } from './live-alerts.ts';

/** Texts that many alerts share, as JSON: receivers, sources. */
const TEXTS_MAX = 1_024;
const texts = new Map<string, string>();

function sharedJson(text: string): string {
  let json = texts.get(text);
  if (json === undefined) {
    if (texts.size >= TEXTS_MAX) texts.clear();
    texts.set(text, (json = JSON.stringify(text)));
  }
  return json;
}

/** Alerts that go the same way share the list, and mostly come one after the other. */
let lastNames: readonly string[] = [];
let lastJson = '';

function receiversJson(names: readonly string[]): string {
  if (names !== lastNames) {
    lastJson = names.map(receiverJson).join(',');
    lastNames = names;
  }
  return lastJson;
}

export const receiverJson = (name: string): string => `{"name":${sharedJson(name)}}`;

const ACTIVE = '"status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"}';

function statusJson(status: Status): string {
  if (!isSuppressed(status)) return ACTIVE;
  return (
    `"status":{"inhibitedBy":${JSON.stringify(status.inhibitedBy)},"mutedBy":${JSON.stringify(status.mutedBy)},` +
    `"silencedBy":${JSON.stringify(status.silencedBy)},"state":"suppressed"}`
  );
}

export function alertJson(alert: Alert, status: Status, receivers: readonly string[]): string {
  const generator = alert.generatorUrl === '' ? '' : `"generatorURL":${sharedJson(alert.generatorUrl)},`;
  return (
    `{"annotations":${alert.annotations.toJsonText()},"endsAt":"${formatMillis(alert.endsAt)}",` +
    `"fingerprint":"${alert.labels.fingerprint}","receivers":[${receiversJson(receivers)}],` +
    `"startsAt":"${formatMillis(alert.startsAt)}",${statusJson(status)},` +
    `"updatedAt":"${formatMillis(alert.updatedAt)}",${generator}"labels":${alert.labels.toJsonText()}}`
  );
}
