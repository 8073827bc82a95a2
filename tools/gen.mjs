// npm run gen [-- --check]: everything that is printed from declarations. --check writes the same, and fails
// when that changed a file: somebody forgot to run it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isCheck = process.argv.includes('--check');
const outputs = ['libs/contracts/src/gen', 'docs/reference'];

const hashes = () =>
  new Map(
    outputs
      .filter((folder) => existsSync(join(root, folder)))
      .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
      .map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex'),
      ]),
  );

const before = hashes();
if (existsSync(join(root, 'tools/gen-contracts.mjs'))) run('tools/gen-contracts.mjs');
run('tools/run.mjs', 'tools/gen/reference.ts');
const changed = [...hashes()].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path);
for (const path of changed) console.log(`changed: ${path}`);
if (changed.length === 0) console.log('Generated files are as their sources say.');
else if (isCheck) {
  console.error('Generated files were out of date; run npm run gen and commit what it changes.');
  process.exit(1);
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
