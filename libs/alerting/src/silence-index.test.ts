import fc from 'fast-check';
import { LabelSet } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { SilenceIndex } from './silence-index.ts';
import type { MatcherSet } from './silence.ts';
import { Silences } from './silences.ts';
import { matcherOf, NOON, settings, silenceOf } from './testing/fixtures.ts';

const labels = LabelSet.fromObject({ alertname: 'A', team: 'db' });
const named = (name: string, value: string): MatcherSet => [{ name, type: '=', value }];

describe('SilenceIndex', () => {
  it('offers what names a label of the alert, and what names none', () => {
    const index = new SilenceIndex<string>();
    index.add('same', [named('team', 'db')]);
    index.add('other value', [named('team', 'web')]);
    index.add('missing label', [named('zone', 'z')]);
    index.add('empty value', [named('zone', '')]);
    index.add('pattern', [[{ name: 'team', type: '=~', value: 'web' }]]);
    index.add('second set', [named('zone', 'z'), named('alertname', 'A')]);
    expect(index.candidates(labels).sort()).toEqual(['empty value', 'pattern', 'same', 'second set']);
  });
  it('files a set under the label that it shares with the fewest', () => {
    const index = new SilenceIndex<string>();
    index.add('wide', [named('team', 'db')]);
    index.add('narrow', [[...named('team', 'db'), ...named('instance', 'i1')]]);
    expect(index.candidates(labels)).toEqual(['wide']);
    index.delete('wide');
    expect(index.candidates(labels)).toEqual([]);
  });

  const matcher = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    type: fc.constantFrom('=' as const, '!=' as const),
    value: fc.constantFrom('', '1', '2'),
  });
  const sets = fc.array(fc.array(matcher, { minLength: 1, maxLength: 3 }), { maxLength: 2 });
  const alert = fc
    .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'))
    .map((of) => LabelSet.fromObject(of));
  const isMatch = (set: MatcherSet, of: LabelSet): boolean =>
    set.every(({ name, type, value }) => matcherOf(name, type, value).matches(of.get(name) ?? ''));

  it('never misses a silence that matches, however many there are', () => {
    fc.assert(
      fc.property(fc.array(sets, { minLength: 20, maxLength: 40 }), alert, fc.nat(19), (all, of, gone) => {
        const store = new Silences(settings.compile);
        const index = new SilenceIndex<number>();
        for (const [id, matcherSets] of all.entries()) {
          store.merge([silenceOf({ id: String(id).padStart(2, '0'), matcherSets })], NOON);
          index.add(id, matcherSets);
        }
        index.delete(gone);
        const expected = [...all.keys()].filter((id) => (all[id] ?? []).some((set) => isMatch(set, of)));
        expect(store.mutedBy(of, of.fingerprint, NOON).map(Number)).toEqual(expected);
        expect(index.candidates(of)).toEqual(expect.arrayContaining(expected.filter((id) => id !== gone)));
        expect(index.candidates(of)).not.toContain(gone);
      }),
    );
  });
});
