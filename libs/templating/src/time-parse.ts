/** Reads times by Go's reference-time layouts. */
import { AppError } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import { daysInMonth, isLeapYear, secondsOf } from './calendar.ts';
import { MONTHS, piecesOf, WEEKDAYS, type Piece } from './time-layout.ts';

export interface ParsedTime {
  /** Seconds since the epoch. */
  readonly seconds: number;
  readonly nanosecond: number;
  /** Undefined: the text names no zone. */
  readonly offset: number | undefined;
  readonly abbreviation: string;
}

interface Fields {
  year: number;
  month: number;
  day: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon: boolean | undefined;
  offset: number | undefined;
  abbreviation: string;
}

/** Reads `text` by `layout`. Throws `AppError` (invalid) in the words of Go's ParseError. */
export function parseTime(layout: string, text: string): ParsedTime {
  const fields: Fields = {
    year: 0,
    month: 0,
    day: 0,
    yearDay: 0,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    afternoon: undefined,
    offset: undefined,
    abbreviation: '',
  };
  const rest = new Reader(layout, text).read(fields);
  if (rest !== '') throw AppError.invalid(`parsing time ${goQuote(text)}: extra text: ${goQuote(rest)}`);
  if (fields.afternoon === true && fields.hour < 12) fields.hour += 12;
  else if (fields.afternoon === false && fields.hour === 12) fields.hour = 0;
  settleDay(fields, text);
  const { year, month, day, hour, minute, second, nanosecond, offset, abbreviation } = fields;
  const seconds = secondsOf(year, month, day, hour, minute, second) - (offset ?? 0);
  return { seconds, nanosecond, offset, abbreviation };
}

function settleDay(fields: Fields, text: string): void {
  if (fields.yearDay > 0) {
    if (fields.yearDay > (isLeapYear(fields.year) ? 366 : 365)) outOfRange(text, 'day-of-year');
    if (fields.month === 0) {
      fields.month = 1;
      fields.day = fields.yearDay;
      return;
    }
  }
  if (fields.month === 0) fields.month = 1;
  if (fields.day === 0) fields.day = 1;
  if (fields.day > daysInMonth(fields.year, fields.month)) outOfRange(text, 'day');
}

const outOfRange = (text: string, what: string): never => {
  throw AppError.invalid(`parsing time ${goQuote(text)}: ${what} out of range`);
};

class Reader {
  readonly #layout: string;
  readonly #text: string;
  #rest: string;

  constructor(layout: string, text: string) {
    this.#layout = layout;
    this.#text = text;
    this.#rest = text;
  }

