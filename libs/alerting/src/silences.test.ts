import fc from 'fast-check';
import { instantOf, LabelSet, type Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { expireSilence } from './silence-change.ts';
import { silenceState, type MatcherSet, type Silence } from './silence.ts';
import { Silences } from './silences.ts';
import { HOUR, matcherOf, MINUTE, NOON, settings, silenceOf } from './testing/fixtures.ts';

const at = (minutes: number): Instant => instantOf(NOON + minutes * MINUTE);
const labels = LabelSet.fromObject({ alertname: 'A', team: 'db' });
const storeOf = (...silences: readonly Silence[]): Silences => {
  const store = new Silences(settings.compile);
  store.merge(silences, NOON);
  return store;
};
const mutedBy = (store: Silences, now: number = NOON, of: LabelSet = labels): readonly string[] =>
  store.mutedBy(of, of.fingerprint, now);

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
    expect([store.compileErrors, mutedBy(store)]).toEqual([1, []]);
  });

  const matcherSets = fc.array(
    fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b'),
        type: fc.constantFrom('=' as const, '!=' as const),
        value: fc.constantFrom('', '1'),
      }),
      {
        maxLength: 2,
      },
    ),
    { maxLength: 2 },
  );
  const silence = fc
    .record({
      id: fc.constantFrom('s1', 's2', 's3'),
      matcherSets,
      start: fc.integer({ min: -3, max: 3 }),
      length: fc.nat(4),
      updated: fc.nat(20),
    })
    .map((drawn) =>
      silenceOf({
        ...drawn,
        startsAt: at(drawn.start),
        endsAt: at(drawn.start + drawn.length),
        updatedAt: instantOf(NOON + drawn.updated),
      }),
    );
  const alert = fc
    .record({ a: fc.constantFrom('', '1'), b: fc.constantFrom('1', '2') })
    .map((drawn) => LabelSet.fromObject(drawn));

  it('remembers nothing that is no longer so: always what matching everything anew would say', () => {
    const step = fc.oneof(
      fc.record({ merge: silence }),
      fc.record({ ask: alert }),
      fc.record({ gcAt: fc.constant(at(7000)) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: -5, max: 5 }), (steps, minute) => {
        const store = storeOf();
        for (const each of steps) {
          if ('merge' in each) store.merge([each.merge], NOON);
          else if ('gcAt' in each) store.gc(NOON + 7203 * MINUTE);
          else {
            const now = NOON + minute * MINUTE;
            const expected = [...store.entries()].filter(
              (one) =>
                silenceState(one, now) === 'active' && one.matcherSets.some((set) => matches(set, each.ask)),
            );
            expect(mutedBy(store, now, each.ask)).toEqual(expected.map(({ id }) => id).sort());
          }
        }
      }),
      { numRuns: 500 },
    );
  });
  const matches = (set: MatcherSet, of: LabelSet): boolean =>
    set.length > 0 &&
    set.every(({ name, type, value }) => matcherOf(name, type, value).matches(of.get(name) ?? ''));
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
