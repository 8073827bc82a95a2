/**
 * Two ways to write a span of time, both here as milliseconds:
 *
 * - Prometheus's, in configuration files: `1w2d3h4m5s6ms`, whole numbers, units in falling order.
 * - Go's, in the flags of the binaries: `1h30m`, `1.5s`, `-300ms`, no unit above the hour.
 *
 * Rules and texts: spec/alertmanager.md 1.2.
 */
import { AppError } from '@tocsin/kernel';
import { goQuote } from './go-quote.ts';

interface Unit {
  readonly name: string;
  readonly ms: number;
  /** Printed only when the whole rest is a multiple of it. */
  readonly isExact: boolean;
}

const UNITS: readonly Unit[] = [
  { name: 'y', ms: 31_536_000_000, isExact: true },
  { name: 'w', ms: 604_800_000, isExact: true },
  { name: 'd', ms: 86_400_000, isExact: false },
  { name: 'h', ms: 3_600_000, isExact: false },
  { name: 'm', ms: 60_000, isExact: false },
  { name: 's', ms: 1000, isExact: false },
  { name: 'ms', ms: 1, isExact: false },
];

/** 2^63-1 nanoseconds, which is what the peers can hold. */
export const MAX_DURATION_MS = 9_223_372_036_854;
/** No duration needs more; keeps the error text short too. */
const MAX_DURATION_TEXT = 256;

/** Milliseconds of a duration in a configuration file. Throws AppError `invalid`. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw AppError.invalid('empty duration string');
  const bad = (): AppError =>
    AppError.invalid(`not a valid duration string: ${goQuote(text.slice(0, MAX_DURATION_TEXT))}`);
  if (text.length > MAX_DURATION_TEXT) throw bad();
  let total = 0;
  let rest = text;
  let lastUnit = -1;
  while (rest !== '') {
    const [part, digits, name] = /^(\d+)(\D+)/.exec(rest) ?? [];
    if (part === undefined || digits === undefined || name === undefined) throw bad();
    rest = rest.slice(part.length);
    const position = UNITS.findIndex((unit) => unit.name === name);
    const unit = UNITS[position];
    if (unit === undefined)
      throw AppError.invalid(`unknown unit ${goQuote(name)} in duration ${goQuote(text)}`);
    if (position <= lastUnit) throw bad();
    lastUnit = position;
    total += Number(digits) * unit.ms;
    if (total > MAX_DURATION_MS) throw AppError.invalid('duration out of range');
  }
  return total;
}

/** Canonical text of a duration; a fraction of a millisecond is cut. */
export function formatDuration(ms: number): string {
  let rest = Math.trunc(Math.abs(ms));
  if (rest === 0) return '0s';
  let text = ms < 0 ? '-' : '';
  for (const unit of UNITS) {
    if (unit.isExact && rest % unit.ms !== 0) continue;
    const count = Math.floor(rest / unit.ms);
    if (count === 0) continue;
    text += `${count}${unit.name}`;
    rest -= count * unit.ms;
  }
  return text;
}

// Nanoseconds. Both signs for micro: U+00B5 and U+03BC.
const GO_UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['\u00b5s', 1000n],
  ['\u03bcs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const MAX_NANOS = 2n ** 63n - 1n;

/** Milliseconds (fractions down to the nanosecond) of a duration given as a flag. Throws AppError `invalid`. */
export function parseGoDuration(text: string): number {
  const bad = (): AppError =>
    AppError.invalid(`time: invalid duration ${goQuote(text.slice(0, MAX_DURATION_TEXT))}`);
  if (text.length > MAX_DURATION_TEXT) throw bad();
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw bad();
  let nanos = 0n;
  while (rest !== '') {
    const [part, whole = '', fraction, name = ''] = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest) ?? [];
    if (part === undefined || (whole === '' && (fraction ?? '') === '')) throw bad();
    if (name === '') throw AppError.invalid(`time: missing unit in duration ${goQuote(text)}`);
    const unit = GO_UNITS.get(name);
    if (unit === undefined)
      throw AppError.invalid(`time: unknown unit ${goQuote(name)} in duration ${goQuote(text)}`);
    const digits = (fraction ?? '').slice(0, 15);
    nanos +=
      BigInt(whole === '' ? '0' : whole) * unit +
      (BigInt(`0${digits}`) * unit) / 10n ** BigInt(digits.length);
    if (nanos > MAX_NANOS) throw bad();
    rest = rest.slice(part.length);
  }
  return (sign * Number(nanos)) / 1e6;
}

/** As Go prints a duration: `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const nanos = BigInt(Math.round(Math.abs(ms) * 1e6));
  if (nanos === 0n) return '0s';
  const sign = ms < 0 ? '-' : '';
  const decimal = (unit: bigint, name: string): string => {
    const fraction = (nanos % unit)
      .toString()
      .padStart(unit.toString().length - 1, '0')
      .replace(/0+$/, '');
    return `${nanos / unit}${fraction === '' || unit === 1n ? '' : `.${fraction}`}${name}`;
  };
  if (nanos < 1000n) return `${sign}${decimal(1n, 'ns')}`;
  if (nanos < 1_000_000n) return `${sign}${decimal(1000n, '\u00b5s')}`;
  if (nanos < 1_000_000_000n) return `${sign}${decimal(1_000_000n, 'ms')}`;
  const minutes = nanos / 60_000_000_000n;
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  const seconds = `${(nanos / 1_000_000_000n) % 60n}${fraction === '' ? '' : `.${fraction}`}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n
    ? `${sign}${minutes}m${seconds}`
    : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}
