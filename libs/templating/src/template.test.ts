import { AppError, messageOf } from '@tocsin/kernel';
import { describe, expect, test } from 'vitest';
import { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
import { parseTemplate, TemplateSet } from './template.ts';
import { GoFunc, GoMap, listOf, MAP_OF_ANY, MAP_OF_STRING, STRING, textOf, type Value } from './values.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

const mapOf = (entries: Readonly<Record<string, Value>>): GoMap =>
  new GoMap(MAP_OF_ANY, new Map(Object.entries(entries)));
const render = (text: string, data?: Value): string =>
  parseTemplate('t', text, ALERTMANAGER_FUNCTIONS).execute(data, { now: NOW });

function errorOf(text: string, data?: Value): string {
  try {
    return `no error: ${render(text, data)}`;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
    return messageOf(thrown);
  }
}

describe('text and actions', () => {
  test.each([
    ['plain }} text', 'plain }} text'],
    ['a {{- " b " -}} c', 'a b c'],
    ['a \n{{- /* gone */ -}}\n b', 'ab'],
    ['{{-3}} {{- 3 -}} ', '-33'],
    ['{{ "a" }}{{`b\n`}}', 'ab\n'],
    ["{{ 'a' }} {{ 0x10 }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }}", '97 16 3 15 15 1000'],
    ['{{ 1e3 }} {{ 0x1p4 }} {{ .5 }}', '1000 16 0.5'],
    ['{{ 1i }} {{ 1.5-2i }}', '(0+1i) (1.5-2i)'],
    ['{{ "\\u00e9\\x41\\101\\n" }}', 'éAA\n'],
    ['{{ "\\xc3\\xa9" }}', 'é'],
  ])('%j renders %j', (text, expected) => {
    expect(render(text)).toBe(expected);
  });
});

describe('variables', () => {
  test('an assignment in a block changes the outer variable, a declaration hides it', () => {
    expect(render('{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}')).toBe('32');
  });

  test('the dollar sign stays the data inside with and range', () => {
    expect(render('{{ with .a }}{{ $.b }}{{ . }}{{ end }}', mapOf({ a: 'A', b: 'B' }))).toBe('BA');
  });

  test('range with = leaves the last element in the outer variables', () => {
    const text = '{{ $i := 9 }}{{ $e := 9 }}{{ range $i, $e = . }}{{ end }}{{ $i }}{{ $e }}';
    expect(render(text, listOf(['x', 'y']))).toBe('1y');
  });

  test('a definition does not see the variables around it', () => {
    expect(errorOf('{{ $v := 1 }}{{ define "x" }}{{ $v }}{{ end }}')).toBe(
      'template: t:1: undefined variable "$v"',
    );
  });
});

describe('control', () => {
  test('range goes over lists, sorted maps and integers, and takes else for nothing', () => {
    const data = mapOf({ list: listOf([1n, 2n]), map: mapOf({ b: 2n, a: 1n }), none: listOf([]) });
    const text =
      '{{ range .list }}{{ . }}{{ end }} {{ range $k, $v := .map }}{{ $k }}{{ $v }}{{ end }} {{ range 3 }}{{ . }}{{ end }} {{ range .none }}x{{ else }}E{{ end }}';
    expect(render(text, data)).toBe('12 a1b2 012 E');
    expect(errorOf('{{ range "abc" }}{{ end }}')).toContain("range can't iterate over abc");
  });

  test('break and continue act on the innermost range only', () => {
    const text =
      '{{ range 3 }}{{ $o := . }}{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ $o }}{{ . }},{{ end }}{{ end }}';
    expect(render(text)).toBe('00,02,10,12,20,22,');
  });

  test('else if and else with chain', () => {
    const text =
      '{{ if .a }}A{{ else if .b }}B{{ else }}C{{ end }}{{ with .a }}A{{ else with .b }}{{ . }}{{ end }}';
    expect(render(text, mapOf({ a: '', b: 'b' }))).toBe('Bb');
  });

  test('block defines and calls, and a later text of the set overrides it', () => {
    const set = TemplateSet.of(ALERTMANAGER_FUNCTIONS).add(
      'a',
      '{{ define "page" }}[{{ block "body" . }}own{{ end }}]{{ end }}',
    );
    expect(set.render('page', undefined, { now: NOW })).toBe('[own]');
    expect(set.add('b', '{{ define "body" }}theirs{{ end }}').render('page', undefined, { now: NOW })).toBe(
      '[theirs]',
    );
    expect(set.render('page', undefined, { now: NOW })).toBe('[own]');
  });

  test('an empty definition does not replace one that is not empty', () => {
    const set = TemplateSet.of(ALERTMANAGER_FUNCTIONS).add('a', '{{ define "x" }}full{{ end }}');
    expect(set.add('b', '{{ define "x" }} \n{{ end }}').render('x', undefined, { now: NOW })).toBe('full');
  });

  test('a name that one text defines twice is refused', () => {
    const twice = '{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}';
    expect(errorOf(twice)).toBe('template: t:1: template: multiple definition of template "x"');
  });

  test('definitions of a field are seen by that field alone', () => {
    const set = TemplateSet.of(ALERTMANAGER_FUNCTIONS);
    const field = set.compile('', '{{ define "x" }}X{{ end }}{{ template "x" }}');
    expect(field.execute(undefined, { now: NOW })).toBe('X');
    expect(set.has('x')).toBe(false);
  });
});

describe('errors name template, line and byte column', () => {
  test.each([
    ['a\n é{{ len\n 3 }}', 'template: t:2:6: executing "t" at <len 3>: error calling len: len of type int'],
    ['{{ len 3 }}', 'template: t:1:3: executing "t" at <len 3>: error calling len: len of type int'],
    ['{{ toUpper 3 }}', 'template: t:1:11: executing "t" at <3>: expected string; found 3'],
    ['\n{{ if }}', 'template: t:2: missing value for if'],
    ['{{ nope }}', 'template: t:1: function "nope" not defined'],
    ['{{ range 1 }}', 'template: t:1: unexpected EOF'],
    ['{{ 1 | 2 }}', 'template: t:1: non executable command in pipeline stage 2'],
    ['{{ "x }}', 'template: t:1: unterminated quoted string'],
    ['{{ "a" "b" }}', 'template: t:1:3: executing "t" at <"a">: can\'t give argument to non-function "a"'],
    ['{{ 99999999999999999999 }}', 'template: t:1: integer overflow: "99999999999999999999"'],
    [
      '{{ 18446744073709551615 }}',
      'template: t:1:3: executing "t" at <18446744073709551615>: 18446744073709551615 overflows int',
    ],
    ['{{ break }}', 'template: t:1: {{break}} outside {{range}}'],
    ['{{ $x, $y := 1 }}', 'template: t:1: too many declarations in command'],
    ['{{ (1 }}', 'template: t:1: unclosed left paren'],
    ['{{ 1) }}', 'template: t:1: unexpected right paren'],
    ['{{ 1.x }}', 'template: t:1: bad number syntax: "1.x"'],
  ])('%j fails', (text, expected) => {
    expect(errorOf(text)).toBe(expected);
  });

  test('the facts of the error hold the place as numbers', () => {
    try {
      render('x\n{{ .a.b.c }}', mapOf({ a: mapOf({}) }));
      expect.unreachable();
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'invalid', facts: { template: 't', line: 2 } });
    }
  });
});

