import fc from 'fast-check';
import { instantOf, LabelSet, type Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { compileMatcher, expireSilence } from './silence-change.ts';
import { silenceState, type MatcherSet, type Silence } from './silence.ts';
import { Silences } from './silences.ts';
import { HOUR, MINUTE, NOON, settings, silenceOf } from './testing/fixtures.ts';
import { bruteForce, sampleMatchers, sampleNames, sampleValues } from './testing/matcher-samples.ts';

const at = (minutes: number): Instant => instantOf(NOON + minutes * MINUTE);
const labels = LabelSet.fromObject({ alertname: 'A', team: 'db' });
const storeOf = (...silences: readonly Silence[]): Silences => {
  const store = new Silences(settings.compile);
  store.merge(silences, NOON);
  return store;
};
const mutedBy = (store: Silences, now: number = NOON, of: LabelSet = labels): readonly string[] =>
  store.mutedBy(of, of.fingerprint, now);

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

describe('Silences.mutedBy', () => {
  it('names the active silences of which any set matches wholly', () => {
    const other: MatcherSet = [{ name: 'team', type: '=', value: 'web' }];
    const both: MatcherSet = [
      { name: 'team', type: '=~', value: 'db|x' },
      { name: 'zone', type: '=', value: '' },
    ];
    const store = storeOf(
      silenceOf({ id: 'b', matcherSets: [other, both] }),
      silenceOf({ id: 'a' }),
      silenceOf({ id: 'c', matcherSets: [[...other, ...both]] }),
      silenceOf({ id: 'd', matcherSets: [] }),
      silenceOf({ id: 'e', matcherSets: [[]] }),
    );
    expect(mutedBy(store)).toEqual(['a', 'b']);
  });
  it('begins at the start and stops at the end, with the matches remembered', () => {
    const store = storeOf(silenceOf({ startsAt: at(1), endsAt: at(2) }));
    expect([at(0), at(1), at(1.9), at(2)].map((now) => mutedBy(store, now.seconds * 1000).length)).toEqual([
      0, 1, 1, 0,
    ]);
  });
  it('sees a silence that comes, changes its end or its matchers, or goes, after the alert was seen', () => {
    const store = storeOf();
    expect(mutedBy(store)).toEqual([]);
    const first = silenceOf({ id: 'a' });
    store.merge([first], NOON);
    expect(mutedBy(store)).toEqual(['a']);
    const ended = expireSilence(first, NOON + 1, settings);
    store.merge(ended === undefined ? [] : [ended], NOON + 1);
    expect(mutedBy(store, NOON + 1)).toEqual([]);
    store.merge([silenceOf({ id: 'a', updatedAt: at(1), endsAt: at(60) })], NOON);
    expect(mutedBy(store, NOON + 2 * MINUTE)).toEqual(['a']);
    store.merge(
      [silenceOf({ id: 'a', updatedAt: at(2), matcherSets: [[{ name: 'team', type: '=', value: 'web' }]] })],
      NOON,
    );
    expect(mutedBy(store, NOON + 3 * MINUTE)).toEqual([]);
    store.merge([silenceOf({ id: 'a', updatedAt: at(3) })], NOON);
    expect(mutedBy(store, NOON + 4 * MINUTE)).toEqual(['a']);
    store.gc(NOON + 1000 * HOUR);
    expect([store.size, mutedBy(store, NOON + 4 * MINUTE)]).toEqual([0, []]);
  });
  it('forgets alerts that are gone', () => {
    const store = storeOf(silenceOf());
    mutedBy(store);
    store.forget(labels.fingerprint);
    expect(mutedBy(store)).toHaveLength(1);
  });
  it('counts a matcher it can’t compile, and silences nothing by it', () => {
    const store = storeOf(silenceOf({ matcherSets: [[{ name: 'a', type: '=~', value: '(' }]] }));
    expect([store.totals.compileErrors, mutedBy(store)]).toEqual([{ index: 1, load_snapshot: 0 }, []]);
  });

  const silence = fc
    .record({
      id: fc.nat(25).map((id) => `s${String(id).padStart(2, '0')}`),
      matcherSets: anyMatcherSets,
      start: fc.integer({ min: -3, max: 3 }),
      length: fc.nat(9),
      updated: fc.nat(60),
      isSameText: fc.boolean(),
    })
    .map(({ start, length, updated, isSameText, matcherSets, id }) =>
      silenceOf({
        id,
        matcherSets: isSameText ? [[{ name: 'alertname', type: '=', value: 'db' }]] : matcherSets,
        startsAt: at(start),
        endsAt: { ...at(start + length), nanos: updated % 2 },
        updatedAt: instantOf(NOON + updated),
      }),
    );

  it('remembers nothing that is no longer so: always what matching everything anew would say', () => {
    const minute = fc.integer({ min: -5, max: 8 });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ merge: silence }) },
      { weight: 3, arbitrary: fc.record({ ask: anyLabels, minute }) },
      { weight: 1, arbitrary: fc.record({ many: fc.array(silence, { minLength: 17, maxLength: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ gcAt: fc.constantFrom(7201, 7203, 7210) }) },
      { weight: 1, arbitrary: fc.record({ forget: anyLabels }) },
    );
    let muted = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) => {
        const store = new Silences(compileMatcher);
        for (const each of steps) {
          if ('merge' in each) store.merge([each.merge], NOON);
          else if ('many' in each) store.merge(each.many, NOON);
          else if ('forget' in each) store.forget(each.forget.fingerprint);
          else if ('gcAt' in each) store.gc(NOON + each.gcAt * MINUTE);
          else {
            const now = NOON + each.minute * MINUTE;
            const expected = [...store.entries()].filter(
              (one) => silenceState(one, now) === 'active' && bruteForce(one.matcherSets, each.ask),
            );
            muted += expected.length;
            expect(mutedBy(store, now, each.ask)).toEqual(expected.map(({ id }) => id).sort());
          }
          expect(store.stateBytes).toBe([...store.entries()].reduce((sum, one) => sum + one.bytes.length, 0));
        }
      }),
      { numRuns: 400 },
    );
    expect(muted).toBeGreaterThan(500);
  });

  it('asks nothing of silences that have ended, until a peer or the clock brings them back', () => {
    const matcherSets: MatcherSet[] = [[{ name: 'team', type: '=~', value: '.+' }]];
    const store = storeOf(
      silenceOf({ id: 'a', matcherSets, endsAt: at(1) }),
      silenceOf({ id: 'b', matcherSets }),
    );
    const scanned = (): number => store.totals.scanned;
    const seenBy = (instance: string, now: number): readonly string[] =>
      mutedBy(store, now, LabelSet.fromObject({ team: 'db', instance }));
    expect(seenBy('1', NOON)).toEqual(['a', 'b']);
    expect([scanned(), store.matcherIndexSize]).toEqual([2, 2]);
    expect(seenBy('2', NOON + 2 * MINUTE)).toEqual(['b']);
    expect([scanned(), store.totals.skipped, store.matcherIndexSize]).toEqual([3, 1, 1]);
    expect(seenBy('3', NOON)).toEqual(['a', 'b']);
    expect(seenBy('2', NOON)).toEqual(['a', 'b']);
    expect(seenBy('4', NOON + 2 * MINUTE)).toEqual(['b']);
    store.merge([silenceOf({ id: 'a', matcherSets, endsAt: at(9), updatedAt: at(2) })], NOON);
    for (const one of ['1', '2', '3', '4', '5']) expect(seenBy(one, NOON + 3 * MINUTE)).toEqual(['a', 'b']);
    store.merge([silenceOf({ id: 'b', matcherSets, endsAt: at(4), updatedAt: at(4) })], NOON);
    expect([seenBy('6', NOON + 5 * MINUTE), store.matcherIndexSize]).toEqual([['a'], 1]);
  });

  it('takes up what it needs for a matcher once for all silences that have it, and lets it go with the last', () => {
    const compiled: string[] = [];
    const store = new Silences((matcher) => {
      compiled.push(matcher.value);
      return compileMatcher(matcher);
    });
    const sets = (value: string): MatcherSet[] => [[{ name: 'team', type: '=~', value }]];
    store.merge(
      [silenceOf({ id: 'a', matcherSets: sets('d.') }), silenceOf({ id: 'b', matcherSets: sets('d.') })],
      NOON,
    );
    store.merge([silenceOf({ id: 'a', matcherSets: sets('x'), updatedAt: at(1) })], NOON);
    expect([compiled, mutedBy(store)]).toEqual([['d.', 'x'], ['b']]);
    store.gc(NOON + 1000 * HOUR);
    store.merge([silenceOf({ id: 'c', matcherSets: sets('d.') })], NOON);
    expect([compiled, mutedBy(store)]).toEqual([['d.', 'x', 'd.'], ['c']]);
    expect([store.versionIndexSize, store.matcherIndexSize]).toEqual([1, 1]);
  });

  it('counts a set of the state at the start that it can’t compile apart from one that came later', () => {
    const store = storeOf(silenceOf({ matcherSets: [[{ name: 'a', type: '=~', value: '(' }]] }));
    store.merge(
      [silenceOf({ id: 'x', matcherSets: [[{ name: 'a', type: '=~', value: ')' }]] })],
      NOON,
      'load_snapshot',
    );
    expect(store.totals.compileErrors).toEqual({ index: 1, load_snapshot: 1 });
  });
});

