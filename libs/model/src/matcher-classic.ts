/** The matcher grammar of old Alertmanagers: spec/alertmanager.md 2.3. */
import { AppError, isWellFormed } from '@tocsin/kernel';
import { createMatcher, type Matcher, type MatchType } from './matcher.ts';

/** Zero or more matchers, with or without braces, which need not pair up. Throws AppError `invalid`. */
export function parseClassicMatchers(text: string): readonly Matcher[] {
  let inner = text.startsWith('{') ? text.slice(1) : text;
  if (inner.endsWith('}')) inner = inner.slice(0, -1);
  return splitAtCommas(inner).map(parseClassicMatcher);
}

// At commas outside of quotes. A backslash keeps its force over a comma: so does upstream.
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  let isEscaped = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === ',') {
      if (isQuoted) continue;
      parts.push(text.slice(start, at));
      start = at + 1;
    } else if (character === '"') {
      if (!isEscaped) isQuoted = !isQuoted;
      isEscaped = false;
    } else isEscaped = character === '\\' && !isEscaped;
  }
  const last = trimSpace(text.slice(start));
  if (last !== '') parts.push(last);
  return parts;
}

const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const isSpace = new RegExp(SPACE);

// Unicode's white space at both ends, as Go trims; the end by hand, since `\s+$` takes quadratic time.
function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace.test(text[end - 1] ?? '')) end--;
  return text.slice(0, end).replace(LEADING_SPACE, '');
}

const HEAD = /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*/;

/** Exactly one matcher, braces not allowed. Throws AppError `invalid`. */
export function parseClassicMatcher(text: string): Matcher {
  const [head, name, type] = HEAD.exec(text) ?? [];
  if (head === undefined || name === undefined || type === undefined) {
    throw AppError.invalid(`bad matcher format: ${text}`);
  }
  let end = text.length;
  while (end > head.length && '\t\n\f\r '.includes(text[end - 1] ?? '')) end--;
  return createMatcher(name, type as MatchType, unquote(text.slice(head.length, end)));
}

function unquote(raw: string): string {
  if (!isWellFormed(raw)) throw AppError.invalid(`matcher value not valid UTF-8: ${raw}`);
  const isQuoted = raw.startsWith('"');
  const inner = isQuoted ? raw.slice(1) : raw;
  let value = '';
  let isClosed = !isQuoted;
  for (let at = 0; at < inner.length; at++) {
    const character = inner[at] ?? '';
    const isLast = at === inner.length - 1;
    if (character === '\\' && !isLast) value += unescape(inner[++at] ?? '');
    else if (character === '"') {
      if (!isQuoted || !isLast) throw unescapedQuote(raw);
      isClosed = true;
    } else value += character;
  }
  if (!isClosed) throw unescapedQuote(raw);
  return value;
}

const unescape = (character: string): string =>
  character === 'n' ? '\n' : character === '"' || character === '\\' ? character : `\\${character}`;

const unescapedQuote = (raw: string): AppError =>
  AppError.invalid(`matcher value contains unescaped double quote: ${raw}`);
