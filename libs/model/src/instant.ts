import type { WallMs } from '@tocsin/kernel';
import { ownCopy } from './shared-text.ts';

/**
 * A point in time to the nanosecond, as the wire carries it: the log of two replicas is ordered by
 * nanoseconds, and a webhook shows them. Decisions that only wait use milliseconds (`WallMs`).
 */
export interface Instant {
  /** Since the Unix epoch; negative before it. */
  readonly seconds: number;
  /** 0..999,999,999, always counted forwards. */
  readonly nanos: number;
  /** Minutes east of UTC in which it was written down; only for showing it. */
  readonly offsetMinutes: number;
}

/** Go's zero time, 0001-01-01T00:00:00Z: "no time given" on every wire of this field. */
export const zeroInstant: Instant = { seconds: -62_135_596_800, nanos: 0, offsetMinutes: 0 };
export const isZeroInstant = (instant: Instant): boolean =>
  instant.seconds === zeroInstant.seconds && instant.nanos === 0;

/** The same object as long as the same moment is asked for: all alerts of a batch share it. */
export function instantOf(ms: WallMs): Instant {
  if (ms === lastMs) return lastInstant;
  const seconds = Math.floor(ms / 1000);
  lastInstant = { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) % 1e9, offsetMinutes: 0 };
  lastMs = ms;
  return lastInstant;
}

let lastMs: WallMs = 0;
let lastInstant: Instant = { seconds: 0, nanos: 0, offsetMinutes: 0 };

/** Milliseconds, fraction of a millisecond cut. */
export const msOf = (instant: Instant): WallMs => instant.seconds * 1000 + Math.floor(instant.nanos / 1e6);

export function compareInstants(
  left: Pick<Instant, 'seconds' | 'nanos'>,
  right: Pick<Instant, 'seconds' | 'nanos'>,
): number {
  return left.seconds === right.seconds ? left.nanos - right.nanos : left.seconds - right.seconds;
}

/** True when the instant is not later than `ms`. */
export const isAtOrBefore = (instant: Instant, ms: WallMs): boolean =>
  compareInstants(instant, instantOf(ms)) <= 0;

/** Adds milliseconds (may be negative). */
export function addMs(instant: Instant, ms: number): Instant {
  const wholeSeconds = Math.floor(ms / 1000);
  let seconds = instant.seconds + wholeSeconds;
  let nanos = instant.nanos + Math.round((ms - wholeSeconds * 1000) * 1e6);
  if (nanos >= 1e9) {
    nanos -= 1e9;
    seconds++;
  }
  return { seconds, nanos, offsetMinutes: instant.offsetMinutes };
}

// Fields of what RFC 3339 allows, and the shorter forms that Alertmanager's API takes.
const PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,}))?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * RFC 3339 with or without seconds, fraction and zone (none: UTC), or a bare date (midnight UTC).
 * Undefined for anything else, impossible dates included. The fraction is cut after nine digits.
 */
export function parseInstant(text: string): Instant | undefined {
  return parseUtc(text) ?? parseAny(text);
}

/** Digits of `YYYY-MM-DDTHH:MM:SS`: where each number starts, and the character after it. */
const FIELDS = [
  [0, 4, 0x2d],
  [5, 2, 0x2d],
  [8, 2, 0x54],
  [11, 2, 0x3a],
  [14, 2, 0x3a],
] as const;
const SECOND_AT = 17;

/** The form that Go writes, in UTC, many thousand times a second; undefined: try the other way. */
function parseUtc(text: string): Instant | undefined {
  const last = text.length - 1;
  if (last < SECOND_AT + 2 || last > SECOND_AT + 12 || text.charCodeAt(last) !== 0x5a) return undefined;
  const minuteText = text.slice(0, SECOND_AT);
  let minute = parsedMinutes.get(minuteText);
  if (minute === undefined) {
    for (const [at, length, after] of FIELDS) if (text.charCodeAt(at + length) !== after) return undefined;
    const parsed = parseAny(`${minuteText}00Z`);
    if (parsed === undefined) return undefined;
    minute = parsed.seconds;
    if (parsedMinutes.size >= MINUTES_REMEMBERED) parsedMinutes.clear();
    parsedMinutes.set(ownCopy(minuteText), minute);
  }
  const second = twoDigits(text, SECOND_AT);
  if (second < 0 || second > 59) return undefined;
  if (last === SECOND_AT + 2) return { seconds: minute + second, nanos: 0, offsetMinutes: 0 };
  if (text.charCodeAt(SECOND_AT + 2) !== 0x2e || last === SECOND_AT + 3) return undefined;
  let nanos = 0;
  for (let at = SECOND_AT + 3, unit = 1e8; at < last; at++, unit /= 10) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    nanos += digit * unit;
  }
  return { seconds: minute + second, nanos, offsetMinutes: 0 };
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/** Times come and go minute by minute; both ways of reading them remember the last ones. */
const MINUTES_REMEMBERED = 1_024;
const parsedMinutes = new Map<string, number>();
const printedMinutes = new Map<number, string>();

function parseAny(text: string): Instant | undefined {
  const fields = PATTERN.exec(text);
  if (fields === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = fields;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59) return undefined;
  let offsetMinutes = 0;
  if (zone !== 'Z') {
    const digits = zone.replace(':', '');
    const hours = Number(digits.slice(1, 3));
    const minutes = Number(digits.slice(3, 5));
    if (hours > 23 || minutes > 59) return undefined;
    offsetMinutes = (digits.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
  }
  const seconds = daysFromEpoch(y, mo, d) * 86_400 + h * 3600 + mi * 60 + s - offsetMinutes * 60;
  return { seconds, nanos: Number(fraction.slice(0, 9).padEnd(9, '0')), offsetMinutes };
}

/** RFC 3339 with milliseconds, in the zone of the instant: how the API shows times. */
export function formatMillis(instant: Instant): string {
  return `${formatSeconds(instant)}.${three(Math.floor(instant.nanos / 1e6))}${formatOffset(instant.offsetMinutes)}`;
}

/** RFC 3339 with up to nine digits, trailing zeros dropped: how payloads show times. */
export function formatNanos(instant: Instant): string {
  const fraction = String(instant.nanos).padStart(9, '0').replace(/0+$/, '');
  return `${formatSeconds(instant)}${fraction === '' ? '' : `.${fraction}`}${formatOffset(instant.offsetMinutes)}`;
}

function formatSeconds(instant: Instant): string {
  const local = instant.seconds + instant.offsetMinutes * 60;
  const minute = Math.floor(local / 60);
  let text = printedMinutes.get(minute);
  if (text === undefined) {
    if (printedMinutes.size >= MINUTES_REMEMBERED) printedMinutes.clear();
    printedMinutes.set(minute, (text = formatMinute(minute)));
  }
  return text + two(local - minute * 60);
}

/** `YYYY-MM-DDTHH:MM:` of a whole minute since the epoch. */
function formatMinute(minute: number): string {
  const days = Math.floor(minute / 1440);
  const [year, month, day] = civilFromDays(days);
  const rest = minute - days * 1440;
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  return `${date}T${two(Math.floor(rest / 60))}:${two(rest % 60)}:`;
}

const TWO: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const THREE: readonly string[] = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));
const two = (value: number): string => TWO[value] ?? '';
const three = (value: number): string => THREE[value] ?? '';

function formatOffset(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

// Days since 1970-01-01 in the proleptic Gregorian calendar, by eras of 400 years that start in March.
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): readonly [year: number, month: number, day: number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - Math.floor((153 * mp + 2) / 5) + 1];
}
