/**
 * Go values as templates see them. The simple ones are JavaScript's own:
 *
 *   string = string · number = float64 · bigint = int · boolean = bool
 *   null = a nil interface · undefined = no value at all (a zero reflect.Value)
 *
 * Everything else is a `GoObject` with an explicit type. A template can reach fields, keys and
 * methods that a type lists, and nothing of JavaScript: no property is ever looked up by a name
 * from a template, only `Map` entries.
 */
import { compareUtf8 } from '@tocsin/kernel';
import type { Budget } from './limits.ts';

export type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'float'
  | 'complex'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'func'
  | 'interface';

export interface GoType {
  /** As Go prints it: `[]string`, `template.KV`. */
  readonly name: string;
  readonly kind: Kind;
  /** Of slices and maps. */
  readonly elem?: GoType;
  /** The unnamed type that a named slice or map is assignable to and from. */
  readonly underlying?: GoType;
  readonly methods?: ReadonlyMap<string, Method>;
  /** Go's `String` method: how the value prints. */
  readonly text?: (self: GoObject) => string;
  /** What `encoding/json` writes instead of the plain form; a whole JSON text. */
  readonly json?: (self: GoObject) => string;
  /** Field name to JSON name, for structs with tags; others use the field name. */
  readonly jsonNames?: ReadonlyMap<string, string>;
  /** Fields that JSON leaves out when they are empty. */
  readonly omitEmpty?: ReadonlySet<string>;
}

/** What a call can use beside its arguments. */
export interface CallContext {
  /** Milliseconds since the epoch: what `now` and `since` answer by. */
  readonly now: number;
  readonly budget: Budget;
}

export interface Signature {
  readonly params: readonly GoType[];
  /** Element type of a last `...T` parameter. */
  readonly variadic?: GoType;
}

export interface GoFunction extends Signature {
  /** Arguments are checked against the signature before. Throws `AppError`. */
  call(args: readonly Value[], context: CallContext): Value;
}

export interface Method extends Signature {
  call(self: GoObject, args: readonly Value[], context: CallContext): Value;
}

export type Value = undefined | null | string | number | bigint | boolean | GoObject;

export abstract class GoObject {
  readonly type: GoType;

  constructor(type: GoType) {
    this.type = type;
  }
}

/** Any integer that is not a plain `int`: durations, months, bytes. */
export class GoInt extends GoObject {
  readonly value: bigint;

  constructor(type: GoType, value: bigint) {
    super(type);
    this.value = value;
  }
}

/** A string of a named type, such as text that is trusted to be HTML. */
export class GoText extends GoObject {
  readonly value: string;

  constructor(type: GoType, value: string) {
    super(type);
    this.value = value;
  }
}

export class GoComplex extends GoObject {
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    super(COMPLEX);
    this.real = real;
    this.imaginary = imaginary;
  }
}

export class GoList extends GoObject {
  readonly items: readonly Value[];

  constructor(type: GoType, items: readonly Value[]) {
    super(type);
    this.items = items;
  }
}

/** A map with string keys. */
export class GoMap extends GoObject {
  readonly entries: ReadonlyMap<string, Value>;
  #keys: readonly string[] | undefined;

  constructor(type: GoType, entries: ReadonlyMap<string, Value>) {
    super(type);
    this.entries = entries;
  }

  /** Sorted by bytes: the order of `range` and of printing. */
  get keys(): readonly string[] {
    return (this.#keys ??= [...this.entries.keys()].sort(compareUtf8));
  }
}

/** Fields in order of declaration. */
export class GoStruct extends GoObject {
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: GoType, fields: ReadonlyMap<string, Value>) {
    super(type);
    this.fields = fields;
  }
}

export class GoFunc extends GoObject {
  readonly target: GoFunction;

  constructor(target: GoFunction) {
    super(FUNC);
    this.target = target;
  }
}

export const STRING: GoType = { name: 'string', kind: 'string' };
export const INT: GoType = { name: 'int', kind: 'int' };
export const INT64: GoType = { name: 'int64', kind: 'int' };
export const UINT8: GoType = { name: 'uint8', kind: 'uint' };
export const FLOAT: GoType = { name: 'float64', kind: 'float' };
export const BOOL: GoType = { name: 'bool', kind: 'bool' };
export const COMPLEX: GoType = { name: 'complex128', kind: 'complex' };
export const FUNC: GoType = { name: 'func(...interface {}) interface {}', kind: 'func' };
export const ANY: GoType = { name: 'interface {}', kind: 'interface' };
/** Parameter of the built-in functions: takes everything, even no value. */
export const REFLECTED: GoType = { name: 'reflect.Value', kind: 'interface' };
export const LIST_OF_ANY: GoType = { name: '[]interface {}', kind: 'slice', elem: ANY };
export const LIST_OF_STRING: GoType = { name: '[]string', kind: 'slice', elem: STRING };
export const BYTES: GoType = { name: '[]uint8', kind: 'slice', elem: UINT8 };
export const MAP_OF_ANY: GoType = { name: 'map[string]interface {}', kind: 'map', elem: ANY };
export const MAP_OF_STRING: GoType = { name: 'map[string]string', kind: 'map', elem: STRING };
export const MAP_OF_FLOAT: GoType = { name: 'map[string]float64', kind: 'map', elem: FLOAT };
export const HTML: GoType = { name: 'template.HTML', kind: 'string' };
export const URL_TEXT: GoType = { name: 'template.URL', kind: 'string' };

/** The dynamic type; undefined for nil and for no value. */
export function typeOf(value: Value): GoType | undefined {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'number':
      return FLOAT;
    case 'bigint':
      return INT;
    case 'boolean':
      return BOOL;
    default:
      return value instanceof GoObject ? value.type : undefined;
  }
}

export const typeName = (value: Value): string => typeOf(value)?.name ?? '<nil>';

/** Go's rule of what an `if` takes as true: not empty, not zero, not nil. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'object')
    return typeof value === 'bigint' ? value !== 0n : value !== 0 && value !== '' && value !== false;
  if (value instanceof GoList) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoText) return value.value !== '';
  if (value instanceof GoComplex) return value.real !== 0 || value.imaginary !== 0;
  return true;
}

/** Text of a plain or named string. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof GoText ? value.value : undefined;
}

/** Number of a plain or named integer. */
export function intOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof GoInt ? value.value : undefined;
}

/** What a map with elements of this type answers for a key that it does not have. */
export function zeroOf(type: GoType): Value {
  switch (type.kind) {
    case 'string':
      return type === STRING ? '' : new GoText(type, '');
    case 'float':
      return 0;
    case 'int':
    case 'uint':
      return type === INT ? 0n : new GoInt(type, 0n);
    case 'bool':
      return false;
    case 'complex':
      return new GoComplex(0, 0);
    case 'slice':
      return new GoList(type, []);
    case 'map':
      return new GoMap(type, new Map());
    case 'struct':
    case 'func':
    case 'interface':
      return null;
  }
}

export const isAssignable = (from: GoType, to: GoType): boolean =>
  from === to ||
  to === ANY ||
  to === REFLECTED ||
  from.underlying === to ||
  (to.underlying === from && to.underlying !== undefined);

export const canBeNil = (type: GoType): boolean =>
  type.kind === 'interface' || type.kind === 'slice' || type.kind === 'map' || type.kind === 'func';

export const listOfStrings = (items: readonly string[]): GoList => new GoList(LIST_OF_STRING, items);
export const listOf = (items: readonly Value[]): GoList => new GoList(LIST_OF_ANY, items);
