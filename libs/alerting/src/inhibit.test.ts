import fc from 'fast-check';
import { createMatcher, instantOf, isResolvedAt, LabelSet, type Alert, type MatchType } from '@tocsin/model';
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

  it('matches an alert that it has seen no more, while sources come and are sent again', () => {
    let tried = 0;
    const counting = {
      ...matcherOf('severity', '=~', 'warning'),
      matches: (value: string) => tried++ >= 0 && value === 'warning',
    };
    const inhibitor = new Inhibitor([ruleOf({ targetMatchers: [counting] })]);
    expect(inhibitor.mutes(warning, NOON)).toBeUndefined();
    const source = critical();
    inhibitor.observe(source);
    expect(inhibitor.mutes(warning, NOON)?.by).toBe(source.labels.fingerprint);
    const after = tried;
    for (let minute = 0; minute < 5; minute++) {
      inhibitor.observe({ ...source, endsAt: instantOf(NOON + (minute + 5) * MINUTE) });
      expect(inhibitor.mutes(warning, NOON + minute * MINUTE)?.by).toBe(source.labels.fingerprint);
    }
    expect(tried).toBe(after);
  });
  it('holds a source once for all rules that ask for the same', () => {
    const rules = Array.from({ length: 100 }, (_, at) =>
      ruleOf({
        name: `${at}`,
        targetMatchers: [matcherOf('severity', '=', `warning-${at}`)],
        equal: ['node'],
      }),
    );
    const inhibitor = new Inhibitor(rules);
    inhibitor.observe(critical());
    expect(inhibitor.size).toBe(1);
    expect(inhibitor.mutes(labels({ severity: 'warning-7', node: 'n1' }), NOON)?.rule).toBe('7');
  });

  it('agrees with the rules as they are written down, whatever is sent, resolved, asked and forgotten', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const value = fc.constantFrom('', '1', '2', '12');
    const matcher = fc
      .oneof(
        fc.tuple(name, fc.constantFrom<MatchType>('=', '=', '!='), value),
        fc.tuple(
          name,
          fc.constantFrom<MatchType>('=~', '!~'),
          fc.constantFrom('1|2', '1.*', '.*', '[12]', '.+2', '|1'),
        ),
      )
      .map(([label, type, text]) => createMatcher(label, type, text));
    const matchers = fc.array(matcher, { maxLength: 2, size: 'max' });
    const rule = fc.record({
      sourceMatchers: matchers,
      targetMatchers: matchers,
      equal: fc.array(name, { maxLength: 2 }),
    });
    const few = fc.array(rule, { minLength: 1, maxLength: 6 });
    // Many that differ in one thing only.
    const many = fc
      .tuple(few, few)
      .map(([left, right]) =>
        left.flatMap((one) => right.map((other) => ({ ...one, targetMatchers: other.targetMatchers }))),
      );
    const oneTarget = fc
      .tuple(matchers, fc.array(matchers, { minLength: 3, maxLength: 5 }))
      .map(([targetMatchers, sources]) =>
        sources.map((sourceMatchers) => ({ sourceMatchers, targetMatchers, equal: [] })),
      );
    const anyLabels = fc.dictionary(name, value).map((of) => LabelSet.fromObject(of));
    const step = fc.oneof(
      fc.record({ sent: anyLabels, minutes: fc.integer({ min: -2, max: 5 }) }),
      fc.record({ asked: anyLabels }),
      fc.record({ later: fc.nat(3), isGc: fc.boolean() }),
    );
    let muted = 0;
    fc.assert(
      fc.property(
        fc.oneof(few, many, oneTarget),
        fc.array(step, { minLength: 3, maxLength: 40, size: 'max' }),
        (drawn, steps) => {
          const rules = drawn.map((one, at) => ({ ...one, name: String(at) }));
          const inhibitor = new Inhibitor(rules);
          const latest = new Map<string, Alert>();
          let now = NOON;
          for (const each of steps) {
            if ('sent' in each) {
              const alert = {
                ...alertOf({}),
                labels: each.sent,
                endsAt: instantOf(now + each.minutes * MINUTE),
              };
              latest.set(alert.labels.fingerprint, alert);
              inhibitor.observe(alert);
            } else if ('later' in each) {
              now += each.later * MINUTE;
              if (each.isGc) inhibitor.gc(now);
            }
            const asked = 'asked' in each ? [each.asked] : [...latest.values()].map((alert) => alert.labels);
            for (const target of asked) {
              const found = inhibitor.mutes(target, now);
              const first = rules.find((one) => sourcesOf(one, target, [...latest.values()], now).length > 0);
              expect(found?.rule).toBe(first?.name);
              if (first === undefined || found === undefined) continue;
              muted++;
              expect(sourcesOf(first, target, [...latest.values()], now)).toContain(found.by);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(muted).toBeGreaterThan(5000);
  });
});

function sourcesOf(rule: InhibitRule, target: LabelSet, alerts: readonly Alert[], now: number): string[] {
  if (!matchesAll(rule.targetMatchers, target)) return [];
  const isBoth = matchesAll(rule.sourceMatchers, target);
  return alerts
    .filter(({ labels: source }) => matchesAll(rule.sourceMatchers, source))
    .filter((alert) => !isResolvedAt(alert, now))
    .filter(({ labels: source }) =>
      rule.equal.every((name) => (source.get(name) ?? '') === (target.get(name) ?? '')),
    )
    .filter(({ labels: source }) => !(isBoth && matchesAll(rule.targetMatchers, source)))
    .map(({ labels: source }) => source.fingerprint);
}
