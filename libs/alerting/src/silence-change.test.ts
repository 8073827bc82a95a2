import fc from 'fast-check';
import { AppError } from '@tocsin/kernel';
import { addMs, compareInstants, instantOf, LabelSet, zeroInstant, type Instant } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { decodeSilence } from './silence-codec.ts';
import {
  expireSilence,
  setSilence,
  type SilenceChange,
  type SilenceRequest,
  type SilenceSettings,
} from './silence-change.ts';
import { formatMatcherSets, silenceState, type MatcherSet, type Silence } from './silence.ts';
import { HOUR, MINUTE, NOON, settings, silenceOf } from './testing/fixtures.ts';

const at = (minutes: number): Instant => instantOf(NOON + minutes * MINUTE);
const NEW_ID = '00000000-0000-4000-8000-0000000000ff';
const active = silenceOf({ startsAt: at(-60), endsAt: at(60), updatedAt: at(-60) });
const pending = silenceOf({ id: 'pending', startsAt: at(10), endsAt: at(60), updatedAt: at(-60) });
const expired = silenceOf({ id: 'expired', startsAt: at(-60), endsAt: at(-1), updatedAt: at(-60) });
const held = new Map([active, pending, expired].map((silence) => [silence.id, silence]));

const requestOf = (over: Partial<SilenceRequest> = {}): SilenceRequest => ({
  matcherSets: active.matcherSets,
  startsAt: active.startsAt,
  endsAt: at(120),
  createdBy: 'ann',
  comment: 'longer',
  annotations: LabelSet.empty,
  ...over,
});
const set = (request: SilenceRequest, over: Partial<SilenceSettings> = {}): SilenceChange =>
  setSilence(held, request, NOON, () => NEW_ID, { ...settings, ...over });
const errorOf = (request: SilenceRequest, over: Partial<SilenceSettings> = {}): string => {
  try {
    set(request, over);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return error instanceof AppError ? `${error.code}: ${error.message}` : '';
  }
  return 'accepted';
};

describe('setSilence, in place', () => {
  it('changes end, author and comment of an active silence and keeps its id', () => {
    const { id, changed } = set(requestOf({ id: active.id, createdBy: 'bob' }));
    expect(id).toBe(active.id);
    expect(changed).toMatchObject([
      {
        id: active.id,
        endsAt: at(120),
        createdBy: 'bob',
        comment: 'longer',
        updatedAt: at(0),
        expiresAt: addMs(at(120), 120 * HOUR),
      },
    ]);
  });
  it('takes a start within the same second for the same start', () => {
    expect(set(requestOf({ id: active.id, startsAt: addMs(active.startsAt, 999) })).id).toBe(active.id);
    expect(set(requestOf({ id: active.id, startsAt: addMs(active.startsAt, 1000) })).id).toBe(NEW_ID);
  });
  it('moves a pending silence as long as its start stays in the future', () => {
    expect(set(requestOf({ id: 'pending', startsAt: at(0) })).id).toBe('pending');
    expect(set(requestOf({ id: 'pending', startsAt: at(-1) })).id).toBe(NEW_ID);
  });
  it('changes annotations, and takes the same matchers in another order for others', () => {
    const two: MatcherSet = [
      { name: 'a', type: '=', value: 'b' },
      { name: 'c', type: '=~', value: 'd|' },
    ];
    const known = silenceOf({ ...active, matcherSets: [two, two.toReversed()] });
    const change = (request: Partial<SilenceRequest>): SilenceChange =>
      setSilence(
        { size: 1, get: () => known },
        requestOf({ id: known.id, ...request }),
        NOON,
        () => NEW_ID,
        settings,
      );
    const annotations = LabelSet.fromObject({ ticket: 'OPS-1' });
    const [updated] = change({ matcherSets: known.matcherSets, annotations }).changed;
    expect(updated).toMatchObject({ id: known.id, annotations });
    expect(decodeSilence(updated?.bytes ?? new Uint8Array(0)).annotations.json).toBe('{"ticket":"OPS-1"}');
    expect(change({ matcherSets: known.matcherSets.toReversed() }).id).toBe(NEW_ID);
    expect(change({ matcherSets: [two] }).id).toBe(NEW_ID);
  });
  it('keeps what the request can’t say: receiver matchers and fields of newer peers', () => {
    const rich = silenceOf({
      ...active,
      receiverMatcherSets: [[{ name: 'name', type: '=', value: 'r' }]],
      unknownFields: Uint8Array.of(0x6a, 1, 0x78),
    });
    const state = { size: 1, get: () => rich };
    const [updated] = setSilence(state, requestOf({ id: rich.id }), NOON, () => NEW_ID, settings).changed;
    expect(decodeSilence(updated?.bytes ?? new Uint8Array(0))).toMatchObject({
      receiverMatcherSets: rich.receiverMatcherSets,
      unknownFields: rich.unknownFields,
    });
  });
  it('wins over a version that a faster clock has stamped', () => {
    const ahead = silenceOf({ ...active, updatedAt: at(5) });
    const [updated] = setSilence(
      { size: 1, get: () => ahead },
      requestOf({ id: ahead.id }),
      NOON,
      () => NEW_ID,
      settings,
    ).changed;
    expect(updated?.updatedAt).toEqual({ ...at(5), nanos: at(5).nanos + 1 });
  });
});

