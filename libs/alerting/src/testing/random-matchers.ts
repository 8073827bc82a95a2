/** Matchers of all kinds over few labels and values, so that many of them meet. */
import { createMatcher, LabelSet, type MatchType } from '@tocsin/model';
import fc from 'fast-check';
import type { MatcherSet, SilenceMatcher } from '../silence.ts';

const NAMES = ['alertname', 'instance', 'team'] as const;
const VALUES = [
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
  ...[
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
  ],
  ...[
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
  ],
  Array.from({ length: 200 }, (_, at) => `web-${at}`).join('|'),
  Array.from({ length: 200 }, (_, at) => `${at}|web-${at}`).join('|'),
];

const name = fc.constantFrom(...NAMES);
const plain = fc.record({
  name,
  type: fc.constantFrom<MatchType>('=', '=', '!='),
  value: fc.constantFrom(...VALUES),
});
const regex = fc.record({
  name,
  type: fc.constantFrom<MatchType>('=~', '=~', '!~'),
  value: fc.constantFrom(...PATTERNS),
});

export const anyMatcher: fc.Arbitrary<SilenceMatcher> = fc.oneof(plain, regex);
export const anyMatcherSets: fc.Arbitrary<MatcherSet[]> = fc.array(
  fc.array(anyMatcher, { maxLength: 3, size: 'small' }),
  {
    maxLength: 3,
  },
);
/** Labels can be missing. */
export const anyLabels: fc.Arbitrary<LabelSet> = fc
  .dictionary(name, fc.constantFrom(...VALUES), { maxKeys: NAMES.length })
  .map((labels) => LabelSet.fromObject(labels));

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
