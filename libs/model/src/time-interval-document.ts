/** Reads one specification of a time interval from a parsed document. */
import type { Field } from '@tocsin/kernel';
import { checkLocation, type TimeIntervalSpec, type TimeRange } from './time-interval.ts';
import {
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
} from './time-interval-text.ts';

/**
 * Every mistake goes to the field's `mistakes`; what could be read is returned all the same. A list
 * that is given but empty stays empty, since it never matches; null is as if left out.
 */
export function readTimeIntervalSpec(field: Field): TimeIntervalSpec {
  const keys = ['times', 'weekdays', 'days_of_month', 'months', 'years', 'location'] as const;
  const fields = field.object(keys) ?? {};
  const times = readList(fields.times, readTimes);
  const weekdays = readList(fields.weekdays, (item) => item.parsed(parseWeekdays));
  const daysOfMonth = readList(fields.days_of_month, (item) => item.parsed(parseDaysOfMonth));
  const months = readList(fields.months, (item) => item.parsed(parseMonths));
  const years = readList(fields.years, (item) => item.parsed(parseYears));
  const location = fields.location?.parsed(asLocation);
  return {
    ...(times === undefined ? {} : { times }),
    ...(weekdays === undefined ? {} : { weekdays }),
    ...(daysOfMonth === undefined ? {} : { daysOfMonth }),
    ...(months === undefined ? {} : { months }),
    ...(years === undefined ? {} : { years }),
    ...(location === undefined || location === '' ? {} : { location }),
  };
}

function readList<T>(
  field: Field | undefined,
  read: (item: Field) => T | undefined,
): readonly T[] | undefined {
  if (field === undefined || field.isNull) return undefined;
  const items: T[] = [];
  for (const item of field.items() ?? []) {
    const value = read(item);
    if (value !== undefined) items.push(value);
  }
  return items;
}

function readTimes(field: Field): TimeRange | undefined {
  const { start_time: start, end_time: end } = field.object(['start_time', 'end_time']) ?? {};
  if (start === undefined || start.isNull || end === undefined || end.isNull) {
    return field.fail('both start and end times must be provided');
  }
  const startMinute = start.parsed(parseTimeOfDay);
  const endMinute = end.parsed(parseTimeOfDay);
  if (startMinute === undefined || endMinute === undefined) return undefined;
  if (startMinute >= endMinute) return field.fail('start time cannot be equal or greater than end time');
  return { startMinute, endMinute };
}

function asLocation(location: string): string {
  checkLocation(location);
  return location;
}
