import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expandGlob, findPaths, readTemplateFiles } from './glob.ts';

const dir = mkdtempSync(join(tmpdir(), 'tocsin-glob-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
for (const name of ['a.yml', 'b.yml', 'b1.yml', 'c.yaml', 'd+.yml']) writeFileSync(join(dir, name), '');

const names = async (pattern: string): Promise<string[]> =>
  (await expandGlob(join(dir, pattern))).map((path) => path.slice(dir.length + 1));

describe('expandGlob', () => {
  it('matches as Go does, in the file name', async () => {
    expect(await names('*.yml')).toEqual(['a.yml', 'b.yml', 'b1.yml', 'd+.yml']);
    expect(await names('?.yml')).toEqual(['a.yml', 'b.yml']);
    expect(await names('[^a].yml')).toEqual(['b.yml']);
    expect(await names('b[0-9].yml')).toEqual(['b1.yml']);
    expect(await names('d+.*')).toEqual(['d+.yml']);
  });
  it('leaves a plain path alone, and finds nothing where there is nothing', async () => {
    expect(await names('missing.yml')).toEqual(['missing.yml']);
    expect(await expandGlob(join(dir, 'no-folder/*.yml'))).toEqual([]);
  });
  it('refuses wildcards in folders, by name', async () => {
    await expect(expandGlob('rules/*/x.yml')).rejects.toThrow('rules/*/x.yml: wildcards');
  });
});

describe('findPaths', () => {
  it('takes wildcards in folders too, and finds only what is there', async () => {
    for (const folder of ['x1', 'x2', 'odd[1]']) {
      mkdirSync(join(dir, folder));
      writeFileSync(join(dir, folder, 't.tmpl'), folder);
    }
    const found = async (pattern: string): Promise<string[]> =>
      (await findPaths(join(dir, pattern))).map((path) => path.slice(dir.length + 1));
    expect(await found('x*/*.tmpl')).toEqual(['x1/t.tmpl', 'x2/t.tmpl']);
    expect(await found('*/t.tmpl')).toEqual(['odd[1]/t.tmpl', 'x1/t.tmpl', 'x2/t.tmpl']);
    expect(await found('a.yml')).toEqual(['a.yml']);
    expect(await found('missing.tmpl')).toEqual([]);
    expect(await found('none/*/x')).toEqual([]);
    expect(await readTemplateFiles(['x1/*', 'missing.tmpl', join(dir, 'x2/t.tmpl')], dir)).toEqual([
      { name: join(dir, 'x1/t.tmpl'), text: 'x1' },
      { name: join(dir, 'x2/t.tmpl'), text: 'x2' },
    ]);
  });
  it.each(['[z-a].tmpl', '[]', '[', '['.repeat(50), '\\'])('%s is no reason to crash', async (pattern) => {
    const outcome = await findPaths(join(dir, pattern)).catch((error: unknown) => String(error));
    expect(Array.isArray(outcome) || String(outcome).includes('syntax error in pattern')).toBe(true);
  });
});
