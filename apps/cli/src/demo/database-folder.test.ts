import { expect, it } from 'vitest';
import { databaseFolder } from './database-folder.ts';

const modes = (closed: string) => (path: string) => (path === closed ? 0o040700 : 0o040755);

it('keeps the database beside the other files, unless root would hide it from the server', () => {
  expect(databaseFolder('/srv/tocsin/.tocsin/demo', true, modes('/root'))).toBe(
    '/srv/tocsin/.tocsin/demo/postgres',
  );
  expect(databaseFolder('/home/ada/t/.tocsin/demo', false, modes('/home/ada'))).toBe(
    '/home/ada/t/.tocsin/demo/postgres',
  );
  const hidden = databaseFolder('/root/t/.tocsin/demo', true, modes('/root'));
  expect(hidden).toMatch(/^\/var\/tmp\/tocsin-demo-[0-9a-f]{12}$/);
  expect(databaseFolder('/root/t/.tocsin/demo', true, modes('/root'))).toBe(hidden);
  expect(databaseFolder('/root/u/.tocsin/demo', true, modes('/root'))).not.toBe(hidden);
});
