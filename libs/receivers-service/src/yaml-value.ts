/**
 * The value that a text is as YAML 1.1 in the dialect of Go's yaml.v2, for payloads whose parts are
 * templates (spec/receivers.md 1.6). Parsing is done by the port; what a scalar means is decided here.
 */
import { AppError, type DocNode, type ReadDocument } from '@tocsin/kernel';

export type YamlValue =
  string | number | bigint | boolean | null | readonly YamlValue[] | ReadonlyMap<string, YamlValue>;

/** A longer text is taken for text. */
const TEXT_CHARS_MAX = 64 * 1024;

/** Undefined: the text is a string, or no YAML at all. */
export function yamlValueOf(text: string, readDocument: ReadDocument): YamlValue | undefined {
  // A line that begins with % would be a directive, which a lone value has no use for.
  if (text.length > TEXT_CHARS_MAX || text.startsWith('%')) return undefined;
  const node = parse(text, readDocument) ?? parse(firstFlow(text), readDocument);
  if (node === undefined) return undefined;
  const value = valueOf(node);
  return typeof value === 'string' ? undefined : value;
}

function parse(text: string | undefined, readDocument: ReadDocument): DocNode | undefined {
  if (text === undefined) return undefined;
  try {
    return readDocument(text);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** `[FIRING:2] X` is the list alone: the Go parser stops after the first node. */
function firstFlow(text: string): string | undefined {
  const start = text.search(/\S/);
  if (text[start] !== '[' && text[start] !== '{') return undefined;
  let depth = 0;
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote === '"') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '[' || character === '{') depth++;
    else if ((character === ']' || character === '}') && --depth === 0) return text.slice(0, at + 1);
  }
  return undefined;
}

function valueOf(node: DocNode): YamlValue {
  if (node.kind === 'scalar') return node.isPlain ? scalarOf(node.text) : node.text;
  if (node.kind === 'list') return node.items.map(valueOf);
  // JSON has string keys only: what YAML reads as another kind of key is left out.
  const entries = node.entries.filter(({ key }) => typeof scalarOf(key) === 'string');
  return new Map(entries.map(({ key, value }) => [key, valueOf(value)]));
}

const WORDS: ReadonlyMap<string, boolean | null | number> = new Map<string, boolean | null | number>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
]);

function scalarOf(text: string): YamlValue {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const digits = text.replaceAll('_', '');
  return integerOf(digits) ?? floatOf(digits) ?? text;
}

const INTEGER = /^([-+]?)(?:(0b[01]+)|(0x[0-9a-fA-F]+)|(0o[0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;

/** Of 64 bits, signed or not; a larger one is a float. */
function integerOf(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, binary, hexadecimal, octal, oldOctal, decimal] = match;
  const size = BigInt(
    binary ?? hexadecimal ?? octal ?? (oldOctal === undefined ? (decimal ?? '0') : `0o${oldOctal}`),
  );
  const value = sign === '-' ? -size : size;
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value : undefined;
}

const floatOf = (text: string): number | undefined =>
  /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : undefined;
