import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { readTextFile, readTextFileSync } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'tocsin-files-'));
afterAll(() => rmSync(dir, { recursive: true }));
const good = join(dir, 'good.yml');
writeFileSync(good, 'route: {}\n# é');
writeFileSync(join(dir, 'binary'), new Uint8Array([0xff, 0xfe]));

const readers = {
  readTextFile,
  readTextFileSync: async (path: string, max?: number) => readTextFileSync(path, max),
};

describe.each(Object.entries(readers))('%s', (_name, read) => {
  it('reads text', async () => expect(await read(good)).toBe('route: {}\n# é'));

  it.each([
    [join(dir, 'none'), 'not-found', 'no such file'],
    [join(good, 'below'), 'not-found', 'a part of the path is not a folder'],
    [dir, 'invalid', 'is a folder; expected a file'],
    [join(dir, 'binary'), 'invalid', 'is not UTF-8 text'],
  ])('says what is wrong with %s', async (path, code, why) => {
    const error: unknown = await read(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, message: `${path}: ${why}` });
  });

  it('refuses a file that is too large', async () => {
    await expect(read(good, 3)).rejects.toMatchObject({ code: 'limit' });
  });
});
