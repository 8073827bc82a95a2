/** What a scenario's plan can do to a world, each from one instant to another. */
import type { Random } from '@tocsin/kernel';
import type { DiskMode } from './world/disk.ts';
import type { SinkMode } from './world/sink.ts';
import type { AlertmanagerProcess } from './world/alertmanager-process.ts';
import type { Universe } from './world/universe.ts';

export type FaultKind =
  'crash' | 'restart' | 'pause' | 'stall' | 'partition' | 'loss' | 'clog' | 'sink' | 'disk' | 'answers';

export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  /** When it is over, as far as the plan knows. */
  readonly until: number;
  /** Processes it is about. */
  readonly nodes: readonly string[];
  readonly text: string;
  readonly begin: (universe: Universe) => void;
  readonly end: (universe: Universe) => void;
}

const nothing = (): void => undefined;

export const crash = (node: string, at: number, downMs: number): Fault => ({
  kind: 'crash',
  at,
  until: at + downMs,
  nodes: [node],
  text: `kill -9 of ${node} for ${downMs} ms`,
  begin: (universe) => universe.named(node).crash(),
  end: (universe) => universe.named(node).start(),
});

export const restart = (node: string, at: number, downMs: number): Fault => ({
  kind: 'restart',
  at,
  until: at + downMs + 20_000,
  nodes: [node],
  text: `restart of ${node}, ${downMs} ms down`,
  begin: (universe) => {
    const process = universe.named(node);
    process.stop(() => universe.world.timers.after(downMs, () => process.start()));
  },
  end: nothing,
});

export const pause = (node: string, at: number, forMs: number): Fault => ({
  kind: 'pause',
  at,
  until: at + forMs,
  nodes: [node],
  text: `SIGSTOP of ${node} for ${forMs} ms`,
  begin: (universe) => universe.named(node).pause(),
  end: (universe) => universe.named(node).resume(),
});

export const stall = (node: string, thread: 'main' | 'worker', at: number, forMs: number): Fault => ({
  kind: 'stall',
  at,
  until: at + forMs,
  nodes: [node],
  text: `stall of ${node}'s ${thread} for ${forMs} ms`,
  begin: (universe) => (universe.named(node) as AlertmanagerProcess).stall(thread, forMs),
  end: nothing,
});

/** Both ways, or only from the left to the right. */
export const partition = (
  left: readonly string[],
  right: readonly string[],
  at: number,
  forMs: number,
  isOneWay = false,
): Fault => ({
  kind: 'partition',
  at,
  until: at + forMs,
  nodes: left,
  text: `${isOneWay ? 'one-way cut' : 'partition'} ${left.join(',')} | ${right.join(',')} for ${forMs} ms`,
  begin: (universe) => {
    const address = (name: string): string => universe.named(name).address;
    for (const from of left) {
      for (const to of right) {
        universe.network.cut(address(from), address(to));
        if (!isOneWay) universe.network.cut(address(to), address(from));
      }
    }
  },
  end: (universe) => universe.network.heal(),
});

export const loss = (probability: number, duplication: number, at: number, forMs: number): Fault => ({
  kind: 'loss',
  at,
  until: at + forMs,
  nodes: [],
  text: `${Math.round(probability * 100)} % of packets lost, ${Math.round(duplication * 100)} % doubled`,
  begin: (universe) => {
    universe.network.loss = probability;
    universe.duplication = duplication;
  },
  end: (universe) => {
    universe.network.loss = 0;
    universe.duplication = 0;
  },
});

/** Packets of some wait, all come out at once. */
export const clog = (nodes: readonly string[], at: number, forMs: number): Fault => ({
  kind: 'clog',
  at,
  until: at + forMs,
  nodes,
  text: `clog of ${nodes.join(',')} for ${forMs} ms`,
  begin: (universe) => {
    for (const node of nodes) universe.clogged.add(universe.named(node).address);
  },
  end: (universe) => universe.unclog(),
});

export const sinkTrouble = (mode: SinkMode, at: number, forMs: number): Fault => ({
  kind: 'sink',
  at,
  until: at + forMs,
  nodes: [],
  text: `the webhook ${mode} for ${forMs} ms`,
  begin: (universe) => void (universe.sink.mode = mode),
  end: (universe) => void (universe.sink.mode = 'works'),
});

export const diskTrouble = (node: string, mode: DiskMode, at: number, forMs: number): Fault => ({
  kind: 'disk',
  at,
  until: at + forMs,
  nodes: [node],
  text: `the disk of ${node} ${mode} for ${forMs} ms`,
  begin: (universe) => void (universe.named(node).disk.mode = mode),
  end: (universe) => void (universe.named(node).disk.mode = 'works'),
});

export const lostAnswers = (probability: number, at: number, forMs: number): Fault => ({
  kind: 'answers',
  at,
  until: at + forMs,
  nodes: [],
  text: `${Math.round(probability * 100)} % of RPC answers lost after the handler ran`,
  begin: (universe) => void (universe.rpc.answerLoss = probability),
  end: (universe) => void (universe.rpc.answerLoss = 0),
});

export function schedule(universe: Universe, faults: readonly Fault[]): void {
  for (const fault of faults) {
    universe.world.at(fault.at, () => {
      universe.trace.add('', `FAULT ${fault.text}`);
      fault.begin(universe);
    });
    universe.world.at(fault.until, () => fault.end(universe));
  }
}

export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};
/** Whole milliseconds in [from, to). */
export const between = (random: Random, from: number, to: number): number => from + random.below(to - from);
