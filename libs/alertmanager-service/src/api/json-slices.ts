/**
 * Long JSON lists, printed while they are sent: never the whole list at once, and never for long without
 * a turn for others, which the transport takes between two slices. What is printed is what is true when
 * it is printed.
 */

/** Elements looked at in one slice: below two milliseconds, the dearest filters included. */
const LOOKED_AT = 500;

/** `items` as a JSON list without those that `print` gives undefined for. A short one is one text. */
export function jsonList<T>(
  items: readonly T[],
  print: (item: T) => string | undefined,
): string | AsyncIterable<string> {
  if (items.length <= LOOKED_AT) return `[${items.flatMap((item) => print(item) ?? []).join(',')}]\n`;
  return slicedList(items, print);
}

async function* slicedList<T>(
  items: readonly T[],
  print: (item: T) => string | undefined,
): AsyncGenerator<string> {
  let before = '[';
  for (let start = 0; start < items.length; start += LOOKED_AT) {
    const printed: string[] = [];
    const end = Math.min(start + LOOKED_AT, items.length);
    for (let index = start; index < end; index++) {
      const text = print(items[index] as T);
      if (text !== undefined) printed.push(text);
    }
    // An empty slice is a turn for others all the same.
    yield printed.length === 0 ? '' : before + printed.join(',');
    if (printed.length > 0) before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}

/** One element that is itself a list: `head`, the elements, `tail`; nothing of it when no element is left. */
export interface NestedList<T> {
  readonly items: readonly T[];
  readonly print: (item: T) => string | undefined;
  readonly head: () => string;
  readonly tail: () => string;
}

/** A JSON list of lists, each made when its turn comes. */
export function jsonLists<T, U>(
  items: readonly T[],
  size: number,
  open: (item: T) => NestedList<U>,
): string | AsyncIterable<string> {
  const slices = nestedSlices(items, open);
  if (size > LOOKED_AT) return inTurns(slices);
  return [...slices].join('');
}

async function* inTurns(slices: Iterable<string>): AsyncGenerator<string> {
  yield* slices;
}

function* nestedSlices<T, U>(items: readonly T[], open: (item: T) => NestedList<U>): Generator<string> {
  let printed: string[] = ['['];
  let lookedAt = 0;
  let isFirst = true;
  for (const item of items) {
    const nested = open(item);
    let isOpen = false;
    for (const each of nested.items) {
      if (++lookedAt % LOOKED_AT === 0) {
        yield printed.join('');
        printed = [];
      }
      const text = nested.print(each);
      if (text === undefined) continue;
      printed.push(isOpen ? ',' : `${isFirst ? '' : ','}${nested.head()}`, text);
      isOpen = true;
      isFirst = false;
    }
    if (isOpen) printed.push(nested.tail());
    else if (nested.items.length === 0 && ++lookedAt % LOOKED_AT === 0) {
      yield printed.join('');
      printed = [];
    }
  }
  printed.push(']\n');
  yield printed.join('');
}
