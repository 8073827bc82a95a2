import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { expandVariables, parseIni } from './ini.ts';

const valuesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    parseIni(text, 'x.ini').entries.map(({ section, key, value }) => [
      section === '' ? key : `${section}/${key}`,
      value,
    ]),
  );

describe('parseIni', () => {
  it('reads sections, both separators, and comments at line starts and after white space', () => {
    expect(
      valuesOf(
        '\uFEFFtop = 1\r\n# a\n; b\n[unified_alerting] ; c\n  ha_peers : a:1,b:2  \nk = v # no\nl = v ;no\n[a.b]\nc.d=e = f',
      ),
    ).toEqual({
      top: '1',
      'unified_alerting/ha_peers': 'a:1,b:2',
      'unified_alerting/k': 'v',
      'unified_alerting/l': 'v',
      'a.b/c.d': 'e = f',
    });
  });

  it('keeps # and ; inside a value, and anything inside quotes', () => {
    expect(
      valuesOf(
        'pw = a#b;c\nq = "x # y" # z\ns = \'it # is\'\nt = """a"#;b"""\nb = `c"#;`\ne = "say \\"hi\\""\nh = it\'s',
      ),
    ).toEqual({
      pw: 'a#b;c',
      q: 'x # y',
      s: 'it # is',
      t: 'a"#;b',
      b: 'c"#;',
      e: 'say "hi"',
      h: "it's",
    });
  });

  it('joins fenced values and continued lines', () => {
    expect(valuesOf('pem = """-----\nline # 2\n-----"""\nlist = a, \\\n  b\nnext = 1')).toEqual({
      pem: '-----\nline # 2\n-----',
      list: 'a, b',
      next: '1',
    });
  });

  it('lets the last of two equal keys win, across a section that is opened twice', () => {
    const file = parseIni('[a]\nk = 1\n[b]\nk = 2\n[a]\nk = 3', 'x.ini');
    expect(file.find('a', 'k')).toEqual({ section: 'a', key: 'k', value: '3', line: 6 });
    expect(file.find('c', 'k')).toBeUndefined();
  });

  it('names every broken line without quoting it', () => {
    expect(() => parseIni('[a\nsecret\n= x\nk = """open', 'x.ini')).toThrow(
      'x.ini line 1: "[a" is not a section like [unified_alerting]\nx.ini line 2: expected [section] or key = value\n' +
        'x.ini line 3: the key before the = is missing\nx.ini line 4: a value begins with """ that never ends',
    );
  });

  it('returns any printable value put between triple quotes', () => {
    const value = fc
      .string({ unit: 'binary' })
      .filter((text) => !text.includes('"""') && !text.endsWith('"') && !/[\r\n]/.test(text));
    fc.assert(
      fc.property(value, (text) => {
        expect(valuesOf(`k = """${text}"""`)).toEqual({ k: text });
      }),
    );
  });

  it('never fails otherwise than with AppError', () => {
    const line = fc
      .array(fc.constantFrom('[', ']', '=', ':', '"', '"""', '`', '#', ';', '\\', '\n', ' ', 'a', '${', '}'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(line, (text) => {
        try {
          parseIni(text, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('expandVariables', () => {
  const lookup = {
    env: (name: string) => ({ HOST: 'db', EVIL: '${HOST}' })[name],
    file: (path: string) => {
      if (path !== '/s') throw new Error('no such file');
      return ' text\n';
    },
  };

  it('replaces the three forms, once, and leaves other dollars alone', () => {
    expect(expandVariables('${HOST} $__env{HOST} $__file{/s} ${EVIL} ${NONE}| $HOST $$ {HOST}', lookup)).toBe(
      'db db text ${HOST} | $HOST $$ {HOST}',
    );
  });

  it('says which file or provider is wrong', () => {
    expect(() => expandVariables('$__file{/x}', lookup)).toThrow('$__file{/x}: no such file');
    expect(() => expandVariables('$__vault{x}', lookup)).toThrow('$__vault{…} is not known');
  });
});
