/**
 * @module alertmanager-service/explain
 *
 * `GET /api/v2/tocsin/explain`: why somebody was, or was not, notified of an alert. Nothing is decided
 * here a second time: the past is told from the events of the code that decided, the present by asking
 * the functions that the next flush will ask (docs/adr/0019).
 */
import {
  explainRoutes,
  silenceState,
  timeMute,
  turnDelayMs,
  type RouteExplanation,
  type RouteNode,
  type Silence,
} from '@tocsin/alerting';
import { AppError, type HttpRequest, type WallMs } from '@tocsin/kernel';
import {
  isResolvedAt,
  msOf,
  type Alert,
  type DecisionEvent,
  type LabelSet,
  type ReceiverRef,
} from '@tocsin/model';
import { last } from '../api/query.ts';
import type { Group } from '../dispatcher.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { answerNow, answerThen } from './answers.ts';
import type {
  AlertFacts,
  ClusterFacts,
  EntryFacts,
  Explanation,
  GroupFacts,
  InhibitionFacts,
  IntegrationFacts,
  MuteFacts,
  RouteFacts,
  SilenceFacts,
  StoryItem,
} from './explanation.ts';
import { historyOf, isEvent, latest, ofIntegration, storyOf, type History } from './history.ts';
import { nextOf } from './next.ts';
import { othersOf } from './outlook.ts';
import { receiverFacts } from './receiver-asked.ts';
import { summaryOf, type Told } from './summary.ts';
import { muteEnd, suppressionAt } from './suppression.ts';
import { instantOfRequest, targetOf, type Target } from './target.ts';
import { iso, isoOrNull, plain } from './words.ts';

/** What one explanation is made from. */
export interface Asked {
  readonly tenant: TenantAlertmanager;
  readonly parts: AlertmanagerParts;
  readonly target: Target;
  readonly now: WallMs;
  readonly at: WallMs;
  readonly isPast: boolean;
  /** Only this receiver. */
  readonly receiver: string | undefined;
  readonly routing: RouteExplanation;
  readonly history: History;
}

export function explain(
  parts: AlertmanagerParts,
  tenant: TenantAlertmanager,
  request: HttpRequest,
): Explanation {
  const now = parts.clock.wall();
  const at = instantOfRequest(request, now);
  const target = targetOf(tenant, parts.events, request, parts.settings.matcherMode, now);
  const receiver = last(request, 'receiver');
  if (receiver !== undefined) checkReceiver(tenant, receiver);
  const silences = silencesOf(tenant, target.labels, at);
  const history = historyOf(
    tenant,
    parts.events,
    target.labels,
    silences.map(({ id }) => id),
    at,
  );
  const routing = explainRoutes(tenant.configuration.route, target.labels);
  const asked: Asked = { tenant, parts, target, now, at, isPast: at < now, receiver, routing, history };
  const explanation = explanationOf(asked, silences);
  if (target.alert === undefined) tenant.log.silences.forget(target.labels.fingerprint);
  return explanation;
}

function checkReceiver({ configuration }: TenantAlertmanager, name: string): void {
  if (configuration.receivers.some((receiver) => receiver.name === name)) return;
  const names = configuration.receivers.slice(0, 20).map((receiver) => JSON.stringify(receiver.name));
  const more = configuration.receivers.length > 20 ? ' …' : '';
  throw AppError.invalid(
    `receiver: expected one of ${names.join(', ')}${more}, found ${JSON.stringify(name)}`,
  );
}

