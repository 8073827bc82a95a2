/**
 * @module alertmanager-service/explain/answer-now
 *
 * Why one integration was, or was not, told of one alert that is held: one verdict and one sentence. The log says
 * whether people know; the decisions say how it came; what holds an alert back now is asked of the
 * functions that the flush asks. The first rule that holds gives the answer.
 */
import type { IntegrationConfig, NflogEntry } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, msOf, type Alert, type DecisionEvent, type ReceiverRef } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { TenantAlertmanager } from '../tenant.ts';
import { failedWords, firingTold, heldWords, isFailure, type Answer } from './answer-words.ts';
import { latest } from './history.ts';
import { suppressionWords, type Suppression } from './suppression.ts';
import { duration, iso, named } from './words.ts';

export interface Case {
  readonly tenant: TenantAlertmanager;
  readonly alert: Alert;
  readonly group: Group;
  readonly integration: Pick<IntegrationConfig, 'sendResolved'>;
  readonly receiver: ReceiverRef;
  readonly entry: NflogEntry | undefined;
  /** Of this integration and its group, oldest first. */
  readonly events: readonly DecisionEvent[];
  readonly suppression: Suppression | undefined;
  readonly now: WallMs;
  /** How long this replica waits for the earlier ones. */
  readonly turnWaitMs: number;
  readonly position: number;
}

/** What is true now. */
export function answerNow(about: Case): Answer {
  const { alert, entry, now } = about;
  const { hash } = alert.labels;
  if (isResolvedAt(alert, now)) return answerResolved(about);
  if (entry?.firing.includes(hash) === true) return answerTold(about, entry);
  return (
    answerHeldBack(about) ??
    answerTried(about) ?? { verdict: 'waiting', text: `Not notified yet: ${waitingWords(about)}.` }
  );
}

function answerTold(about: Case, entry: NflogEntry): Answer {
  const { suppression, group, tenant, now, events } = about;
  const later = latest(
    events,
    ['gave-up', 'attempted'],
    (event) => event.at > msOf(entry.at) && isFailure(event),
  );
  const failed = later === undefined ? '' : ` Since then: ${failedWords(events, later)}.`;
  const held =
    suppression === undefined
      ? ''
      : ` Now it is ${suppressionWords(tenant, group.route, suppression, now)}: no repeats meanwhile.`;
  return { verdict: 'notified', text: `${toldWords(about, entry)}.${failed}${held}` };
}

/** `Notified team by webhook at … (first notification), delivered on attempt 1`. */
function toldWords({ tenant, receiver, events, alert }: Case, entry: NflogEntry): string {
  const head = `Notified ${named(receiver)} at ${iso(msOf(entry.at))}`;
  const origin = tenant.log.originOf(entry);
  if (origin?.isRestored === true) return `${head}, before this replica started (stored notification log)`;
  if (origin !== undefined) {
    const who = origin.by === '' ? 'another replica' : `replica ${origin.by}`;
    return `${head} by ${who}; this replica had nothing to add`;
  }
  const sent = latest(
    events,
    ['delivered'],
    ({ decision }) => decision.firing?.includes(alert.labels.hash) === true,
  );
  return sent === undefined || sent.at < msOf(entry.at) - 1
    ? `${head} by this replica`
    : `${head} (${sent.decision.reason}), delivered on attempt ${sent.decision.attempts}`;
}

function answerHeldBack({ tenant, group, suppression, now }: Case): Answer | undefined {
  if (!tenant.isGateOpen) {
    return {
      verdict: 'waiting',
      text: 'Not notified yet: this replica has not settled in its cluster; what falls due meanwhile is flushed when it has.',
    };
  }
  if (suppression === undefined) return undefined;
  return {
    verdict: 'suppressed',
    text: `Not notified: ${suppressionWords(tenant, group.route, suppression, now)}.`,
  };
}

