/** The short answer: plain sentences, the direct one first, what happens next last. */
import type { Silence } from '@tocsin/alerting';
import { msOf } from '@tocsin/model';
import type { Explanation, GroupFacts, IntegrationFacts, ReceiverFacts, Verdict } from './explanation.ts';
import type { Asked } from './asked.ts';
import { latest } from './history.ts';
import { newGroupFlushAt } from './outlook.ts';
import { suppressionAt, suppressionWords } from './suppression.ts';
import { iso, list, named, silenceWords } from './words.ts';

export type Told = Pick<IntegrationFacts, 'receiver' | 'verdict' | 'answer'>;

interface Facts {
  readonly groups: readonly GroupFacts[];
  readonly told: readonly Told[];
  readonly receiver: ReceiverFacts | undefined;
  readonly isIncomplete: boolean;
  readonly silences: readonly Silence[];
}

export function summaryOf(asked: Asked, facts: Facts): Pick<Explanation, 'summary' | 'verdict'> {
  const answer = directAnswer(asked, facts);
  const notes = [
    ...earlierWords(asked, facts),
    ...pendingWords(asked, facts),
    ...incompleteWords(asked, facts),
  ];
  const next = facts.groups.flatMap(({ integrations }) => integrations.map((each) => each.next?.text ?? ''));
  return {
    verdict: answer.verdict,
    summary: [...new Set([...answer.sentences, ...notes, ...next])].filter((sentence) => sentence !== ''),
  };
}

interface DirectAnswer {
  readonly verdict: Verdict;
  readonly sentences: readonly string[];
}

function directAnswer(asked: Asked, facts: Facts): DirectAnswer {
  const { receiver, told } = facts;
  if (receiver !== undefined && !receiver.isReached && told.length === 0) {
    const [first = '', ...others] = receiver.reasons.map((reason) => `${reason}.`);
    return {
      verdict: 'not-reached',
      sentences: [
        `Not notified: the alert does not reach receiver ${receiver.name}: ${first}`,
        ...others.map((each) => `Also: ${each}`),
      ],
    };
  }
  if (told.length > 0) return answerOfAll(told);
  return answerOfNobody(asked, facts);
}

function answerOfAll(told: readonly Told[]): DirectAnswer {
  const sentences = told.map(({ answer }) => answer);
  const [first, ...others] = told;
  const verdict = first?.verdict ?? 'unknown';
  if (others.every((each) => each.verdict === verdict)) return { verdict, sentences };
  const notified = told.filter((each) => each.verdict === 'notified').length;
  const head = `Partly notified: ${notified} of ${told.length} integrations were told.`;
  if (notified > 0) return { verdict: 'partly-notified', sentences: [head, ...sentences] };
  return { verdict, sentences };
}

/** No integration has anything to say about the alert: it is in no group, or its receivers are empty. */
function answerOfNobody(asked: Asked, facts: Facts): DirectAnswer {
  const { target, history, tenant, isPast, routing } = asked;
  const { events } = history;
  const rejected = latest(events, ['alert-rejected']);
  const received = latest(events, ['alert-received']);
  if (
    rejected !== undefined &&
    (received === undefined || rejected.at > received.at) &&
    facts.groups.length === 0
  ) {
    return {
      verdict: 'rejected',
      sentences: [`Not notified: the alert was refused at ${iso(rejected.at)}: ${rejected.decision.error}.`],
    };
  }
  const empty = (facts.groups.length > 0 ? facts.groups : routing.matched).find(({ receiver }) =>
    tenant.configuration.receivers.some(
      ({ name, integrations }) => name === receiver && integrations.length === 0,
    ),
  );
  const isHere = target.alert !== undefined || received !== undefined;
  if (isHere && empty !== undefined) {
    return {
      verdict: 'not-wanted',
      sentences: [
        `Not notified: receiver ${empty.receiver} has no integrations, so there is nobody to tell.`,
      ],
    };
  }
  const dropped = latest(events, ['dropped-at-limit']);
  if (target.alert !== undefined && !isPast && dropped !== undefined) {
    const { value, what } = dropped.decision;
    return {
      verdict: 'no-group',
      sentences: [
        `Not notified: the alert is in no group: at ${iso(dropped.at)} the limit of ${value} groups was reached, and ${what} was not made. Group by fewer labels.`,
      ],
    };
  }
  if (isHere) return answerOfEnded(asked, received !== undefined);
  return {
    verdict: isPast && facts.isIncomplete ? 'unknown' : 'not-received',
    sentences: [
      isPast
        ? `Not notified by then, as far as is known: no decision about this alert before ${iso(asked.at)} is kept here.`
        : `Not notified: no alert with these labels is held here, nor did one come since ${history.since === undefined ? 'this replica started' : iso(history.since)}.`,
      ...(isPast ? [] : wouldBe(asked)),
    ],
  };
}

