import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGoDuration, parseGoDurationMs, parsePrometheusDurationMs } from './duration.ts';

describe('parseGoDurationMs', () => {
  it.each([
    ['0', 0],
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['1m0s', 60_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['200us', 0.2],
    ['200µs', 0.2],
    ['100ns', 0.0001],
    ['-1m', -60_000],
    ['+2s', 2_000],
    ['1s1h', 3_601_000],
  ])('reads %s', (text, ms) => expect(parseGoDurationMs(text)).toBeCloseTo(ms, 9));

  it.each(['', '5', '1d', '1 h', 's', '1x', '--1s', '.s', '9999999999h', '1h '])('refuses %j', (text) =>
    expect(parseGoDurationMs(text)).toBeUndefined(),
  );
});

describe('parsePrometheusDurationMs', () => {
  it.each([
    ['0', 0],
    ['5d', 432_000_000],
    ['1w2d', 777_600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1y', 31_536_000_000],
  ])('reads %s', (text, ms) => expect(parsePrometheusDurationMs(text)).toBe(ms));

  it.each(['', '1', '1.5h', '30m1h', '-5m', '1us', '5m ', '300y'])('refuses %j', (text) =>
    expect(parsePrometheusDurationMs(text)).toBeUndefined(),
  );
});

describe('formatGoDuration', () => {
  it.each([
    [0, '0s'],
    [60_000, '1m0s'],
    [21_600_000, '6h0m0s'],
    [200, '200ms'],
    [1_500, '1.5s'],
    [0.2, '200µs'],
    [-90_000, '-1m30s'],
  ])('prints %d ms as %s', (ms, text) => expect(formatGoDuration(ms)).toBe(text));

  it('prints what parses back to the same duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(parseGoDurationMs(formatGoDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });
});
