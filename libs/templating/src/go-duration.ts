/** Go's time.Duration: nanoseconds as a 64-bit integer with methods. */
import { GoInt, INT64, type GoObject, type GoType, type Method, type Value } from './values.ts';

const MICROSECOND = 1000n;
const MILLISECOND = 1_000_000n;
export const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const MAX_DURATION = 2n ** 63n - 1n;
const MIN_DURATION = -(2n ** 63n);

const nanosOf = (self: GoObject): bigint => (self instanceof GoInt ? self.value : 0n);
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const clamp = (value: bigint): bigint =>
  value > MAX_DURATION ? MAX_DURATION : value < MIN_DURATION ? MIN_DURATION : value;

const int64 = (unit: bigint): Method => ({
  params: [],
  call: (self) => new GoInt(INT64, nanosOf(self) / unit),
});
// Whole units and the rest apart, so that large durations keep their fraction.
const float = (unit: bigint): Method => ({
  params: [],
  call: (self) => Number(nanosOf(self) / unit) + Number(nanosOf(self) % unit) / Number(unit),
});

// The methods answer durations and so need the type that holds them.
const methods = new Map<string, Method>();

export const DURATION: GoType = {
  name: 'time.Duration',
  kind: 'int',
  methods,
  text: (self) => durationText(nanosOf(self)),
};

/** Saturates at the 64-bit limits, as `Time.Sub` does. */
export const duration = (nanos: bigint): GoInt => new GoInt(DURATION, clamp(nanos));

const rounding = (round: (value: bigint, unit: bigint) => bigint): Method => ({
  params: [DURATION],
  call: (self, [unit]: readonly Value[]) => {
    const size = unit instanceof GoInt ? unit.value : 0n;
    return duration(size <= 0n ? nanosOf(self) : round(nanosOf(self), size));
  },
});

const table: readonly (readonly [string, Method])[] = [
  ['Nanoseconds', int64(1n)],
  ['Microseconds', int64(MICROSECOND)],
  ['Milliseconds', int64(MILLISECOND)],
  ['Seconds', float(SECOND)],
  ['Minutes', float(MINUTE)],
  ['Hours', float(HOUR)],
  ['Abs', { params: [], call: (self) => duration(absolute(nanosOf(self))) }],
  ['String', { params: [], call: (self) => durationText(nanosOf(self)) }],
  ['Truncate', rounding((value, unit) => value - (value % unit))],
  ['Round', rounding(roundHalfAway)],
];
for (const [name, method] of table) methods.set(name, method);

function roundHalfAway(value: bigint, unit: bigint): bigint {
  const rest = absolute(value) % unit;
  const down = absolute(value) - rest;
  const size = rest * 2n < unit ? down : down + unit;
  return value < 0n ? -size : size;
}

/** `1h2m3.5s`; below a second in ms, µs or ns. */
export function durationText(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const size = absolute(nanos);
  if (size < MICROSECOND) return `${sign}${size}ns`;
  if (size < MILLISECOND) return `${sign}${decimal(size, MICROSECOND)}µs`;
  if (size < SECOND) return `${sign}${decimal(size, MILLISECOND)}ms`;
  const hours = size / HOUR;
  const minutes = (size / MINUTE) % 60n;
  const seconds = decimal(size % MINUTE, SECOND);
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function decimal(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
}