describe('comparison follows kinds', () => {
  test.each([
    ['{{ eq 1 1 }}{{ eq "a" "b" "a" }}{{ ne 1.5 1.5 }}', 'truetruefalse'],
    ['{{ lt "a" "b" }}{{ le 2 2 }}{{ gt 2.5 1.5 }}{{ ge "b" "c" }}', 'truetruetruefalse'],
    ['{{ lt "\uffff" "\u{1f600}" }}', 'true'],
    ['{{ eq .nope nil }}', 'true'],
    ['{{ gt .nan 5.0 }}{{ ge .nan 5.0 }}{{ lt .nan 5.0 }}', 'truetruefalse'],
  ])('%s is %s', (text, expected) => {
    expect(render(text, mapOf({ nan: NaN }))).toBe(expected);
  });

  test.each(['{{ eq 1 1.0 }}', '{{ eq 1 "1" }}', '{{ lt 1 1.5 }}'])('%s is refused', (text) => {
    expect(errorOf(text)).toContain('incompatible types for comparison');
  });
});

test('and, or do not look at what comes after the deciding argument', () => {
  expect(render('{{ and 0 (index nil 1) }}{{ or "x" (index nil 1) }}')).toBe('0x');
});

test('call runs functions of the data and checks their arguments', () => {
  const shout = new GoFunc({ params: [STRING], call: ([text]) => `${textOf(text) ?? ''}!` });
  expect(render('{{ call .f "a" }}', mapOf({ f: shout }))).toBe('a!');
  expect(errorOf('{{ call .f 1 }}', mapOf({ f: shout }))).toContain('value has type int; should be string');
  expect(errorOf('{{ .f }}', mapOf({ f: shout }))).toContain("can't print");
});

describe('a template reaches nothing but its data', () => {
  const names = [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'entries',
    'type',
    'length',
    'call',
  ];
  const data = mapOf({
    text: 'x',
    list: listOf([1n]),
    strings: new GoMap(MAP_OF_STRING, new Map()),
    time: 1.5,
    int: 1n,
  });

  test.each(names)('.%s is no field of any value', (name) => {
    expect(render(`{{ .${name} }}{{ index . "${name}" }}{{ .strings.${name} }}`, data)).toBe(
      '<no value><no value>',
    );
    for (const field of ['text', 'list', 'time', 'int']) {
      expect(errorOf(`{{ .${field}.${name} }}`, data)).toContain(`can't evaluate field ${name}`);
    }
    expect(errorOf(`{{ ${name} }}`)).toMatch(name === 'call' ? /at least 1/ : /not defined/);
  });
});
