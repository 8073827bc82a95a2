/** Which decision events a question is about; shared by everything that keeps events. */
import type { AlertHash, Fingerprint } from './label-set.ts';
import type { Decision, DecisionEvent, EventFilter, StoryFilter } from './event.ts';

export function eventMatches(event: DecisionEvent, filter: EventFilter): boolean {
  const { decision } = event;
  const { tenant, type, fingerprint, groupKey, notificationId, story, until } = filter;
  if (until !== undefined && event.at > until) return false;
  if (tenant !== undefined && event.tenant !== tenant) return false;
  if (type !== undefined && decision.type !== type) return false;
  if (fingerprint !== undefined && !isAboutAlert(decision, fingerprint)) return false;
  if (groupKey !== undefined && !isAboutGroup(decision, groupKey)) return false;
  if (story !== undefined && !isOfStory(decision, story)) return false;
  return (
    notificationId === undefined ||
    ('notificationId' in decision && decision.notificationId === notificationId)
  );
}

function isAboutAlert(decision: Decision, fingerprint: Fingerprint): boolean {
  if (decision.type === 'flush-due') return decision.alerts.includes(fingerprint);
  return 'fingerprint' in decision && decision.fingerprint === fingerprint;
}

function isAboutGroup(decision: Decision, groupKey: string): boolean {
  if ('groupKey' in decision) return decision.groupKey === groupKey;
  if (decision.type === 'dropped-at-limit') return decision.what === groupKey;
  return decision.type === 'alert-routed' && decision.routes.some((route) => route.groupKey === groupKey);
}

function isOfStory(decision: Decision, { fingerprint, hash, groupKeys, silences }: StoryFilter): boolean {
  switch (decision.type) {
    case 'configuration-loaded':
    case 'configuration-refused':
    case 'gate-opened':
      return true;
    case 'silence-changed':
      return silences.has(decision.silence);
    case 'dropped-at-limit':
      return groupKeys.has(decision.what);
    case 'group-created':
    case 'group-gone':
    case 'muted':
    case 'waited-for-turn':
    case 'flush-ended-early':
      return groupKeys.has(decision.groupKey);
    case 'deduplicated':
    case 'attempted':
    case 'delivered':
    case 'gave-up':
    case 'resolved-not-sent':
    case 'notified-elsewhere':
      return groupKeys.has(decision.groupKey) && isIn(decision, hash);
    default:
      return isAboutAlert(decision, fingerprint);
  }
}

/** Whether a message, or a decision not to send one, was about the alert. */
const isIn = (
  {
    firing = [],
    resolved = [],
  }: { readonly firing?: readonly AlertHash[]; readonly resolved?: readonly AlertHash[] },
  hash: AlertHash,
): boolean => firing.includes(hash) || resolved.includes(hash);
