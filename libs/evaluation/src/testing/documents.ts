/** Documents for the tests of this lib, without a YAML library. */
import type { DocNode } from '@tocsin/kernel';

export type Plain = string | number | null | readonly Plain[] | { readonly [key: string]: Plain };

/** Each entry and item stands on a line of its own, counted from 1. */
export function documentOf(value: Plain): DocNode {
  return new Writer().node(value);
}

class Writer {
  #line = 0;

  node(value: Plain): DocNode {
    const at = { line: Math.max(this.#line, 1), column: 1 };
    if (value === null || typeof value !== 'object') {
      return {
        kind: 'scalar',
        text: value === null ? '' : String(value),
        isPlain: typeof value !== 'string',
        ...at,
      };
    }
    if (Array.isArray(value)) {
      return {
        kind: 'list',
        items: (value as readonly Plain[]).map((item) => (this.#line++, this.node(item))),
        ...at,
      };
    }
    const entries = Object.entries(value).map(([key, each]) => {
      const line = ++this.#line;
      return { key, value: this.node(each), line, column: 1 };
    });
    return { kind: 'map', entries, ...at };
  }
}
