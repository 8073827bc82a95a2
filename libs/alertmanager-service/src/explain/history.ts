/** The kept decisions about one alert, oldest first, and what they say in words. */
import { groupKey, groupLabels, matchRoutes } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import type { Decision, DecisionEvent, EventLog, LabelSet, ReceiverRef } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import type { StoryItem } from './explanation.ts';
import { duration, failureWords, iso, isSameReceiver, list, named, silenceWords } from './words.ts';

/** Decisions that one story is made of; the newest ones. */
const EVENTS_MAX = 1_000;

export type EventOf<T extends Decision['type']> = DecisionEvent & {
  readonly decision: Extract<Decision, { type: T }>;
};

export interface History {
  readonly events: readonly DecisionEvent[];
  /** Of the oldest decision that is kept at all. */
  readonly since: WallMs | undefined;
  /** There were more than one story may have. */
  readonly isCut: boolean;
}

export const isEvent = <T extends Decision['type']>(event: DecisionEvent, type: T): event is EventOf<T> =>
  event.decision.type === type;

export function historyOf(
  tenant: TenantAlertmanager,
  log: EventLog,
  labels: LabelSet,
  silences: readonly string[],
  until: WallMs,
): History {
  const { fingerprint, hash } = labels;
  const about = { tenant: tenant.tenant, until, limit: EVENTS_MAX };
  const own = log.query({ ...about, fingerprint }).events;
  const groupKeys = new Set([
    ...matchRoutes(tenant.configuration.route, labels).map((route) =>
      groupKey(route, groupLabels(route, labels)),
    ),
    ...own.flatMap((event) =>
      isEvent(event, 'alert-routed') ? event.decision.routes.map((route) => route.groupKey) : [],
    ),
  ]);
  const silencers = new Set([
    ...silences,
    ...own.flatMap((event) => (isEvent(event, 'silenced') ? event.decision.by : [])),
  ]);
  const answer = log.query({
    ...about,
    story: { fingerprint, hash, groupKeys, silences: silencers },
  });
  return { events: answer.events, since: answer.oldestAt, isCut: answer.events.length >= EVENTS_MAX };
}

/** The newest event of these types that `is` accepts. */
export function latest<T extends Decision['type']>(
  events: readonly DecisionEvent[],
  types: readonly T[],
  is: (event: EventOf<T>) => boolean = () => true,
): EventOf<T> | undefined {
  const found = events.findLast(
    (event) => types.some((type) => type === event.decision.type) && is(event as EventOf<T>),
  );
  return found as EventOf<T> | undefined;
}

/** Events of one integration's share, and those of its whole group. */
export const ofIntegration = (
  events: readonly DecisionEvent[],
  key: string,
  routeId: string,
  receiver: ReceiverRef,
): readonly DecisionEvent[] =>
  events.filter(
    ({ decision }) =>
      'groupKey' in decision &&
      decision.groupKey === key &&
      (!('routeId' in decision) || decision.routeId === routeId) &&
      (!('receiver' in decision) || isSameReceiver(decision.receiver, receiver)),
  );

/** Items of one story at most; the newest ones. */
const STORY_MAX = 500;

export function storyOf(
  tenant: TenantAlertmanager,
  events: readonly DecisionEvent[],
  extra: readonly StoryItem[],
): readonly StoryItem[] {
  const told = events
    .filter((event, index) => !isWithoutNews(events, event, index))
    .map((event): StoryItem => {
      const at = iso(event.at);
      const text = wordsOf(tenant, event);
      const { replica, traceId } = event;
      return { at, replica, type: event.decision.type, text, times: 1, lastAt: at, traceId };
    });
  const inOrder = [...told, ...extra].sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
  const items: StoryItem[] = [];
  const byText = new Map<string, number>();
  for (const item of inOrder) {
    // Flush after flush says the same until something happens.
    const id = `${item.replica} ${item.type} ${item.text}`;
    const known = byText.get(id);
    const before = known === undefined ? undefined : items[known];
    if (known !== undefined && before !== undefined) {
      items[known] = { ...before, times: before.times + 1, lastAt: item.at };
      continue;
    }
    if (!isRepeating(item.type)) byText.clear();
    else byText.set(id, items.length);
    items.push(item);
  }
  return items.slice(-STORY_MAX);
}

const isRepeating = (type: string): boolean =>
  ['flush-due', 'deduplicated', 'silenced', 'inhibited', 'muted', 'waited-for-turn'].includes(type);

