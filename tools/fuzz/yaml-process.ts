import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tally } from './target.ts';

/** Of a child that does nothing any more; the slowest input takes a second. */
const STUCK_MS = 60_000;
/** What a small file of mistakes may cost; a leak or a bomb that goes off takes more. */
const HEAP_MIB = 512;

/** Runs the YAML target in a child until so many runs and so many seconds are over. A child that dies or hangs is a finding. */
export function fuzzYaml(seed: string, runs: number, seconds: number): Promise<Tally> {
  const worker = fileURLToPath(new URL('./yaml-worker.ts', import.meta.url));
  const flags = [
    `--max-old-space-size=${HEAP_MIB}`,
    '--conditions=@tocsin/source',
    '--import',
    import.meta.resolve('tsx'),
  ];
  const child = spawn(process.execPath, [...flags, worker, seed, String(runs), String(seconds)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let last = '';
  let rest = '';
  let errors = '';
  return new Promise((done) => {
    const kill = (): boolean => child.kill('SIGKILL');
    let timer = setTimeout(kill, STUCK_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      timer = setTimeout(kill, STUCK_MS);
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      last = lines.at(-1) ?? last;
    });
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 && last.startsWith('{')) return done(JSON.parse(last) as Tally);
      const finding = `configuration files, seed ${last}: the process ended with ${String(signal ?? code)}\n${errors}`;
      done({ target: 'configuration files', accepted: 0, refused: 0, findings: [finding] });
    });
  });
}
