import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, decodeUtf8, encodeUtf8, isUtf8, isWellFormed, utf8Length } from './utf8.ts';

const text = fc.string({ unit: 'binary' });
const anyUnits = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));

describe('utf8', () => {
  it('encodes as the platform does, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.oneof(text, anyUnits), (value) => {
        expect(encodeUtf8(value)).toEqual(new Uint8Array(new TextEncoder().encode(value)));
        expect(utf8Length(value)).toBe(new TextEncoder().encode(value).length);
      }),
    );
  });

  it('decodes as the platform does, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decodeUtf8(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        let valid = true;
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        } catch {
          valid = false;
        }
        expect(isUtf8(bytes)).toBe(valid);
      }),
      { numRuns: 5_000 },
    );
  });

  it('orders as the bytes do, beyond the BMP too', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareUtf8('\uFFFD', '😀')).toBeLessThan(0);
  });

  it('knows lone surrogates', () => {
    expect(isWellFormed('a😀')).toBe(true);
    expect(isWellFormed('a\ud800')).toBe(false);
    expect(isWellFormed('\udc00')).toBe(false);
  });
});
