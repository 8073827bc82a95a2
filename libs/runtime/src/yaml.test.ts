import { spawnSync } from 'node:child_process';
import { AppError, type DocNode, type Mistake } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_YAML_BYTES, MAX_YAML_DEPTH, readYaml } from './yaml.ts';

/** Plain scalars as their text, others as `"text"`. */
function plain(node: DocNode): unknown {
  if (node.kind === 'scalar') return node.isPlain ? node.text : `"${node.text}"`;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
}

function mistakeOf(text: string): string {
  try {
    readYaml(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
    return (thrown as AppError).message;
  }
  return 'no mistake';
}

describe('readYaml', () => {
  it('keeps the text of a plain scalar, whatever YAML 1.1 could make of it', () => {
    for (const text of [
      '007',
      'yes',
      '1.50',
      '0x10',
      '2024-01-01',
      '12:30',
      '~',
      'null',
      '5m',
      '=',
      '1_000',
    ]) {
      expect(readYaml(`a: ${text}`)).toMatchObject({
        entries: [{ value: { kind: 'scalar', text, isPlain: true } }],
      });
    }
  });

  it('tells quoted, block and tagged scalars from plain ones', () => {
    expect(plain(readYaml('[a, "b", \'c\', !!str d]'))).toEqual(['a', '"b"', '"c"', '"d"']);
    expect(plain(readYaml('a: |\n  x\n  y\nb: >-\n  x\n  y\n'))).toEqual({ a: '"x\ny\n"', b: '"x y"' });
    expect(plain(readYaml('a:\nb: ""\n'))).toEqual({ a: '', b: '""' });
  });

  it('knows where every node and key stands', () => {
    expect(readYaml('a: b\nc:\n  - d\n')).toEqual({
      kind: 'map',
      line: 1,
      column: 1,
      entries: [
        {
          key: 'a',
          line: 1,
          column: 1,
          value: { kind: 'scalar', text: 'b', isPlain: true, line: 1, column: 4 },
        },
        {
          key: 'c',
          line: 2,
          column: 1,
          value: {
            kind: 'list',
            line: 3,
            column: 3,
            items: [{ kind: 'scalar', text: 'd', isPlain: true, line: 3, column: 5 }],
          },
        },
      ],
    });
  });

  it('reads the first document only, JSON, and a text with a byte order mark', () => {
    expect(plain(readYaml('# c\n---\na: b\n---\n[[['))).toEqual({ a: 'b' });
    expect(plain(readYaml('{"a": [1, true, {"b": null}]}'))).toEqual({ a: ['1', 'true', { b: 'null' }] });
    expect(plain(readYaml('\ufeffa: b'))).toEqual({ a: 'b' });
    expect(plain(readYaml('%YAML 1.1\n---\na: b'))).toEqual({ a: 'b' });
    for (const empty of ['', '# nothing\n', '---\n---\na: b']) expect(plain(readYaml(empty))).toBe('');
  });

  it('follows aliases to the anchor before them, and merges maps with the explicit key winning', () => {
    expect(plain(readYaml('a: &x 1\nb: *x\nc: &x 2\nd: *x'))).toEqual({ a: '1', b: '1', c: '2', d: '2' });
    expect(
      plain(readYaml('a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\nc: {k: 3, <<: [*a, *b]}\nd: {<<: *a, k: 4}')),
    ).toMatchObject({
      c: { k: '3', l: '1', m: '2' },
      d: { k: '4', l: '1' },
    });
    expect(plain(readYaml('"<<": a'))).toEqual({ '<<': 'a' });
  });

  it('says with line and column what is wrong', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['a: 1\na: 2', 'line 2, column 1: key "a" is already set in this map'],
      ['a:\n\t- b', 'line 2, column 1: Tabs are not allowed as indentation'],
      ['%YAML 1.2\n---\na: b', 'line 1, column 1: YAML version 1.2 is not supported, expected 1.1'],
      ['a: !!int 5', 'line 1, column 4: Unresolved tag: tag:yaml.org,2002:int'],
      ['a: !mine 5', 'line 1, column 4: Unresolved tag: !mine'],
      ['a: *x', 'line 1, column 4: unknown anchor "x"'],
      ['a: &x [*x]', 'line 1, column 8: anchor "x" contains itself'],
      ['[a]: b', 'line 1, column 1: expected a plain key, found a list'],
      ['a: {<<: b}', 'line 1, column 9: a merge key needs a map or a list of maps, found a scalar'],
      ['a: "\\ud800"', 'line 1, column 4: text with half a surrogate pair is not valid Unicode'],
      [
        'x'.repeat(MAX_YAML_BYTES + 1),
        `line 1, column 1: document of ${MAX_YAML_BYTES + 1} bytes: at most ${MAX_YAML_BYTES} are allowed`,
      ],
    ];
    for (const [text, message] of cases)
      expect([text.slice(0, 30), mistakeOf(text)]).toEqual([text.slice(0, 30), message]);
    expect(mistakeOf('a: [')).toMatch(/^line 1, column 5: /);
  });

  it('gives the mistakes as facts too', () => {
    try {
      readYaml('a: 1\na: 2');
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as AppError).facts['mistakes']).toMatchObject([
        { line: 2, column: 1 },
      ] satisfies Partial<Mistake>[]);
    }
  });

  it('allows 100 levels and refuses 101, in any way of nesting', () => {
    const nest: Readonly<Record<string, (depth: number) => string>> = {
      flow: (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`,
      maps: (depth) => `${'{a: '.repeat(depth)}${'}'.repeat(depth)}`,
      block: (depth) => Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
      dashes: (depth) => `${'- '.repeat(depth)}x`,
    };
    for (const [name, write] of Object.entries(nest)) {
      expect([name, mistakeOf(write(MAX_YAML_DEPTH))]).toEqual([name, 'no mistake']);
      expect([name, mistakeOf(write(MAX_YAML_DEPTH + 1))]).toEqual([
        name,
        expect.stringContaining('nested deeper than 100'),
      ]);
      expect([name, mistakeOf(write(2000))]).toEqual([
        name,
        expect.stringContaining('nested deeper than 100'),
      ]);
    }
  });

  it('bounds what aliases unfold to, in nodes and in levels', () => {
    const nine = (name: string): string => Array.from({ length: 9 }, () => name).join(', ');
    const bomb = Array.from(
      { length: 9 },
      (_, index) => `k${index}: &a${index} [${index === 0 ? nine('x') : nine(`*a${index - 1}`)}]`,
    );
    expect(mistakeOf(bomb.join('\n'))).toContain('aliases unfold to more than 100000 nodes');
    const deep = (anchor: string, inner: string): string =>
      `&${anchor} ${'['.repeat(60)}${inner}${']'.repeat(60)}`;
    expect(mistakeOf(`- ${deep('a', 'x')}\n- ${deep('b', '*a')}`)).toContain('nested deeper than 100 levels');
  });

  it('gives only an AppError for whatever is no document', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'a',
          ':',
          ': ',
          '- ',
          '? ',
          '\n',
          '  ',
          '[',
          ']',
          '{',
          '}',
          ',',
          '&a ',
          '*a',
          '"',
          "'",
          '|',
          '>',
          '#',
          '!',
          '!!str ',
          '%',
          '---',
          '...',
          '\t',
          '<<',
          '\\u',
          '\ufeff',
          '@',
          '😀',
        ),
        { maxLength: 25 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string()), (text) => {
        mistakeOf(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('outlives nesting that would end a process, of every kind', () => {
    const code = `
      import { readYaml } from ${JSON.stringify(new URL('yaml.ts', import.meta.url).href)};
      for (const text of ['[', '{a: ', '- ', '? ', '[{', '- [', 'a:\\n - ', '{? ', '[[a]: ', '- &a ', '&a - ', '!!map ? ', ': ', 'a: ', '? : ', '- a: ', '{[', '{{']) {
        try { readYaml(text.repeat(20_000)); } catch (error) { if (error.code !== 'invalid') throw error; }
      }
      console.log('alive');`;
    const child = spawnSync(
      process.execPath,
      ['--conditions=@tocsin/source', '--import=tsx', '--input-type=module', '--eval', code],
      { encoding: 'utf8' },
    );
    expect([child.status, child.stdout.trim()]).toEqual([0, 'alive']);
  });
});
