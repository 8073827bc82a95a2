import { matchesAll } from '@tocsin/alerting';
import { LabelSet, createMatcher, instantOf, type Alert, type MatchType, type Matcher } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertIndex, type Indexed } from './alert-index.ts';

const heldOf = (labels: Readonly<Record<string, string>>): Indexed => {
  const alert: Alert = {
    labels: LabelSet.fromObject(labels),
    annotations: LabelSet.empty,
    startsAt: instantOf(0),
    endsAt: instantOf(1),
    isTimeout: false,
    updatedAt: instantOf(0),
    generatorUrl: '',
    traceparent: '',
  };
  return { alert };
};

const name = fc.constantFrom('alertname', 'instance', 'job', 'zone', '__proto__');
const value = fc.constantFrom('a', 'b', 'c', 'web-1', 'web-2', 'é');
const instance = fc.nat(15).map((number) => `web-${number}`);
const labels = fc
  .tuple(fc.dictionary(name, value, { maxKeys: 3 }), instance)
  .map(([some, web]) => ({ ...some, instance: web }));
const matcher = fc
  .tuple(
    name,
    fc.constantFrom<MatchType>('=', '!=', '=~', '!~'),
    fc.oneof(value, instance, fc.constantFrom('', 'web-.*', 'a|b', '.*')),
  )
  .map(([label, type, text]) => createMatcher(label, type, text));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.array(labels, { maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.array(fc.nat(), { maxLength: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ ask: fc.array(matcher, { maxLength: 3 }) }) },
);

const fingerprints = (items: readonly Indexed[]): readonly string[] =>
  items.map(({ alert }) => alert.labels.fingerprint);
const found = (items: Iterable<Indexed>, matchers: readonly Matcher[]): readonly string[] =>
  fingerprints([...items].filter(({ alert }) => matchesAll(matchers, alert.labels)));

describe('the index of alerts', () => {
  it('offers every alert that matches, in order and once, whatever came, went and was asked before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const index = new AlertIndex<Indexed>();
        const held = new Map<string, Indexed>();
        for (const each of steps) {
          if ('add' in each) {
            for (const given of each.add) {
              const item = heldOf(given);
              const { fingerprint } = item.alert.labels;
              if (held.has(fingerprint)) continue;
              held.set(fingerprint, item);
              index.add(item);
            }
          } else if ('remove' in each) {
            const gone = [...held.values()].filter((_, at) => each.remove.some((n) => n % held.size === at));
            for (const { alert } of gone) held.delete(alert.labels.fingerprint);
            index.remove(gone);
          } else {
            const candidates = index.candidates(each.ask);
            const expected = [...found(held.values(), each.ask)].sort();
            expect(found(candidates, each.ask)).toEqual(expected);
            expect(new Set(candidates).size).toBe(candidates.length);
          }
        }
        expect(fingerprints(index.all())).toEqual([...held.keys()].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('sorts ten thousand, and those that come after, by fingerprint', () => {
    const index = new AlertIndex<Indexed>();
    const add = (from: number, to: number): void => {
      for (let number = from; number < to; number++)
        index.add(heldOf({ alertname: 'Up', instance: `web-${number}` }));
    };
    add(0, 10_000);
    index.all();
    add(10_000, 10_100);
    const sorted = fingerprints(index.all());
    expect(sorted).toHaveLength(10_100);
    expect(sorted).toEqual([...sorted].sort());
  });

  it('never changes a list that it handed out', () => {
    const index = new AlertIndex<Indexed>();
    const items = ['a', 'b', 'c'].map((text) => heldOf({ instance: text }));
    for (const item of items) index.add(item);
    const before = index.all();
    const copy = [...before];
    index.remove(items.slice(0, 1));
    index.add(heldOf({ instance: 'd' }));
    index.all();
    expect(before).toEqual(copy);
  });
});
