/** The fields of a time interval as they are written in a configuration: spec/alertmanager.md 1.7. */
import { AppError } from '@tocsin/kernel';
import type { IntegerRange } from './time-interval.ts';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** `HH:MM`, 00:00 to 24:00, as minutes since midnight. Throws AppError `invalid`. */
export function parseTimeOfDay(text: string): number {
  const [, hours, minutes] = /^((?:[01]\d|2[0-3])|24(?=:00)):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) {
    throw AppError.invalid(`couldn't parse timestamp ${text}, invalid format`);
  }
  return Number(hours) * 60 + Number(minutes);
}

/** A day's name, or two with a colon between. Throws AppError `invalid`. */
export function parseWeekdays(text: string): IntegerRange {
  const range = parseRange(text, (name) => {
    const day = WEEKDAYS.indexOf(name);
    if (day < 0) throw AppError.invalid(`${name} is not a valid weekday`);
    return day;
  });
  if (range.begin > range.end) throw AppError.invalid('start day cannot be before end day');
  return range;
}

/** 1..31 or -31..-1, or a range of them that can hold a day. Throws AppError `invalid`. */
export function parseDaysOfMonth(text: string): IntegerRange {
  const range = parseRange(text, (item) => {
    const day = wholeNumber(item);
    if (day === 0 || Math.abs(day) > 31)
      throw AppError.invalid(`${day} is not a valid day of the month: out of range`);
    return day;
  });
  if (range.begin < 0 && range.end > 0)
    throw AppError.invalid('end day must be negative if start day is negative');
  // Judged by the shortest month: what never holds a day there is taken for a slip.
  const inShortMonth = (day: number): number => (day < 0 ? 28 + day : day);
  if (inShortMonth(range.begin) > inShortMonth(range.end)) {
    throw AppError.invalid(`end day ${range.end} is always before start day ${range.begin}`);
  }
  return range;
}

/** A month's name or number, or two with a colon between. Throws AppError `invalid`. */
export function parseMonths(text: string): IntegerRange {
  const range = parseRange(text, (item) => {
    const named = MONTHS.indexOf(item) + 1;
    if (named > 0) return named;
    if (!WHOLE_NUMBER.test(item)) throw AppError.invalid(`${item} is not a valid month`);
    return wholeNumber(item);
  });
  if (range.begin > range.end) {
    const [start = '', end = ''] = text.toLowerCase().split(':');
    throw AppError.invalid(`end month ${end} is before start month ${start}`);
  }
  return range;
}

/** A year, or two with a colon between. Throws AppError `invalid`. */
export function parseYears(text: string): IntegerRange {
  const range = parseRange(text, wholeNumber);
  if (range.begin > range.end)
    throw AppError.invalid(`end year ${range.end} is before start year ${range.begin}`);
  return range;
}

function parseRange(text: string, parseItem: (text: string) => number): IntegerRange {
  const parts = text.toLowerCase().split(':');
  if (parts.length > 2) throw AppError.invalid(`couldn't parse range ${text.toLowerCase()}, invalid format`);
  const [begin = '', end = begin] = parts;
  return { begin: parseItem(begin), end: parseItem(end) };
}

const WHOLE_NUMBER = /^[+-]?\d{1,15}$/;

function wholeNumber(text: string): number {
  if (!WHOLE_NUMBER.test(text))
    throw AppError.invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export const formatTimeOfDay = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
export const formatWeekdays = (range: IntegerRange): string =>
  formatRange(range, (day) => WEEKDAYS[day] ?? String(day));
export const formatMonths = (range: IntegerRange): string =>
  formatRange(range, (month) => MONTHS[month - 1] ?? String(month));
export const formatNumbers = (range: IntegerRange): string => formatRange(range, String);

const formatRange = (range: IntegerRange, formatItem: (value: number) => string): string =>
  range.begin === range.end ? formatItem(range.begin) : `${formatItem(range.begin)}:${formatItem(range.end)}`;