function answerOfEnded({ target, isPast, at }: Asked, isKnown: boolean): DirectAnswer {
  const { alert } = target;
  if (alert !== undefined && !isPast) {
    const ended = msOf(alert.endsAt);
    return ended <= at
      ? {
          verdict: 'resolved-untold',
          sentences: [`Not notified: it resolved at ${iso(ended)}, and nobody was waiting to hear of it.`],
        }
      : { verdict: 'unknown', sentences: ['Not notified: the alert is in no group of this replica.'] };
  }
  return {
    verdict: 'unknown',
    sentences: [
      isKnown
        ? 'The alert was received, but no decision about its notification is kept here.'
        : `No decision about this alert before ${iso(at)} is kept here.`,
    ],
  };
}

/** Of an alert that never came: what would become of it. */
function wouldBe({ tenant, routing, target, now }: Asked): readonly string[] {
  return routing.matched.map((route) => {
    const by = suppressionAt(tenant, route, target.labels, now);
    const held = by === undefined ? '' : `, but is ${suppressionWords(tenant, route, by, now)}`;
    return `If it fired now it would go to ${route.receiver} (route ${route.id}), first flush of a new group at ${iso(newGroupFlushAt(tenant, route, now))}${held}.`;
  });
}

/** A message about the alert as part of a group that it is no longer in: other routes before a reload. */
function earlierWords({ history, target, tenant, receiver }: Asked, { groups }: Facts): readonly string[] {
  if (groups.length === 0) return [];
  const { fingerprint, hash } = target.labels;
  const current = tenant.groupsOf(fingerprint);
  const earlier = latest(
    history.events,
    ['delivered'],
    ({ decision }) =>
      decision.firing?.includes(hash) === true &&
      (receiver === undefined || decision.receiver.groupName === receiver) &&
      !current.some(({ key, route }) => key === decision.groupKey && route.id === decision.routeId),
  );
  if (earlier === undefined) return [];
  const { reason, groupKey } = earlier.decision;
  return [
    `Earlier, in group ${groupKey}: ${named(earlier.decision.receiver)} was told at ${iso(earlier.at)} (${reason}).`,
  ];
}

function pendingWords({ isPast, at }: Asked, { silences }: Facts): readonly string[] {
  const pending = silences.filter(({ startsAt }) => msOf(startsAt) > at);
  if (isPast || pending.length === 0) return [];
  return [
    `Pending: will be silenced by ${list(pending.map((silence) => `${silenceWords(silence.id, silence)}, beginning at ${iso(msOf(silence.startsAt))}`))}.`,
  ];
}

function incompleteWords({ history, isPast, target }: Asked, { isIncomplete }: Facts): readonly string[] {
  if (!isIncomplete || (!isPast && target.alert === undefined && history.events.length === 0)) return [];
  const since =
    history.since === undefined ? 'no decisions are kept' : `decisions are kept since ${iso(history.since)}`;
  return [`What was decided before is not known here: ${since}.`];
}
