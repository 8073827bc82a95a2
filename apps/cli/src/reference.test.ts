import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { commandReference } from './reference.ts';

const page = new URL('../../../docs/reference/cli.md', import.meta.url);

it('the page on the commands says what the table of commands says (npm run gen writes it)', async () => {
  const config = await resolveConfig(page);
  const wanted = await format(commandReference(), { ...config, parser: 'markdown' });
  const [, ...found] = readFileSync(page, 'utf8').split('\n\n');
  expect(found.join('\n\n')).toBe(wanted);
});