describe('Silences.merge', () => {
  it('takes the later update, reports only changes, and refuses what has expired', () => {
    const store = storeOf();
    const [old, young] = [silenceOf(), silenceOf({ updatedAt: at(1), comment: 'young' })];
    expect(store.merge([young, old, young], NOON)).toEqual([young]);
    expect(store.merge([silenceOf({ updatedAt: at(1), comment: 'tie' })], NOON)).toEqual([]);
    expect(store.get(old.id)).toBe(young);
    expect(store.merge([silenceOf({ id: 'gone', expiresAt: at(-1) })], NOON)).toEqual([]);
  });
  it('comes to the same state in whatever order and however often silences arrive', () => {
    const silences = fc.array(
      fc
        .record({ id: fc.constantFrom('1', '2', '3'), version: fc.integer({ min: -9, max: 9 }) })
        .map(({ id, version }) =>
          silenceOf({ id, updatedAt: instantOf(NOON + version), comment: String(version) }),
        ),
    );
    const stateOf = (all: Iterable<Silence>): unknown =>
      [...storeOf(...all).entries()].map(({ id, comment }) => `${id} ${comment}`).sort();
    fc.assert(
      fc.property(silences, silences, silences, (a, b, c) => {
        const state = stateOf([...a, ...b, ...c]);
        expect(stateOf([...c, ...b, ...a, ...b])).toEqual(state);
        expect(stateOf([...storeOf(...a, ...b).entries(), ...c])).toEqual(state);
      }),
    );
  });
});