  /** Returns what is left over. */
  read(fields: Fields): string {
    const pieces = piecesOf(this.#layout);
    for (const [index, piece] of pieces.entries()) {
      if ('literal' in piece) this.#literal(piece.literal);
      else this.#element(piece.element, fields, pieces[index + 1]);
    }
    return this.#rest;
  }

  #literal(literal: string): void {
    for (const character of literal) {
      if (character === ' ') {
        if (this.#rest !== '' && !this.#rest.startsWith(' ')) this.#fail(literal);
        this.#rest = this.#rest.replace(/^ +/, '');
      } else if (this.#rest.startsWith(character)) this.#rest = this.#rest.slice(character.length);
      else this.#fail(literal);
    }
  }

  #element(element: string, fields: Fields, next: Piece | undefined): void {
    switch (element) {
      case 'January':
        fields.month = this.#name(MONTHS, 0, element) + 1;
        return;
      case 'Jan':
        fields.month = this.#name(MONTHS, 3, element) + 1;
        return;
      case 'Monday':
        this.#name(WEEKDAYS, 0, element);
        return;
      case 'Mon':
        this.#name(WEEKDAYS, 3, element);
        return;
      case '2006':
        fields.year = this.#digits(/^\d{4}/, element);
        return;
      case '06':
        fields.year = this.#digits(/^\d\d/, element);
        fields.year += fields.year >= 69 ? 1900 : 2000;
        return;
      case '01':
      case '1':
        fields.month = this.#ranged(element, 1, 12, 'month');
        return;
      case '02':
      case '_2':
      case '2':
        fields.day = this.#digits(element === '02' ? /^\d\d/ : /^ ?\d\d?/, element);
        return;
      case '002':
      case '__2':
        fields.yearDay = this.#digits(element === '002' ? /^\d{3}/ : /^ {0,2}\d{1,3}/, element);
        return;
      default:
        this.#clock(element, fields, next);
    }
  }

  #clock(element: string, fields: Fields, next: Piece | undefined): void {
    switch (element) {
      case '15':
        fields.hour = this.#digits(/^\d\d?/, element);
        if (fields.hour > 23) outOfRange(this.#text, 'hour');
        return;
      case '03':
      case '3':
        fields.hour = this.#ranged(element, 0, 12, 'hour');
        return;
      case '04':
      case '4':
        fields.minute = this.#ranged(element, 0, 59, 'minute');
        return;
      case '05':
      case '5':
        fields.second = this.#ranged(element, 0, 59, 'second');
        // A fraction is taken even if the layout does not ask for one.
        if (next === undefined || !('element' in next) || !/^[.,]/.test(next.element)) {
          if (/^[.,]\d/.test(this.#rest)) fields.nanosecond = this.#fraction(/^[.,]\d+/, element);
        }
        return;
      case 'PM':
      case 'pm': {
        const word = this.#match(element === 'PM' ? /^[AP]M/ : /^[ap]m/, element);
        fields.afternoon = word.toUpperCase() === 'PM';
        return;
      }
      case 'MST':
        this.#abbreviation(fields);
        return;
      default:
        if (/^[.,]/.test(element)) this.#fractionElement(element, fields);
        else fields.offset = this.#offset(element);
    }
  }

  #fractionElement(element: string, fields: Fields): void {
    const digits = element.length - 1;
    if (element.includes('9')) {
      if (/^[.,]\d/.test(this.#rest)) fields.nanosecond = this.#fraction(/^[.,]\d+/, element);
    } else fields.nanosecond = this.#fraction(new RegExp(`^[.,]\\d{${digits}}`), element);
  }

  #fraction(pattern: RegExp, element: string): number {
    return Number(this.#match(pattern, element).slice(1, 10).padEnd(9, '0'));
  }

  #abbreviation(fields: Fields): void {
    if (this.#rest.startsWith('UTC')) {
      fields.offset = 0;
      fields.abbreviation = 'UTC';
      this.#rest = this.#rest.slice(3);
      return;
    }
    fields.abbreviation = this.#match(/^(?:[A-Z]{3,5}|[+-]\d\d(?:\d\d)?)/, 'MST');
  }

  #offset(element: string): number {
    if (element.startsWith('Z') && this.#rest.startsWith('Z')) {
      this.#rest = this.#rest.slice(1);
      return 0;
    }
    const digits = element.replaceAll(/[^0-9]/g, '').length;
    const colon = element.includes(':') ? ':' : '';
    const groups = Array.from({ length: digits / 2 }, () => '(\\d\\d)').join(colon);
    const pattern = new RegExp(`^([+-])${groups}`);
    const match = pattern.exec(this.#match(pattern, element));
    const size = Number(match?.[2]) * 3600 + Number(match?.[3] ?? 0) * 60 + Number(match?.[4] ?? 0);
    return match?.[1] === '-' ? -size : size;
  }

  #name(names: readonly string[], length: number, element: string): number {
    const lower = this.#rest.toLowerCase();
    const index = names.findIndex((name) =>
      lower.startsWith((length === 0 ? name : name.slice(0, length)).toLowerCase()),
    );
    const name = names[index] ?? this.#fail(element);
    this.#rest = this.#rest.slice(length === 0 ? name.length : length);
    return index;
  }

  #ranged(element: string, least: number, most: number, what: string): number {
    const value = this.#digits(element.length === 2 ? /^\d\d/ : /^\d\d?/, element);
    return value < least || value > most ? outOfRange(this.#text, what) : value;
  }

  #digits(pattern: RegExp, element: string): number {
    return Number(this.#match(pattern, element));
  }

  #match(pattern: RegExp, element: string): string {
    const found = pattern.exec(this.#rest)?.[0] ?? this.#fail(element);
    this.#rest = this.#rest.slice(found.length);
    return found;
  }

  #fail(element: string): never {
    throw AppError.invalid(
      `parsing time ${goQuote(this.#text)} as ${goQuote(this.#layout)}: cannot parse ${goQuote(this.#rest)} as ${goQuote(element)}`,
    );
  }
}
