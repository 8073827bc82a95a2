import { describe, expect, it } from 'vitest';
import { expressionMistake } from './expression-check.ts';
import { decodeRuleFile, type DecodedRuleFile } from './rule-file.ts';
import { documentOf, type Plain } from './testing/documents.ts';

const decode = (value: Plain): DecodedRuleFile =>
  decodeRuleFile(documentOf(value), {
    file: 'rules.yml',
    intervalMs: 60_000,
    queryOffsetMs: 1_000,
    checkExpression: expressionMistake,
  });
const messages = (value: Plain): readonly string[] => decode(value).mistakes.map(({ message }) => message);
const ruleWith = (rule: Plain): Plain => ({ groups: [{ name: 'g', rules: [rule] }] });

describe('a rule file', () => {
  it('fills in the defaults of the scheduler and merges the labels of the group under those of the rule', () => {
    const { groups, mistakes } = decode({
      groups: [
        {
          name: 'g',
          labels: { team: 'db', severity: 'info' },
          rules: [
            {
              alert: 'Down',
              expr: 'up == 0',
              for: '1h30m',
              keep_firing_for: '5m',
              labels: { severity: 'page' },
              annotations: { summary: '{{ $labels.job }}' },
            },
            { record: 'job:up:sum', expr: 'sum(up)' },
          ],
        },
      ],
    });
    expect(mistakes).toEqual([]);
    const [group] = groups;
    expect(group).toMatchObject({
      file: 'rules.yml',
      name: 'g',
      intervalMs: 60_000,
      queryOffsetMs: 1_000,
      limit: 0,
    });
    const [alerting, recording] = group?.rules ?? [];
    expect(alerting).toMatchObject({
      kind: 'alerting',
      name: 'Down',
      forMs: 5_400_000,
      keepFiringForMs: 300_000,
    });
    expect(alerting?.labels.json).toBe('{"severity":"page","team":"db"}');
    expect(recording).toMatchObject({ kind: 'recording', name: 'job:up:sum', expr: 'sum(up)' });
  });

  it('tells all mistakes at once, each with its line', () => {
    const { mistakes } = decode({
      groups: [
        {
          name: '',
          interval: '5',
          foo: 1,
          rules: [{ alert: 'A', expr: 'up ==', for: '-5m', labels: { a: '{{ $foo }}', __name__: 'x' } }],
        },
        {
          name: 'h',
          rules: [{ expr: 'up' }, { record: 'r{a="b"}', expr: 'up', for: '5m', annotations: { a: 'b' } }],
        },
        { name: 'h', rules: [{ alert: 'B' }] },
      ],
    });
    expect(mistakes.map(({ message, path }) => `${path}: ${message}`)).toEqual([
      'groups[0]: unknown field "foo"; expected one of name, interval, query_offset, limit, labels, rules',
      'groups[0].name: expected a group name that is not empty',
      'groups[0].rules[0].expr: could not parse expression: character 6: parse error: unexpected end of input after an operator',
      'groups[0].rules[0].labels.__name__: invalid label name "__name__"',
      expect.stringContaining('groups[0].rules[0].labels.a: '),
      'groups[0].rules[0].for: not a valid duration string: "-5m"',
      'groups[0].interval: not a valid duration string: "5"',
      "groups[1].rules[0]: one of 'record' or 'alert' must be set",
      "groups[1].rules[1].for: invalid field 'for' in recording rule",
      "groups[1].rules[1].annotations: invalid field 'annotations' in recording rule",
      'groups[1].rules[1].record: braces in the recording rule name "r{a=\\"b\\"}"; labels belong under \'labels\'',
      "groups[2].rules[0]: field 'expr' must be set in rule",
      'groups[2]: group name "h" is repeated in the file',
    ]);
    expect(mistakes.every(({ line }) => line > 1)).toBe(true);
  });

  it('parses the templates of group labels, labels and annotations', () => {
    expect(
      messages({
        groups: [{ name: 'g', labels: { a: '{{ nofunc }}' }, rules: [{ alert: 'A', expr: 'up' }] }],
      }),
    ).toHaveLength(1);
    expect(messages(ruleWith({ alert: 'A', expr: 'up', annotations: { a: '{{ if }}' } }))).toHaveLength(1);
    expect(messages(ruleWith({ alert: 'A', expr: 'up', annotations: { a: '{{ $labels.nope }}' } }))).toEqual(
      [],
    );
    expect(
      messages({
        groups: [{ name: 'g', labels: { a: '{{ nofunc }}' }, rules: [{ record: 'a', expr: 'up' }] }],
      }),
    ).toEqual([]);
  });

  it('takes nothing, null and 0 where Prometheus does', () => {
    expect(decode(null)).toEqual({ groups: [], mistakes: [] });
    expect(messages({ groups: null })).toEqual([]);
    expect(messages({ groups: [{ name: 'g', rules: null, interval: null, limit: -3 }] })).toEqual([]);
    expect(messages(ruleWith({ alert: 'A', expr: 'up', for: 0, labels: null }))).toEqual([]);
    expect(messages(ruleWith({ record: 'a', expr: 'up', for: 0, annotations: null }))).toEqual([]);
    expect(decode({ groups: [{ name: 'g', interval: 0 }] }).groups[0]?.intervalMs).toBe(60_000);
    expect(decode({ groups: [{ name: 'g', query_offset: 0 }] }).groups[0]?.queryOffsetMs).toBe(0);
  });

  it('refuses the wrong kind of node everywhere without a second complaint about its content', () => {
    expect(messages([])).toHaveLength(1);
    expect(messages({ groups: 'x' })).toHaveLength(1);
    expect(messages({ groups: ['x'] })).toHaveLength(1);
    expect(messages({ groups: [{ name: ['x'] }] })).toHaveLength(1);
    expect(messages(ruleWith('x'))).toHaveLength(1);
    expect(messages(ruleWith({ alert: 'A', expr: ['x'] }))).toHaveLength(1);
    expect(messages(ruleWith({ alert: 'A', expr: 'up', labels: 'x' }))).toHaveLength(1);
    expect(messages(ruleWith({ alert: 'A', expr: 'up', labels: { a: ['x'] } }))).toHaveLength(1);
  });
});
