import { LabelSet } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MatcherIndex, MAX_PLACES, MAX_PLACES_PER_SET } from './matcher-index.ts';
import type { MatcherSet } from './silence.ts';
import { bruteForce, sampleMatchers, sampleNames, sampleValues } from './testing/matcher-samples.ts';

const labels = LabelSet.fromObject({ alertname: 'A', team: 'db', instance: 'web-17:9100' });
const named = (name: string, value: string): MatcherSet => [{ name, type: '=', value }];
const regex = (value: string, name = 'instance'): MatcherSet => [{ name, type: '=~', value }];
const indexOf = (sets: Readonly<Record<string, readonly MatcherSet[]>>): MatcherIndex<string> => {
  const index = new MatcherIndex<string>();
  for (const [item, of] of Object.entries(sets)) index.add(item, of);
  return index;
};

const anyMatcherSets = fc.array(
  fc.array(fc.constantFrom(...sampleMatchers), { maxLength: 3, size: 'small' }),
  {
    maxLength: 3,
  },
);
/** Labels can be missing. */
const anyLabels = fc
  .dictionary(fc.constantFrom(...sampleNames), fc.constantFrom(...sampleValues), {
    maxKeys: sampleNames.length,
  })
  .map((of) => LabelSet.fromObject(of));

describe('MatcherIndex', () => {
  it('offers what names a label of the alert, and what names none', () => {
    const index = indexOf({
      same: [named('team', 'db')],
      'other value': [named('team', 'web')],
      'missing label': [named('zone', 'z')],
      'empty value': [named('zone', '')],
      'second set': [named('zone', 'z'), named('alertname', 'A')],
      'no set': [],
      'empty set': [[]],
      negative: [[{ name: 'team', type: '!=', value: 'db' }]],
    });
    expect(index.candidates(labels).sort()).toEqual([
      'empty set',
      'empty value',
      'negative',
      'same',
      'second set',
    ]);
    expect(index.unfiledSize).toBe(3);
  });

  it('files a pattern under its choices, its start or a text inside, in any case where the pattern says so', () => {
    const index = indexOf({
      choice: [regex('web-16:9100|web-17:9100')],
      'other choice': [regex('web-1|web-2')],
      start: [regex('web-17.*')],
      'other start': [regex('web-2.*')],
      inside: [regex('.*17:91.*')],
      'other inside': [regex('.*18:91.*')],
      'any case': [regex('(?i)WEB-17:.*')],
      'other case': [regex('(?i)WEB-18:.*')],
      'several starts': [regex('(?:prod-)?(?:web|db)-17.*')],
      'no text': [regex('[a-z0-9:-]+')],
      'also nothing': [regex('|web-1')],
    });
    expect(index.candidates(labels).sort()).toEqual(
      ['also nothing', 'any case', 'choice', 'inside', 'no text', 'several starts', 'start'].sort(),
    );
    expect(index.unfiledSize).toBe(2);
  });

  it('files a set under the text that it shares with the fewest', () => {
    const index = new MatcherIndex<number>();
    for (let at = 0; at < 1000; at++)
      index.add(at, [
        [...named('team', 'db'), ...regex(`web-${at}:.*`), { name: 'zone', type: '!=', value: 'z' }],
      ]);
    expect(index.candidates(labels).length).toBeLessThan(4);
    expect(index.candidates(labels)).toContain(17);
    for (let at = 0; at < 1000; at++) index.delete(at);
    expect([index.size, index.candidates(labels)]).toEqual([0, []]);
  });

  it('takes what a long list of choices has in common, and offers it always when that is nothing', () => {
    const hosts = Array.from({ length: MAX_PLACES_PER_SET + 1 }, (_, at) => `db-${at}`);
    const index = indexOf({ common: [regex(hosts.join('|'))], nothing: [regex(['x', ...hosts].join('|'))] });
    expect(index.candidates(labels)).toEqual(['nothing']);
    expect(index.candidates(LabelSet.fromObject({ instance: 'db-5' })).sort()).toEqual(['common', 'nothing']);
  });

  it('files no more lists when its places are used up, but single texts, and lists again when there is room', () => {
    const list = (item: number): MatcherSet =>
      regex(Array.from({ length: MAX_PLACES_PER_SET }, (_, at) => `${item}-${at}`).join('|'));
    const index = new MatcherIndex<number>();
    const most = Math.floor(MAX_PLACES / MAX_PLACES_PER_SET);
    for (let item = 0; item <= most; item++) index.add(item, [list(item)]);
    index.add(-1, [named('team', 'db')]);
    expect(index.unfiledSize).toBe(1);
    expect(new Set(index.candidates(LabelSet.fromObject({ instance: '7-1' })))).toEqual(new Set([7, most]));
    index.delete(7);
    index.delete(most);
    index.add(most, [list(most)]);
    expect(index.unfiledSize).toBe(0);
    expect(index.candidates(LabelSet.fromObject({ instance: '7-1' }))).toEqual([]);
    expect(index.candidates(LabelSet.fromObject({ instance: `${most}-1` }))).toEqual([most]);
  });

  it('never misses what matches, offers each item once, and nothing that was taken out', () => {
    const question = fc.array(anyLabels, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(anyMatcherSets, { maxLength: 30 }), question, fc.nat(40), (all, alerts, gone) => {
        const index = new MatcherIndex<number>();
        for (const [item, sets] of all.entries()) index.add(item, sets);
        for (const isAfter of [false, true]) {
          if (isAfter) index.delete(gone);
          for (const of of alerts) {
            const offered = index.candidates(of);
            expect(new Set(offered).size).toBe(offered.length);
            if (isAfter) expect(offered).not.toContain(gone);
            const matching = [...all.keys()].filter((item) => bruteForce(all[item] ?? [], of));
            const left = matching.filter((item) => !isAfter || item !== gone);
            expect(offered).toEqual(expect.arrayContaining(left));
          }
        }
        for (const item of all.keys()) index.delete(item);
        for (const of of alerts) expect(index.candidates(of)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
