/** Go's time.Time as a template value: an instant to the nanosecond, shown in a zone. */
import { AppError, encodeUtf8 } from '@tocsin/kernel';
import { civilOf, secondsOf, type Civil } from './calendar.ts';
import { Comparable } from './comparison.ts';
import { DURATION, SECOND, duration } from './go-duration.ts';
import { formatTime, MONTHS, WEEKDAYS } from './time-layout.ts';
import { fixedZone, UTC, type Zone, type ZoneState } from './time-zones.ts';
import {
  BYTES,
  GoInt,
  GoList,
  GoObject,
  INT,
  INT64,
  intOf,
  STRING,
  textOf,
  UINT8,
  type GoType,
  type Method,
  type Value,
} from './values.ts';

const methods = new Map<string, Method>();

export const TIME: GoType = {
  name: 'time.Time',
  kind: 'struct',
  methods,
  text: (self) => (self instanceof GoTime ? self.format(STRING_LAYOUT) : ''),
  json: (self) => (self instanceof GoTime ? `"${self.format(RFC3339_NANO)}"` : 'null'),
};

const STRING_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';
const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00';
const ZERO_SECONDS = -62_135_596_800n;

export class GoTime extends Comparable {
  /** Since the Unix epoch. */
  readonly nanos: bigint;
  readonly zone: Zone;
  #state: ZoneState | undefined;

  constructor(nanos: bigint, zone: Zone = UTC) {
    super(TIME);
    this.nanos = nanos;
    this.zone = zone;
  }

  get seconds(): bigint {
    return floorDivide(this.nanos, SECOND);
  }

  get nanosecond(): number {
    return Number(this.nanos - this.seconds * SECOND);
  }

  get state(): ZoneState {
    return (this.#state ??= this.zone.at(Number(this.seconds)));
  }

  get civil(): Civil {
    return civilOf(Number(this.seconds) + this.state.offset, this.nanosecond);
  }

  get isZero(): boolean {
    return this.nanos === ZERO_SECONDS * SECOND;
  }

  format(layout: string): string {
    const { abbreviation, offset } = this.state;
    return formatTime(this.civil, abbreviation, offset, layout);
  }

  in(zone: Zone): GoTime {
    return new GoTime(this.nanos, zone);
  }

  override equals(other: Comparable): boolean {
    return other instanceof GoTime && other.nanos === this.nanos;
  }
}

export const ZERO_TIME: GoTime = new GoTime(ZERO_SECONDS * SECOND);

export const timeOfMs = (ms: number): GoTime => new GoTime(BigInt(Math.trunc(ms)) * 1_000_000n);

/** From an instant as the model has it; `offsetMinutes` only shows. */
export function timeOf(instant: {
  readonly seconds: number;
  readonly nanos: number;
  readonly offsetMinutes: number;
}): GoTime {
  return new GoTime(
    BigInt(instant.seconds) * SECOND + BigInt(instant.nanos),
    fixedZone(instant.offsetMinutes * 60),
  );
}

const MONTH: GoType = {
  name: 'time.Month',
  kind: 'int',
  text: (self) => MONTHS[Number(numberOf(self)) - 1] ?? '',
};
const WEEKDAY: GoType = {
  name: 'time.Weekday',
  kind: 'int',
  text: (self) => WEEKDAYS[Number(numberOf(self))] ?? '',
};
// Location prints by its name.
const LOCATION: GoType = {
  name: '*time.Location',
  kind: 'struct',
  text: (self) => (self instanceof GoLocation ? self.name : ''),
  methods: new Map([
    ['String', { params: [], call: (self) => (self instanceof GoLocation ? self.name : '') }],
  ]),
};

class GoLocation extends GoObject {
  readonly name: string;

