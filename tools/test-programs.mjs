// The programs of others that the end-to-end tests run against. On Debian as root they are installed; elsewhere
// it is said what will be skipped. In CI (CI=true) a missing program is a failure, never a skip.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const onPath = (name) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)));
const hasPostgres = () =>
  onPath('postgres') ||
  (existsSync('/usr/lib/postgresql') &&
    readdirSync('/usr/lib/postgresql').some((version) =>
      existsSync(`/usr/lib/postgresql/${version}/bin/postgres`),
    ));

const programs = [
  { package: 'prometheus', isThere: () => onPath('prometheus'), skipped: 'tests with a real Prometheus' },
  {
    package: 'prometheus-alertmanager',
    isThere: () => onPath('prometheus-alertmanager') && onPath('amtool'),
    skipped: 'mixed clusters and amtool',
  },
  { package: 'chromium', isThere: () => onPath('chromium'), skipped: 'the page in a browser' },
  { package: 'postgresql', isThere: hasPostgres, skipped: 'tests against the distribution’s PostgreSQL' },
];

/** False when CI lacks one. */
export function ensurePrograms() {
  const missing = () => programs.filter(({ isThere }) => !isThere());
  if (missing().length === 0) return true;
  if (process.getuid?.() === 0 && onPath('apt-get')) install(missing().map((program) => program.package));
  for (const program of missing()) {
    console.log(
      `${program.package} is not installed: ${program.skipped} will be skipped (apt-get install ${program.package}, or put it on the PATH)`,
    );
  }
  return missing().length === 0 || process.env.CI !== 'true';
}

function install(packages) {
  console.log(`Installing ${packages.join(', ')}`);
  const run = (args) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status, stderr } = spawnSync('apt-get', args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (status !== 0) console.log(`apt-get ${args[0]} failed: ${stderr.trim().split('\n').at(-1)}`);
    return status === 0;
  };
  withoutStartingServices(() => {
    if (run(['update', '-q'])) run(['install', '-y', '-q', '--no-install-recommends', ...packages]);
  });
}

/** The packages would start their services on the very ports that the tests want. Debian's own switch for that is this file. */
function withoutStartingServices(work) {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}
