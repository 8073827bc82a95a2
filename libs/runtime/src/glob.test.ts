import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expandGlob } from './glob.ts';

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
