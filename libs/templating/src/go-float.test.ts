import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFloat } from './go-float.ts';

test.each([
  [0, 'g', undefined, '0'],
  [-0, 'g', undefined, '-0'],
  [100_000, 'g', undefined, '100000'],
  [1e6, 'g', undefined, '1e+06'],
  [123_456_789, 'g', undefined, '1.23456789e+08'],
  [0.0001, 'g', undefined, '0.0001'],
  [0.00001, 'g', undefined, '1e-05'],
  [5e-324, 'g', undefined, '5e-324'],
  [NaN, 'g', undefined, 'NaN'],
  [Infinity, 'f', 2, '+Inf'],
  [-Infinity, 'e', 2, '-Inf'],
  [0, 'g', 4, '0'],
  [9999.9, 'g', 4, '1e+04'],
  [999.95, 'g', 4, '1000'],
  [0.99996, 'g', 4, '1'],
  [100_000, 'g', 4, '1e+05'],
  [9.95, 'f', 1, '9.9'],
  [1.25, 'f', 1, '1.2'],
  [2.5, 'f', 0, '2'],
  [99.96, 'f', 1, '100.0'],
  [0.04, 'f', 1, '0.0'],
  [9.6, 'e', 0, '1e+01'],
  [0, 'e', 2, '0.00e+00'],
  [1e21, 'G', undefined, '1E+21'],
  [1e-7, 'f', undefined, '0.0000001'],
] as const)('%d in %s with precision %s is %s', (value, verb, precision, expected) => {
  expect(formatFloat(value, verb, precision)).toBe(expected);
});

test('the shortest form reads back as the same number', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom('e', 'f', 'g'),
      (value, verb) => {
        expect(Number(formatFloat(value, verb as 'e' | 'f' | 'g'))).toBe(value);
      },
    ),
  );
});

test('a fixed precision is within half a unit of the value, with exactly that many digits', () => {
  const values = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 12 }), (value, precision) => {
      const text = formatFloat(value, 'f', precision);
      expect(text).toMatch(precision === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${precision}}$`));
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(
        0.5 * 10 ** -precision + Math.abs(value) * 2 ** -52,
      );
    }),
  );
});
