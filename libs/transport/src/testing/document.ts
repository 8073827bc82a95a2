import type { DocNode, ReadDocument } from '@tocsin/kernel';

/** A value as the document a YAML file of it would be; the n-th key or item from the top stands on line n. */
export function documentOf(value: unknown): DocNode {
  let line = 0;
  const read = (each: unknown): DocNode => {
    const at = { line: Math.max(1, line), column: 1 };
    if (Array.isArray(each)) return { kind: 'list', items: each.map((item) => (line++, read(item))), ...at };
    if (typeof each !== 'object' || each === null)
      return {
        kind: 'scalar',
        text: String(each),
        isPlain: typeof each !== 'string' || !/^\d/.test(each),
        ...at,
      };
    const entries = Object.entries(each).map(([key, child]) => {
      const own = { line: ++line, column: 1 };
      return { key, value: read(child), ...own };
    });
    return { kind: 'map', entries, ...at };
  };
  return read(value);
}

/** Reads JSON, which is enough for tests. */
export const readJson: ReadDocument = (text) => documentOf(JSON.parse(text));
