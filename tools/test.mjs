// npm test [-- PART]: everything that CI runs, in order, and one closing line 'N passed, N failed, N skipped'.
//
//   checks  format, module boundaries, lint, build, bundle, types of the tests
//   unit    every vitest project but e2e: units, properties, contracts, simulation, conformance, the house itself
//   e2e     real processes: ours, real Alertmanager peers, Prometheus, PostgreSQL
//
// Without a PART all three run, and a part that fails does not stop the next: one run shows everything.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePrograms } from './test-programs.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };

const parts = {
  checks: [runChecks],
  unit: [runUnit],
  e2e: [buildAll, runEndToEnd],
  all: [runChecks, runUnit, runEndToEnd],
};
const wanted = process.argv[2] ?? 'all';
const chosen = parts[wanted];
if (chosen === undefined) {
  console.error(`unknown part ${wanted}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

/** Of one step. A worker in an endless loop hears no test's time limit; CI must end all the same. */
const stepMinutesMax = 15;

try {
  if (wanted !== 'checks' && !ensurePrograms()) total.failed += 1;
  for (const run of chosen) await run();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);

async function runChecks() {
  await step('checks', 'nx', [
    'run-many',
    '-t',
    'format',
    'boundaries',
    'lint',
    'build',
    'bundle',
    'typecheck-tests',
    '--output-style=static',
    '--nxBail=false',
  ]);
  await step('generated files', process.execPath, ['tools/gen.mjs', '--check']);
}

async function buildAll() {
  await step('build', 'nx', ['run-many', '-t', 'build', 'bundle', '--output-style=static']);
}

async function runUnit() {
  await runVitest('unit', ['--project', '!e2e']);
}

async function runEndToEnd() {
  await runVitest('e2e', ['--project', 'e2e', '--passWithNoTests']);
}

/** Runs a program by its path, or one of node_modules/.bin; a failure counts as one failed test. */
async function step(title, program, args) {
  const startedAt = Date.now();
  console.log(`\n== ${title}`);
  const status = await exitOf(resolve(root, 'node_modules/.bin', program), args);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(`== ${title}: ${status === 0 ? 'good' : 'FAILED'} after ${seconds} s`);
  if (status !== 0) total.failed += 1;
  return status === 0;
}

/** In a process group of its own, so that all of it can be ended. */
function exitOf(program, args) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', detached: true });
    const endAll = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const limit = setTimeout(() => {
      console.log(`\n== still running after ${stepMinutesMax} minutes: ended`);
      endAll();
    }, stepMinutesMax * 60_000);
    const interrupt = () => {
      endAll();
      rmSync(scratch, { recursive: true, force: true });
      process.exit(130);
    };
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupt);
    child.on('exit', (code) => {
      clearTimeout(limit);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt);
      done(code);
    });
    child.on('error', (error) => {
      console.log(`== ${program}: ${error.message}`);
      clearTimeout(limit);
      done(1);
    });
  });
}

async function runVitest(title, args) {
  const file = join(scratch, `${title}.json`);
  const failedBefore = total.failed;
  const isGood = await step(title, 'vitest', [
    'run',
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  const summary = readSummary(file);
  total.passed += summary.numPassedTests;
  total.skipped += summary.numPendingTests + summary.numTodoTests;
  // A file that does not load has no tests to fail, so the step's own failure stands for it.
  if (!isGood) total.failed = failedBefore + Math.max(1, summary.numFailedTests);
}

function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}
