import { expect, it } from 'vitest';
import { databaseFolder } from './database-folder.ts';

const modes = (closed: string) => (path: string) => (path === closed ? 0o040700 : 0o040755);

it('keeps the database beside the other files, unless root would hide it from the server', () => {
  expect(databaseFolder('/srv/tocsin/.tocsin/demo', true, modes('/closed'))).toBe(
    '/srv/tocsin/.tocsin/demo/postgres',
  );
  expect(databaseFolder('/people/ada/t/.tocsin/demo', false, modes('/people/ada'))).toBe(
    '/people/ada/t/.tocsin/demo/postgres',
  );
  const hidden = databaseFolder('/closed/t/.tocsin/demo', true, modes('/closed'));
  expect(hidden).toMatch(/^\/var\/tmp\/tocsin-demo-[0-9a-f]{12}$/);
  expect(databaseFolder('/closed/t/.tocsin/demo', true, modes('/closed'))).toBe(hidden);
  expect(databaseFolder('/closed/u/.tocsin/demo', true, modes('/closed'))).not.toBe(hidden);
});
