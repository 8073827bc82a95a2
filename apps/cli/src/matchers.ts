/** Matchers and labels as words of a command line. */
import { AppError, messageOf } from '@tocsin/kernel';
import { goQuote, parseMatcher, type Matcher, type MatcherMode } from '@tocsin/model';

/**
 * The first word without an operator is the value of `alertname`, as in amtool. One with an operator
 * that can't be read is a mistake, where amtool takes it for an odd alert name and goes on: the
 * silence would be of nothing. Throws AppError `invalid`.
 */
export function matcherWords(words: readonly string[], mode: MatcherMode): readonly Matcher[] {
  return words.map((word, index) => {
    const text = index === 0 && !/[=~]/.test(word) ? `alertname=${goQuote(word)}` : word;
    try {
      return parseMatcher(text, mode).matcher;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw AppError.invalid(`${word}: ${messageOf(error)}`);
    }
  });
}

/** `name=value` words as labels; `what` names them in the message. Throws AppError `invalid`. */
export function labelWords(
  words: readonly string[],
  mode: MatcherMode,
  what: string,
): readonly (readonly [name: string, value: string])[] {
  return words.map((word) => {
    let matcher: Matcher | undefined;
    try {
      matcher = parseMatcher(word, mode).matcher;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    if (matcher?.type !== '=') throw AppError.invalid(`${word}: ${what} are written name=value`);
    return [matcher.name, matcher.value] as const;
  });
}

/** The query of a listing that filters on the server. */
export const filterQuery = (matchers: readonly Matcher[]): readonly string[] =>
  matchers.map((matcher) => `filter=${encodeURIComponent(matcher.toString())}`);
