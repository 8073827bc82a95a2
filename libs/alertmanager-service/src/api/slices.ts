/** Work on long lists in slices, so that it never holds up a flush. */
import type { Timers } from '@tocsin/kernel';

/** Elements looked at before other work gets its turn. */
const SLICE = 2_000;
/** Elements written in one piece of an answer. */
const PRINTED = 500;

/** Calls `each` for every element, with a turn for others after each slice. */
export async function inSlices<T>(
  items: readonly T[],
  timers: Timers,
  each: (item: T) => void,
): Promise<void> {
  for (let start = 0; start < items.length; start += SLICE) {
    if (start > 0) await new Promise<void>((goOn) => void timers.after(0, goOn));
    for (const item of items.slice(start, start + SLICE)) each(item);
  }
}

/** A JSON list; a long one is printed while it is sent. */
export function jsonList<T>(
  items: readonly T[],
  timers: Timers,
  print: (item: T) => string,
): string | AsyncIterable<string> {
  if (items.length <= PRINTED) return `[${items.map(print).join(',')}]\n`;
  return printed(items, timers, print);
}

async function* printed<T>(
  items: readonly T[],
  timers: Timers,
  print: (item: T) => string,
): AsyncIterable<string> {
  for (let start = 0; start < items.length; start += PRINTED) {
    if (start > 0) await new Promise<void>((goOn) => void timers.after(0, goOn));
    const slice = items.slice(start, start + PRINTED).map(print);
    yield `${start === 0 ? '[' : ','}${slice.join(',')}`;
  }
  yield ']\n';
}
