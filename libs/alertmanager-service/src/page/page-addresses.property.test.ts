/** What the page writes into addresses and forms, it reads back. */
import { AppError, type HttpRequest } from '@tocsin/kernel';
import { createMatcher, type MatchType } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GROUP_LABELS_MAX,
  MATCHERS_MAX,
  alertsLink,
  pairsOf,
  readAlertQuery,
  receiverPasses,
} from './alert-query.ts';
import { cookieOf, encode, queryOf, readForm, rootFrom, type Pair } from './links.ts';
import { linesOf, readMatchers } from './silence-form.ts';
import { counted, formatCount, formatSpan } from './words.ts';

const request = (query: readonly Pair[]): HttpRequest => ({
  method: 'GET',
  path: '/alerts',
  query,
  headers: {},
  body: new Uint8Array(),
});
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const name = text.filter((each) => each !== '');
const matcher = fc
  .tuple(name, fc.constantFrom<MatchType>('=', '!='), text)
  .map((parts) => createMatcher(...parts));
const plain = fc.stringMatching(/^[a-z_]{1,8}$/);
const classic = fc
  .tuple(plain, fc.constantFrom<MatchType>('=', '!=', '=~', '!~'), fc.stringMatching(/^[a-z.*|"\\n ]{0,8}$/))
  .filter(([, type, value]) => type === '=' || type === '!=' || !/\\|\*\*|^\*|\|\*/.test(value))
  .map((parts) => createMatcher(...parts));

describe('the address of a list of alerts', () => {
  it('is read back as the query it was written for', () => {
    fc.assert(
      fc.property(
        fc.record({
          matchers: fc.uniqueArray(matcher, { maxLength: 5, selector: String }),
          receiver: plain,
          states: fc.record({
            active: fc.boolean(),
            silenced: fc.boolean(),
            inhibited: fc.boolean(),
            muted: fc.boolean(),
          }),
          groupBy: fc.option(fc.uniqueArray(plain, { maxLength: 3 }), { nil: undefined }),
          page: fc.integer({ min: 1, max: 1000 }),
        }),
        (query) => {
          const link = alertsLink(query, { page: query.page });
          const pairs = readForm(link.slice('alerts?'.length)) ?? [];
          const { query: again, mistake } = readAlertQuery(request(pairs), 'utf8');
          expect(mistake).toBeUndefined();
          expect({ ...again, matchers: again.matchers.map(String) }).toEqual({
            ...query,
            matchers: query.matchers.map(String),
          });
        },
      ),
    );
  });

  it('takes what links in messages hold: one list of matchers in braces, a receiver, words for the states', () => {
    const { query } = readAlertQuery(
      request([
        ['filter', '{alertname="DiskFull", team=~"a|b"}'],
        ['receiver', '^(?:team\\-a)$'],
        ['silenced', 'true'],
        ['inhibited', 'false'],
        ['muted', '1'],
        ['active', 'true'],
        ['group', 'cluster, job'],
        ['customGrouping', 'true'],
      ]),
      'fallback',
    );
    expect(query.matchers.map(String)).toEqual(['alertname="DiskFull"', 'team=~"a|b"']);
    expect(query.states).toEqual({ active: true, silenced: true, inhibited: false, muted: true });
    expect(query.groupBy).toEqual(['cluster', 'job']);
    expect(receiverPasses(query.receiver)('team-a')).toBe(true);
    expect(receiverPasses(query.receiver)('team-b')).toBe(false);
    expect(receiverPasses('a.b')('a.b')).toBe(true);
  });

  it('is never too much: what is wrong or over a limit is said and left out', () => {
    const many = Array.from({ length: MATCHERS_MAX + 1 }, (_, index): Pair => ['filter', `a${index}="b"`]);
    const read = readAlertQuery(
      request([
        ...many,
        ['filter', 'a=='],
        ['receiver', '('],
        ['page', '-1'],
        ['group', [...Array(99).keys()].join(',')],
      ]),
      'fallback',
    );
    expect(read.mistake).toMatch(/more than 50 matchers.*receiver: /);
    expect(read.typed).toContain('a==');
    expect(read.query.matchers).toHaveLength(MATCHERS_MAX);
    expect(read.query.groupBy).toHaveLength(GROUP_LABELS_MAX);
    expect(read.query.page).toBe(1);
    expect(receiverPasses('(')('(')).toBe(true);
  });

  it('stays empty for the list as it is by default', () => {
    const { query } = readAlertQuery(request([]), 'fallback');
    expect(pairsOf(query)).toEqual([]);
    expect(alertsLink(query)).toBe('alerts');
  });
});

describe('forms and cookies', () => {
  it('are read back as written, for any well-formed text', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 }), (pairs) => {
        expect(readForm(queryOf(pairs).slice(1))).toEqual(pairs);
        const [[, value] = ['', '']] = pairs;
        expect(cookieOf(`other=1; author=${encode(value)}; x`, 'author')).toBe(value);
      }),
    );
    expect(readForm('a=%zz')).toBeUndefined();
    expect(readForm('a+b=c%20d&e')).toEqual([
      ['a b', 'c d'],
      ['e', ''],
    ]);
    expect(cookieOf('author=%zz', 'author')).toBe('');
    expect(encode('\ud800')).toBe('%EF%BF%BD');
  });

  it('hold matchers one a line, which are read back', () => {
    fc.assert(
      fc.property(fc.array(classic, { minLength: 1, maxLength: 5 }), (matchers) => {
        for (const mode of ['fallback', 'utf8'] as const) {
          const again = readMatchers(linesOf(matchers).replaceAll('\n', '\r\n'), mode);
          expect(again.map(String)).toEqual(matchers.map(String));
        }
      }),
    );
    fc.assert(
      fc.property(fc.array(matcher, { minLength: 1, maxLength: 5 }), (matchers) => {
        expect(readMatchers(linesOf(matchers), 'utf8').map(String)).toEqual(matchers.map(String));
      }),
    );
  });

  it('give only an AppError for what is no matcher', () => {
    fc.assert(
      fc.property(fc.string(), (input) => {
        try {
          readMatchers(input, 'fallback');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

it('the way back to the first page is relative, from any depth', () => {
  for (const path of ['/', '/alerts', '/silences/new', '/silences/x/edit']) {
    expect(new URL(rootFrom(path), `http://h/prefix${path}`).pathname).toBe('/prefix/');
  }
});

it('numbers and times read well', () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([1, 2].map((count) => counted(count, 'alert'))).toEqual(['1 alert', '2 alerts']);
  expect([-5, 0, 59_999, 60_000, 3_725_000, 86_700_000, 86_400_000 * 1200].map(formatSpan)).toEqual([
    '0s',
    '0s',
    '59s',
    '1m',
    '1h 2m',
    '1d',
    '1,200d',
  ]);
});