  constructor(name: string) {
    super(LOCATION);
    this.name = name;
  }
}

const numberOf = (self: GoObject): bigint => intOf(self) ?? 0n;
const floorDivide = (value: bigint, unit: bigint): bigint =>
  (value - (((value % unit) + unit) % unit)) / unit;

function method(params: readonly GoType[], call: (self: GoTime, ...args: readonly Value[]) => Value): Method {
  return {
    params,
    call: (self, args) => {
      if (!(self instanceof GoTime)) throw AppError.invalid('method of time.Time called on another type');
      return call(self, ...args);
    },
  };
}

const getter = (read: (civil: Civil) => number): Method => method([], (self) => BigInt(read(self.civil)));
const unix = (unit: bigint): Method => method([], (self) => new GoInt(INT64, floorDivide(self.nanos, unit)));
const withTime = (decide: (self: GoTime, other: GoTime) => Value): Method =>
  method([TIME], (self, other) => (other instanceof GoTime ? decide(self, other) : undefined));
const multiple = (name: string, count: number): Method =>
  method([], () => {
    throw AppError.invalid(`function ${name} has ${count} return values; should be 1 or 2`);
  });
const compare = (self: GoTime, other: GoTime): number =>
  self.nanos === other.nanos ? 0 : self.nanos < other.nanos ? -1 : 1;

// Rounding counts from the zero time, as Go does.
function truncated(self: GoTime, unit: Value): GoTime {
  const size = intOf(unit) ?? 0n;
  if (size <= 0n) return self;
  const since = self.nanos - ZERO_TIME.nanos;
  return new GoTime(self.nanos - (((since % size) + size) % size), self.zone);
}

function rounded(self: GoTime, unit: Value): GoTime {
  const size = intOf(unit) ?? 0n;
  const down = truncated(self, unit);
  const rest = self.nanos - down.nanos;
  return size <= 0n || rest * 2n < size ? down : new GoTime(down.nanos + size, self.zone);
}

/** Years a date may move by; the calendar itself would go on. */
const MAX_DATE_FIELDS = 1_000_000n;

function addDate(self: GoTime, years: Value, months: Value, days: Value): GoTime {
  const [addYears, addMonths, addDays] = [years, months, days].map((value) => {
    const count = intOf(value) ?? 0n;
    if (count > MAX_DATE_FIELDS || count < -MAX_DATE_FIELDS)
      throw AppError.invalid('AddDate: number is too large');
    return Number(count);
  }) as [number, number, number];
  const { year, month, day, hour, minute, second } = self.civil;
  const local = secondsOf(year + addYears, month + addMonths, day + addDays, hour, minute, second);
  // The offset may differ on the other day.
  const guess = local - self.state.offset;
  const seconds = local - self.zone.at(guess).offset;
  return new GoTime(BigInt(seconds) * SECOND + BigInt(self.nanosecond), self.zone);
}

function goString(self: GoTime): string {
  const { year, month, day, hour, minute, second, nanosecond } = self.civil;
  const { name } = self.zone;
  const zone = name === 'UTC' ? 'time.UTC' : `time.Location("${name}")`;
  return `time.Date(${year}, time.${MONTHS[month - 1] ?? ''}, ${day}, ${hour}, ${minute}, ${second}, ${nanosecond}, ${zone})`;
}

const rfc3339 = (self: GoTime): string => self.format(RFC3339_NANO);
const bytes = (text: string): GoList =>
  new GoList(
    BYTES,
    [...encodeUtf8(text)].map((byte) => new GoInt(UINT8, BigInt(byte))),
  );

const table: readonly (readonly [string, Method])[] = [
  ['Format', method([STRING], (self, layout) => self.format(textOf(layout) ?? ''))],
  ['String', method([], (self) => self.format(STRING_LAYOUT))],
  ['GoString', method([], goString)],
  ['UTC', method([], (self) => self.in(UTC))],
  ['Local', method([], (self) => self.in(UTC))],
  ['Unix', unix(SECOND)],
  ['UnixMilli', unix(1_000_000n)],
  ['UnixMicro', unix(1000n)],
  ['UnixNano', unix(1n)],
  ['Year', getter((civil) => civil.year)],
  ['Month', method([], (self) => new GoInt(MONTH, BigInt(self.civil.month)))],
  ['Day', getter((civil) => civil.day)],
  ['Hour', getter((civil) => civil.hour)],
  ['Minute', getter((civil) => civil.minute)],
  ['Second', getter((civil) => civil.second)],
  ['Nanosecond', getter((civil) => civil.nanosecond)],
  ['Weekday', method([], (self) => new GoInt(WEEKDAY, BigInt(self.civil.weekday)))],
  ['YearDay', getter((civil) => civil.yearDay)],
  ['IsZero', method([], (self) => self.isZero)],
  ['Before', withTime((self, other) => compare(self, other) < 0)],
  ['After', withTime((self, other) => compare(self, other) > 0)],
  ['Equal', withTime((self, other) => compare(self, other) === 0)],
  ['Compare', withTime((self, other) => BigInt(compare(self, other)))],
  ['Sub', withTime((self, other) => duration(self.nanos - other.nanos))],
  ['Add', method([DURATION], (self, span) => new GoTime(self.nanos + (intOf(span) ?? 0n), self.zone))],
  ['AddDate', method([INT, INT, INT], (self, years, months, days) => addDate(self, years, months, days))],
  ['Truncate', method([DURATION], truncated)],
  ['Round', method([DURATION], rounded)],
  ['Location', method([], (self) => new GoLocation(self.zone.name))],
  ['MarshalText', method([], (self) => bytes(rfc3339(self)))],
  ['MarshalJSON', method([], (self) => bytes(`"${rfc3339(self)}"`))],
  ['Date', multiple('Date', 3)],
  ['Clock', multiple('Clock', 3)],
  ['ISOWeek', multiple('ISOWeek', 2)],
];
for (const [name, entry] of table) methods.set(name, entry);
