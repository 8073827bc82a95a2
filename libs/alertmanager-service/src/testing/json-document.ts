/** A configuration written as a plain value, for tests: this layer has no YAML reader. */
import type { DocNode, ReadDocument } from '@tocsin/kernel';

const at = { line: 1, column: 1 } as const;

/** Reads JSON where production reads YAML. */
export const readJsonDocument: ReadDocument = (text) => nodeOf(JSON.parse(text) as unknown);

function nodeOf(value: unknown): DocNode {
  if (Array.isArray(value)) return { ...at, kind: 'list', items: value.map(nodeOf) };
  if (typeof value !== 'object' || value === null)
    return { ...at, kind: 'scalar', text: String(value), isPlain: typeof value !== 'string' };
  const entries = Object.entries(value).map(([key, each]) => ({ ...at, key, value: nodeOf(each) }));
  return { ...at, kind: 'map', entries };
}