function explanationOf(asked: Asked, silences: readonly Silence[]): Explanation {
  const { tenant, parts, target, at, isPast, receiver, routing, history } = asked;
  const { labels, alert } = target;
  const groups = isPast || alert === undefined ? [] : groupsNow(asked, alert);
  const told = groups.length > 0 ? groups.flatMap((group) => group.integrations) : toldThen(asked);
  const shown = receiver === undefined ? undefined : receiverFacts(tenant, routing, receiver);
  const isIncomplete = isForgotten(asked);
  const facts = {
    alert: alertFacts(asked),
    cluster: clusterFacts(parts, tenant),
    inhibition: isPast ? null : inhibitionOf(tenant, labels, at),
    silences: silences.map((silence) => silenceFacts(silence, at)),
  };
  const { summary, verdict } = summaryOf(asked, { groups, told, receiver: shown, isIncomplete, silences });
  return {
    summary,
    verdict,
    at: iso(at),
    isPast,
    replica: parts.settings.replica,
    cluster: facts.cluster,
    decisionsSince: isoOrNull(history.since),
    isIncomplete,
    alert: facts.alert,
    routing: isPast ? [] : routing.tried.map((tried) => routeFacts(tried)),
    ...(shown === undefined ? {} : { receiver: shown }),
    groups,
    inhibition: facts.inhibition,
    silences: facts.silences,
    story: storyOf(tenant, history.events, silenceStory(silences, asked)),
  };
}

/** Decisions about the alert may have been dropped: it is older than what is kept, or there were too many. */
function isForgotten({ history, target, at }: Asked): boolean {
  const { since, events, isCut } = history;
  if (isCut || since === undefined || at < since) return true;
  const { alert } = target;
  const isFromStart = events.some(
    (event) => isEvent(event, 'alert-received') && event.decision.change === 'new',
  );
  return alert !== undefined && !isFromStart;
}

function alertFacts({ target, isPast, history, at }: Asked): AlertFacts {
  const { labels, alert } = target;
  const head = { fingerprint: labels.fingerprint, labels: plain(labels) };
  if (alert !== undefined && !isPast) {
    return {
      ...head,
      state: isResolvedAt(alert, at) ? 'resolved' : 'firing',
      startsAt: iso(msOf(alert.startsAt)),
      endsAt: iso(msOf(alert.endsAt)),
      isTimeout: alert.isTimeout,
      updatedAt: iso(msOf(alert.updatedAt)),
    };
  }
  const received = latest(history.events, ['alert-received']);
  if (received === undefined)
    return { ...head, state: 'unknown', startsAt: null, endsAt: null, isTimeout: null, updatedAt: null };
  const { startsAt, endsAt, change, isTimeout } = received.decision;
  return {
    ...head,
    state: change === 'resolved' || (!isPast && alert === undefined) ? 'resolved' : 'firing',
    startsAt,
    endsAt,
    isTimeout: isTimeout ?? null,
    updatedAt: iso(received.at),
  };
}

export function clusterFacts(parts: AlertmanagerParts, tenant: TenantAlertmanager): ClusterFacts {
  const { status, position, members } = parts.cluster.view();
  return {
    status,
    position,
    members: members.length,
    turnWaitMs: turnDelayMs(position, parts.settings.peerTimeoutMs),
    isGateOpen: tenant.isGateOpen,
  };
}

function routeFacts({
  route,
  depth,
  outcome,
  matcher,
  takenBy,
}: RouteExplanation['tried'][number]): RouteFacts {
  return {
    routeId: route.id,
    depth,
    receiver: route.receiver,
    matchers: route.matchers.map(String),
    continue: route.continue,
    outcome,
    ...(matcher === undefined ? {} : { refusedBy: matcher }),
    ...(takenBy === undefined ? {} : { takenBy: takenBy.id }),
  };
}

// ---- the groups as they are ---------------------------------------------------------------------------

