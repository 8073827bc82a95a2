import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@tocsin/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { appendFile } from './append-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'tocsin-append-'));
afterAll(() => rmSync(dir, { recursive: true }));
let count = 0;
const fresh = (): string => join(dir, `file-${count++}`);
const read = (path: string): string => readFileSync(path, 'utf8');

describe('a file that is appended to', () => {
  it('keeps what was in it', async () => {
    const path = fresh();
    for (const line of ['a\n', 'é\n']) {
      const file = appendFile(path);
      await file.write(line);
      await file.close();
    }
    expect(read(path)).toBe('a\né\n');
  });

  it('is made anew when it was moved away, removed, or cut', async () => {
    const path = fresh();
    const file = appendFile(path);
    await file.write('1\n');
    renameSync(path, `${path}.1`);
    await file.write('2\n');
    expect([read(`${path}.1`), read(path)]).toEqual(['1\n', '2\n']);
    rmSync(path);
    await file.write('3\n');
    expect(read(path)).toBe('3\n');
    truncateSync(path);
    await file.write('4\n');
    expect(read(path)).toBe('4\n');
    file.renew();
    await file.write('5\n');
    expect(read(path)).toBe('4\n5\n');
    await file.close();
  });

  it('that can not be written says which and why, and is tried again', async () => {
    const path = join(dir, 'no-such-folder', 'file');
    const error: unknown = await appendFile(path)
      .write('x\n')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(path) as string });
    const device = appendFile('/dev/full');
    await expect(device.write('x\n')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(device.write('x\n')).rejects.toMatchObject({ code: 'unavailable' });
    await device.close();
  });
});
