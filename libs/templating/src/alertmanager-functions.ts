/** The functions of Alertmanager's notification templates (0.34). */
import { AppError, decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { duration } from './go-duration.ts';
import { toJson } from './go-json.ts';
import { GoTime, timeOfMs, TIME, ZERO_TIME } from './go-time.ts';
import { humanizeDuration, toFloat } from './humanize.ts';
import { REGEX_FUNCTIONS } from './regex-functions.ts';
import { titleWords, toLower, toUpper, trimSpace } from './text-functions.ts';
import { parseTime } from './time-parse.ts';
import { fixedZone, loadZone, namedOffset } from './time-zones.ts';
import { queryUnescape } from './url-text.ts';
import {
  ANY,
  GoList,
  GoMap,
  GoText,
  HTML,
  LIST_OF_ANY,
  LIST_OF_STRING,
  listOf,
  listOfStrings,
  MAP_OF_ANY,
  STRING,
  textOf,
  URL_TEXT,
  type CallContext,
  type GoFunction,
  type Value,
} from './values.ts';

const text = (make: (text: string) => Value): GoFunction => ({
  params: [STRING],
  call: ([value]) => make(textOf(value) ?? ''),
});

function join(separator: string, list: Value, { budget }: CallContext): string {
  const items = list instanceof GoList ? list.items.map((item) => textOf(item) ?? '') : [];
  budget.spend(items.length);
  budget.spendText(items.reduce((sum, item) => sum + item.length + separator.length, 0));
  return items.join(separator);
}

function dict(args: readonly Value[], { budget }: CallContext): GoMap {
  if (args.length % 2 !== 0) throw AppError.invalid('dict requires an even number of arguments');
  budget.spend(args.length);
  const entries = new Map<string, Value>();
  for (let index = 0; index < args.length; index += 2) {
    const key = args[index];
    if (typeof key !== 'string') throw AppError.invalid('dict keys must be strings');
    entries.set(key, args[index + 1]);
  }
  return new GoMap(MAP_OF_ANY, entries);
}

function append([list, ...added]: readonly Value[], { budget }: CallContext): GoList {
  const items = list instanceof GoList ? list.items : [];
  budget.spend(items.length + added.length);
  return listOf([...items, ...added]);
}

function timeIn(zone: string, time: Value): Value {
  return time instanceof GoTime ? time.in(loadZone(zone)) : undefined;
}

function toDate(layout: string, value: string): GoTime {
  const { seconds, nanosecond, offset, abbreviation } = parseTime(layout, value);
  const zone = abbreviation === '' ? fixedZone(offset ?? 0) : namedOffset(abbreviation, offset ?? 0);
  return new GoTime(BigInt(seconds) * 1_000_000_000n + BigInt(nanosecond), zone);
}

function toDateOrZero(layout: string, value: string): GoTime {
  try {
    return toDate(layout, value);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return ZERO_TIME;
  }
}

const decode = (encoded: string): string => decodeUtf8(decodeBase64(encoded, 'url'));

const table: readonly (readonly [name: string, target: GoFunction])[] = [
  ...REGEX_FUNCTIONS,
  ['toUpper', text(toUpper)],
  ['toLower', text(toLower)],
  ['title', text(titleWords)],
  ['trimSpace', text(trimSpace)],
  [
    'join',
    {
      params: [STRING, LIST_OF_STRING],
      call: ([separator, list], context) => join(textOf(separator) ?? '', list, context),
    },
  ],
  ['safeHtml', text((value) => new GoText(HTML, value))],
  ['safeUrl', text((value) => new GoText(URL_TEXT, value))],
  ['urlUnescape', text(queryUnescape)],
  [
    'stringSlice',
    { params: [], variadic: STRING, call: (args) => listOfStrings(args.map((arg) => textOf(arg) ?? '')) },
  ],
  ['list', { params: [], variadic: ANY, call: (args) => listOf(args) }],
  ['append', { params: [LIST_OF_ANY], variadic: ANY, call: append }],
  ['dict', { params: [], variadic: ANY, call: dict }],
  [
    'date',
    {
      params: [STRING, TIME],
      call: ([layout, time]) => (time instanceof GoTime ? time.format(textOf(layout) ?? '') : ''),
    },
  ],
  ['tz', { params: [STRING, TIME], call: ([zone, time]) => timeIn(textOf(zone) ?? '', time) }],
  ['now', { params: [], call: (_, { now }) => timeOfMs(now) }],
  [
    'since',
    {
      params: [TIME],
      call: ([time], { now }) =>
        time instanceof GoTime ? duration(timeOfMs(now).nanos - time.nanos) : undefined,
    },
  ],
  ['humanizeDuration', { params: [ANY], call: ([value]) => humanizeDuration(toFloat(value)) }],
  ['toJson', { params: [ANY], call: ([value], { budget }) => toJson(value, budget) }],
  [
    'toDate',
    {
      params: [STRING, STRING],
      call: ([layout, value]) => toDateOrZero(textOf(layout) ?? '', textOf(value) ?? ''),
    },
  ],
  [
    'mustToDate',
    {
      params: [STRING, STRING],
      call: ([layout, value]) => toDate(textOf(layout) ?? '', textOf(value) ?? ''),
    },
  ],
  ['base64encode', text((value) => encodeBase64(encodeUtf8(value), 'url'))],
  ['base64decode', text(decode)],
  ['routeLabels', text(() => '')],
];

/** `routeLabels` answers the empty string until `routeLabelFunctions` gives it its labels. */
export const ALERTMANAGER_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map(table);
