import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMillis, formatNanos, instantOf, parseInstant } from './instant.ts';
import { LabelSet } from './label-set.ts';
import { fnv1a64Hex, xxh64Hex } from './hash64.ts';

const fnv = (bytes: Uint8Array): string => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
};

describe('LabelSet', () => {
  it('hashes like a BigInt FNV-1a, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fnv1a64Hex(bytes)).toBe(fnv(bytes));
      }),
    );
  });

  it('knows the published vectors of both hashes', () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(LabelSet.empty.fingerprint).toBe('cbf29ce484222325');
    expect(xxh64Hex(bytes(''))).toBe('ef46db3751d8e999');
    expect(xxh64Hex(bytes('a'))).toBe('d24ec4f1a98c6e5b');
    expect(xxh64Hex(bytes('abc'))).toBe('44bc2cf5ad770999');
    expect(xxh64Hex(bytes('Nobody inspects the spammish repetition'))).toBe('fbcea83c8a378bf1');
  });

  it('sorts by UTF-8 bytes and prints values as Go quotes them', () => {
    const labels = LabelSet.of([
      ['😀', '1'],
      ['\uffee', '2'],
      ['a', 'x"\n\u00a0é'],
    ]);
    expect(labels.toString()).toBe('{a="x\\"\\n\\u00a0é", \uffee="2", 😀="1"}');
    expect(labels.get('__proto__')).toBeUndefined();
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('__proto__', '1', 'a', '\ud800', 'é"\n\\'),
);
const anyPairs = fc.array(fc.tuple(anyText, anyText), { maxLength: 6 });

describe('a label set that is held for long', () => {
  it('is the same set, however it is held', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const plain = LabelSet.of(pairs);
        for (const held of [
          LabelSet.of(pairs).share(),
          LabelSet.of(pairs).compact(),
          LabelSet.of(pairs).compact().share(),
        ]) {
          expect(held.pairs).toEqual(plain.pairs);
          expect(held.json).toBe(plain.json);
          expect([held.fingerprint, held.hash]).toEqual([plain.fingerprint, plain.hash]);
          expect([held.equals(plain), plain.equals(held)]).toEqual([true, true]);
          for (const [name] of pairs) expect(held.get(name)).toBe(plain.get(name));
        }
      }),
    );
  });

  it('equals only a set with the same names and values', () => {
    fc.assert(
      fc.property(anyPairs, anyPairs, (some, others) => {
        const isSame = JSON.stringify(LabelSet.of(some).pairs) === JSON.stringify(LabelSet.of(others).pairs);
        expect(LabelSet.of(some).compact().equals(LabelSet.of(others).compact())).toBe(isSame);
        expect(LabelSet.of(some).compact().equals(LabelSet.of(others))).toBe(isSame);
      }),
    );
  });

  it('prints the JSON that the platform prints', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const { pairs: sorted, json } = LabelSet.of(pairs);
        const expected = sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
        expect(json).toBe(`{${expected.join(',')}}`);
      }),
    );
  });
});

describe('Instant', () => {
  it('reads and prints what it printed, zones and nanoseconds included', () => {
    expect(formatNanos(parseInstant('2026-11-21T10:00:00.123456789+02:00') ?? instantOf(0))).toBe(
      '2026-11-21T10:00:00.123456789+02:00',
    );
    expect(formatMillis(parseInstant('2026-11-21T10:00:00+0200') ?? instantOf(0))).toBe(
      '2026-11-21T10:00:00.000+02:00',
    );
    expect(parseInstant('0001-01-01T00:00:00Z')?.seconds).toBe(-62_135_596_800);
    expect(parseInstant('2026-02-29')).toBeUndefined();
    expect(parseInstant('2026-11-21t10:00:00z')).toBeUndefined();
  });
  it('reads a damaged time as nothing, also when its minute is known', () => {
    const good = '2026-11-21T10:00:07.25Z';
    expect(parseInstant(good)?.nanos).toBe(250_000_000);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.constantFrom('x', ' ', ':', '.', 'é', '-'), (at, put) => {
        fc.pre(good[at] !== put);
        const damaged = good.slice(0, at) + put + good.slice(at + 1);
        // A blank may stand for the T.
        expect(parseInstant(damaged) === undefined || (at === 10 && put === ' ')).toBe(true);
      }),
    );
    expect(parseInstant('2026-11-21T10:00:60Z')).toBeUndefined();
    expect(parseInstant('2026-11-21T10:00:07.Z')).toBeUndefined();
    expect(parseInstant('2026-11-21T10:00:07.1234567891Z')?.nanos).toBe(123_456_789);
  });
  it('agrees with the platform about the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 }), (ms) => {
        expect(formatMillis(instantOf(ms))).toBe(new Date(ms).toISOString());
        expect(parseInstant(new Date(ms).toISOString())).toEqual(instantOf(ms));
      }),
    );
  });
});
