/** `time_intervals` and its deprecated twin `mute_time_intervals`, which share one namespace. */
import type { Field } from '@tocsin/kernel';
import {
  createTimeInterval,
  formatMonths,
  formatNumbers,
  formatTimeOfDay,
  formatWeekdays,
  goQuote,
  readTimeIntervalSpec,
  type IntegerRange,
  type NamedTimeInterval,
  type TimeIntervalSpec,
} from '@tocsin/model';
import { readText, setField } from './reading.ts';
import { settingMap, type Setting, type SettingMap } from './setting.ts';

export interface ReadTimeInterval {
  readonly interval: NamedTimeInterval;
  readonly rendered: SettingMap;
}

/** `kind` is upstream's word for an entry of the section, `known` the names of both sections so far. */
export function readTimeIntervals(
  section: Field | undefined,
  kind: 'time interval' | 'mute time interval',
  known: Set<string>,
): readonly ReadTimeInterval[] {
  return (setField(section)?.items() ?? []).map((field) => {
    const fields = setField(field)?.object(['name', 'time_intervals']) ?? {};
    const name = readText(fields.name) ?? '';
    if (name === '') field.fail(`missing name in ${kind}`);
    else if (known.has(name)) field.fail(`${kind} ${goQuote(name)} is not unique`);
    known.add(name);
    const specs = (setField(fields.time_intervals)?.items() ?? []).map(readTimeIntervalSpec);
    const rendered = settingMap([
      ['name', name],
      ['time_intervals', specs.map(renderSpec)],
    ]);
    return { interval: createTimeInterval(name, specs), rendered };
  });
}

function renderSpec(spec: TimeIntervalSpec): Setting {
  const ranges = (
    list: readonly IntegerRange[] | undefined,
    format: (range: IntegerRange) => string,
  ): Setting | undefined => list?.map(format);
  return settingMap([
    [
      'times',
      spec.times?.map(({ startMinute, endMinute }) =>
        settingMap([
          ['start_time', formatTimeOfDay(startMinute)],
          ['end_time', formatTimeOfDay(endMinute)],
        ]),
      ),
    ],
    ['weekdays', ranges(spec.weekdays, formatWeekdays)],
    ['days_of_month', ranges(spec.daysOfMonth, formatNumbers)],
    ['months', ranges(spec.months, formatMonths)],
    ['years', ranges(spec.years, formatNumbers)],
    ['location', spec.location],
  ]);
}