/** Attempts that failed, unless something has been delivered since. */
function answerTried({ events, group, receiver }: Case): Answer | undefined {
  const last = latest(events, ['delivered', 'gave-up', 'attempted']);
  if (last === undefined || !isFailure(last)) return undefined;
  const isOver = last.decision.type === 'gave-up' || group.flushingSince === undefined;
  const next = isOver ? `; tried again at the next flush, ${iso(group.nextFlushAt)}` : '; tried again soon';
  return {
    verdict: isOver ? 'failed' : 'retrying',
    text: `Not notified${isOver ? '' : ' yet'}: ${named(receiver)} ${failedWords(events, last)}${next}.`,
  };
}

function waitingWords({ group, events, now, turnWaitMs, position, tenant }: Case): string {
  const { flushingSince, lastFlushAt, nextFlushAt, route } = group;
  if (flushingSince !== undefined && now < flushingSince + turnWaitMs) {
    return `this replica is in position ${position} and waits until ${iso(flushingSince + turnWaitMs)} whether an earlier one notifies`;
  }
  if (flushingSince !== undefined) return `the flush of ${iso(flushingSince)} is under way`;
  const held = latest(
    events,
    ['silenced', 'inhibited', 'muted'],
    (event) => lastFlushAt !== undefined && event.at >= lastFlushAt,
  );
  const next = `the next flush is at ${iso(nextFlushAt)}`;
  if (held !== undefined)
    return `at the last flush, ${iso(held.at)}, it was ${heldWords(tenant, held)}; that is over, and ${next}`;
  if (lastFlushAt === undefined) {
    const made = latest(events, ['group-created']);
    return made?.decision.flushAt === nextFlushAt && nextFlushAt - made.at === route.groupWaitMs
      ? `its group waits for more alerts (group_wait ${duration(route.groupWaitMs)}); the first flush is at ${iso(nextFlushAt)}`
      : `its group was not flushed yet; ${next}`;
  }
  return `its group was last flushed at ${iso(lastFlushAt)}, and ${next} (group_interval ${duration(route.groupIntervalMs)})`;
}

function answerResolved(about: Case): Answer {
  const { alert, entry, receiver, integration, group, now, tenant, suppression } = about;
  const { hash } = alert.labels;
  const ended = iso(msOf(alert.endsAt));
  if (entry?.resolved.includes(hash) === true) return answerEndTold(about, entry);
  const isKnown = entry?.firing.includes(hash) === true;
  if (!isKnown) {
    return {
      verdict: 'resolved-untold',
      text: `Not notified: it resolved at ${ended}, before ${named(receiver)} was told that it fires.`,
    };
  }
  const told = toldWords(about, entry);
  if (!integration.sendResolved) return notWanted(told, ended);
  const held =
    suppression === undefined ? '' : ` It is ${suppressionWords(tenant, group.route, suppression, now)}.`;
  const failure = answerTried(about);
  const failed = failure === undefined ? '' : ` ${failure.text}`;
  return {
    verdict: failure?.verdict ?? 'waiting',
    text: `${told}; that it resolved at ${ended} is not told yet: the next flush is at ${iso(group.nextFlushAt)}.${held}${failed}`,
  };
}

const notWanted = (told: string, ended: string): Answer => ({
  verdict: 'not-wanted',
  text: `${told}; it resolved at ${ended}, which is not sent: send_resolved is false.`,
});

function answerEndTold({ tenant, alert, events, receiver, integration }: Case, entry: NflogEntry): Answer {
  const ended = iso(msOf(alert.endsAt));
  const fired = firingTold(events, receiver, alert.labels.hash);
  if (!integration.sendResolved)
    return notWanted(fired ?? `${named(receiver)} was told that it fires`, ended);
  const origin = tenant.log.originOf(entry);
  const who =
    origin === undefined
      ? 'by this replica'
      : origin.isRestored
        ? 'before this replica started'
        : `by ${origin.by === '' ? 'another replica' : `replica ${origin.by}`}`;
  const end = `at ${iso(msOf(entry.at))} ${who} that it resolved at ${ended}`;
  return {
    verdict: 'notified',
    text: fired === undefined ? `Notified ${named(receiver)} ${end}.` : `${fired}; and ${end}.`,
  };
}
