import fc from 'fast-check';
import type { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { MAX_POSITIONS } from './regex-automaton.ts';
import { compileEngine, engineTest, MAX_REMEMBERED_VALUES } from './regex-engine.ts';
import { fastMatch } from './regex-fast.ts';
import { exactTexts, MAX_HINT_CHOICES, valueHints, type ValueHint } from './regex-hints.ts';
import { foldAscii } from './regex-ranges.ts';
import { regexTree } from './regex-tree.ts';
import { compileAnchored } from './regex.ts';

const ATOMS = [
  ...['a', 'b', 'k', 's', 'K', '-', 'ab', 'web-', '1', '\n', '\r', '\u2028', 'é', '😀', '"', '_', ' '],
  ...['.', '\\.', '\\d', '\\w', '\\s', '\\D', '\\W', '\\S', '\\-', '\\n', '\\\\', '\\b', '\\pL', '\\x41'],
  ...[
    '[ab]',
    '[^a]',
    '[a-z0-9]',
    '[^\\d]',
    '[\\w.-]',
    '[a-]',
    '[]a]',
    '[[:alpha:]]',
    '[^\\n]',
    '[é-ü]',
    '[-a]',
  ],
  ...[
    '.*',
    '.+',
    '.*.*',
    '.*?',
    '^',
    '$',
    '(?i)',
    '(?s)',
    '(?i:a)',
    '(?-i)',
    '(?i:[k-s]+)',
    '(?i)\\w',
    '(?m)',
  ],
];
const QUANTIFIERS = [
  '',
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '*?',
  '{2}',
  '{1,3}',
  '{2,}',
  '{0,1}',
  '{0}',
  '{,2}',
  '**',
];
const atom = fc.constantFrom(...ATOMS);
const pieces = fc
  .array(
    fc.tuple(atom, fc.constantFrom(...QUANTIFIERS)).map(([text, quantifier]) => text + quantifier),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));
const grouped = fc
  .tuple(
    fc.constantFrom('(', '(?:', '(?P<n>', '(?i:', '(?s:', '^(?:'),
    fc.array(pieces, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(...QUANTIFIERS),
  )
  .map(([open, choices, quantifier]) => `${open}${choices.join('|')})${quantifier}`);
const soup = fc
  .array(fc.constantFrom(...ATOMS, '|', '(', ')', '(?:', '[', ']', '{', '}', '?', '*', '+', '\\'), {
    maxLength: 7,
  })
  .map((parts) => parts.join(''));
const pattern = fc.oneof(
  pieces,
  fc.array(fc.oneof(pieces, grouped), { maxLength: 3 }).map((parts) => parts.join('')),
  fc.array(fc.oneof(pieces, grouped), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  soup,
);
const value = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'b',
        'A',
        'k',
        'K',
        '\u212a',
        's',
        'S',
        '\u017f',
        '-',
        '1',
        '.',
        '\n',
        '\r',
        '\u2028',
        '\u2029',
      ],
      ...['é', '😀', '"', '_', ' ', '\v', '\u00a0', 'web-', 'ab', 'z', '\\', '^', '$'],
    ),
    { maxLength: 7 },
  )
  .map((parts) => parts.join(''));
const values = fc.array(value, { minLength: 8, maxLength: 8 });

const engineOf = (text: string): RE2JS | undefined => {
  try {
    // Which also allows a group name twice, as RE2 does.
    return compileEngine(`^(?:${text})$`).engine;
  } catch {
    return undefined;
  }
};
const fits = ({ exact, prefix, parts }: ValueHint, text: string): boolean =>
  (exact === undefined || text === exact) &&
  text.startsWith(prefix) &&
  parts.every((part) => text.includes(part));

describe('fastMatch', () => {
  it('takes only valid patterns, and matches exactly what the engine matches', () => {
    const seen = { fast: 0, matched: 0 };
    fc.assert(
      fc.property(pattern, values, (text, all) => {
        const test = fastMatch(text);
        if (test === undefined) return;
        seen.fast++;
        const engine = engineOf(text);
        expect([text, engine !== undefined]).toEqual([text, true]);
        for (const one of all) {
          const isMatch = engine?.test(one);
          if (isMatch === true) seen.matched++;
          expect([text, one, test(one)]).toEqual([text, one, isMatch]);
        }
      }),
      { numRuns: 10_000 },
    );
    expect(seen.fast).toBeGreaterThan(3000);
    expect(seen.matched).toBeGreaterThan(1000);
  });

  it('knows texts that every matching value holds, and all of them where it lists them', () => {
    let known = 0;
    fc.assert(
      fc.property(pattern, values, (text, all) => {
        const hints = valueHints(text);
        const engine = engineOf(text);
        if (hints === undefined || engine === undefined) return;
        known++;
        for (const one of all) {
          const isMatch = engine.test(one);
          const seen = hints.isFolded ? foldAscii(one) : one;
          if (isMatch)
            expect([text, one, hints.choices.some((hint) => fits(hint, seen))]).toEqual([text, one, true]);
          const exact = regexTree(text) && exactTexts(hints);
          if (exact !== undefined) expect([text, one, exact.includes(one)]).toEqual([text, one, isMatch]);
        }
      }),
      { numRuns: 10_000 },
    );
    expect(known).toBeGreaterThan(2000);
  });

  it('handles the shapes that people write, and leaves the rest to the engine', () => {
    const fast = [
      ...[
        '',
        'prod',
        'a|b|c',
        '(a|b)',
        '^(?:a|b)$',
        '^(?:^(?:a.*)$)$',
        '.*',
        '.+',
        'prod-.*',
        '.*-db',
        '.*foo.*',
      ],
      ...[
        '10\\.0\\.0\\..+',
        'web-.*-db',
        '(?i)prod',
        '(?i)prod|Stage',
        '(?i)prod-.*',
        '[a-z0-9]+',
        'web-[0-9]+',
      ],
      ...[
        'web-(foo|bar)-\\d+\\.example\\.com(:\\d+)?',
        'a{2,4}b',
        '(foo|bar)+',
        '^a|b$',
        '(?s).*',
        'a.c',
        '(a)(b)',
      ],
    ];
    for (const text of fast) expect([text, fastMatch(text) !== undefined]).toEqual([text, true]);
    for (const text of [
      '\\bfoo',
      '\\pL+',
      '[[:alpha:]]',
      '(?m)^a$',
      'a^b',
      '(?i)é',
      '(?i)\\w',
      'x{0}',
      `a{1000}`,
      '(',
      'a**',
    ])
      expect([text, fastMatch(text) === undefined]).toEqual([text, true]);
  });

  it('works up to its largest pattern', () => {
    const text = `[ab]{${MAX_POSITIONS - 1}}c?`;
    const test = fastMatch(text);
    for (const one of ['ab'.repeat(123), `${'ab'.repeat(123)}a`, `${'ab'.repeat(123)}ac`, 'ab'.repeat(124)])
      expect([one.length, test?.(one)]).toEqual([one.length, engineOf(text)?.test(one)]);
    expect(fastMatch(`[ab]{${MAX_POSITIONS}}c?`)).toBeUndefined();
  });

  it('stays linear on long values', () => {
    expect(fastMatch('([a-z]|[a-m])*([a-z]+[a-k]+)+1')?.('a'.repeat(200_000))).toBe(false);
  });
});

