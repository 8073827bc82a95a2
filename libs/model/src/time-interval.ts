/**
 * @module model/time-interval
 *
 * When routes are muted or active: spec/alertmanager.md 1.7. An interval is a named list of
 * specifications, any of which may contain an instant; in a specification every field that is given
 * must match, and in a field any of its ranges. Times are wall-clock times of the zone: an hour that
 * the clock skips never occurs, one that it repeats occurs twice.
 */
import { AppError } from '@tocsin/kernel';

/** A named list of interval specifications, any of which may contain an instant. */
export interface NamedTimeInterval {
  readonly name: string;
  /** `nowMs`: wall-clock milliseconds. */
  contains(nowMs: number): boolean;
}

/** Both ends included. */
export interface IntegerRange {
  readonly begin: number;
  readonly end: number;
}

/** Minutes since midnight, 0..1440; the end is not included. */
export interface TimeRange {
  readonly startMinute: number;
  readonly endMinute: number;
}

/** A field that is left out matches always, an empty list never. */
export interface TimeIntervalSpec {
  readonly times?: readonly TimeRange[];
  /** 0 is Sunday. */
  readonly weekdays?: readonly IntegerRange[];
  /** 1..31, or -31..-1 counted from the end of the month. */
  readonly daysOfMonth?: readonly IntegerRange[];
  /** 1 is January; a number beyond 12 never matches. */
  readonly months?: readonly IntegerRange[];
  readonly years?: readonly IntegerRange[];
  /** IANA name, `UTC`, or `Local` for the zone of the process; UTC when left out. */
  readonly location?: string;
}

export function createTimeInterval(name: string, specs: readonly TimeIntervalSpec[]): NamedTimeInterval {
  return { name, contains: (nowMs) => specs.some((spec) => specContains(spec, nowMs)) };
}

export function specContains(spec: TimeIntervalSpec, nowMs: number): boolean {
  const local = localTime(spec.location ?? 'UTC', nowMs);
  return (
    isInAny(
      spec.times,
      (range) => local.minuteOfDay >= range.startMinute && local.minuteOfDay < range.endMinute,
    ) &&
    isInAny(spec.daysOfMonth, (range) => containsDay(range, local)) &&
    isInAny(spec.months, (range) => contains(range, local.month)) &&
    isInAny(spec.weekdays, (range) => contains(range, local.weekday)) &&
    isInAny(spec.years, (range) => contains(range, local.year))
  );
}

const isInAny = <T>(ranges: readonly T[] | undefined, isIn: (range: T) => boolean): boolean =>
  ranges === undefined || ranges.some(isIn);
const contains = (range: IntegerRange, value: number): boolean => range.begin <= value && value <= range.end;

// The length of the month comes from the calendar: counted in hours it would lose a day to the spring change.
function containsDay(range: IntegerRange, { day, month, year }: LocalTime): boolean {
  const days = daysInMonth(year, month);
  const fromStart = (value: number): number => (value < 0 ? days + value + 1 : value);
  const begin = fromStart(range.begin);
  if (begin > days) return false;
  const clamp = (value: number): number => Math.min(days, Math.max(-days, value));
  return clamp(begin) <= day && day <= clamp(fromStart(range.end));
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

interface LocalTime {
  readonly minuteOfDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** Minute since the epoch that `local` belongs to: every group of a flush asks for the same one. */
  minute: number;
  local: LocalTime;
}

/** Zones used so far. Configurations name few, and there are some 600. */
const zones = new Map<string, Zone>();
const UNKNOWN: LocalTime = { minuteOfDay: 0, weekday: 0, day: 0, month: 0, year: 0 };

function localTime(location: string, nowMs: number): LocalTime {
  let zone = zones.get(location);
  if (zone === undefined) {
    zone = { format: zoneFormat(location), minute: Number.NaN, local: UNKNOWN };
    zones.set(location, zone);
  }
  const minute = Math.floor(nowMs / 60_000);
  if (zone.minute !== minute) {
    zone.local = readParts(zone.format, nowMs);
    zone.minute = minute;
  }
  return zone.local;
}

function zoneFormat(location: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    ...(location === 'Local' ? {} : { timeZone: location === '' ? 'UTC' : location }),
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
}

const WEEKDAY_PARTS: readonly string[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function readParts(format: Intl.DateTimeFormat, nowMs: number): LocalTime {
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  return {
    minuteOfDay: number('hour') * 60 + number('minute'),
    weekday: WEEKDAY_PARTS.indexOf(parts.get('weekday') ?? ''),
    day: number('day'),
    month: number('month'),
    year: number('year'),
  };
}

/** Throws AppError `invalid` for a zone that nobody knows. */
export function checkLocation(location: string): void {
  if (location === '' || location === 'UTC' || location === 'Local') return;
  const unknown = (): AppError => AppError.invalid(`unknown time zone ${location}`);
  // Offsets such as +01:00 are zones here, but not to the peers.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(location)) throw unknown();
  let resolved: string;
  try {
    resolved = zoneFormat(location).resolvedOptions().timeZone;
  } catch {
    throw unknown();
  }
  // The peers look names up in a file system, where case counts.
  if (resolved !== location && resolved.toLowerCase() === location.toLowerCase()) throw unknown();
}
