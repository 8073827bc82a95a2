import fc from 'fast-check';
import { instantOf, isResolvedAt, LabelSet, type Alert } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import type { InhibitRule } from './configuration.ts';
import { Inhibitor } from './inhibit.ts';
import { matchesAll } from './route.ts';
import { alertOf, matcherOf, MINUTE, NOON } from './testing/fixtures.ts';

const ruleOf = (over: Partial<InhibitRule> = {}): InhibitRule => ({
  name: 'node-down',
  sourceMatchers: [matcherOf('severity', '=', 'critical')],
  targetMatchers: [matcherOf('severity', '=', 'warning')],
  equal: ['node'],
  ...over,
});
const labels = (of: Readonly<Record<string, string>>): LabelSet => LabelSet.fromObject(of);
const critical = (over: Readonly<Record<string, string>> = {}, alert: Partial<Alert> = {}): Alert =>
  alertOf({ severity: 'critical', node: 'n1', ...over }, alert);
const warning = labels({ severity: 'warning', node: 'n1' });

describe('Inhibitor', () => {
  it('mutes a target while a source with the same values fires, and names both', () => {
    const inhibitor = new Inhibitor([ruleOf()]);
    const source = critical();
    expect(inhibitor.mutes(warning, NOON)).toBeUndefined();
    inhibitor.observe(source);
    expect(inhibitor.mutes(warning, NOON)).toEqual({ by: source.labels.fingerprint, rule: 'node-down' });
    expect(inhibitor.mutes(labels({ severity: 'warning', node: 'n2' }), NOON)).toBeUndefined();
    expect(inhibitor.mutes(labels({ severity: 'info', node: 'n1' }), NOON)).toBeUndefined();
  });
  it('stops at the end of the source', () => {
    const inhibitor = new Inhibitor([ruleOf()]);
    inhibitor.observe(critical({}, { endsAt: instantOf(NOON + MINUTE) }));
    expect(inhibitor.mutes(warning, NOON + MINUTE - 1)).toBeDefined();
    expect(inhibitor.mutes(warning, NOON + MINUTE)).toBeUndefined();
  });
  it('goes on while another source fires after the first has resolved early', () => {
    const inhibitor = new Inhibitor([ruleOf()]);
    const [first, second] = [
      critical({ i: '1' }, { endsAt: instantOf(NOON + 9 * MINUTE) }),
      critical({ i: '2' }),
    ];
    inhibitor.observe(first);
    inhibitor.observe(second);
    inhibitor.observe({ ...first, endsAt: instantOf(NOON) });
    expect(inhibitor.mutes(warning, NOON)?.by).toBe(second.labels.fingerprint);
  });
  it('inhibits again when a source fires again', () => {
    const inhibitor = new Inhibitor([ruleOf()]);
    inhibitor.observe(critical({}, { endsAt: instantOf(NOON) }));
    expect(inhibitor.mutes(warning, NOON)).toBeUndefined();
    inhibitor.observe(critical());
    expect(inhibitor.mutes(warning, NOON)).toBeDefined();
  });
  it('takes a label that both lack as equal', () => {
    const inhibitor = new Inhibitor([ruleOf({ equal: ['zone'] })]);
    inhibitor.observe(critical());
    expect(inhibitor.mutes(warning, NOON)).toBeDefined();
    expect(inhibitor.mutes(labels({ severity: 'warning', zone: 'z' }), NOON)).toBeUndefined();
  });
  it('keeps combinations apart whose values only look alike when joined', () => {
    const inhibitor = new Inhibitor([ruleOf({ equal: ['a', 'b'] })]);
    inhibitor.observe(critical({ a: 'x', b: 'yz' }));
    expect(inhibitor.mutes(labels({ severity: 'warning', a: 'xy', b: 'z' }), NOON)).toBeUndefined();
  });
  it('never lets alerts that are source and target inhibit themselves or each other', () => {
    const inhibitor = new Inhibitor([
      ruleOf({ name: '', sourceMatchers: [], targetMatchers: [], equal: [] }),
    ]);
    const [one, two] = [critical({ i: '1' }), critical({ i: '2' })];
    for (const alert of [one, two]) inhibitor.observe(alert);
    expect(inhibitor.mutes(one.labels, NOON)).toBeUndefined();
    expect(inhibitor.mutes(two.labels, NOON)).toBeUndefined();
  });
  it('numbers a rule without a name', () => {
    const inhibitor = new Inhibitor([
      ruleOf({ sourceMatchers: [matcherOf('never', '=', 'x')] }),
      ruleOf({ name: '' }),
    ]);
    inhibitor.observe(critical());
    expect(inhibitor.mutes(warning, NOON)?.rule).toBe('inhibit_rules[1]');
  });
  it('forgets resolved sources', () => {
    const inhibitor = new Inhibitor([ruleOf()]);
    inhibitor.observe(critical());
    inhibitor.gc(NOON);
    expect(inhibitor.size).toBe(1);
    inhibitor.gc(NOON + 5 * MINUTE);
    expect(inhibitor.size).toBe(0);
  });

  it('agrees with the rule as it is written down, for any alerts', () => {
    const matchers = fc.array(
      fc
        .constantFrom('a', 'b')
        .chain((name) => fc.constantFrom('1', '2').map((value) => matcherOf(name, '=', value))),
      { maxLength: 2 },
    );
    const value = fc.constantFrom('', '1', '2');
    const alerts = fc.array(
      fc
        .record({ a: value, b: value, c: value, isOver: fc.boolean() })
        .map(({ isOver, ...of }) => alertOf(of, { endsAt: instantOf(isOver ? NOON : NOON + MINUTE) })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        matchers,
        matchers,
        fc.subarray(['a', 'b', 'c']),
        alerts,
        (sourceMatchers, targetMatchers, equal, all) => {
          const rule = ruleOf({ sourceMatchers, targetMatchers, equal });
          const inhibitor = new Inhibitor([rule]);
          const latest = new Map(all.map((alert) => [alert.labels.fingerprint, alert]));
          for (const alert of all) inhibitor.observe(alert);
          for (const target of all) {
            const expected = sourcesOf(rule, target.labels, [...latest.values()]);
            const by = inhibitor.mutes(target.labels, NOON)?.by;
            if (by === undefined) expect(expected).toEqual([]);
            else expect(expected).toContain(by);
          }
        },
      ),
    );
  });
});

function sourcesOf(rule: InhibitRule, target: LabelSet, alerts: readonly Alert[]): string[] {
  if (!matchesAll(rule.targetMatchers, target)) return [];
  const isBoth = matchesAll(rule.sourceMatchers, target);
  return alerts
    .filter(({ labels: source }) => matchesAll(rule.sourceMatchers, source))
    .filter((alert) => !isResolvedAt(alert, NOON))
    .filter(({ labels: source }) =>
      rule.equal.every((name) => (source.get(name) ?? '') === (target.get(name) ?? '')),
    )
    .filter(({ labels: source }) => !(isBoth && matchesAll(rule.targetMatchers, source)))
    .map(({ labels: source }) => source.fingerprint);
}