describe('valueHints', () => {
  const choicesOf = (text: string): readonly Partial<ValueHint>[] | undefined => valueHints(text)?.choices;

  it('tells choices, prefixes and inner texts', () => {
    expect(choicesOf('a|b')).toEqual([
      { exact: 'a', prefix: 'a', parts: ['a'] },
      { exact: 'b', prefix: 'b', parts: ['b'] },
    ]);
    expect(choicesOf('web-(1|2)x?')?.map(({ exact }) => exact)).toEqual([
      'web-1',
      'web-1x',
      'web-2',
      'web-2x',
    ]);
    expect(choicesOf('web-.*-db')).toEqual([{ exact: undefined, prefix: 'web-', parts: ['web-', '-db'] }]);
    expect(choicesOf('.*foo.+(a|b)[0-9]+')?.map(({ parts }) => parts)).toEqual([
      ['foo', 'a'],
      ['foo', 'b'],
    ]);
    expect(choicesOf('\\bweb-\\d+\\b.*')?.map(({ prefix }) => prefix)).toEqual(['web-']);
    expect(choicesOf('[[:alpha:]]+-foo\\pL|a^b')?.map(({ parts }) => parts)).toEqual([['-foo'], ['ab']]);
    expect(choicesOf('(?:prod-)?x.*')?.map(({ prefix }) => prefix)).toEqual(['x', 'prod-x']);
    expect(valueHints('(?i)Web-.*')).toEqual({
      isFolded: true,
      choices: [{ exact: undefined, prefix: 'web-', parts: ['web-'] }],
    });
    expect(valueHints('a|')?.choices.map(({ exact }) => exact)).toEqual(['a', '']);
  });

  it('knows nothing of patterns without a text', () => {
    for (const text of ['.*', '.+', '[a-z]+', 'a*', 'a|.*', '\\pL', '('])
      expect(valueHints(text)).toBeUndefined();
  });

  it('says what very many choices have in common', () => {
    const many = Array.from({ length: MAX_HINT_CHOICES + 1 }, (_, at) => `db-${at}`).join('|');
    expect(choicesOf(many)).toEqual([{ exact: undefined, prefix: 'db-', parts: ['db-'] }]);
    expect(valueHints('[ab][cd][ef][gh][ab][cd][ef][gh][ab][cd][ef][gh]x')).toBeDefined();
  });
});

describe('engineTest', () => {
  it('matches as the engine does, also after all that was remembered is forgotten', () => {
    const test = engineTest('\\pL+-[0-9]+');
    for (let at = 0; at <= MAX_REMEMBERED_VALUES; at++) if (!test(`é-${at}`)) expect.unreachable();
    expect([test('é-1'), test('é-1'), test('é-'), test('é-')]).toEqual([true, true, false, false]);
  });

  it('goes on matching when more engines are held than the budget allows', () => {
    // 40 times 9000 instructions, of which 360,000 would fit; ten times as many do not.
    const regexes = Array.from({ length: 40 }, (_, at) => compileAnchored(`\\b${'x{1000}'.repeat(9)}${at}`));
    for (const [at, { matches }] of regexes.entries()) {
      expect(matches(`${'x'.repeat(9000)}${at}`)).toBe(true);
      expect(matches(`${'x'.repeat(9000)}${at}y`)).toBe(false);
    }
  });

  it('agrees with the engine on whatever pattern it is given', () => {
    fc.assert(
      fc.property(pattern, values, (text, all) => {
        const engine = engineOf(text);
        if (engine === undefined) return;
        const test = engineTest(text);
        for (const one of [...all, ...all])
          expect([text, one, test(one)]).toEqual([text, one, engine.test(one)]);
      }),
      { numRuns: 2000 },
    );
  });
});
