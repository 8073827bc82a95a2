/**
 * @module alertmanager-service/explain
 *
 * `GET /api/v2/tocsin/explain`: why somebody was, or was not, notified of an alert. Nothing is decided
 * here a second time: the past is told from the events of the code that decided, the present by asking
 * the functions that the next flush will ask (docs/adr/0019).
 */
import { explainRoutes, turnDelayMs, type RouteExplanation, type Silence } from '@tocsin/alerting';
import { AppError, type HttpRequest } from '@tocsin/kernel';
import { isResolvedAt, msOf, type DecisionEvent, type ReceiverRef } from '@tocsin/model';
import { last } from '../api/query.ts';
import type { AlertmanagerParts } from '../parts.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { answerThen } from './answer-then.ts';
import type { Asked } from './asked.ts';
import type { AlertFacts, ClusterFacts, Explanation, RouteFacts } from './explanation.ts';
import { groupsNow } from './group-facts.ts';
import { historyOf, isEvent, latest, ofIntegration, storyOf } from './history.ts';
import { receiverFacts } from './receiver-asked.ts';
import { inhibitionOf, silenceFacts, silencesOf, silenceStory } from './silence-facts.ts';
import { summaryOf, type Told } from './summary.ts';
import { instantOfRequest, targetOf } from './target.ts';
import { iso, isoOrNull, plain } from './words.ts';

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

function clusterFacts(parts: AlertmanagerParts, tenant: TenantAlertmanager): ClusterFacts {
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
