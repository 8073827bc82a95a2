/** Go's reference-time layouts: `Mon Jan 2 15:04:05 MST 2006`, and how times are written by them. */
import type { Civil } from './calendar.ts';

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];

export type Piece = { readonly element: string } | { readonly literal: string };

// Longest first where one begins with another.
const ELEMENTS: readonly string[] = [
  'January',
  'Jan',
  'Monday',
  'Mon',
  'MST',
  '2006',
  '-07:00:00',
  '-070000',
  '-07:00',
  '-0700',
  '-07',
  'Z07:00:00',
  'Z070000',
  'Z07:00',
  'Z0700',
  'Z07',
  '002',
  '01',
  '02',
  '03',
  '04',
  '05',
  '06',
  '15',
  '__2',
  '_2',
  'PM',
  'pm',
  '1',
  '2',
  '3',
  '4',
  '5',
];

const FRACTION = /^[.,](?:0+|9+)(?![0-9])/;

/** Cuts a layout at its elements, from left to right. */
export function piecesOf(layout: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  for (let at = 0; at < layout.length;) {
    const element = elementAt(layout, at);
    if (element === undefined) {
      literal += layout[at];
      at++;
      continue;
    }
    if (literal !== '') pieces.push({ literal });
    literal = '';
    pieces.push({ element });
    at += element.length;
  }
  if (literal !== '') pieces.push({ literal });
  return pieces;
}

function elementAt(layout: string, at: number): string | undefined {
  const first = layout[at];
  if (first === '.' || first === ',') return FRACTION.exec(layout.slice(at, at + 40))?.[0];
  // `_2006` is an underscore and a year.
  if (first === '_' && layout.startsWith('_2006', at)) return undefined;
  // A word that merely begins like a month is none: `Janet`.
  const element = ELEMENTS.find((candidate) => layout.startsWith(candidate, at));
  if (element === 'Jan' || element === 'Mon') {
    return /^[a-z]/.test(layout.slice(at + 3)) ? undefined : element;
  }
  return element;
}

export function formatTime(civil: Civil, abbreviation: string, offset: number, layout: string): string {
  let text = '';
  for (const piece of piecesOf(layout)) {
    text += 'literal' in piece ? piece.literal : formatElement(piece.element, civil, abbreviation, offset);
  }
  return text;
}

const pad = (value: number, width: number, filler = '0'): string =>
  (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, filler);

function formatElement(element: string, civil: Civil, abbreviation: string, offset: number): string {
  switch (element) {
    case 'January':
      return MONTHS[civil.month - 1] ?? '';
    case 'Jan':
      return (MONTHS[civil.month - 1] ?? '').slice(0, 3);
    case 'Monday':
      return WEEKDAYS[civil.weekday] ?? '';
    case 'Mon':
      return (WEEKDAYS[civil.weekday] ?? '').slice(0, 3);
    case 'MST':
      return abbreviation === '' ? formatOffset('-0700', offset) : abbreviation;
    case '2006':
      return pad(civil.year, 4);
    case '06':
      return pad(((civil.year % 100) + 100) % 100, 2);
    case '01':
      return pad(civil.month, 2);
    case '1':
      return String(civil.month);
    case '02':
      return pad(civil.day, 2);
    case '_2':
      return pad(civil.day, 2, ' ');
    case '2':
      return String(civil.day);
    case '002':
      return pad(civil.yearDay, 3);
    case '__2':
      return pad(civil.yearDay, 3, ' ');
    default:
      return formatClock(element, civil, offset);
  }
}

function formatClock(element: string, civil: Civil, offset: number): string {
  const hour = civil.hour % 12 === 0 ? 12 : civil.hour % 12;
  switch (element) {
    case '15':
      return pad(civil.hour, 2);
    case '03':
      return pad(hour, 2);
    case '3':
      return String(hour);
    case '04':
      return pad(civil.minute, 2);
    case '4':
      return String(civil.minute);
    case '05':
      return pad(civil.second, 2);
    case '5':
      return String(civil.second);
    case 'PM':
      return civil.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return civil.hour >= 12 ? 'pm' : 'am';
    default:
      return /^[.,]/.test(element)
        ? formatFraction(element, civil.nanosecond)
        : formatOffset(element, offset);
  }
}

function formatFraction(element: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, element.length - 1)
    .padEnd(element.length - 1, '0');
  if (!element.includes('9')) return element.slice(0, 1) + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : element.slice(0, 1) + short;
}

function formatOffset(element: string, offset: number): string {
  if (element.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const colon = element.includes(':') ? ':' : '';
  const digits = element.replaceAll(/[^0-9]/g, '').length;
  let text = (offset < 0 ? '-' : '+') + pad(Math.floor(size / 3600), 2);
  if (digits >= 4) text += colon + pad(Math.floor(size / 60) % 60, 2);
  if (digits >= 6) text += colon + pad(size % 60, 2);
  return text;
}
