/**
 * @module model/regex
 *
 * Regular expressions of users: RE2's syntax and meaning (spec/alertmanager.md 2.5), in linear time.
 * JavaScript's RegExp never sees them: patterns come from configurations, silences and
 * unauthenticated API filters, and a backtracking engine would let any of them stop the process.
 *
 * Two forms: `compileAnchored` for matchers (the whole value), which most patterns pass without the
 * engine, and `compileRegex` for searching, as templates and relabelling do it.
 * Compiled patterns are shared; both caches forget the pattern that was not used for longest. Whoever
 * holds a compiled pattern keeps it beyond that; what it then costs is bounded in regex-engine.ts.
 */
import { AppError, utf8Length } from '@tocsin/kernel';
import type { RE2JS } from 're2js';
import { compileEngine, engineTest } from './regex-engine.ts';
import { fastMatch } from './regex-fast.ts';
import { isTooLarge, MAX_REGEX_SIZE } from './regex-scan.ts';
import { regexTree } from './regex-tree.ts';

/** Bytes of one pattern. */
export const MAX_PATTERN_LENGTH = 4096;
/** Compiled patterns kept, for each of the two forms. */
export const MAX_CACHED_PATTERNS = 1000;

/** Matches the whole value, as `^(?:PATTERN)$`. */
export interface AnchoredRegex {
  readonly pattern: string;
  matches(value: string): boolean;
}

/** Where a match lies, in UTF-16 units; a group that took no part is undefined. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** Group 0 is the match. */
  readonly groups: readonly (string | undefined)[];
}

/** Searches anywhere in a text; replacing and splitting follow Go's regexp package. */
export interface Regex {
  readonly pattern: string;
  test(text: string): boolean;
  /** Matches from left to right that do not overlap, an empty one never right after another; at most `limit` (negative: all). */
  findAll(text: string, limit?: number): readonly RegexMatch[];
  /** `$1`, `${1}`, `$name`, `${name}` and `$$` in `template` are expanded; an unknown group is empty. */
  replaceAll(text: string, template: string): string;
  /** At most `limit` parts (0: none, negative: all). */
  split(text: string, limit?: number): readonly string[];
}

/** Throws AppError `invalid` with RE2's text, or for a pattern beyond the limits. */
export function compileAnchored(pattern: string): AnchoredRegex {
  return anchored.get(pattern, buildAnchored);
}

/**
 * Throws as `compileRegex` does, and keeps nothing. A pattern such as `a)|(b` is none, although it is
 * one between the parentheses that `compileAnchored` puts around it.
 */
export function checkRegex(pattern: string): void {
  checkLimits(pattern);
  if (regexTree(pattern) === undefined) compileEngine(pattern);
}

/** Throws AppError `invalid` with RE2's text, or for a pattern beyond the limits. */
export function compileRegex(pattern: string): Regex {
  return searching.get(pattern, buildRegex);
}

class PatternCache<T> {
  readonly #compiled = new Map<string, T>();

  get(pattern: string, build: (pattern: string) => T): T {
    const known = this.#compiled.get(pattern);
    const value = known ?? build(pattern);
    if (known === undefined && this.#compiled.size >= MAX_CACHED_PATTERNS) {
      for (const oldest of this.#compiled.keys()) {
        this.#compiled.delete(oldest);
        break;
      }
    }
    // A Map keeps the order of insertion: taken out and put back, it is the newest.
    this.#compiled.delete(pattern);
    this.#compiled.set(pattern, value);
    return value;
  }
}
const anchored = new PatternCache<AnchoredRegex>();
const searching = new PatternCache<Regex>();

function buildAnchored(pattern: string): AnchoredRegex {
  checkLimits(pattern);
  return { pattern, matches: fastMatch(pattern) ?? engineTest(pattern) };
}

function checkLimits(pattern: string): void {
  const length = utf8Length(pattern);
  if (length > MAX_PATTERN_LENGTH) {
    throw AppError.invalid(
      `regular expression of ${length} bytes: at most ${MAX_PATTERN_LENGTH} are allowed`,
    );
  }
  if (isTooLarge(pattern)) {
    throw AppError.invalid(
      `regular expression too large: its repeats unfold to more than ${MAX_REGEX_SIZE} parts`,
    );
  }
}

function buildRegex(pattern: string): Regex {
  checkLimits(pattern);
  const { engine, names } = compileEngine(pattern);
  const findAll = (text: string, limit = -1): readonly RegexMatch[] => findMatches(engine, text, limit);
  return {
    pattern,
    test: (text) => engine.test(text),
    findAll,
    replaceAll(text, template) {
      const parts = parseTemplate(template);
      let result = '';
      let at = 0;
      for (const match of findAll(text)) {
        result += text.slice(at, match.start) + expand(parts, match, names);
        at = match.end;
      }
      return result + text.slice(at);
    },
    split: (text, limit = -1) =>
      text === '' && pattern !== '' && limit !== 0 ? [''] : splitText(findAll, text, limit),
  };
}

function findMatches(engine: RE2JS, text: string, limit: number): readonly RegexMatch[] {
  const found: RegexMatch[] = [];
  const matcher = engine.matcher(text);
  let from = 0;
  let lastEnd = -1;
  while (from <= text.length && (limit < 0 || found.length < limit) && matcher.find(from)) {
    const start = matcher.start();
    const end = matcher.end();
    if (end > start || start !== lastEnd) {
      const groups = Array.from(
        { length: engine.groupCount() + 1 },
        (_, group) => matcher.group(group) ?? undefined,
      );
      found.push({ start, end, groups });
      lastEnd = end;
    }
    // Past an empty match by one code point, so that a surrogate pair is never cut.
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

function splitText(
  findAll: (text: string, limit?: number) => readonly RegexMatch[],
  text: string,
  limit: number,
): readonly string[] {
  if (limit === 0) return [];
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of findAll(text, limit)) {
    if (limit > 0 && parts.length === limit - 1) break;
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(begin, end));
    begin = match.end;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return parts;
}

type TemplatePart = string | { readonly group: string };

// A name is the longest run of letters, digits and underscores: `$1x` means `${1x}`, which is no group.
const REFERENCE = /\$(?:\$|(?<bare>[\p{L}\p{Nd}_]+)|\{(?<braced>[\p{L}\p{Nd}_]+)\})/gu;

function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const reference of template.matchAll(REFERENCE)) {
    parts.push(template.slice(at, reference.index));
    const name = reference.groups?.['bare'] ?? reference.groups?.['braced'];
    parts.push(name === undefined ? '$' : { group: name });
    at = reference.index + reference[0].length;
  }
  parts.push(template.slice(at));
  return parts;
}

function expand(parts: readonly TemplatePart[], match: RegexMatch, names: readonly string[]): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : groupText(part.group, match, names);
  return text;
}

function groupText(name: string, match: RegexMatch, names: readonly string[]): string {
  if (/^(?:0|[1-9]\d{0,7})$/.test(name)) return match.groups[Number(name)] ?? '';
  for (const [index, known] of names.entries()) {
    const text = known === name ? match.groups[index] : undefined;
    if (text !== undefined) return text;
  }
  return '';
}
