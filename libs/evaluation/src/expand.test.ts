import { AppError } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { RuleExpander, templateSamples, type Expanded, type Sample } from './expand.ts';
import type { AlertingRule } from './rule.ts';

const settings = {
  externalLabels: LabelSet.fromObject({ region: 'eu' }),
  externalUrl: 'http://tocsin.example',
};
const ruleOf = (
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): AlertingRule => ({
  kind: 'alerting',
  name: 'Down',
  expr: 'up == 0',
  forMs: 0,
  keepFiringForMs: 0,
  labels: LabelSet.fromObject(labels),
  annotations: LabelSet.fromObject(annotations),
});
const sample: Sample = {
  labels: LabelSet.fromObject({ __name__: 'up', job: 'api', instance: 'a:9100' }),
  value: 2.5,
};
const expand = (rule: AlertingRule, answers: Parameters<RuleExpander['expand']>[2] = new Map()): Expanded =>
  new RuleExpander(rule, settings).expand([sample], 0, answers);

describe('expanding a rule', () => {
  it('puts the labels of the rule over those of the sample, deletes empty ones, and alertname wins', () => {
    const { alerts } = expand(
      ruleOf({ job: 'x-{{ $labels.job }}', instance: '{{ $labels.nope }}', alertname: 'Other', plain: 'p' }),
    );
    expect(alerts[0]?.labels.json).toBe('{"alertname":"Down","job":"x-api","plain":"p"}');
    expect(alerts[0]?.value).toBe(2.5);
  });

  it('fills annotations from value, labels, external labels and URL, and leaves empty ones out', () => {
    const { alerts } = expand(
      ruleOf(
        {},
        {
          a: '{{ $value }} {{ $labels.instance }} {{ $externalLabels.region }} {{ $externalURL }}',
          b: '{{ $labels.nope }}',
          c: '',
        },
      ),
    );
    expect(alerts[0]?.annotations.json).toBe('{"a":"2.5 a:9100 eu http://tocsin.example"}');
  });

  it('shows the fault of a template in its place and goes on', () => {
    const { alerts, fault } = expand(ruleOf({}, { a: '{{ template "nope" }}', b: 'fine' }));
    expect(alerts[0]?.annotations.get('a')).toMatch(/^<error expanding template: /);
    expect(alerts[0]?.annotations.get('b')).toBe('fine');
    expect(fault).toBeTypeOf('string');
  });

  it('names the queries it lacks, and is final with their answers or failures', () => {
    const rule = ruleOf({}, { a: '{{ range query "count(up)" }}{{ . | value }}{{ end }}' });
    expect(expand(rule).missing).toEqual(['count(up)']);
    const known = expand(
      rule,
      new Map([['count(up)', templateSamples([{ labels: LabelSet.empty, value: 7 }])]]),
    );
    expect(known.missing).toEqual([]);
    expect(known.alerts[0]?.annotations.get('a')).toBe('7');
    const failed = expand(rule, new Map([['count(up)', new AppError('unavailable', 'the source is away')]]));
    expect(failed.missing).toEqual([]);
    expect(failed.alerts[0]?.annotations.get('a')).toContain('the source is away');
  });
});
