/** The answers of several replicas as one: each knows only its own decisions and its peers' log entries. */
import type { Explanation, StoryItem, Verdict } from '@tocsin/alertmanager-service';

export interface ReplicaAnswer {
  readonly url: string;
  readonly explanation: Explanation;
}

export interface ReplicaSilence {
  readonly url: string;
  /** Why it has not answered. */
  readonly error: string;
}

export interface MergedStory {
  readonly verdict: Verdict;
  /** Of the replica that knows best, then what others say otherwise. */
  readonly summary: readonly string[];
  readonly answers: readonly ReplicaAnswer[];
  readonly unanswered: readonly ReplicaSilence[];
  /** Of all replicas, oldest first. */
  readonly story: readonly StoryItem[];
}

/** Who sent it knows best; who never got the alert knows least. */
const RANK: Readonly<Record<Verdict, number>> = {
  notified: 1,
  'partly-notified': 2,
  retrying: 3,
  failed: 4,
  suppressed: 5,
  'not-wanted': 6,
  'resolved-untold': 7,
  waiting: 8,
  'no-group': 9,
  'not-reached': 10,
  rejected: 11,
  unknown: 12,
  'not-received': 13,
};

/** `answers`: at least one. */
export function mergeStories(
  answers: readonly ReplicaAnswer[],
  unanswered: readonly ReplicaSilence[],
): MergedStory {
  const ordered = answers.toSorted((left, right) => rankOf(left.explanation) - rankOf(right.explanation));
  const [best, ...others] = ordered.map(({ explanation }) => explanation);
  if (best === undefined) throw new Error('no replica has answered');
  return {
    verdict: best.verdict,
    summary: [...best.summary, ...others.flatMap((other) => difference(best, other)), ...missing(ordered)],
    answers: ordered,
    unanswered,
    story: mergedStory(ordered),
  };
}

const rankOf = (explanation: Explanation): number =>
  explanation.verdict === 'notified' && isSender(explanation) ? 0 : RANK[explanation.verdict];

const isSender = ({ groups, story }: Explanation): boolean =>
  groups.some(({ integrations }) => integrations.some(({ entry }) => entry?.writtenBy === 'own')) ||
  story.some(({ type }) => type === 'delivered');

/** What another replica answers otherwise. That it left the notification to a peer is no news. */
function difference(best: Explanation, other: Explanation): readonly string[] {
  const [answer = ''] = other.summary;
  const isSame = other.verdict === best.verdict || other.verdict === 'not-received';
  return isSame ? [] : [`Replica ${other.replica} says: ${answer}`];
}

/** Senders must reach every replica: one that has not got the alert can't stand in for the others. */
function missing(answers: readonly ReplicaAnswer[]): readonly string[] {
  const without = answers.filter(({ explanation }) => explanation.verdict === 'not-received');
  if (without.length === 0 || without.length === answers.length) return [];
  const names = without.map(({ explanation }) => explanation.replica).join(', ');
  return [`Not received by ${names}: senders must send each alert to every replica.`];
}

function mergedStory(answers: readonly ReplicaAnswer[]): readonly StoryItem[] {
  const seen = new Set<string>();
  return answers
    .flatMap(({ explanation }) => explanation.story)
    .filter(({ at, type, text }) => {
      // Silences begin and end everywhere at once.
      if (!type.startsWith('silence-')) return true;
      const id = `${at} ${type} ${text}`;
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    })
    .sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
}
