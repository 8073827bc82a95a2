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
  it('agrees with the platform about the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 }), (ms) => {
        expect(formatMillis(instantOf(ms))).toBe(new Date(ms).toISOString());
        expect(parseInstant(new Date(ms).toISOString())).toEqual(instantOf(ms));
      }),
    );
  });
});
