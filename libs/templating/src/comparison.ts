/** `eq`, `ne`, `lt`, `le`, `gt`, `ge`: values compare only within one kind, as in Go. */
import { AppError, compareUtf8 } from '@tocsin/kernel';
import {
  GoComplex,
  GoObject,
  REFLECTED,
  intOf,
  textOf,
  typeName,
  typeOf,
  type GoFunction,
  type Value,
} from './values.ts';

type Basic = 'bool' | 'int' | 'float' | 'complex' | 'string';

function basicKind(value: Value): Basic | undefined {
  const kind = typeOf(value)?.kind;
  if (kind === 'uint') return 'int';
  return kind === 'bool' || kind === 'int' || kind === 'float' || kind === 'complex' || kind === 'string'
    ? kind
    : undefined;
}

const isNil = (value: Value): boolean => value === undefined || value === null;

/** Same kind and same value; `undefined` and nil equal each other only. */
export function areEqual(left: Value, right: Value): boolean {
  if (isNil(left) || isNil(right)) return isNil(left) && isNil(right);
  const kind = basicKind(left);
  if (kind !== basicKind(right)) throw incompatible(left, right);
  switch (kind) {
    case 'bool':
    case 'float':
      return left === right;
    case 'int':
      return intOf(left) === intOf(right);
    case 'string':
      return textOf(left) === textOf(right);
    case 'complex':
      return equalComplex(left, right);
    case undefined:
      return equalObjects(left, right);
  }
}

const equalComplex = (left: Value, right: Value): boolean =>
  left instanceof GoComplex &&
  right instanceof GoComplex &&
  left.real === right.real &&
  left.imaginary === right.imaginary;

function equalObjects(left: Value, right: Value): boolean {
  const type = typeOf(right);
  const kind = type?.kind;
  if (kind === 'slice' || kind === 'map' || kind === 'func') {
    throw AppError.invalid(`non-comparable type ${type?.name ?? ''}`);
  }
  if (left instanceof Comparable && right instanceof Comparable)
    return left.type === right.type && left.equals(right);
  return left === right;
}

/** Structs that compare by value, such as times. */
export abstract class Comparable extends GoObject {
  abstract equals(other: Comparable): boolean;
}

function isLess(left: Value, right: Value): boolean {
  const kind = basicKind(left);
  if (kind === undefined || basicKind(right) === undefined)
    throw AppError.invalid('invalid type for comparison');
  if (kind !== basicKind(right)) throw incompatible(left, right);
  switch (kind) {
    case 'bool':
    case 'complex':
      throw AppError.invalid('invalid type for comparison');
    case 'int':
      return (intOf(left) ?? 0n) < (intOf(right) ?? 0n);
    case 'float':
      return (left as number) < (right as number);
    case 'string':
      return compareUtf8(textOf(left) ?? '', textOf(right) ?? '') < 0;
  }
}

// Go has no `le` of its own: NaN is therefore "greater" than everything.
const isLessOrEqual = (left: Value, right: Value): boolean => isLess(left, right) || areEqual(left, right);

const incompatible = (left: Value, right: Value): AppError =>
  AppError.invalid(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`);

const binary = (decide: (left: Value, right: Value) => boolean): GoFunction => ({
  params: [REFLECTED, REFLECTED],
  call: ([left, right]) => decide(left, right),
});

const equal: GoFunction = {
  params: [REFLECTED],
  variadic: REFLECTED,
  call: ([first, ...others]) => {
    if (others.length === 0) throw AppError.invalid('missing argument for comparison');
    return others.some((other) => areEqual(first, other));
  },
};

export const COMPARISONS: readonly (readonly [name: string, target: GoFunction])[] = [
  ['eq', equal],
  ['ne', binary((left, right) => !areEqual(left, right))],
  ['lt', binary(isLess)],
  ['le', binary(isLessOrEqual)],
  ['gt', binary((left, right) => !isLessOrEqual(left, right))],
  ['ge', binary((left, right) => !isLess(left, right))],
];
