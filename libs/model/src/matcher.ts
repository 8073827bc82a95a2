/**
 * Matchers of label values. Their canonical text and their order are part of route keys, so of what
 * replicas and foreign peers share: both follow spec/alertmanager.md 2.4 to the byte.
 */
import { compareUtf8 } from '@tocsin/kernel';
import { goQuote } from './go-quote.ts';
import { compileAnchored } from './regex.ts';

/** `=`, `!=`, `=~`, `!~`. */
export type MatchType = '=' | '!=' | '=~' | '!~';

/** One compiled matcher. A missing label counts as the empty string; a regex is anchored at both ends (RE2). */
export interface Matcher {
  readonly name: string;
  readonly type: MatchType;
  /** As configured: regexes without anchors, except those of `match_re`, which hold `^(?:…)$`. */
  readonly value: string;
  matches(labelValue: string): boolean;
  /** Canonical text, `name="value"`: part of route keys. */
  toString(): string;
}

/** Throws AppError `invalid` when the value of `=~` or `!~` is no regular expression. */
export function createMatcher(name: string, type: MatchType, value: string): Matcher {
  return new CompiledMatcher(name, type, value, testOf(type, value));
}

class CompiledMatcher implements Matcher {
  readonly name: string;
  readonly type: MatchType;
  readonly value: string;
  readonly #test: (labelValue: string) => boolean;
  #text: string | undefined;

  constructor(name: string, type: MatchType, value: string, test: (labelValue: string) => boolean) {
    this.name = name;
    this.type = type;
    this.value = value;
    this.#test = test;
  }

  matches(labelValue: string): boolean {
    return this.#test(labelValue);
  }

  toString(): string {
    return (this.#text ??= formatMatcher(this.name, this.type, this.value));
  }
}

function testOf(type: MatchType, value: string): (labelValue: string) => boolean {
  if (type === '=') return (labelValue) => labelValue === value;
  if (type === '!=') return (labelValue) => labelValue !== value;
  const regex = compileAnchored(value);
  return type === '=~' ? regex.matches : (labelValue) => !regex.matches(labelValue);
}

/** White space as Go's unicode.IsSpace has it, and what the UTF-8 grammar reserves. */
const ODD_NAME = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}!=~,\\"'`]/;

/** Canonical text, also of a matcher that was never compiled. */
export function formatMatcher(name: string, type: MatchType, value: string): string {
  if (ODD_NAME.test(name)) return `${goQuote(name)}${type}${goQuote(value)}`;
  return `${name}${type}"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

const TYPE_ORDER: Readonly<Record<MatchType, number>> = { '=': 0, '!=': 1, '=~': 2, '!~': 3 };

/** Canonical order: name, value, type. */
export function compareMatchers(left: Matcher, right: Matcher): number {
  return (
    compareUtf8(left.name, right.name) ||
    compareUtf8(left.value, right.value) ||
    TYPE_ORDER[left.type] - TYPE_ORDER[right.type]
  );
}

/** `{a="b",c=~"d"}`, in the order given. */
export const formatMatchers = (matchers: readonly Matcher[]): string => `{${matchers.map(String).join(',')}}`;
