import { describe, expect, it } from 'vitest';
import { printable, showDate, table } from './table.ts';
import { treeLines } from './tree.ts';

describe('what a terminal shows', () => {
  it('stands in columns by characters, the last one padded too', () => {
    expect(
      table([
        ['a', 'bb', ''],
        ['äöü😀', '', 'x'],
      ]),
    ).toEqual(['a     bb     ', 'äöü😀      x  ']);
  });
  it('holds nothing that a terminal obeys: whoever posts an alert must not write on it', () => {
    expect(printable('a\u001b[2Jb\r\n\tc\u009b1m\u202ed')).toBe('a\\x1b[2Jb\\r\\n\\tc\\x9b1m\\u202ed');
    expect(table([['x\ny']])).toEqual(['x\\ny  ']);
  });
  it('has dates in the zone they were given in', () => {
    const layout = '2006-01-02 15:04:05 MST';
    expect(showDate('2030-01-02T00:00:00.000Z', layout)).toBe('2030-01-02 00:00:00 UTC');
    expect(showDate('2030-01-02T00:00:00.000+01:00', layout)).toBe('2030-01-02 00:00:00 +0100');
    expect(showDate('soon', layout)).toBe('soon');
  });
  it('has trees as amtool draws them', () => {
    const leaf = (text: string): { text: string; children: [] } => ({ text, children: [] });
    expect(treeLines([{ text: 'a', children: [{ text: 'b', children: [leaf('c')] }, leaf('d')] }])).toEqual([
      '.',
      '└── a',
      '    ├── b',
      '    │\u00a0\u00a0 └── c',
      '    └── d',
    ]);
  });
});
