/** `tocsin why`: asks every replica named why somebody was, or was not, notified of one alert. */
import type { Explanation } from '@tocsin/alertmanager-service';
import { AppError, messageOf } from '@tocsin/kernel';
import { formatMillis, instantOf, parseMatcher } from '@tocsin/model';
import type { Arguments } from '../arguments.ts';
import { outputOf, url as urlFlag, type Command, type CommandDeps } from '../command.ts';
import { readAt, type LocalClock } from '../why/local-time.ts';
import { mergeStories, type ReplicaAnswer, type ReplicaSilence } from '../why/merge.ts';
import { storyText } from '../why/story-text.ts';

/** Replicas asked at once. */
const REPLICAS_MAX = 32;

export const why: Command = {
  words: 'MATCHER...',
  summary: 'why somebody was, or was not, notified of an alert',
  details: [
    '--url may be given several times: all are asked, since each replica knows only its own decisions.',
  ],
  flags: {
    url: { ...urlFlag, isList: true },
    fingerprint: { type: 'string', doc: 'the alert by its fingerprint instead of matchers' },
    receiver: { type: 'string', doc: 'only this receiver: why was it not told' },
    at: { type: 'string', doc: 'what was true then: RFC 3339, 14:05, or how long ago like 15m' },
  },
  run: async (args, deps) => {
    const clock = localClock(deps);
    const query = queryOf(args, clock);
    const urls = [...new Set(args.all('url'))];
    if (urls.length > REPLICAS_MAX)
      throw AppError.invalid(`--url: at most ${REPLICAS_MAX}, found ${urls.length}`);
    const replies = await Promise.all(urls.map((url) => ask(deps, url, query)));
    const answers = replies.filter((reply) => 'explanation' in reply);
    const failures = replies.filter((reply) => 'cause' in reply);
    const [failure] = failures;
    if (answers.length === 0 && failure !== undefined) throw allFailed(failures);
    const unanswered = failures.map(({ url, error }): ReplicaSilence => ({ url, error }));
    const story = mergeStories(answers, unanswered);
    if (outputOf(args) === 'json') return deps.print(JSON.stringify(story));
    for (const line of storyText(story, clock)) deps.print(line);
  },
};

type Failure = ReplicaSilence & { readonly cause: AppError };

async function ask(deps: CommandDeps, url: string, query: string): Promise<ReplicaAnswer | Failure> {
  try {
    const explanation = (await deps.client(url).get(`tocsin/explain?${query}`)) as Explanation;
    return { url, explanation };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    return { url, error: messageOf(cause), cause };
  }
}

/** Nobody answered: what the first one said, the others named. */
function allFailed(failures: readonly Failure[]): AppError {
  const [first] = failures;
  if (first === undefined || failures.length === 1)
    return first?.cause ?? new AppError('internal', 'nobody was asked');
  const said = failures.map(({ url, error }) => `${url}: ${error}`).join('\n');
  return new AppError(first.cause.code, said, { facts: first.cause.facts });
}

function queryOf(args: Arguments, clock: LocalClock): string {
  const fingerprint = args.text('fingerprint');
  if ((fingerprint === '') === (args.words.length === 0))
    throw AppError.invalid('name the alert by MATCHER... or by --fingerprint, one of both');
  for (const word of args.words) parseMatcher(word, 'fallback');
  const pairs: (readonly [string, string])[] = [
    ...args.words.map((word) => ['filter', word] as const),
    ...(fingerprint === '' ? [] : [['fingerprint', fingerprint] as const]),
    ...(args.flags.has('receiver') ? [['receiver', args.text('receiver')] as const] : []),
    ...(args.flags.has('at')
      ? [['at', formatMillis(instantOf(readAt(clock, args.text('at'))))] as const]
      : []),
  ];
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

export const localClock = ({ wall }: CommandDeps): LocalClock => ({
  now: wall(),
  offsetMinutes: (at) => -new Date(at).getTimezoneOffset(),
});
