// npm run conformance [-- AREA…]: what the recorded verdicts of the real programs say about ours.
import { spawnSync } from 'node:child_process';

const args = ['tools/run.mjs', 'tools/conformance/run.ts', ...process.argv.slice(2)];
process.exit(
  spawnSync(process.execPath, args, { stdio: 'inherit', cwd: new URL('..', import.meta.url) }).status ?? 1,
);
