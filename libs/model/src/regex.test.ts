import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTooLarge, uniqueGroupNames } from './regex-scan.ts';
import { compileAnchored, compileRegex, MAX_CACHED_PATTERNS, MAX_PATTERN_LENGTH } from './regex.ts';

// Pieces that most often decide between a fast path and the engine.
const piece = fc.constantFrom(
  'a',
  'b',
  '|',
  '.*',
  '.+',
  '.',
  '\\.',
  '\\',
  '\\d',
  '(',
  ')',
  '(?:',
  '^',
  '$',
  '[',
  ']',
  '{2}',
  '*',
  '?',
  '\n',
  '😀',
  '-',
  '"',
);
const pattern = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''));
const value = fc
  .array(fc.constantFrom('a', 'b', '.', '\n', '😀', '^', '$', '-', '"', '1', '\\'), { maxLength: 6 })
  .map((characters) => characters.join(''));

describe('compileAnchored', () => {
  it('gives only an AppError for whatever is no pattern', () => {
    fc.assert(
      fc.property(fc.oneof(pattern, fc.string()), (text) => {
        try {
          compileAnchored(text).matches('a');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).code).toBe('invalid');
        }
      }),
    );
  });

  it('refuses what is too long or unfolds to too much, before it compiles it', () => {
    expect(() => compileAnchored('é'.repeat(MAX_PATTERN_LENGTH / 2 + 1))).toThrow('at most 4096 are allowed');
    expect(() => compileAnchored('x{1000}'.repeat(500))).toThrow('regular expression too large');
    expect(() => compileAnchored('((x{10}){10}){10}'.repeat(20))).toThrow('regular expression too large');
    expect(isTooLarge('[a{1000}]{9}\\{1000}\\x{1F642}\\p{Greek}')).toBe(false);
    expect(compileAnchored('(?:ab){1000}').matches('ab'.repeat(1000))).toBe(true);
  });

  it('stays linear where a backtracking engine would not come back', () => {
    expect(compileAnchored('(a|a)*(a+a+)+b').matches('a'.repeat(20_000))).toBe(false);
  });

  it('goes on working when more patterns were used than are kept', () => {
    for (let index = 0; index <= MAX_CACHED_PATTERNS; index++) {
      expect(compileAnchored(`n${index}[0-9]`).matches(`n${index}7`)).toBe(true);
    }
    expect(compileAnchored('n0[0-9]').matches('n07')).toBe(true);
  });
});

describe('compileRegex', () => {
  it('replaces as Go does, empty matches included', () => {
    const cases: readonly (readonly [string, string, string, string])[] = [
      ['a*', 'baaac', 'X', 'XbXcX'],
      ['', 'é😀', '-', '-é-😀-'],
      ['(\\w+)@(\\w+)', 'me@home you@work', '$2 has ${1}', 'home has me work has you'],
      ['(?P<x>a)', 'aa', '<$x>', '<a><a>'],
      ['(a)', 'a', '$1x|${1}x|$$1|$|${|${1|$9', '|ax|$1|$|${|${1|'],
      ['^a', 'aaa', 'b', 'baa'],
      ['\\bfoo', 'foofoo foo', 'x', 'xfoo x'],
      ['(a)|b', 'ab', '[$1]', '[a][]'],
    ];
    for (const [source, text, template, result] of cases) {
      expect([source, compileRegex(source).replaceAll(text, template)]).toEqual([source, result]);
    }
  });

  it('splits as Go does', () => {
    expect(compileRegex('a').split('banana')).toEqual(['b', 'n', 'n', '']);
    expect(compileRegex('a').split('banana', 2)).toEqual(['b', 'nana']);
    expect(compileRegex('a').split('banana', 0)).toEqual([]);
    expect(compileRegex('z+').split('pizza')).toEqual(['pi', 'a']);
    expect(compileRegex('a*').split('abaabaccadaaae', 5)).toEqual(['', 'b', 'b', 'c', 'cadaaae']);
    expect(compileRegex('').split('ab')).toEqual(['a', 'b']);
    expect(compileRegex('a').split('')).toEqual(['']);
    expect(compileRegex('').split('')).toEqual([]);
  });

  it('finds matches that do not overlap and leave the text between them untouched', () => {
    fc.assert(
      fc.property(pattern, value, (source, text) => {
        let regex;
        try {
          regex = compileRegex(source);
        } catch {
          return;
        }
        let end = 0;
        for (const match of regex.findAll(text)) {
          expect(match.start).toBeGreaterThanOrEqual(end);
          expect(match.groups[0]).toBe(text.slice(match.start, match.end));
          end = match.end;
        }
        expect(regex.replaceAll(text, '${0}')).toBe(text);
        expect(regex.findAll(text).length > 0).toBe(regex.test(text));
        expect(regex.findAll(text, 1)).toEqual(regex.findAll(text).slice(0, 1));
      }),
    );
  });

  it('allows a group name twice, and then takes the group that matched', () => {
    const regex = compileRegex('(?P<n>a)|(?P<n>b)');
    expect(regex.replaceAll('ab', '<$n>')).toBe('<a><b>');
    expect(uniqueGroupNames('[(?P<n>]\\((?P<n>a)\\Q(?P<n>\\E(?<n>b)').pattern).toBe(
      '[(?P<n>]\\((?P<n>a)\\Q(?P<n>\\E(?P<n_2>b)',
    );
  });
});
