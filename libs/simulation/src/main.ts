/** `npm run sim -- --scenario partition --seed 123 --trace`, or `--seeds 200`, or `--scenario all`. */
import { parseArgs } from 'node:util';
import { run, runTwice, type RunReport, type Scenario } from './run.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { timeline } from './timeline.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'all' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
  },
});

const chosen = scenarios.filter(({ name }) => values.scenario === 'all' || name === values.scenario);
if (chosen.length === 0) {
  const known = scenarios.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n');
  process.stderr.write(`--scenario: expected all or one of\n${known}\n`);
  process.exit(2);
}

const first = Number(values.seed);
const last = first + Number(values.seeds) - 1;
let red = 0;
for (const scenario of chosen) red += await all(scenario);
process.exitCode = red === 0 ? 0 : 1;

async function all(scenario: Scenario): Promise<number> {
  const startedAt = performance.now();
  let violated = 0;
  let notifications = 0;
  let excused = 0;
  for (let seed = first; seed <= last; seed++) {
    const report = await (values.twice ? runTwice : run)(scenario, seed);
    notifications += report.notifications;
    excused += report.excused.length;
    if (values.trace) process.stdout.write(`${timeline(report.lines, report.nodes)}\n`);
    if (report.violations.length > 0) violated++;
    process.stdout.write(complaints(report));
  }
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `${scenario.name.padEnd(16)} ${last - first + 1} seeds, ${violated} red, ${notifications} notifications, ` +
      `${excused} excused repetitions, ${took} s\n`,
  );
  return violated;
}

function complaints({ violations, scenario, seed, replay }: RunReport): string {
  return violations
    .map(
      ({ claim, at, what }) =>
        `${claim} violated by ${scenario} seed ${seed} at ${Math.round(at)} ms: ${what}\n    ${replay}\n`,
    )
    .join('');
}
