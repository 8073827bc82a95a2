import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatGoDuration,
  MAX_DURATION_MS,
  parseDuration,
  parseGoDuration,
} from './duration.ts';

/** Only AppError may come out of a parser. */
function attempt(parse: () => unknown): void {
  try {
    parse();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
  }
}

const durationLike = fc
  .array(
    fc.constantFrom(
      '0',
      '1',
      '59',
      '007',
      'ns',
      'us',
      'µs',
      'ms',
      's',
      'm',
      'h',
      'd',
      'w',
      'y',
      '.',
      '-',
      '+',
      ' ',
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));

describe('durations of the configuration file', () => {
  it('read back what they print, for every value that peers can hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it('print whole years and weeks only, and days for the rest', () => {
    expect(formatDuration(7 * 86_400_000)).toBe('1w');
    expect(formatDuration(9 * 86_400_000)).toBe('9d');
    expect(formatDuration(-90_000)).toBe('-1m30s');
    expect(formatDuration(0)).toBe('0s');
  });

  it('are refused as a whole beyond 2^63-1 nanoseconds, however they add up', () => {
    expect(() => parseDuration('292y52w')).toThrow('duration out of range');
    expect(() => parseDuration(`${'9'.repeat(30)}s`)).toThrow('duration out of range');
    expect(() => parseDuration('')).toThrow('empty duration string');
  });

  it('refuse any other text with an AppError and nothing else', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), durationLike), (text) => attempt(() => parseDuration(text))));
  });
});

describe('durations of flags', () => {
  // Beyond, a number of milliseconds no longer tells one nanosecond from the next.
  it('up to eleven days read back what they print, to the nanosecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000_000_000, max: 1_000_000_000_000_000 }), (nanos) => {
        const ms = nanos / 1e6;
        expect(parseGoDuration(formatGoDuration(ms))).toBe(ms);
      }),
    );
  });

  it('print as Go does', () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, '0s'],
      [0.000001, '1ns'],
      [0.0015, '1.5µs'],
      [300, '300ms'],
      [1500, '1.5s'],
      [60_000, '1m0s'],
      [5_400_000, '1h30m0s'],
      [-1001, '-1.001s'],
      [120 * 3_600_000, '120h0m0s'],
    ];
    for (const [ms, text] of cases) expect(formatGoDuration(ms)).toBe(text);
  });

  it('take fractions, signs and both signs for micro, but no days', () => {
    expect(parseGoDuration('1h15m30.918s')).toBe(4_530_918);
    expect(parseGoDuration('-.5s')).toBe(-500);
    expect(parseGoDuration('+5us')).toBe(0.005);
    expect(parseGoDuration('5µs')).toBe(parseGoDuration('5μs'));
    expect(parseGoDuration('0')).toBe(0);
    expect(() => parseGoDuration('1d')).toThrow('time: unknown unit "d" in duration "1d"');
    expect(() => parseGoDuration('1')).toThrow('time: missing unit in duration "1"');
    expect(() => parseGoDuration('.s')).toThrow('time: invalid duration ".s"');
    expect(() => parseGoDuration('2562048h')).toThrow('time: invalid duration "2562048h"');
  });

  it('refuse any other text with an AppError and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), durationLike), (text) => attempt(() => parseGoDuration(text))),
    );
  });
});
