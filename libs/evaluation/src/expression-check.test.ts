import { describe, expect, it } from 'vitest';
import { expressionMistake } from './expression-check.ts';

describe('expressionMistake', () => {
  it.each([
    'up',
    'up == 0',
    'up==bool 0',
    '-up',
    '- -1',
    'a + -b',
    '1 ^ 2 ^ 3',
    'sum by (job) (rate(http_requests_total{code=~"5..",job!="x"}[5m])) / 2 > 0.01',
    'sum(rate(x[5m])) by (job,)',
    'rate(x{a="}",b=\'(\',c=`"`}[5m:30s] offset -1h)',
    'x @ end() and on (a) group_left (b) y unless z',
    '{__name__="a b", "c d"="e"}',
    'and',
    'x{a="\\"}"} # a comment ( with brackets\n > 1',
    'time() - x atan2 y',
    'max_over_time((a > b)[1h:])',
    'a @ 1609746000.5',
    '"a string"',
    'histogram_quantile(.9, x) != NaN',
    'median({job=~"a|b"} default 0)',
    'x{}',
    'x{a!~"b",}',
    'foo[5m] offset 1w',
    'a * on() b',
  ])('has nothing against %s', (expr) => {
    expect(expressionMistake(expr)).toBeUndefined();
  });

  it.each([
    '',
    '   ',
    '# nothing',
    'up ==',
    '== 0',
    'up == == 0',
    'a * / b',
    'a +',
    'sum(up',
    'sum(up))',
    'sum(up]',
    'x{a="b}',
    'x{a="b"',
    "'open",
    '"line\nbreak"',
    '(a > )',
    '(* b)',
  ])('finds the slip in %j', (expr) => {
    expect(expressionMistake(expr)).toBeTypeOf('string');
  });

  it('names the place', () => {
    expect(expressionMistake('up ==')).toBe(
      'character 6: parse error: unexpected end of input after an operator',
    );
  });
});
