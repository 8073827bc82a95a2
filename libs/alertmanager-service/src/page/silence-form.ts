/**
 * @module alertmanager-service/page/silence-form
 *
 * What somebody typed to make or change a silence, and the wish it amounts to. Text stays text until it
 * is read here, so that a form with a mistake comes back as it was typed.
 */
import type { MatcherSet, Silence, SilenceRequest } from '@tocsin/alerting';
import { AppError, messageOf, type WallMs } from '@tocsin/kernel';
import {
  LabelSet,
  addMs,
  compareInstants,
  createMatcher,
  goQuote,
  instantOf,
  msOf,
  parseDuration,
  parseInstant,
  parseMatchers,
  type Instant,
  type Matcher,
  type MatcherMode,
} from '@tocsin/model';
import { MATCHERS_MAX } from './alert-query.ts';
import { fieldOf, type Pair } from './links.ts';
import { formatUtc } from './words.ts';

export type FormField = 'matchers' | 'starts' | 'duration' | 'ends' | 'author' | 'comment';

export interface SilenceForm {
  /** One matcher a line, or a list. */
  readonly matchers: string;
  /** '' is now. */
  readonly starts: string;
  /** One of both says when it ends. */
  readonly duration: string;
  readonly ends: string;
  readonly author: string;
  readonly comment: string;
  /** The matchers of the preview that was shown last. */
  readonly previewed: string;
}

export type Mistakes = ReadonlyMap<FormField | 'form', string>;

export const DURATION_BY_DEFAULT = '2h';
/** Offered beside the field. */
export const DURATIONS = ['1h', '4h', '1d', '1w'] as const;

export const emptyForm = (author: string): SilenceForm => ({
  matchers: '',
  starts: '',
  duration: DURATION_BY_DEFAULT,
  ends: '',
  author,
  comment: '',
  previewed: '',
});

export const formOf = (pairs: readonly Pair[]): SilenceForm => ({
  matchers: fieldOf(pairs, 'matchers'),
  starts: fieldOf(pairs, 'starts'),
  duration: fieldOf(pairs, 'duration'),
  ends: fieldOf(pairs, 'ends'),
  author: fieldOf(pairs, 'author'),
  comment: fieldOf(pairs, 'comment'),
  // Browsers send every line end as two characters.
  previewed: fieldOf(pairs, 'previewed').replaceAll('\r\n', '\n'),
});

/** Shorter ones were ended by hand, which says nothing about how long the next should be. */
const DURATION_REPEATED_FROM_MINUTES = 10;

/** To be changed: as it is. To be made again: from now on, for as long as it was. */
export function formOfSilence(silence: Silence, isAgain: boolean): SilenceForm {
  const { startsAt, endsAt, createdBy, comment } = silence;
  const minutes = Math.round((msOf(endsAt) - msOf(startsAt)) / 60_000);
  const duration = minutes < DURATION_REPEATED_FROM_MINUTES ? DURATION_BY_DEFAULT : spanText(minutes);
  return {
    matchers: linesOf(silence.matcherSets[0] ?? []),
    starts: isAgain ? '' : formatUtc(startsAt),
    duration: isAgain ? duration : '',
    ends: isAgain ? '' : formatUtc(endsAt),
    author: createdBy,
    comment,
    previewed: '',
  };
}

function spanText(minutes: number): string {
  const parts = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'm'],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
}

/** One a line, in canonical text, which `readMatchers` reads back. */
export const linesOf = (matchers: MatcherSet): string => matchers.map(canonical).join('\n');

function canonical({ name, type, value }: MatcherSet[number]): string {
  try {
    return createMatcher(name, type, value).toString();
  } catch {
    // A peer's regex that does not compile here must still be shown.
    return `${goQuote(name)}${type}${goQuote(value)}`;
  }
}

/** Throws AppError `invalid`. */
export function readMatchers(text: string, mode: MatcherMode): readonly Matcher[] {
  const trimmed = text.trim();
  const parts = trimmed.startsWith('{') ? [trimmed] : trimmed.split(/[\r\n]+/);
  const matchers = parts
    .filter((part) => part.trim() !== '')
    .flatMap((part) => parseMatchers(part, mode).matchers);
  if (matchers.length > MATCHERS_MAX)
    throw AppError.invalid(`${matchers.length} matchers, more than ${MATCHERS_MAX}`);
  if (matchers.length === 0)
    throw AppError.invalid('at least one matcher is needed, like alertname="DiskFull"');
  return matchers;
}

