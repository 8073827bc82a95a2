/** The groups of an alert as they are. */
import { timeMute, turnDelayMs, type NflogEntry, type RouteNode } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { msOf, type Alert, type ReceiverRef } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { answerNow } from './answer-now.ts';
import type { Asked } from './asked.ts';
import type { EntryFacts, GroupFacts, IntegrationFacts, MuteFacts } from './explanation.ts';
import { ofIntegration } from './history.ts';
import { nextOf } from './next.ts';
import { othersOf } from './outlook.ts';
import { muteEnd, suppressionAt } from './suppression.ts';
import { iso, isoOrNull, plain } from './words.ts';

/** The groups an alert is in now, and what each integration of their receivers did and will do. */
export function groupsNow(asked: Asked, alert: Alert): readonly GroupFacts[] {
  const { tenant, receiver, target } = asked;
  return tenant
    .groupsOf(target.labels.fingerprint)
    .filter(({ route }) => receiver === undefined || route.receiver === receiver)
    .map((group) => groupFacts(asked, group, alert));
}

function groupFacts(asked: Asked, group: Group, alert: Alert): GroupFacts {
  const { route } = group;
  const { timingSetBy } = route;
  return {
    groupKey: group.key,
    routeId: route.id,
    receiver: route.receiver,
    labels: plain(group.labels),
    alerts: group.alerts.size,
    groupWait: { ms: route.groupWaitMs, setBy: timingSetBy?.groupWait ?? null },
    groupInterval: { ms: route.groupIntervalMs, setBy: timingSetBy?.groupInterval ?? null },
    repeatInterval: { ms: route.repeatIntervalMs, setBy: timingSetBy?.repeatInterval ?? null },
    flushes: group.flushes,
    lastFlushAt: isoOrNull(group.lastFlushAt),
    nextFlushAt: iso(group.nextFlushAt),
    flushingSince: isoOrNull(group.flushingSince),
    muted: muteFacts(asked.tenant, route, asked.at),
    integrations: integrationsNow(asked, group, alert),
  };
}

function muteFacts(tenant: TenantAlertmanager, route: RouteNode, at: WallMs): MuteFacts | null {
  const mute = timeMute(route, tenant.intervals, at);
  return mute === undefined ? null : { ...mute, until: isoOrNull(muteEnd(tenant, route, at)) };
}

function integrationsNow(asked: Asked, group: Group, alert: Alert): readonly IntegrationFacts[] {
  const { tenant, parts, at, history } = asked;
  const { position } = parts.cluster.view();
  const suppression = suppressionAt(tenant, group.route, alert.labels, at);
  const others = othersOf(tenant, group, alert.labels, at);
  const configured = tenant.configuration.receivers.find(({ name }) => name === group.route.receiver);
  return (configured?.integrations ?? []).map((integration): IntegrationFacts => {
    const receiver: ReceiverRef = {
      groupName: group.route.receiver,
      integration: integration.integration,
      index: integration.index,
    };
    const entry = tenant.log.nflog.get(group.key, receiver);
    const { verdict, text } = answerNow({
      tenant,
      alert,
      group,
      integration,
      receiver,
      entry,
      events: ofIntegration(history.events, group.key, group.route.id, receiver),
      suppression,
      now: at,
      turnWaitMs: turnDelayMs(position, parts.settings.peerTimeoutMs),
      position,
    });
    return {
      receiver,
      sendResolved: integration.sendResolved,
      verdict,
      answer: text,
      entry: entry === undefined ? null : entryFacts(tenant, entry, alert),
      next: nextOf(asked, group, alert, integration, others),
    };
  });
}

function entryFacts(tenant: TenantAlertmanager, entry: NflogEntry, { labels: { hash } }: Alert): EntryFacts {
  const origin = tenant.log.originOf(entry);
  return {
    at: iso(msOf(entry.at)),
    writtenBy: origin === undefined ? 'own' : origin.isRestored ? 'restored' : 'peer',
    peer: origin === undefined || origin.isRestored || origin.by === '' ? null : origin.by,
    firing: entry.firing.length,
    resolved: entry.resolved.length,
    alert: entry.firing.includes(hash) ? 'firing' : entry.resolved.includes(hash) ? 'resolved' : 'absent',
  };
}
