/** Matchers of all kinds over few labels and values, so that many of them meet. */
import { createMatcher, type LabelSet, type MatchType } from '@tocsin/model';
import type { MatcherSet, SilenceMatcher } from '../silence.ts';

export const sampleNames: readonly string[] = ['alertname', 'instance', 'team'];
export const sampleValues: readonly string[] = [
  '',
  'db',
  'web-1',
  'web-12',
  'web-2',
  'WEB-2',
  '\u212aEY-1',
  'web-timeout-3',
  'a.c',
  'abc',
  '\n',
  'é',
  '😀-1',
];
const PATTERNS = [
  'db',
  'web-1|web-2|db',
  'web-.*',
  'web-(1|2)',
  '.*timeout.*',
  '.*-[0-9]',
  '(?i)web-2',
  '(?i)key-.',
  '(?i)key-1',
  '(?i)web-.*|DB',
  '.*',
  '.+',
  '[a-z]+',
  '(?:web-)?1?2?',
  '|db',
  'a.c',
  'a\\.c',
  '\\pL+',
  '.*web.*out.*3',
  '(?s).',
  '😀.*',
  '(',
  Array.from({ length: 200 }, (_, at) => `web-${at}`).join('|'),
  Array.from({ length: 200 }, (_, at) => `${at}|web-${at}`).join('|'),
];

const each = (types: readonly MatchType[], values: readonly string[]): SilenceMatcher[] =>
  sampleNames.flatMap((name) => types.flatMap((type) => values.map((value) => ({ name, type, value }))));

/** Those that match something named twice as often. */
export const sampleMatchers: readonly SilenceMatcher[] = [
  ...each(['=', '=', '!='], sampleValues),
  ...each(['=~', '=~', '!~'], PATTERNS),
];

/** As spec/alertmanager.md 2.4 says it; a set with a pattern that is none matches nothing. */
export function bruteForce(sets: readonly MatcherSet[], labels: LabelSet): boolean {
  return sets.some((set) => {
    if (set.length === 0) return false;
    try {
      const compiled = set.map(({ name: label, type, value }) => createMatcher(label, type, value));
      return compiled.every((matcher) => matcher.matches(labels.get(matcher.name) ?? ''));
    } catch {
      return false;
    }
  });
}
