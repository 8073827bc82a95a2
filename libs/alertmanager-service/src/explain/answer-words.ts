/** What answers about now and about then have in common. */
import type { DecisionEvent, ReceiverRef } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import type { Verdict } from './explanation.ts';
import { latest, type EventOf } from './history.ts';
import { failureWords, iso, list, named, silenceWords } from './words.ts';

export interface Answer {
  readonly verdict: Verdict;
  readonly text: string;
}

export type MessageEvent = EventOf<'delivered' | 'gave-up' | 'attempted'>;

export const isFailure = ({ decision }: MessageEvent): boolean =>
  decision.type === 'gave-up' || (decision.type === 'attempted' && decision.status !== 'delivered');

export function failedWords(events: readonly DecisionEvent[], { at, decision }: MessageEvent): string {
  if (decision.type === 'delivered') return `was told at ${iso(at)}`;
  if (decision.type === 'attempted') {
    const { attempt, failure, statusCode, error } = decision;
    return `failed at ${iso(at)} on attempt ${attempt} (${failureWords(failure, statusCode, error)})`;
  }
  const { attempts, failure, error } = decision;
  const last = latest(
    events,
    ['attempted'],
    (event) => event.at <= at && event.decision.status !== 'delivered',
  );
  // What the receiver itself said last; the decision only adds how often it was asked.
  const said = last === undefined ? error : last.decision.error;
  const why = failureWords(failure, last?.decision.statusCode ?? 0, said);
  return `gave up at ${iso(at)} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} (${why})`;
}

export function heldWords(
  tenant: TenantAlertmanager,
  { decision }: EventOf<'silenced' | 'inhibited' | 'muted'>,
): string {
  switch (decision.type) {
    case 'silenced':
      return `silenced by ${list(decision.by.map((id) => silenceWords(id, tenant.log.silences.get(id))))}`;
    case 'inhibited':
      return `inhibited by ${tenant.alerts.get(decision.by)?.labels.toString() ?? decision.by} (rule ${decision.rule})`;
    case 'muted':
      return decision.isOutsideActive
        ? `outside the active time interval ${list(decision.by)}`
        : `muted by time interval ${list(decision.by)}`;
  }
}

/** `Notified team by webhook at … (first notification), delivered on attempt 1`: the last time it was told to fire. */
export function firingTold(
  events: readonly DecisionEvent[],
  receiver: ReceiverRef,
  hash: string,
): string | undefined {
  const fired = latest(events, ['delivered'], ({ decision }) => decision.firing?.includes(hash) === true);
  return fired === undefined
    ? undefined
    : `Notified ${named(receiver)} at ${iso(fired.at)} (${fired.decision.reason}), delivered on attempt ${fired.decision.attempts}`;
}
