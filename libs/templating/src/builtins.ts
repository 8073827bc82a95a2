/** The functions every template has. `and` and `or` are here by name; the evaluator runs them. */
import { AppError, decodeUtf8, encodeUtf8, utf8Length } from '@tocsin/kernel';
import { COMPARISONS } from './comparison.ts';
import { sprint, sprintf, sprintln } from './go-fmt.ts';
import type { Budget } from './limits.ts';
import { queryEscape } from './url-text.ts';
import {
  ANY,
  GoFunc,
  GoInt,
  GoList,
  GoMap,
  GoText,
  REFLECTED,
  STRING,
  UINT8,
  intOf,
  isTrue,
  textOf,
  typeName,
  typeOf,
  zeroOf,
  type CallContext,
  type GoFunction,
  type Value,
} from './values.ts';

function length(item: Value): bigint {
  const text = textOf(item);
  if (text !== undefined) return BigInt(utf8Length(text));
  if (item instanceof GoList) return BigInt(item.items.length);
  if (item instanceof GoMap) return BigInt(item.entries.size);
  if (item === undefined || item === null)
    throw AppError.invalid('reflect: call of reflect.Value.Type on zero Value');
  throw AppError.invalid(`len of type ${typeName(item)}`);
}

function index(item: Value, keys: readonly Value[]): Value {
  if (item === undefined || item === null) throw AppError.invalid('index of untyped nil');
  let at: Value = item;
  for (const key of keys) at = indexOnce(at, key);
  return at;
}

function indexOnce(item: Value, key: Value): Value {
  if (item === undefined || item === null) throw AppError.invalid('index of nil pointer');
  if (item instanceof GoMap) return entryOf(item, key);
  const text = textOf(item);
  if (text !== undefined) {
    const bytes = encodeUtf8(text);
    return new GoInt(UINT8, BigInt(bytes[existing(key, bytes.length, 'string')] ?? 0));
  }
  if (item instanceof GoList) return item.items[existing(key, item.items.length, 'slice')];
  throw AppError.invalid(`can't index item of type ${typeName(item)}`);
}

function entryOf(map: GoMap, key: Value): Value {
  if (key === undefined || key === null) throw AppError.invalid('value is nil; should be of type string');
  if (typeof key !== 'string') throw AppError.invalid(`value has type ${typeName(key)}; should be string`);
  return map.entries.has(key) ? map.entries.get(key) : zeroOf(map.type.elem ?? ANY);
}

// A position of an element; the one past the last is refused in the words of Go's reflection.
function existing(key: Value, size: number, what: string): number {
  const position = bound(key, size);
  if (position === size) throw AppError.invalid(`reflect: ${what} index out of range`);
  return position;
}

// A position from 0 to `limit`, both included.
function bound(key: Value, limit: number): number {
  const position = intOf(key);
  if (key === undefined || key === null) throw AppError.invalid('cannot index slice/array with nil');
  if (position === undefined) throw AppError.invalid(`cannot index slice/array with type ${typeName(key)}`);
  if (position < 0n || position > BigInt(limit)) throw AppError.invalid(`index out of range: ${position}`);
  return Number(position);
}

function slice(item: Value, keys: readonly Value[]): Value {
  if (item === undefined || item === null) throw AppError.invalid('slice of untyped nil');
  if (keys.length > 3) throw AppError.invalid(`too many slice indexes: ${keys.length}`);
  const text = textOf(item);
  if (text === undefined && !(item instanceof GoList))
    throw AppError.invalid(`can't slice item of type ${typeName(item)}`);
  if (text !== undefined && keys.length === 3) throw AppError.invalid('cannot 3-index slice a string');
  const bytes = text === undefined ? undefined : encodeUtf8(text);
  const size = bytes?.length ?? (item instanceof GoList ? item.items.length : 0);
  const bounds = keys.map((key) => bound(key, size));
  const [from = 0, to = size, most = size] = bounds;
  if (from > to) throw AppError.invalid(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw AppError.invalid(`invalid slice index: ${to} > ${most}`);
  if (bytes !== undefined) return sameText(item, decodeUtf8(bytes, from, to));
  return item instanceof GoList ? new GoList(item.type, item.items.slice(from, to)) : undefined;
}

const sameText = (like: Value, text: string): Value =>
  like instanceof GoText ? new GoText(like.type, text) : text;

/** `call f arg…`; `callee` is the source of the first argument. */
export function callValue(values: readonly Value[], callee: string, context: CallContext): Value {
  const [target, ...args] = values;
  if (target === undefined || target === null) throw AppError.invalid('call of nil');
  if (!(target instanceof GoFunc))
    throw AppError.invalid(`non-function ${callee} of type ${typeName(target)}`);
  const { params, variadic } = target.target;
  if (variadic === undefined ? args.length !== params.length : args.length < params.length) {
    throw AppError.invalid(`wrong number of args for ${callee}: got ${args.length} want ${params.length}`);
  }
  for (const [position, arg] of args.entries()) {
    const wanted = params[position] ?? variadic ?? ANY;
    if (wanted !== ANY && typeOf(arg) !== wanted) {
      throw AppError.invalid(`arg ${position}: value has type ${typeName(arg)}; should be ${wanted.name}`);
    }
  }
  return target.target.call(args, context);
}

// What html, js and urlquery work on.
function joined(args: readonly Value[], budget: Budget): string {
  const [only] = args;
  if (args.length === 1 && typeof only === 'string') return only;
  return sprint(
    args.map((arg) => arg ?? '<no value>'),
    budget,
  );
}

const HTML_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\ufffd'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[\0"'&<>]/g, (character) => HTML_ESCAPES.get(character) ?? character);

const JS_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
]);

const escapeJs = (text: string): string =>
  text.replaceAll(/[\\'"<>&=]|[^\p{L}\p{M}\p{N}\p{P}\p{S} \x7f]/gu, (character) => {
    const short = JS_ESCAPES.get(character);
    if (short !== undefined) return short;
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });

const texts = (make: (text: string) => string): GoFunction => ({
  params: [],
  variadic: ANY,
  call: (args, { budget }) => make(joined(args, budget)),
});

const refuse: GoFunction['call'] = () => {
  throw AppError.invalid('can only be called by name');
};

export const BUILTINS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ...COMPARISONS,
  ['and', { params: [REFLECTED], variadic: REFLECTED, call: refuse }],
  ['or', { params: [REFLECTED], variadic: REFLECTED, call: refuse }],
  ['call', { params: [REFLECTED], variadic: REFLECTED, call: refuse }],
  ['not', { params: [REFLECTED], call: ([value]) => !isTrue(value) }],
  ['len', { params: [REFLECTED], call: ([item]) => length(item) }],
  ['index', { params: [REFLECTED], variadic: REFLECTED, call: ([item, ...keys]) => index(item, keys) }],
  ['slice', { params: [REFLECTED], variadic: REFLECTED, call: ([item, ...keys]) => slice(item, keys) }],
  ['print', { params: [], variadic: ANY, call: (args, { budget }) => sprint(args, budget) }],
  ['println', { params: [], variadic: ANY, call: (args, { budget }) => sprintln(args, budget) }],
  [
    'printf',
    {
      params: [STRING],
      variadic: ANY,
      call: ([format, ...args], { budget }) => sprintf(textOf(format) ?? '', args, budget),
    },
  ],
  ['html', texts(escapeHtml)],
  ['js', texts(escapeJs)],
  ['urlquery', texts(queryEscape)],
]);
