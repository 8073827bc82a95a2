import { AppError } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from './expand.ts';
import { parseFloatText, parseMatchers, parseSelector, select } from './selector.ts';

const sample = (value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({
  labels: LabelSet.fromObject({ __name__: 'up', ...labels }),
  value,
});

const pick = (expr: string, samples: readonly Sample[]): readonly number[] =>
  select(parseSelector(expr), samples).map(({ value }) => value);

describe('a selector', () => {
  it('compares as PromQL filters: what passes keeps its value, NaN passes only !=', () => {
    const samples = [sample(0), sample(1), sample(2), sample(Number.NaN)];
    expect(pick('up == 1', samples)).toEqual([1]);
    expect(pick('up != 1', samples)).toEqual([0, 2, Number.NaN]);
    expect(pick('up>1', samples)).toEqual([2]);
    expect(pick('up >= 1', samples)).toEqual([1, 2]);
    expect(pick('up < 1e0', samples)).toEqual([0]);
    expect(pick('up <= +1.0', samples)).toEqual([0, 1]);
    expect(pick('up < Inf', samples)).toEqual([0, 1, 2]);
    expect(pick('up', samples)).toEqual([0, 1, 2, Number.NaN]);
  });

  it('matches labels in all four ways, a missing one as the empty string', () => {
    const samples = [sample(1, { job: 'api' }), sample(2, { job: 'db' }), sample(3)];
    expect(pick('up{job="api"}', samples)).toEqual([1]);
    expect(pick("up{job!='api',}", samples)).toEqual([2, 3]);
    expect(pick('up{job=~`a.*|`}', samples)).toEqual([1, 3]);
    expect(pick('up{job!~"a.*"}', samples)).toEqual([2, 3]);
    expect(pick('up{job=~"ap"}', samples)).toEqual([]);
  });

  it('takes the metric name in front, quoted, or as __name__', () => {
    expect(parseSelector('up{}').metric).toBe('up');
    expect(parseSelector('{"a b", c="d"}').metric).toBe('a b');
    expect(parseSelector('{__name__="a b"}').metric).toBe('a b');
    expect(parseSelector('{__name__=~"a|b"}').metric).toBeUndefined();
  });

  it.each([
    'rate(up[5m])',
    'up[5m]',
    'up == bool 0',
    'up == 0 and up',
    'sum(up)',
    'up + 1',
    '5 < up',
    'up offset 5m',
    'up == down',
    '{job=""}',
    '{}',
    '',
    'up{job="a}',
    'up{job=~"("}',
    'up{job}',
    'up{"a","b"}',
    'up{job="a" b="c"}',
    'up == 1x',
    'up == 1 2',
  ])('refuses %s and says what is supported', (expr) => {
    let refusal: unknown;
    try {
      parseSelector(expr);
    } catch (cause) {
      refusal = cause;
    }
    expect(refusal).toBeInstanceOf(AppError);
    expect((refusal as AppError).code).toBe('invalid');
    if (!expr.includes('=~')) expect((refusal as AppError).message).toContain('this data source knows only');
  });

  it('reads any text or refuses it with an AppError', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z{}="'`~!<>,\\ 0-9.]{0,30}$/), (text) => {
        try {
          parseSelector(text);
        } catch (cause) {
          expect(cause).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('parseMatchers', () => {
  it('takes match[] selectors, the metric name as a matcher among others', () => {
    const tests = parseMatchers('up{job="a"}');
    expect(tests.map(({ matches, name }) => [name, matches('a'), matches('up')])).toEqual([
      ['job', true, false],
      ['__name__', false, true],
    ]);
    expect(() => parseMatchers('up > 1')).toThrow('unexpected');
  });
});

describe('parseFloatText', () => {
  it('reads what Prometheus writes, and nothing that JavaScript alone would take', () => {
    expect(['1', '-1.5e3', '+.5', '5.', 'NaN', '+Inf', '-inf', '0x1F'].map(parseFloatText)).toEqual([
      1,
      -1500,
      0.5,
      5,
      Number.NaN,
      Infinity,
      -Infinity,
      31,
    ]);
    expect(['', ' ', '1 ', 'e5', '.', '1_000', '0b1', 'Infinit', '--1'].map(parseFloatText)).toEqual(
      Array.from({ length: 9 }, () => undefined),
    );
  });
});