export interface FormReading {
  /** Undefined: they can't be read. */
  readonly matchers: readonly Matcher[] | undefined;
  /** Undefined when there are mistakes. */
  readonly wish: SilenceRequest | undefined;
  readonly mistakes: Mistakes;
}

/** `known`: the silence that is changed, or made again when it is `again`. */
export function readSilenceForm(
  form: SilenceForm,
  context: {
    readonly mode: MatcherMode;
    readonly now: WallMs;
    readonly known?: Silence | undefined;
    readonly annotations?: LabelSet | undefined;
  },
): FormReading {
  const mistakes = new Map<FormField, string>();
  const attempt = <T>(field: FormField, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      mistakes.set(field, messageOf(error));
      return undefined;
    }
  };
  const { mode, now, known } = context;
  const matchers = attempt('matchers', () => readMatchers(form.matchers, mode));
  const startsAt = attempt('starts', () => startOf(form.starts, known, now));
  const endsAt = startsAt && attempt('duration', () => endOf(form, startsAt, known));
  if (form.ends.trim() !== '' && parseInstant(form.ends.trim()) === undefined)
    mistakes.set('ends', notATime(form.ends));
  if (form.author.trim() === '') mistakes.set('author', 'say who makes this silence');
  if (form.comment.trim() === '') mistakes.set('comment', 'say why: somebody will wonder at night');
  if (matchers === undefined || startsAt === undefined || endsAt === undefined || mistakes.size > 0)
    return { matchers, wish: undefined, mistakes };
  const wish: SilenceRequest = {
    id: known?.id ?? '',
    matcherSets: [matchers.map(({ name, type, value }) => ({ name, type, value }))],
    startsAt,
    endsAt,
    createdBy: form.author.trim(),
    comment: form.comment.trim().replaceAll('\r\n', '\n'),
    annotations: context.annotations ?? known?.annotations ?? LabelSet.empty,
  };
  return { matchers, wish, mistakes };
}

const notATime = (text: string): string =>
  `expected a time like 2026-11-21 14:05 (UTC) or 2026-11-21T14:05:00+02:00, found ${JSON.stringify(text.slice(0, 60))}`;

// The form shows seconds: what was not touched keeps its fraction, so that an update stays one.
function startOf(text: string, known: Silence | undefined, now: WallMs): Instant {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toLowerCase() === 'now') return instantOf(now);
  if (known !== undefined && trimmed === formatUtc(known.startsAt)) return known.startsAt;
  const instant = parseInstant(trimmed);
  if (instant === undefined) throw AppError.invalid(notATime(text));
  return instant;
}

function endOf(form: SilenceForm, startsAt: Instant, known: Silence | undefined): Instant | undefined {
  const duration = form.duration.trim();
  const ends = form.ends.trim();
  const end = known !== undefined && ends === formatUtc(known.endsAt) ? known.endsAt : parseInstant(ends);
  if (duration === '') {
    if (ends === '') throw AppError.invalid('give a duration, like 2h or 1d12h, or an end');
    return end;
  }
  const byDuration = addMs(startsAt, parseDuration(duration));
  if (ends !== '' && end !== undefined && compareInstants(end, byDuration) !== 0)
    throw AppError.invalid('give a duration or an end: these two differ');
  return byDuration;
}

/** The field to which a refusal of the silence itself belongs. */
export function fieldOfRefusal(message: string): FormField | 'form' {
  if (/\b(?:start|end) time\b/.test(message)) return 'duration';
  return /matcher|label/.test(message) ? 'matchers' : 'form';
}

/** The end of a silence that is extended `by` a duration, or `until` a time. Throws AppError `invalid`. */
export function extendedEnd(silence: Pick<Silence, 'endsAt'>, by: string, until: string): Instant {
  if (until.trim() === '') {
    if (by.trim() === '') throw AppError.invalid('say how long, or until when');
    return addMs(silence.endsAt, parseDuration(by.trim()));
  }
  const instant = parseInstant(until.trim());
  if (instant === undefined) throw AppError.invalid(notATime(until));
  return instant;
}
