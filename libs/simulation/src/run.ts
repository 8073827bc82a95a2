/**
 * @module simulation/run
 *
 * One run: a scenario and a seed decide everything. The same pair gives the same trace, which is why
 * a seed is a bug report.
 */
import { seededRandom, type Random } from '@tocsin/kernel';
import { atLeastOnce } from './checkers/at-least-once.ts';
import { bounded } from './checkers/bounded.ts';
import type { Checker, Evidence, PlannedSilence, Violation } from './checkers/checker.ts';
import { converged } from './checkers/converged.ts';
import { exactlyOnce, excuse, repetitions } from './checkers/exactly-once.ts';
import { silenceObeyed } from './checkers/silence-obeyed.ts';
import { stormBound } from './checkers/storm-bound.ts';
import { schedule, type Fault } from './faults.ts';
import { troublesFrom } from './workload.ts';
import { withoutRealWorld } from './world/real-world.ts';
import type { Sabotage } from './world/sabotage.ts';
import type { TraceLine } from './world/trace.ts';
import { Universe, type Topology } from './world/universe.ts';

export interface Scenario {
  readonly name: string;
  readonly about: string;
  topology(random: Random): Topology;
  /** `nodes`: names of the alertmanagers, receivers, schedulers. */
  plan(random: Random, nodes: Nodes): Plan;
}

export interface Nodes {
  readonly alertmanagers: readonly string[];
  readonly receivers: readonly string[];
  readonly schedulers: readonly string[];
}

export interface Plan {
  readonly faults: readonly Fault[];
  /** Added to the true time, by name. */
  readonly skewMs?: ReadonlyMap<string, number>;
  /** Between the threads of an alertmanager. */
  readonly portDelayMs?: number;
  readonly slackMs?: number;
}

export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Notifications that people got. */
  readonly notifications: number;
  /** Repeated, each with the reason that excuses it. */
  readonly excused: readonly string[];
  readonly hash: string;
  readonly lines: readonly TraceLine[];
  readonly nodes: readonly string[];
  /** How to see it. */
  readonly replay: string;
}

export interface RunOptions {
  readonly sabotage?: Sabotage;
}

const LENGTH_MS = 8 * 60_000;
/** Two push/pulls and a repeat of everything that could still be told. */
const QUIET_MS = 150_000;

const checkers: readonly Checker[] = [
  atLeastOnce,
  exactlyOnce,
  stormBound,
  converged,
  silenceObeyed,
  bounded,
];

export function run(scenario: Scenario, seed: number, options: RunOptions = {}): Promise<RunReport> {
  return withoutRealWorld(() => runInside(scenario, seed, options));
}

async function runInside(scenario: Scenario, seed: number, { sabotage }: RunOptions): Promise<RunReport> {
  const random = seededRandom(`${scenario.name} ${seed}`);
  const topology = scenario.topology(random.fork('topology'));
  const troubles = troublesFrom(random.fork('workload'), LENGTH_MS);
  const universe = new Universe({ seed, topology, troubles, sabotage });
  const names = (processes: readonly { readonly name: string }[]): string[] =>
    processes.map(({ name }) => name);
  const nodes = {
    alertmanagers: names(universe.alertmanagers),
    receivers: names(universe.receivers),
    schedulers: names(universe.schedulers),
  };
  const plan = scenario.plan(random.fork('plan'), nodes);
  apply(universe, plan);
  const silences = plannedSilences(random.fork('silences'), nodes);
  for (const silence of silences) universe.world.at(silence.at, () => post(universe, silence));
  if (sabotage === 'real-chance') universe.trace.add('', `planted: ${unseeded++}`);
  universe.start();
  await universe.world.run(LENGTH_MS + QUIET_MS);
  const evidence: Evidence = {
    universe,
    troubles,
    faults: plan.faults,
    silences,
    slackMs: plan.slackMs ?? 0,
    lengthMs: LENGTH_MS + QUIET_MS,
  };
  const violations: Violation[] = [];
  for (const check of checkers) violations.push(...(await check(evidence)));
  return {
    scenario: scenario.name,
    seed,
    violations,
    notifications: universe.sink.arrivals.length,
    excused: repetitions(universe.sink.arrivals).flatMap((each) => excuse(evidence, each) ?? []),
    hash: universe.trace.hash,
    lines: universe.trace.lines,
    nodes: names(universe.processes),
    replay: `npm run sim -- --scenario ${scenario.name} --seed ${seed} --trace`,
  };
}

/** Only a planted bug counts runs. */
let unseeded = 0;

function apply(universe: Universe, plan: Plan): void {
  schedule(universe, plan.faults);
  for (const [name, skewMs] of plan.skewMs ?? []) universe.named(name).skewMs = skewMs;
  const { portDelayMs = 0 } = plan;
  const delays = universe.world.random.fork('ports');
  for (const replica of universe.alertmanagers)
    replica.portDelayMs = () => (portDelayMs === 0 ? 0 : delays.below(portDelayMs));
}

function plannedSilences(random: Random, { alertmanagers }: Nodes): readonly PlannedSilence[] {
  const at = 60_000 + random.below(120_000);
  const node = alertmanagers[random.below(alertmanagers.length)] ?? '';
  return [{ at, until: at + 180_000 + random.below(120_000), node, instance: 'host-2' }];
}

function post(universe: Universe, silence: PlannedSilence): void {
  const { world } = universe;
  const startMs = world.clock.wall();
  const time = (ms: number): string => new Date(ms).toISOString();
  const replica = universe.alertmanagers.find(({ name }) => name === silence.node);
  void replica
    ?.post('/api/v2/silences', {
      matchers: [{ name: 'instance', value: silence.instance, isRegex: false }],
      startsAt: time(startMs - 60_000),
      endsAt: time(startMs + silence.until - silence.at),
      createdBy: 'simulation',
      comment: 'planned',
    })
    .then((answer) => {
      universe.trace.add(
        '',
        `silence of ${silence.instance} at ${silence.node}: ${answer?.status ?? 'no answer'}`,
      );
      if (answer?.status === 200) silence.answeredAt = world.now;
      else world.timers.after(5_000, () => post(universe, silence));
    });
}

/** C8: the same seed twice. */
export async function runTwice(
  scenario: Scenario,
  seed: number,
  options: RunOptions = {},
): Promise<RunReport> {
  const first = await run(scenario, seed, options);
  const second = await run(scenario, seed, options);
  if (first.hash === second.hash) return first;
  const at = first.lines.findIndex((line, index) => {
    const other = second.lines[index];
    return (
      other === undefined || other.at !== line.at || other.node !== line.node || other.text !== line.text
    );
  });
  const what = `the same seed gave two traces; they part at line ${at}: ${first.lines[at]?.text ?? 'end'} / ${second.lines[at]?.text ?? 'end'}`;
  return { ...first, violations: [...first.violations, { claim: 'C8', at: first.lines[at]?.at ?? 0, what }] };
}