describe('setSilence, anew', () => {
  it('creates a silence that starts no earlier than now, in UTC', () => {
    const { id, changed } = set(requestOf({ endsAt: { ...at(120), offsetMinutes: 60 } }));
    expect(id).toBe(NEW_ID);
    expect(changed).toMatchObject([{ id: NEW_ID, startsAt: at(0), endsAt: at(120), updatedAt: at(0) }]);
  });
  it('starts now when no start is given', () => {
    expect(set(requestOf({ startsAt: undefined })).changed[0]?.startsAt).toEqual(at(0));
  });
  it('ends the old silence when the matchers change, for the history', () => {
    const { changed } = set(
      requestOf({ id: active.id, matcherSets: [[{ name: 'a', type: '=', value: 'b' }]] }),
    );
    expect(changed).toMatchObject([
      { id: active.id, startsAt: active.startsAt, endsAt: at(0), updatedAt: at(0) },
      { id: NEW_ID, startsAt: at(0), endsAt: at(120) },
    ]);
  });
  it('starts now when the start is the zero time', () => {
    expect(set(requestOf({ startsAt: zeroInstant })).changed[0]?.startsAt).toEqual(at(0));
  });
  it('ends a pending silence that is replaced before it began', () => {
    const { changed } = set(requestOf({ id: 'pending', startsAt: at(-1) }));
    expect(changed).toMatchObject([
      { id: 'pending', startsAt: at(0), endsAt: at(0) },
      { id: NEW_ID, startsAt: at(0) },
    ]);
  });
  it('leaves an expired silence as it was', () => {
    expect(set(requestOf({ id: 'expired' })).changed.map(({ id }) => id)).toEqual([NEW_ID]);
  });
});