/** A flush that led to something is told by that. */
function isWithoutNews(events: readonly DecisionEvent[], event: DecisionEvent, index: number): boolean {
  if (!isEvent(event, 'flush-due')) return false;
  const { groupKey: key, routeId } = event.decision;
  for (const { decision } of events.slice(index + 1)) {
    if (!('routeId' in decision) || decision.groupKey !== key || decision.routeId !== routeId) continue;
    return decision.type !== 'flush-due';
  }
  return false;
}

function wordsOf(tenant: TenantAlertmanager, { decision, replica }: DecisionEvent): string {
  switch (decision.type) {
    case 'alert-received':
      return receivedWords(decision);
    case 'alert-rejected':
      return `alert refused: ${decision.error}`;
    case 'alert-routed':
      return `routed to ${decision.routes.length === 0 ? 'no group' : list(decision.routes.map(({ receiver, routeId }) => `${receiver} (route ${routeId})`))}`;
    case 'group-created':
      return `group ${decision.groupKey} made; its first flush is at ${iso(decision.flushAt)}`;
    case 'group-gone':
      return `group ${decision.groupKey} ended: everything in it was resolved`;
    case 'gate-opened':
      return 'notifications start: the state of the cluster is known';
    case 'flush-due':
      return `flush of group ${decision.groupKey}`;
    case 'inhibited': {
      const source = tenant.alerts.get(decision.by);
      return `left out: inhibited by ${source?.labels.toString() ?? decision.by} (rule ${decision.rule})`;
    }
    case 'silenced':
      return `left out: silenced by ${list(decision.by.map((id) => silenceWords(id, tenant.log.silences.get(id))))}`;
    case 'muted':
      return decision.isOutsideActive
        ? `left out: outside the active time interval ${list(decision.by)}`
        : `left out: muted by time interval ${list(decision.by)}`;
    case 'waited-for-turn':
      return `waited ${duration(decision.waitMs)} for its turn (position ${decision.position})`;
    case 'deduplicated':
      return `${named(decision.receiver)}: nothing to send${entryWords(decision.entry, replica)}`;
    case 'attempted':
      return `${named(decision.receiver)}: attempt ${decision.attempt} (${decision.reason}) ${attemptWords(decision)}, ${Math.round(decision.latencyMs)} ms`;
    case 'delivered':
      return `${named(decision.receiver)}: delivered (${decision.reason}) on attempt ${decision.attempts}`;
    case 'gave-up':
      return `${named(decision.receiver)}: gave up after ${decision.attempts} attempts: ${decision.error}`;
    case 'resolved-not-sent':
      return `${named(decision.receiver)}: the resolve is not sent: send_resolved is false`;
    case 'flush-ended-early':
      return `flush of group ${decision.groupKey} ended early: ${decision.error}`;
    case 'notified-elsewhere':
      return `${named(decision.receiver)}: notified at ${iso(decision.entryAt)} by ${decision.by ?? 'another replica'}`;
    case 'silence-changed':
      return `silence ${silenceWords(decision.silence, tenant.log.silences.get(decision.silence))} ${decision.change === 'merged' ? 'came from a peer' : decision.change}`;
    case 'dropped-at-limit':
      return `group ${decision.what} was not made: the limit of ${decision.value} groups is reached`;
    case 'configuration-loaded':
      return `configuration ${decision.hash} loaded`;
    case 'configuration-refused':
      return `configuration refused: ${decision.error}`;
    case 'rule-state-changed':
    case 'rule-evaluation-failed':
      return `rule ${decision.rule}`;
  }
}

function receivedWords(decision: Extract<Decision, { type: 'alert-received' }>): string {
  const { change, startsAt, endsAt, isTimeout } = decision;
  const what = {
    new: 'alert received',
    resolved: 'alert resolved',
    refired: 'alert fires again',
    changed: 'alert changed its annotations',
  }[change];
  const end = isTimeout === true ? `${endsAt} unless it is sent again` : endsAt;
  return `${what}: from ${startsAt} to ${end}`;
}

const attemptWords = ({
  status,
  statusCode,
  failure,
  error,
}: Extract<Decision, { type: 'attempted' }>): string =>
  status === 'delivered'
    ? `delivered (HTTP ${statusCode})`
    : `failed (${failureWords(failure, statusCode, error)})`;

function entryWords(entry: Extract<Decision, { type: 'deduplicated' }>['entry'], replica: string): string {
  if (entry === undefined) return ': nothing fires and nobody was told';
  const who = entry.isOwn ? replica : (entry.by ?? 'another replica or before a restart');
  return `: people know since ${iso(entry.at)} (log entry of ${who})`;
}
