/** Answers about an instant that is over, or an alert that is held no longer: from the decisions alone. */
import type { WallMs } from '@tocsin/kernel';
import type { DecisionEvent, ReceiverRef } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import { failedWords, firingTold, heldWords, type Answer } from './answer-words.ts';
import { isEvent, latest, type EventOf } from './history.ts';
import { iso, named } from './words.ts';

export interface PastCase {
  readonly tenant: TenantAlertmanager;
  readonly receiver: ReceiverRef;
  readonly hash: string;
  readonly events: readonly DecisionEvent[];
}

/** What was true at an instant that is over, or of an alert that is held no longer: from the decisions alone. */
export function answerThen({ tenant, receiver, events, hash }: PastCase): Answer {
  const last = latest(events, [
    'delivered',
    'gave-up',
    'attempted',
    'deduplicated',
    'resolved-not-sent',
    'notified-elsewhere',
    'silenced',
    'inhibited',
    'muted',
  ]);
  if (last === undefined) {
    const made = latest(events, ['group-created']);
    const until = made === undefined ? '' : ` until ${iso(made.decision.flushAt)} (group_wait)`;
    return {
      verdict: 'waiting',
      text: `Not notified by then: ${named(receiver)} was waiting for the flush of its group${until}.`,
    };
  }
  const { decision } = last;
  const told = firingTold(events, receiver, hash);
  const head = told === undefined ? 'Not notified' : `${told}; not told since`;
  switch (decision.type) {
    case 'delivered':
      return { verdict: 'notified', text: thenDelivered(receiver, told, last.at, decision, hash) };
    case 'notified-elsewhere':
      return {
        verdict: 'notified',
        text: `Notified ${named(receiver)} at ${iso(decision.entryAt)} by ${decision.by ?? 'another replica'}.`,
      };
    case 'deduplicated':
      return thenDeduplicated(receiver, events, decision.entry, last.at);
    case 'resolved-not-sent':
      return {
        verdict: 'not-wanted',
        text: `${told ?? `${named(receiver)} was told that it fires`}; its end was not sent: send_resolved is false.`,
      };
    case 'gave-up':
      return {
        verdict: 'failed',
        text: `${head}: ${named(receiver)} ${failedWords(events, { ...last, decision })}.`,
      };
    case 'attempted':
      return {
        verdict: 'retrying',
        text: `${told === undefined ? 'Not notified by then' : head}: ${named(receiver)} ${failedWords(events, { ...last, decision })}.`,
      };
    case 'silenced':
    case 'inhibited':
    case 'muted':
      return {
        verdict: 'suppressed',
        text: `${head}: at the flush of ${iso(last.at)} it was ${heldWords(tenant, { ...last, decision })}.`,
      };
  }
}

function thenDelivered(
  receiver: ReceiverRef,
  told: string | undefined,
  at: WallMs,
  { resolved, reason, attempts }: EventOf<'delivered'>['decision'],
  hash: string,
): string {
  const isEnd = resolved?.includes(hash) === true;
  if (isEnd && told !== undefined) return `${told}; and of its end at ${iso(at)} (${reason}).`;
  return `Notified ${named(receiver)}${isEnd ? ' of its end' : ''} at ${iso(at)} (${reason}), delivered on attempt ${attempts}.`;
}

function thenDeduplicated(
  receiver: ReceiverRef,
  events: readonly DecisionEvent[],
  entry: EventOf<'deduplicated'>['decision']['entry'],
  at: WallMs,
): Answer {
  if (entry === undefined)
    return {
      verdict: 'resolved-untold',
      text: `Not notified: at the flush of ${iso(at)} it was over, and ${named(receiver)} had not been told that it fires.`,
    };
  const sent = events.findLast(
    (event): event is EventOf<'delivered'> =>
      isEvent(event, 'delivered') && event.at <= at && event.at >= entry.at,
  );
  const how =
    sent === undefined
      ? entry.isOwn
        ? ' by this replica'
        : ` by ${entry.by ?? 'another replica or before a restart'}`
      : ` (${sent.decision.reason}), delivered on attempt ${sent.decision.attempts}`;
  return { verdict: 'notified', text: `Notified ${named(receiver)} at ${iso(entry.at)}${how}.` };
}