function groupsNow(asked: Asked, alert: Alert): readonly GroupFacts[] {
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

function entryFacts(
  tenant: TenantAlertmanager,
  entry: NonNullable<ReturnType<TenantAlertmanager['log']['nflog']['get']>>,
  { labels: { hash } }: Alert,
): EntryFacts {
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

// ---- from decisions alone -----------------------------------------------------------------------------

/** One answer for each integration that the decisions name, of the routes that the alert took then. */
function toldThen(asked: Asked): readonly Told[] {
  const { tenant, history, receiver, target } = asked;
  const routed = latest(history.events, ['alert-routed']);
  return (routed?.decision.routes ?? [])
    .filter((route) => receiver === undefined || route.receiver === receiver)
    .flatMap((route) =>
      integrationsThen(tenant, history.events, route).map((ref): Told => {
        const events = ofIntegration(history.events, route.groupKey, route.routeId, ref);
        const { verdict, text } = answerThen({ tenant, receiver: ref, hash: target.labels.hash, events });
        return { receiver: ref, verdict, answer: text };
      }),
    );
}

/** Those of the configuration as it is now, and those that the decisions name. */
function integrationsThen(
  tenant: TenantAlertmanager,
  events: readonly DecisionEvent[],
  route: { readonly receiver: string; readonly groupKey: string },
): readonly ReceiverRef[] {
  const configured = tenant.configuration.receivers.find(({ name }) => name === route.receiver);
  const refs = new Map<string, ReceiverRef>();
  for (const { integration, index } of configured?.integrations ?? [])
    refs.set(`${integration}/${index}`, { groupName: route.receiver, integration, index });
  for (const { decision } of events) {
    if (!('receiver' in decision) || decision.groupKey !== route.groupKey) continue;
    const { integration, index, groupName } = decision.receiver;
    if (groupName === route.receiver) refs.set(`${integration}/${index}`, decision.receiver);
  }
  return [...refs.values()];
}

// ---- what holds an alert back -------------------------------------------------------------------------

function inhibitionOf(tenant: TenantAlertmanager, labels: LabelSet, at: WallMs): InhibitionFacts | null {
  const inhibition = tenant.inhibitor.mutes(labels, at);
  if (inhibition === undefined) return null;
  const source = tenant.alerts.get(inhibition.by);
  return {
    rule: inhibition.rule,
    source: inhibition.by,
    sourceLabels: source === undefined ? {} : plain(source.labels),
    sourceStartsAt: source === undefined ? null : iso(msOf(source.startsAt)),
  };
}

/** Silences that have ended are still of interest for so long. */
const ENDED_SHOWN_MS = 24 * 3_600_000;
const SILENCES_MAX = 100;

/**
 * Those that match, found by asking what would silence the alert at an instant at which each is active:
 * the very question of the flush.
 */
function silencesOf(tenant: TenantAlertmanager, labels: LabelSet, at: WallMs): readonly Silence[] {
  const { silences } = tenant.log;
  const found: Silence[] = [];
  for (const silence of silences.entries()) {
    const [starts, ends] = [msOf(silence.startsAt), msOf(silence.endsAt)];
    if (ends <= starts || ends < at - ENDED_SHOWN_MS) continue;
    const whenActive = Math.min(Math.max(at, starts + 1), ends - 1);
    if (silences.mutedBy(labels, labels.fingerprint, whenActive).includes(silence.id)) found.push(silence);
    if (found.length >= SILENCES_MAX) break;
  }
  return found.sort((left, right) => msOf(left.startsAt) - msOf(right.startsAt));
}

const silenceFacts = (silence: Silence, at: WallMs): SilenceFacts => ({
  id: silence.id,
  state: silenceState(silence, at),
  createdBy: silence.createdBy,
  comment: silence.comment,
  startsAt: iso(msOf(silence.startsAt)),
  endsAt: iso(msOf(silence.endsAt)),
});

/** Nothing runs when a silence begins or ends: it is told from the silence itself. */
function silenceStory(silences: readonly Silence[], { parts, at }: Asked): readonly StoryItem[] {
  return silences.flatMap((silence) => {
    const item = (type: string, when: WallMs, text: string): StoryItem[] =>
      when > at
        ? []
        : [
            {
              at: iso(when),
              replica: parts.settings.replica,
              type,
              text,
              times: 1,
              lastAt: iso(when),
              traceId: '',
            },
          ];
    return [
      ...item(
        'silence-started',
        msOf(silence.startsAt),
        `silence ${silence.id} (${silence.createdBy}: ${silence.comment}) begins`,
      ),
      ...item(
        'silence-ended',
        msOf(silence.endsAt),
        `silence ${silence.id} (${silence.createdBy}: ${silence.comment}) ends`,
      ),
    ];
  });
}