describe('Silences, listed', () => {
  const store = storeOf(
    silenceOf({ id: 'expired early', startsAt: at(-60), endsAt: at(-9) }),
    silenceOf({ id: 'expired late', startsAt: at(-60), endsAt: at(-1) }),
    silenceOf({
      id: 'pending late',
      startsAt: at(9),
      matcherSets: [
        [
          { name: 'a', type: '=~', value: 'b' },
          { name: 'c', type: '=', value: 'd' },
        ],
      ],
    }),
    silenceOf({ id: 'pending soon', startsAt: at(1) }),
    silenceOf({ id: 'active long', endsAt: at(90) }),
    silenceOf({ id: 'active short', endsAt: at(1) }),
  );
  it('shows active ones that end soon first, then pending ones, then the last expired', () => {
    expect(store.query({}, NOON).map(({ id }) => id)).toEqual([
      'active short',
      'active long',
      'pending soon',
      'pending late',
      'expired late',
      'expired early',
    ]);
  });
  it('filters by matchers as they are written, and by state', () => {
    const filter = [{ name: 'c', type: '=', value: 'd' }] as const;
    expect(store.query({ filter }, NOON)).toHaveLength(1);
    expect(store.query({ filter: [...filter, { name: 'a', type: '=', value: 'b' }] }, NOON)).toEqual([]);
    expect(store.query({ states: new Set(['pending']) }, NOON)).toHaveLength(2);
  });
  it('counts by state', () => {
    expect(store.counts(NOON)).toEqual({ active: 2, pending: 2, expired: 2 });
  });
});
