// Runs a TypeScript program of this repository from its sources: node tools/run.mjs FILE [ARGUMENT…]
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node tools/run.mjs FILE [ARGUMENT…]');
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const child = spawn(
  process.execPath,
  ['--conditions=@tocsin/source', '--import', import.meta.resolve('tsx'), resolve(root, file), ...args],
  { stdio: 'inherit', cwd: root },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
