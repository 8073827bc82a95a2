/** A story on a terminal: the answer first, then what happened in the order of time, then what comes. */
import { type LocalClock, fromNow, localised, localTime, printable, zoneName } from './local-time.ts';
import type { MergedStory } from './merge.ts';

/** Lines of a story; the oldest are left out. */
const STORY_LINES = 60;

export function storyText(story: MergedStory, clock: LocalClock): readonly string[] {
  const [first] = story.answers;
  const isNext = (sentence: string): boolean => /^(?:Next flush|First flush|After the flush)/.test(sentence);
  const answer = story.summary.filter((sentence) => !isNext(sentence));
  const next = story.summary.filter(isNext);
  const lines = [
    ...answer,
    '',
    ...(first === undefined ? [] : alertLines(first.explanation.alert, clock)),
    '',
    `Story (local time, ${zoneName(clock)})`,
    ...storyLines(story, clock),
    ...(next.length === 0 ? [] : ['', 'Next', ...next.map((sentence) => `  ${sentence}`)]),
    '',
    'Replicas',
    ...story.answers.map(
      ({ url, explanation }) => `  ${explanation.replica}  ${url}  ${explanation.verdict}`,
    ),
    ...story.unanswered.map(({ url, error }) => `  no answer from ${url}: ${error}`),
  ];
  return lines.map((line) => printable(localised(clock, line)));
}

function alertLines(
  { labels, state, startsAt, endsAt, fingerprint }: MergedStory['answers'][number]['explanation']['alert'],
  clock: LocalClock,
): readonly string[] {
  const text = Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
  const since = startsAt === null ? '' : ` since ${localTime(clock, Date.parse(startsAt))}`;
  const end =
    state !== 'resolved' || endsAt === null ? '' : `, resolved ${localTime(clock, Date.parse(endsAt))}`;
  return [
    `Alert {${text}}`,
    `  ${state === 'unknown' ? 'not known' : state}${since}${end}, fingerprint ${fingerprint}`,
  ];
}

function storyLines({ story, answers }: MergedStory, clock: LocalClock): readonly string[] {
  if (story.length === 0) return ['  no decision about this alert is kept'];
  const isOne = new Set(answers.map(({ explanation }) => explanation.replica)).size < 2;
  const shown = story.slice(-STORY_LINES);
  const left = story.length - shown.length;
  const rows = shown.map(({ at, replica, text, times, lastAt }) => {
    const when = Date.parse(at);
    const again = times === 1 ? '' : ` (${times} times, last ${localTime(clock, Date.parse(lastAt))})`;
    return [localTime(clock, when), fromNow(clock, when), isOne ? '' : replica, `${text}${again}`] as const;
  });
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const [first, second, third] = [width(0), width(1), width(2)];
  return [
    ...(left === 0 ? [] : [`  … ${left} earlier ones are left out; --output json has them`]),
    ...rows.map(([at, ago, replica, text]) =>
      ['', at.padEnd(first), ago.padStart(second), ...(isOne ? [] : [replica.padEnd(third)]), text].join(
        '  ',
      ),
    ),
  ];
}
