import { describe, expect, test } from 'vitest';
import { duration } from './go-duration.ts';
import { sprint, sprintf } from './go-fmt.ts';
import { timeOfMs } from './go-time.ts';
import { Budget, DEFAULT_LIMITS } from './limits.ts';
import {
  GoComplex,
  GoInt,
  GoMap,
  GoStruct,
  listOf,
  listOfStrings,
  MAP_OF_ANY,
  UINT8,
  type GoType,
  type Value,
} from './values.ts';

const budget = (): Budget => new Budget(DEFAULT_LIMITS);
const format = (text: string, ...args: readonly Value[]): string => sprintf(text, args, budget());

const POINT: GoType = { name: 'geo.Point', kind: 'struct' };
const point = new GoStruct(
  POINT,
  new Map<string, Value>([
    ['X', 1n],
    ['Name', 'a'],
  ]),
);
const map = new GoMap(
  MAP_OF_ANY,
  new Map<string, Value>([
    ['b', 2n],
    ['a', null],
  ]),
);

describe('verbs print as Go prints them', () => {
  test.each<readonly [format: string, args: readonly Value[], expected: string]>([
    ['%v %v %v %v', ['s', 1n, 1.5, true], 's 1 1.5 true'],
    ['%v', [undefined], '<nil>'],
    ['%s|%d', [null, null], '%!s(<nil>)|%!d(<nil>)'],
    ['%5d|%-5d|%05d|%+d|% d|%+05d', [7n, 7n, 7n, 7n, 7n, 7n], '    7|7    |00007|+7| 7|+0007'],
    ['%.3d|%8.3d|%.0d', [7n, 7n, 0n], '007|     007|'],
    [
      '%x %X %#x %o %#o %O %b %#b',
      [255n, 255n, 255n, 8n, 8n, 8n, 5n, 5n],
      'ff FF 0xff 10 010 0o10 101 0b101',
    ],
    ['%c %q %U %#U', [65n, 65n, 9731n, 9731n], "A 'A' U+2603 U+2603 '☃'"],
    ['%d', [-5n], '-5'],
    ['%#O %#5o %.2U %#U', [31n, 8n, 15n, 15n], '0o037   010 U+000F U+000F'],
    ['%#.v %#v', [new GoInt(UINT8, 98n), 98n], '0x62 98'],
    ['%.1T|%.1T', [1.5, null], 'f|<nil>'],
    ['%x', [-255n], '-ff'],
    [
      '%.2f|%8.3f|%-8.1f|%08.2f|%+.1f|% .1f',
      [3.14259, 2.71728, 1.5, -1.5, 1.25, 1.25],
      '3.14|   2.717|1.5     |-0001.50|+1.2| 1.2',
    ],
    [
      '%e %E %g %G %.3g',
      [12345.678, 12345.678, 1e-7, 1e21, 1234.5],
      '1.234568e+04 1.234568E+04 1e-07 1E+21 1.23e+03',
    ],
    ['%6.2f%%', [12.345], ' 12.35%'],
    ['%f %5.1f %+f', [Infinity, NaN, -Infinity], '+Inf   NaN -Inf'],
    ['%#g %#.3g %#.0f', [1, 1, 1], '1.00000 1.00 1.'],
    ['%x %b', [1.5, 1], '0x1.8p+00 4503599627370496p-52'],
    ['%s|%q|%x|% X|%#x', ['a\n', 'a\n', 'é☃', 'é', 'hi'], 'a\n|"a\\n"|c3a9e29883|C3 A9|0x6869'],
    ['%.2s|%5s|%-5s|%05s', ['é☃x', 'ab', 'ab', 'ab'], 'é☃|   ab|ab   |000ab'],
    ['%+q %#q', ['é☃', 'a"b'], '"\\u00e9\\u2603" `a"b`'],
    ['%t %v', [true, false], 'true false'],
    [
      '%T %T %T %T %T %T',
      [1n, 1.5, 's', listOf([]), map, undefined],
      'int float64 string []interface {} map[string]interface {} <nil>',
    ],
    ['%v %+v %#v', [point, point, point], '{1 a} {X:1 Name:a} geo.Point{X:1, Name:"a"}'],
    ['%v %#v', [map, map], 'map[a:<nil> b:2] map[string]interface {}{"a":interface {}(nil), "b":2}'],
    [
      '%v %q %d',
      [listOf([1n, 'a']), listOfStrings(['a', 'b']), listOf([1n, 1.5])],
      '[1 a] ["a" "b"] [1 %!d(float64=1.5)]',
    ],
    ['%v %.1f', [new GoComplex(1, -2), new GoComplex(1, 2)], '(1-2i) (1.0+2.0i)'],
    ['%v %d %s', [duration(1_500_000_000n), duration(5n), duration(60_000_000_000n)], '1.5s 5 1m0s'],
    ['%s', [timeOfMs(0)], '1970-01-01 00:00:00 +0000 UTC'],
  ])('%j', (text, args, expected) => {
    expect(format(text, ...args)).toBe(expected);
  });
});

describe('what does not fit is said inside the text', () => {
  test.each<readonly [format: string, args: readonly Value[], expected: string]>([
    ['%d', ['s'], '%!d(string=s)'],
    ['%s', [3n], '%!s(int=3)'],
    ['%d %d', [1n], '1 %!d(MISSING)'],
    ['%d', [1n, 2n, 'x', null], '1%!(EXTRA int=2, string=x, <nil>)'],
    ['%z', [1n], '%!z(int=1)'],
    ['100%', [], '100%!(NOVERB)'],
    ['%[2]s %[1]s', ['a', 'b'], 'b a'],
    ['%[3]d', [1n], '%!d(BADINDEX)'],
    ['%[x]d', [1n], '%!d(BADINDEX)'],
    ['%*d|%-*d|%.*f', [5n, 42n, 5n, 42n, 2n, 1.239], '   42|42   |1.24'],
    ['%*d', ['a', 1n], '%!(BADWIDTH)1'],
    // Width, precision and flags hold inside a complaint too.
    ['%5t', ['x'], '%!t(string=    x)'],
    ['%+U|%.1z', [1, 1000], '%!U(float64=+1)|%!z(float64=1e+03)'],
    [
      '%d %z',
      [timeOfMs(0), duration(5n)],
      '%!d(time.Time=1970-01-01 00:00:00 +0000 UTC) %!z(time.Duration=5)',
    ],
  ])('%j', (text, args, expected) => {
    expect(format(text, ...args)).toBe(expected);
  });
});

test('print puts a space between two operands when neither is a string', () => {
  expect(sprint([1n, 2n, 'a', 'b', 3n, 4.5, null], budget())).toBe('1 2ab3 4.5 <nil>');
});