describe('setSilence, refused', () => {
  const matchers = (...matcherSet: SilenceRequest['matcherSets'][number]): SilenceRequest =>
    requestOf({ matcherSets: [matcherSet] });

  it('says which time is wrong', () => {
    const prefix = 'invalid: Failed to create silence: ';
    expect(errorOf(requestOf({ startsAt: at(120) }))).toBe(`${prefix}start time must be before end time`);
    expect(errorOf(requestOf({ endsAt: at(-1) }))).toBe(`${prefix}end time can't be in the past`);
  });
  it('does not know an id that nobody made', () => {
    expect(errorOf(requestOf({ id: 'x' }))).toBe('not-found: silence not found');
  });
  it('demands a matcher that does not match the empty string in each set', () => {
    const text =
      'invalid: invalid silence: matcher set 0: at least one matcher must not match the empty string';
    expect(errorOf(matchers({ name: 'a', type: '=', value: '' }))).toBe(text);
    expect(
      errorOf(matchers({ name: 'a', type: '=~', value: '.*' }, { name: 'b', type: '=', value: '' })),
    ).toBe(text);
    const second = requestOf({
      matcherSets: [[{ name: 'a', type: '=', value: 'b' }], [{ name: 'a', type: '=~', value: 'b?' }]],
    });
    expect(errorOf(second)).toBe(text.replace('set 0', 'set 1'));
  });
  it('allows a set of negative matchers only', () => {
    expect(errorOf(matchers({ name: 'a', type: '!=', value: 'b' }))).toBe('accepted');
    expect(errorOf(matchers({ name: 'a', type: '!~', value: 'b' }))).toBe('accepted');
  });
  it('names the matcher that is wrong', () => {
    const where = 'invalid: invalid silence: invalid label matcher 1 in set 0: ';
    const good = { name: 'a', type: '=', value: 'b' } as const;
    expect(errorOf(matchers(good, { name: '', type: '=', value: 'b' }))).toBe(
      `${where}invalid label name ""`,
    );
    expect(errorOf(matchers(good, { name: 'a', type: '=', value: '\ud800' }))).toBe(
      `${where}invalid label value "\ufffd"`,
    );
    expect(errorOf(matchers(good, { name: 'a', type: '=~', value: '(' }))).toMatch(
      `${where}invalid regular expression "(": `,
    );
    expect(errorOf(requestOf({ matcherSets: [] }))).toMatch(/^invalid: invalid silence: /);
    expect(errorOf(requestOf({ matcherSets: [[]] }))).toMatch(/^invalid: invalid silence: /);
  });
  it('judges a pattern alone, as the author wrote it', () => {
    const wrong = (value: string): string => errorOf(matchers({ name: 'a', type: '=~', value }));
    const where = 'invalid: invalid silence: invalid label matcher 0 in set 0: invalid regular expression';
    expect(wrong('a)|(b')).toBe(`${where} "a)|(b": error parsing regexp: unexpected ): \`a)|(b\``);
    expect(wrong('(')).toBe(`${where} "(": error parsing regexp: missing closing ): \`(\``);
    expect(wrong('x'.repeat(4097))).toContain('regular expression of 4097 bytes: at most 4096 are allowed');
  });
  it('knows the label names of each mode', () => {
    const wish = matchers({ name: 'my label', type: '=', value: 'b' });
    expect([errorOf(wish), errorOf(wish, { mode: 'utf8' })]).toEqual(['accepted', 'accepted']);
    expect(errorOf(wish, { mode: 'classic' })).toBe(
      'invalid: invalid silence: invalid label matcher 0 in set 0: invalid label name "my label"',
    );
  });
  it('names the set that is wrong, and looks at the matchers before the id and the limits', () => {
    const second = requestOf({ id: 'unknown', matcherSets: [...active.matcherSets, []] });
    expect(errorOf(second, { maxSilences: 1 })).toBe(
      'invalid: invalid silence: matcher set 1: at least one matcher required',
    );
    expect(errorOf(requestOf({ id: 'unknown' }), { maxSilences: 1 })).toBe('not-found: silence not found');
  });
  it('changes nothing of the old silence when the new one is refused', () => {
    const other = requestOf({ id: active.id, matcherSets: [[{ name: 'a', type: '=', value: 'b' }]] });
    expect(errorOf(other, { maxSilences: 3 })).toMatch(/^limit: /);
    expect(errorOf(other, { maxSilenceSizeBytes: 10 })).toMatch(/^limit: silence exceeded maximum size: /);
    expect(held.get(active.id)).toBe(active);
  });
  it('keeps to the limits, expired silences counted, but always lets a known one be updated', () => {
    expect(errorOf(requestOf(), { maxSilences: 3 })).toBe(
      'limit: exceeded maximum number of silences: 3 (limit: 3)',
    );
    expect(errorOf(requestOf({ id: active.id }), { maxSilences: 3 })).toBe('accepted');
    const size = set(requestOf()).changed[0]?.bytes.length ?? 0;
    expect(errorOf(requestOf(), { maxSilenceSizeBytes: size })).toBe('accepted');
    expect(errorOf(requestOf(), { maxSilenceSizeBytes: size - 1 })).toBe(
      `limit: silence exceeded maximum size: ${size} bytes (limit: ${size - 1} bytes)`,
    );
  });
});

describe('expireSilence', () => {
  it('ends an active silence now and leaves its start', () => {
    expect(expireSilence(active, NOON, settings)).toMatchObject({
      startsAt: active.startsAt,
      endsAt: at(0),
      updatedAt: at(0),
    });
  });
  it('moves a pending one to now, so that it never was', () => {
    expect(expireSilence(pending, NOON, settings)).toMatchObject({ startsAt: at(0), endsAt: at(0) });
  });
  it('has nothing to do for an expired one', () => {
    expect(expireSilence(expired, NOON, settings)).toBeUndefined();
  });
  it('leaves a silence that silences nothing from that very instant, and that every peer takes', () => {
    const minutes = fc.integer({ min: -30, max: 30 });
    fc.assert(
      fc.property(minutes, fc.nat(60), minutes, (start, length, updated) => {
        const silence: Silence = silenceOf({
          startsAt: at(start),
          endsAt: at(start + length),
          updatedAt: at(updated),
        });
        const ended = expireSilence(silence, NOON, settings);
        expect(silenceState(ended ?? silence, NOON)).toBe('expired');
        if (ended === undefined) return;
        expect(compareInstants(ended.updatedAt, silence.updatedAt)).toBeGreaterThan(0);
        expect(decodeSilence(ended.bytes)).toEqual(ended);
      }),
    );
  });
});

describe('formatMatcherSets', () => {
  it('shows every set, also one that nobody can compile', () => {
    expect(
      formatMatcherSets([
        [
          { name: 'a', type: '=', value: 'b"c' },
          { name: 'd', type: '!~', value: '(' },
        ],
        [{ name: 'my label', type: '=', value: '' }],
      ]),
    ).toBe('{a="b\\"c",d!~"("} or {"my label"=""}');
  });
});
