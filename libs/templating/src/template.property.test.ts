import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
import { nodeText } from './ast.ts';
import { parseUnit } from './parser.ts';
import { parseTemplate } from './template.ts';
import { GoMap, listOf, MAP_OF_ANY, type Value } from './values.ts';

const LIMITS = { maxOutput: 2000, maxSteps: 5000 };
const has = (name: string): boolean =>
  ALERTMANAGER_FUNCTIONS.has(name) || ['print', 'printf', 'len', 'eq', 'and', 'index'].includes(name);

const word = fc.constantFrom(
  '{{',
  '}}',
  '{{-',
  '-}}',
  ' ',
  '\n',
  'if',
  'else',
  'end',
  'range',
  'with',
  'define',
  'block',
  'template',

  'break',
  'continue',
  '$',
  '$x',
  ':=',
  '=',
  ',',
  '.',
  '.a',
  '.list',
  '.map',
  '|',
  '(',
  ')',
  'nil',
  'true',
  '"t"',

  '`r`',
  "'c'",
  '1',
  '-2.5',
  '0x',
  '1i',
  '/*',
  '*/',
  'len',
  'print',
  'printf',
  'index',
  'eq',
  'and',
  'dict',
  'é',
  '"',
);
const soup = fc.array(word, { maxLength: 60 }).map((words) => words.join(''));
const spaced = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));

// Templates that parse, with calls and blocks within each other.
const { statements } = fc.letrec<{ statements: string; statement: string; value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('.', '.a', '.list', '.map', '$', '3', '1.5', '"s"', 'true', '.nope', '.map.x'),
    fc
      .tuple(
        fc.constantFrom('print', 'len', 'list', 'toJson', 'not', 'dict "k"', 'index .list'),
        tie('value'),
      )
      .map(([name, arg]) => `(${name} ${arg})`),
    fc
      .tuple(fc.constantFrom('printf "%v|%5.2f"', 'and', 'or', 'eq', 'append'), tie('value'), tie('value'))
      .map((parts) => `(${parts.join(' ')})`),
  ),
  statement: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('text', ' ', '\n', '{{- " t " -}}', '{{ template "loop" . }}'),
    tie('value').map((value) => `{{ ${value} }}`),
    tie('value').map((value) => `{{ $x = ${value} }}`),
    fc
      .tuple(fc.constantFrom('if', 'with', 'range'), tie('value'), tie('statements'), tie('statements'))
      .map(([kind, value, body, other]) => `{{ ${kind} ${value} }}${body}{{ else }}${other}{{ end }}`),
  ),
  statements: fc.array(tie('statement'), { maxLength: 4 }).map((parts) => parts.join('')),
}));

const DATA: Value = new GoMap(
  MAP_OF_ANY,
  new Map<string, Value>([
    ['a', 'A'],
    ['list', listOf([1n, 'two', 3.5, null])],
    ['map', new GoMap(MAP_OF_ANY, new Map<string, Value>([['x', 1n]]))],
  ]),
);

const wrap = (body: string): string =>
  `{{ $x := 0 }}{{ define "loop" }}{{ range 9 }}{{ template "loop" . }}{{ end }}{{ end }}${body}`;

test('the parser throws nothing but AppError (invalid), whatever the text', () => {
  fc.assert(
    fc.property(fc.oneof(soup, spaced, fc.string({ unit: 'binary' })), (text) => {
      try {
        parseUnit('t', text, has);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(AppError);
        expect(thrown).toMatchObject({ code: 'invalid' });
      }
    }),
    { numRuns: 2000 },
  );
});

test('execution ends within its limits or with an AppError', () => {
  fc.assert(
    fc.property(statements, (body) => {
      const template = parseTemplate('t', wrap(body), ALERTMANAGER_FUNCTIONS);
      try {
        const output = template.execute(DATA, { now: 0, limits: LIMITS });
        expect(output.length).toBeLessThanOrEqual(LIMITS.maxOutput);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the same template with the same data renders the same', () => {
  const outcome = (body: string): string => {
    try {
      return parseTemplate('t', wrap(body), ALERTMANAGER_FUNCTIONS).execute(DATA, { now: 0, limits: LIMITS });
    } catch (thrown) {
      return String(thrown);
    }
  };
  fc.assert(
    fc.property(statements, (body) => {
      expect(outcome(body)).toBe(outcome(body));
    }),
  );
});

test('the normal form of a tree parses to the same normal form', () => {
  const normal = (text: string): string =>
    parseUnit('t', text, () => true)
      .main.body.map(nodeText)
      .join('');
  fc.assert(
    fc.property(statements, (body) => {
      const once = normal(`{{ $x := 0 }}${body}`);
      expect(normal(once)).toBe(once);
    }),
  );
});

test('a text without braces renders as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('{{'));
      expect(parseTemplate('t', text, new Map()).execute(undefined, { now: 0 })).toBe(text);
    }),
  );
});

test('a quoted constant renders as the text that was quoted', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(
        parseTemplate('t', `{{ ${JSON.stringify(text).replaceAll('\\/', '/')} }}`, new Map()).execute(
          undefined,
          { now: 0 },
        ),
      ).toBe(text);
    }),
  );
});
