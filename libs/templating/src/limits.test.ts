import { AppError } from '@tocsin/kernel';
import { describe, expect, test } from 'vitest';
import { ALERTMANAGER_FUNCTIONS } from './alertmanager-functions.ts';
import { parseTemplate } from './template.ts';

function failure(text: string): AppError {
  try {
    parseTemplate('t', text, ALERTMANAGER_FUNCTIONS).execute(undefined, { now: 0 });
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  return expect.unreachable(`${text.slice(0, 80)} rendered`);
}

// Whichever of the two runs out first.
const SIZE = /more than 2000000 steps|exceeds maximum size/;

const grow = (step: string, rounds = 64): string =>
  `{{ $x := "aaaaaaaa" }}{{ range ${rounds} }}{{ $x = ${step} }}{{ end }}`;

describe('a template that would use up the process is stopped', () => {
  test.each([
    ['an endless range', '{{ range 100000000000 }}{{ end }}', SIZE],
    ['an endless output', '{{ range 100000000000 }}0123456789012345678901234567890123456789{{ end }}', SIZE],
    ['a text that doubles', grow('print $x $x'), SIZE],
    ['a text that is joined with itself', grow('join $x (stringSlice $x $x $x)'), SIZE],
    ['a text that is replaced by itself', grow('reReplaceAll "" $x $x'), SIZE],
    ['a list that holds itself twice', `${grow('list $x $x')}{{ $x }}`, SIZE],
    ['JSON of a list that holds itself twice', `${grow('list $x $x')}{{ toJson $x }}`, SIZE],
    ['a list in a list in a list', `${grow('list $x', 100_000)}{{ $x }}`, /nested deeper than 100/],
    ['wide fields', '{{ range 100 }}{{ printf "%1000000d" 1 }}{{ end }}', SIZE],
    [
      'a template in itself',
      '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" }}',
      'depth (1000)',
    ],
    [
      'deep blocks in a template in itself',
      `{{ define "a" }}${'{{ if true }}'.repeat(400)}{{ template "a" . }}${'{{ end }}'.repeat(400)}{{ end }}{{ template "a" }}`,
      /depth/,
    ],
    ['a pattern over a long text', '{{ $s := printf "%300000s" "a" }}{{ match "(a*)*b" $s }}', SIZE],
  ])('%s', (_, text, expected) => {
    const error = failure(text);
    expect(error.code).toBe('limit');
    expect(error.message).toMatch(expected);
  });

  test.each([
    ['parentheses', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`],
    ['blocks', '{{ if true }}'.repeat(100_000)],
    ['else if', `{{ if 1 }}${'{{ else if 1 }}'.repeat(100_000)}{{ end }}`],
  ])('%s nested without end are refused by the parser', (_, text) => {
    expect(failure(text).message).toContain('nested deeper than 500 levels');
  });
});

test('what is allowed to nest fits the stack: calls in calls, blocks in blocks', () => {
  const calls = `{{ ${'(print '.repeat(300)}1${')'.repeat(300)} }}`;
  const blocks = `${'{{ if true }}{{ with 1 }}'.repeat(240)}x${'{{ end }}'.repeat(480)}`;
  const recursion = `{{ define "a" }}{{ if gt (len .) 0 }}{{ template "a" (slice . 1) }}{{ else }}end{{ end }}{{ end }}{{ template "a" (printf "%400s" "") }}`;
  const run = (text: string): string =>
    parseTemplate('t', text, ALERTMANAGER_FUNCTIONS).execute(undefined, { now: 0 });
  expect(run(calls)).toBe('1');
  expect(run(blocks)).toBe('x');
  expect(run(recursion)).toBe('end');
});

test('a long error quotes only the beginning of its node', () => {
  expect(failure(`{{ len (index ${'"a" '.repeat(50_000)}) }}`).message.length).toBeLessThan(1500);
  expect(failure(`{{ ${'9'.repeat(100_000)} }}`).message.length).toBeLessThan(1500);
});
