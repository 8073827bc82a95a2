import { AppError, Field, Mistakes, type DocNode } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTimeIntervalSpec } from './time-interval-document.ts';
import {
  formatMonths,
  formatNumbers,
  formatTimeOfDay,
  formatWeekdays,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
} from './time-interval-text.ts';
import { checkLocation, createTimeInterval, specContains } from './time-interval.ts';

const at = (text: string): number => Date.parse(text);
const scalar = (text: string): DocNode => ({ kind: 'scalar', text, isPlain: true, line: 1, column: 1 });

describe('time intervals', () => {
  it('agree with the platform about UTC, for any minute of some centuries', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        (date) => {
          const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
          const only = (value: number): readonly { begin: number; end: number }[] => [
            { begin: value, end: value },
          ];
          expect(
            specContains(
              {
                times: [{ startMinute: minute, endMinute: minute + 1 }],
                weekdays: only(date.getUTCDay()),
                daysOfMonth: only(date.getUTCDate()),
                months: only(date.getUTCMonth() + 1),
                years: only(date.getUTCFullYear()),
              },
              date.getTime(),
            ),
          ).toBe(true);
        },
      ),
    );
  });

  it('count days from the end of the month by the calendar, in any zone', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe'),
        (date, location) => {
          const day = Number(
            new Intl.DateTimeFormat('en-US', { timeZone: location, day: 'numeric' }).format(date),
          );
          const tomorrow = Number(
            new Intl.DateTimeFormat('en-US', { timeZone: location, day: 'numeric' }).format(
              date.getTime() + 36 * 3_600_000,
            ),
          );
          // A day and a half later the month has changed on its last day, and may have on the one before.
          const isLast = specContains({ daysOfMonth: [{ begin: -1, end: -1 }], location }, date.getTime());
          if (isLast) expect(tomorrow).toBeLessThanOrEqual(2);
          if (tomorrow > day) expect(isLast).toBe(false);
        },
      ),
    );
  });

  it('contain an instant when any of their specifications does, and none when there is none', () => {
    const interval = createTimeInterval('n', [
      { years: [{ begin: 2025, end: 2025 }] },
      { months: [{ begin: 1, end: 1 }] },
    ]);
    expect(interval.contains(at('2025-06-01T00:00:00Z'))).toBe(true);
    expect(interval.contains(at('2026-01-01T00:00:00Z'))).toBe(true);
    expect(interval.contains(at('2026-06-01T00:00:00Z'))).toBe(false);
    expect(createTimeInterval('n', []).contains(0)).toBe(false);
  });

  it('give the same answer when asked again after another instant', () => {
    const spec = { times: [{ startMinute: 0, endMinute: 60 }] };
    expect(specContains(spec, at('2025-01-01T00:59:59Z'))).toBe(true);
    expect(specContains(spec, at('2025-01-01T01:00:00Z'))).toBe(false);
    expect(specContains(spec, at('2025-01-01T00:59:59Z'))).toBe(true);
  });

  it('know the zones of the peers, and refuse offsets, wrong case and paths', () => {
    for (const known of ['', 'UTC', 'Local', 'Europe/Berlin', 'US/Eastern', 'Etc/GMT+5', 'EST'])
      checkLocation(known);
    for (const unknown of [
      'Mars/Olympus',
      '+01:00',
      'europe/berlin',
      '../etc/passwd',
      '/UTC',
      'Europe/Berlin ',
      'x'.repeat(100),
    ]) {
      expect(() => checkLocation(unknown)).toThrow(`unknown time zone ${unknown}`);
    }
  });

  it('read and print each field alike', () => {
    for (const text of ['sunday', 'monday:friday']) expect(formatWeekdays(parseWeekdays(text))).toBe(text);
    for (const text of ['1', '-3:-1', '15:-11']) expect(formatNumbers(parseDaysOfMonth(text))).toBe(text);
    for (const text of ['january', 'march:december', '13'])
      expect(formatMonths(parseMonths(text))).toBe(text);
    for (const text of ['2025', '2025:2030']) expect(formatNumbers(parseYears(text))).toBe(text);
    for (const text of ['00:00', '09:05', '23:59', '24:00'])
      expect(formatTimeOfDay(parseTimeOfDay(text))).toBe(text);
  });

  it('refuse whatever is no field with an AppError and nothing else', () => {
    const like = fc
      .array(fc.constantFrom('1', '31', '-', ':', 'monday', 'may', '24', '00', ' ', '2025', '+'), {
        maxLength: 5,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(like, fc.string()), (text) => {
        for (const parse of [parseWeekdays, parseDaysOfMonth, parseMonths, parseYears, parseTimeOfDay]) {
          try {
            parse(text);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(AppError);
          }
        }
      }),
    );
  });

  it('tell every mistake of a specification', () => {
    const mistakes = new Mistakes();
    const entry = (
      key: string,
      value: DocNode,
    ): { key: string; value: DocNode; line: number; column: number } => ({
      key,
      value,
      line: 1,
      column: 1,
    });
    const list = (text: string): DocNode => ({ kind: 'list', items: [scalar(text)], line: 1, column: 1 });
    const node: DocNode = {
      kind: 'map',
      line: 1,
      column: 1,
      entries: [
        entry('weekdays', list('funday')),
        entry('days_of_month', list('32')),
        entry('months', list('december:january')),
        entry('years', list('now')),
        entry('location', scalar('Mars/Olympus')),
        entry('hours', scalar('1')),
      ],
    };
    readTimeIntervalSpec(Field.root(node, mistakes));
    expect(mistakes.list.map(({ path }) => path)).toEqual([
      '',
      'weekdays[0]',
      'days_of_month[0]',
      'months[0]',
      'years[0]',
      'location',
    ]);
  });
});
