/** Text that a terminal shows: columns, dates, and nothing that could move its cursor. */
import { AppError } from '@tocsin/kernel';
import { parseInstant, type Instant } from '@tocsin/model';
import { timeOf } from '@tocsin/templating';

const GAP = '  ';

/** Rows in columns that are two blanks apart, the last one padded too: scripts cut by column. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, lengthOf(cell));
  }
  return clean.map((row) =>
    row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)) + GAP).join(''),
  );
}

const lengthOf = (text: string): number => [...text].length;

// Of whoever may post an alert or a silence: escape sequences, line breaks, and marks that turn the
// direction of the text.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** With what a terminal would obey shown as `\n`, `\x1b`, `\u202e`. */
export const printable = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (character) => {
    const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });

/** A date of the API in Go's layout and in the zone it was given in; what is no date is shown as it is. */
export function showDate(text: string | undefined, layout: string): string {
  const instant = parseInstant(text ?? '');
  return instant === undefined ? (text ?? '') : timeOf(instant).format(layout);
}

/** A date of the command line. Throws AppError `invalid`. */
export function dateOf(flag: string, text: string): Instant {
  const instant = parseInstant(text);
  if (instant === undefined)
    throw AppError.invalid(
      `--${flag} ${text}: expected a time like 2026-01-31T15:04:05Z or 2026-01-31T15:04:05+01:00`,
    );
  return instant;
}
