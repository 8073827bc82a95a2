/** The scenarios, by name: who takes part, and what goes wrong when. */
import {
  between,
  clog,
  crash,
  diskTrouble,
  loss,
  lostAnswers,
  partition,
  pause,
  pick,
  restart,
  sinkTrouble,
  stall,
  type Fault,
} from '../faults.ts';
import type { Random } from '@tocsin/kernel';
import type { Nodes, Plan, Scenario } from '../run.ts';
import type { Topology } from '../world/universe.ts';

const usual = (random: Random): Topology => ({
  alertmanagers: 2 + random.below(3),
  receivers: 2,
  schedulers: 1 + random.below(2),
  isStoreShared: random.below(4) === 0,
  withCodecs: false,
});

/** Faults come once everybody is up, and leave time to heal. */
const FIRST_MS = 40_000;
const LAST_MS = 440_000;

/** One after the other, never two at once. */
function oneByOne(random: Random, gapMs: readonly [number, number], make: (at: number) => Fault): Fault[] {
  const faults: Fault[] = [];
  let at = between(random, FIRST_MS, FIRST_MS + 60_000);
  while (at < LAST_MS) {
    const fault = make(at);
    faults.push(fault);
    at = fault.until + between(random, ...gapMs);
  }
  return faults;
}

const scenario = (
  name: string,
  about: string,
  plan: (random: Random, nodes: Nodes) => Plan,
  topology: (random: Random) => Topology = usual,
): Scenario => ({ name, about, plan, topology });

export const calm: Scenario = scenario('calm', 'nothing goes wrong', (random) => ({
  faults: [],
  portDelayMs: random.below(50),
}));

export const embedded: Scenario = scenario(
  'embedded',
  'nothing goes wrong, and every alertmanager has its receivers in its own process',
  (random) => ({ faults: [], portDelayMs: random.below(50) }),
  (random) => ({ ...usual(random), receivers: 0 }),
);

export const codecs: Scenario = scenario(
  'codecs',
  'nothing goes wrong, and every call carries real protobuf bytes',
  () => ({ faults: [] }),
  (random) => ({ ...usual(random), withCodecs: true }),
);

export const lossy: Scenario = scenario(
  'loss',
  'packets are lost, doubled and overtake each other',
  (random) => ({
    faults: [loss(0.05 + random.float() * 0.25, random.float() * 0.3, FIRST_MS, LAST_MS - FIRST_MS)],
    portDelayMs: random.below(50),
  }),
);

export const partitioned: Scenario = scenario(
  'partition',
  'alertmanagers are cut from each other, both ways or one way, and meet again',
  (random, { alertmanagers }) => ({
    faults: oneByOne(random, [40_000, 80_000], (at) => {
      const cut = 1 + random.below(alertmanagers.length - 1);
      const shuffled = alertmanagers.toSorted(() => random.float() - 0.5);
      const isOneWay = random.below(3) === 0;
      return partition(
        shuffled.slice(0, cut),
        shuffled.slice(cut),
        at,
        between(random, 5_000, 90_000),
        isOneWay,
      );
    }),
  }),
);

export const paused: Scenario = scenario(
  'pause',
  'processes or single threads stand still, then catch up',
  (random, { alertmanagers, schedulers }) => ({
    faults: oneByOne(random, [15_000, 60_000], (at) => {
      const forMs = between(random, 500, 40_000);
      const node = pick(random, alertmanagers);
      switch (random.below(4)) {
        case 0:
          return stall(node, 'main', at, Math.min(forMs, 25_000));
        case 1:
          return stall(node, 'worker', at, Math.min(forMs, 25_000));
        case 2:
          return pause(pick(random, schedulers), at, forMs);
        default:
          return pause(node, at, forMs);
      }
    }),
  }),
);

export const crashed: Scenario = scenario(
  'crash',
  'alertmanagers are killed and come back',
  (random, { alertmanagers }) => ({
    faults: oneByOne(random, [30_000, 80_000], (at) =>
      crash(pick(random, alertmanagers), at, between(random, 500, 60_000)),
    ),
    portDelayMs: random.below(20),
  }),
);

export const skewed: Scenario = scenario(
  'skew',
  'the wall clocks of the alertmanagers disagree',
  (random, { alertmanagers }) => ({
    faults: [],
    skewMs: new Map(alertmanagers.map((name) => [name, between(random, -3_000, 3_000)])),
    slackMs: 6_000,
  }),
);

export const restarted: Scenario = scenario(
  'restart',
  'every alertmanager is restarted gracefully, one after the other',
  (random, { alertmanagers }) => {
    const start = between(random, FIRST_MS, FIRST_MS + 120_000);
    return {
      faults: alertmanagers.map((name, index) =>
        restart(name, start + index * between(random, 40_000, 60_000), between(random, 500, 10_000)),
      ),
    };
  },
);

export const receiversCrashed: Scenario = scenario(
  'receivers-crash',
  'receivers replicas are killed, paused, restarted; answers get lost; the webhook has bad days',
  (random, { receivers }) => ({
    faults: oneByOne(random, [20_000, 60_000], (at) => {
      const node = pick(random, receivers);
      const forMs = between(random, 1_000, 40_000);
      switch (random.below(6)) {
        case 0:
          return pause(node, at, forMs);
        case 1:
          return restart(node, at, Math.min(forMs, 5_000));
        case 2:
          return sinkTrouble(pick(random, ['fails', 'limits', 'slow'] as const), at, forMs);
        case 3:
          return lostAnswers(0.3, at, forMs);
        default:
          return crash(node, at, forMs);
      }
    }),
    slackMs: 30_000,
  }),
);

export const alone: Scenario = scenario(
  'alone',
  'one alertmanager without peers is killed and comes back: what its disk holds must be enough',
  (random, { alertmanagers }) => ({
    faults: oneByOne(random, [30_000, 80_000], (at) =>
      crash(pick(random, alertmanagers), at, between(random, 500, 30_000)),
    ),
  }),
  (random) => ({ ...usual(random), alertmanagers: 1 }),
);

export const swizzled: Scenario = scenario(
  'swizzle',
  'packets of some alertmanagers are held back and released all at once; disks fail',
  (random, { alertmanagers }) => ({
    faults: oneByOne(random, [20_000, 50_000], (at) => {
      const node = pick(random, alertmanagers);
      const forMs = between(random, 1_000, 20_000);
      return random.below(3) === 0
        ? diskTrouble(node, 'refuses', at, forMs)
        : clog(alertmanagers.slice(0, 1 + random.below(alertmanagers.length)), at, forMs);
    }),
  }),
);

export const scenarios: readonly Scenario[] = [
  calm,
  embedded,
  codecs,
  lossy,
  partitioned,
  paused,
  crashed,
  skewed,
  restarted,
  receiversCrashed,
  swizzled,
  alone,
];
