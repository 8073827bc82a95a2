import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValidLabelName, type MatcherMode } from './label-name.ts';
import { compareMatchers, createMatcher, formatMatchers, type Matcher, type MatchType } from './matcher.ts';
import { MAX_MATCHER_TEXT, parseMatcher, parseMatchers } from './matcher-parse.ts';

const type = fc.constantFrom<MatchType>('=', '!=', '=~', '!~');
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        '"',
        '\\',
        'n',
        ',',
        '{',
        '}',
        '=',
        ' ',
        '\n',
        '\t',
        '\u0085',
        '\u00a0',
        '\u2028',
        'é',
        '😀',
        "'",
        'u00e9',
      ),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join('')),
);
const classicName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,6}$/);
/** Matchers whose value is a literal, so that any text is a valid one. */
const literalMatcher = (name: fc.Arbitrary<string>): fc.Arbitrary<Matcher> =>
  fc.tuple(name, fc.constantFrom<MatchType>('=', '!='), text).map((parts) => createMatcher(...parts));
const plain = ({ name, type: operator, value }: Matcher): readonly string[] => [name, operator, value];
const MODES: readonly MatcherMode[] = ['classic', 'utf8', 'fallback'];

describe('matchers', () => {
  it('are read back from their canonical text, in the modes that know their name', () => {
    fc.assert(
      fc.property(fc.array(literalMatcher(classicName), { minLength: 1, maxLength: 4 }), (matchers) => {
        for (const mode of MODES) {
          const parsed = parseMatchers(formatMatchers(matchers), mode);
          expect(parsed.matchers.map(plain)).toEqual(matchers.map(plain));
          expect(parsed.warning).toBeUndefined();
        }
      }),
    );
    fc.assert(
      fc.property(
        fc.array(literalMatcher(text.filter((name) => name !== '')), { minLength: 1, maxLength: 4 }),
        (matchers) => {
          expect(parseMatchers(formatMatchers(matchers), 'utf8').matchers.map(plain)).toEqual(
            matchers.map(plain),
          );
        },
      ),
    );
  });

  it('are read alone as they are read in a list of one', () => {
    fc.assert(
      fc.property(literalMatcher(classicName), (matcher) => {
        for (const mode of MODES)
          expect(plain(parseMatcher(String(matcher), mode).matcher)).toEqual(plain(matcher));
      }),
    );
  });

  it('give only an AppError for whatever is no matcher, in every mode and form', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'a',
          'foo',
          '=',
          '!=',
          '=~',
          '!~',
          '!',
          '~',
          '"',
          '\\',
          ',',
          '{',
          '}',
          ' ',
          '\\xff',
          '\\u00e9',
          '(',
          "'",
          '\n',
          '\ud800',
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string()), (input) => {
        for (const mode of MODES) {
          for (const parse of [parseMatchers, parseMatcher]) {
            try {
              parse(input, mode);
            } catch (thrown) {
              expect(thrown).toBeInstanceOf(AppError);
            }
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('take a missing label for the empty string and match the whole value', () => {
    expect(createMatcher('a', '=', '').matches('')).toBe(true);
    expect(createMatcher('a', '!=', 'x').matches('')).toBe(true);
    expect(createMatcher('a', '=~', '.*').matches('')).toBe(true);
    expect(createMatcher('a', '!~', 'b').matches('abc')).toBe(true);
    expect(createMatcher('a', '=~', 'b|c').matches('bc')).toBe(false);
  });

  it('are negated by their other operator, for any pattern and value', () => {
    fc.assert(
      fc.property(
        type,
        fc.constantFrom('', 'a', 'a|b', 'a.*', '[ab]+', '(?i)a'),
        text,
        (operator, pattern, value) => {
          const opposite = { '=': '!=', '!=': '=', '=~': '!~', '!~': '=~' } as const;
          const matcher = createMatcher('n', operator, pattern);
          expect(createMatcher('n', opposite[operator], pattern).matches(value)).toBe(
            !matcher.matches(value),
          );
        },
      ),
    );
  });

  it('sort by name, value and operator, by UTF-8 bytes', () => {
    const shuffled = [
      createMatcher('b', '=', 'a'),
      createMatcher('a', '!~', 'x'),
      createMatcher('a', '=~', 'x'),
      createMatcher('a', '!=', 'x'),
      createMatcher('a', '=', 'x'),
      createMatcher('a', '!~', '\u{1F600}'),
      createMatcher('a', '=', '\uffee'),
    ].sort(compareMatchers);
    expect(formatMatchers(shuffled)).toBe('{a="x",a!="x",a=~"x",a!~"x",a="\uffee",a!~"\u{1F600}",b="a"}');
  });

  it('keep the force of a backslash over a comma, as the classic parser of the peers does', () => {
    expect(() => parseMatchers('a="x\\,",b="y"', 'classic')).toThrow(
      'matcher value contains unescaped double quote',
    );
  });

  it('are read in a time that grows with their length only, whatever fills them', () => {
    const fillings = [
      '\\',
      '"',
      ',',
      '{',
      '}',
      '=',
      '!',
      '~',
      ' ',
      '\u00a0',
      '(',
      'a',
      '😀',
      '\\"',
      '",',
      'a=b,',
      'a="',
      'a=~"\\',
    ];
    for (const filling of fillings) {
      // 4 MiB, of which nothing is read.
      const huge = filling.repeat((4 * 1024 * 1024) / filling.length);
      expect(() => parseMatchers(huge, 'fallback')).toThrow('at most 65536 are allowed');
      for (const start of ['', '{', 'a=', 'a="', 'a=~', '{a="b",']) {
        const long = (start + filling.repeat(MAX_MATCHER_TEXT)).slice(0, MAX_MATCHER_TEXT / 4);
        for (const mode of MODES) {
          for (const parse of [parseMatchers, parseMatcher]) {
            try {
              parse(long, mode);
            } catch (thrown) {
              expect(thrown).toBeInstanceOf(AppError);
            }
          }
        }
      }
    }
  });

  it('are refused beyond 64 KiB', () => {
    expect(() => parseMatchers(`a="${'x'.repeat(MAX_MATCHER_TEXT)}"`, 'fallback')).toThrow(
      'at most 65536 are allowed',
    );
  });

  it('warn with a text that both parsers read alike', () => {
    const { warning, matchers } = parseMatchers('a=~"\\d+"', 'fallback');
    expect(warning?.kind).toBe('fallback-to-classic');
    expect(warning?.message).toContain('write {a=~"\\\\d+"} instead');
    expect(parseMatchers('{a=~"\\\\d+"}', 'fallback')).toEqual({ matchers });
  });
});

describe('isValidLabelName', () => {
  it('is strict in classic mode only', () => {
    for (const [name, isClassic, isUtf8] of [
      ['a_1', true, true],
      ['1a', false, true],
      ['my label', false, true],
      ['a:b', false, true],
      ['', false, false],
      ['\ud800', false, false],
    ] as const) {
      expect([
        name,
        isValidLabelName(name, 'classic'),
        isValidLabelName(name, 'utf8'),
        isValidLabelName(name, 'fallback'),
      ]).toEqual([name, isClassic, isUtf8, isUtf8]);
    }
  });
});
