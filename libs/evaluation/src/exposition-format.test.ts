import { AppError } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition } from './exposition-format.ts';

const seriesOf = (page: string): readonly (readonly [labels: string, value: number])[] =>
  [...parseExposition(page).values()].flat().map(({ labels, value }) => [labels.json, value]);

describe('a metrics page', () => {
  it('reads samples with and without labels, time stamps and exemplars', () => {
    const page = [
      '# HELP up Whether it is up.',
      '# TYPE up gauge',
      'up 1',
      '  up_spaced   {a="b" , c="d",}   2   1395066363000  ',
      'tight{a="b"}3',
      'total{le="0.5"} 17.0 1520879607.789 # {trace_id="x y"} 0.67 1520879607.789',
      'special{v="\\\\ \\" \\n \\x"} +Inf',
      'nothing NaN',
      'empty{a=""} -1e-3',
      '{"quoted name",a="b"} 4',
      '',
      '# EOF',
    ].join('\n');
    expect(seriesOf(page)).toEqual([
      ['{"__name__":"up"}', 1],
      ['{"__name__":"up_spaced","a":"b","c":"d"}', 2],
      ['{"__name__":"tight","a":"b"}', 3],
      ['{"__name__":"total","le":"0.5"}', 17],
      ['{"__name__":"special","v":"\\\\ \\" \\n \\\\x"}', Infinity],
      ['{"__name__":"nothing"}', Number.NaN],
      ['{"__name__":"empty"}', -0.001],
      ['{"__name__":"quoted name","a":"b"}', 4],
    ]);
    expect(seriesOf('up 1\r\nup{a="b"} 2\r\n')).toHaveLength(2);
    expect(seriesOf('')).toEqual([]);
  });

  it.each([
    'up',
    'up one',
    'up{a="b"',
    'up{a="b} 1',
    'up{a=b} 1',
    'up{a="b"c="d"} 1',
    'up{a="b",a="c"} 1',
    'up{a="b"} 1 2 3',
    '1up 1',
    '{a="b"} 1',
    'up-1',
    '<html>',
  ])('is refused as a whole for the line %s, with its number', (line) => {
    expect(() => parseExposition(`fine 1\n${line}\n`)).toThrow(/^line 2: character \d+: /);
  });

  it('has limits on samples and labels', () => {
    expect(() => parseExposition('a 1\na 2\na 3\n', { samplesMax: 2 })).toThrow('more than 2 samples');
    expect(() => parseExposition('a{b="",c="",d=""} 1\n', { labelsPerSampleMax: 2 })).toThrow(
      'at most 2 labels',
    );
  });

  it('reads back whatever an exporter writes', () => {
    const names = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/);
    const series = fc.tuple(
      names,
      fc.dictionary(
        names.filter((name) => name !== '__name__'),
        fc.string({ unit: 'grapheme', minLength: 1 }),
      ),
      fc.double(),
    );
    const escape = (text: string): string =>
      text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    fc.assert(
      fc.property(fc.array(series), (all) => {
        const page = all.map(([name, labels, value]) => {
          const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
          return `${name}{${pairs.join(',')}} ${Number.isFinite(value) || Number.isNaN(value) ? value : value > 0 ? '+Inf' : '-Inf'}`;
        });
        const read = parseExposition(page.join('\n'));
        const expected = all.map(([name, labels]) => LabelSet.fromObject({ ...labels, __name__: name }).json);
        const found = [...read.values()].flat().map(({ labels }) => labels.json);
        expect(found.toSorted()).toEqual(expected.toSorted());
      }),
    );
  });

  it('throws nothing but AppError, whatever the page holds', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z{}="\\ 0-9.#\n]{0,60}$/), (page) => {
        try {
          parseExposition(page);
        } catch (cause) {
          expect(cause).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
