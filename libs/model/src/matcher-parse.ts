/**
 * @module model/matcher-parse
 *
 * Matchers from text, in the two forms and three modes of spec/alertmanager.md chapter 2: a list (one
 * string of a configuration, braces allowed) and a single one (API filters, command line). The
 * fallback mode reads with both grammars and says when they disagree; the classic one then decides,
 * because that is how the text was read before.
 */
import { AppError, utf8Length } from '@tocsin/kernel';
import { goQuote } from './go-quote.ts';
import type { MatcherMode } from './label-name.ts';
import { formatMatchers, type Matcher } from './matcher.ts';
import { parseClassicMatcher, parseClassicMatchers } from './matcher-classic.ts';
import { parseUtf8Matchers } from './matcher-utf8.ts';

/** Bytes of one text with matchers. */
export const MAX_MATCHER_TEXT = 65_536;

/** Why fallback mode took the classic reading. */
export interface MatcherWarning {
  readonly kind: 'fallback-to-classic' | 'disagreement';
  readonly message: string;
}

export interface ParsedMatchers {
  /** In the order written. */
  readonly matchers: readonly Matcher[];
  readonly warning?: MatcherWarning;
}

export interface ParsedMatcher {
  readonly matcher: Matcher;
  readonly warning?: MatcherWarning;
}

/** Zero or more matchers, with or without braces. Throws AppError `invalid`. */
export function parseMatchers(text: string, mode: MatcherMode): ParsedMatchers {
  checkLength(text);
  if (mode === 'classic') return { matchers: parseClassicMatchers(text) };
  if (mode === 'utf8') return { matchers: parseUtf8Matchers(text) };
  return fallback(text, parseUtf8Matchers, parseClassicMatchers);
}

/** Exactly one matcher, without braces. Throws AppError `invalid`. */
export function parseMatcher(text: string, mode: MatcherMode): ParsedMatcher {
  checkLength(text);
  if (mode === 'classic') return { matcher: parseClassicMatcher(text) };
  if (text.startsWith('{') || text.endsWith('}')) {
    throw AppError.invalid(`unexpected open or close brace: ${text}`);
  }
  if (mode === 'utf8') return { matcher: onlyOne(text) };
  const parsed = fallback(
    text,
    (input) => [onlyOne(input)],
    (input) => [parseClassicMatcher(input)],
  );
  const [matcher] = parsed.matchers;
  if (matcher === undefined) throw AppError.invalid('no matchers');
  return parsed.warning === undefined ? { matcher } : { matcher, warning: parsed.warning };
}

function checkLength(text: string): void {
  const length = utf8Length(text);
  if (length > MAX_MATCHER_TEXT)
    throw AppError.invalid(`matcher of ${length} bytes: at most ${MAX_MATCHER_TEXT} are allowed`);
}

function onlyOne(text: string): Matcher {
  const matchers = parseUtf8Matchers(text);
  const [matcher] = matchers;
  if (matcher === undefined) throw AppError.invalid('no matchers');
  if (matchers.length > 1) throw AppError.invalid(`expected 1 matcher, found ${matchers.length}`);
  return matcher;
}

type Parse = (text: string) => readonly Matcher[];

function fallback(text: string, parseUtf8: Parse, parseClassic: Parse): ParsedMatchers {
  const utf8 = attempt(parseUtf8, text);
  const classic = attempt(parseClassic, text);
  if (classic.matchers === undefined) {
    if (utf8.matchers === undefined) throw classic.error;
    return { matchers: utf8.matchers };
  }
  if (utf8.matchers === undefined)
    return { matchers: classic.matchers, warning: readAsBefore(text, classic.matchers) };
  // Nothing at all counts as a disagreement upstream; it is copied, so that warnings can be compared.
  if (classic.matchers.length > 0 && areEqual(utf8.matchers, classic.matchers))
    return { matchers: utf8.matchers };
  return { matchers: classic.matchers, warning: readTwoWays(text, utf8.matchers, classic.matchers) };
}

type Attempt =
  | { readonly matchers: readonly Matcher[]; readonly error?: never }
  | { readonly matchers?: never; readonly error: AppError };

function attempt(parse: Parse, text: string): Attempt {
  try {
    return { matchers: parse(text) };
  } catch (thrown) {
    if (thrown instanceof AppError) return { error: thrown };
    throw thrown;
  }
}

const areEqual = (left: readonly Matcher[], right: readonly Matcher[]): boolean =>
  left.length === right.length &&
  left.every((matcher, index) => {
    const other = right[index];
    return other?.name === matcher.name && other.type === matcher.type && other.value === matcher.value;
  });

const readAsBefore = (text: string, matchers: readonly Matcher[]): MatcherWarning => ({
  kind: 'fallback-to-classic',
  message: `matchers ${goQuote(text)} can only be read by the classic parser; write ${formatMatchers(matchers)} instead`,
});

const readTwoWays = (
  text: string,
  utf8: readonly Matcher[],
  classic: readonly Matcher[],
): MatcherWarning => ({
  kind: 'disagreement',
  message:
    `matchers ${goQuote(text)} mean ${formatMatchers(classic)} to the classic parser, which decides, ` +
    `and ${formatMatchers(utf8)} to the UTF-8 parser; write them so that both agree`,
});
