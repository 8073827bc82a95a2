/**
 * Whole clusters under any mix of faults. After it is over every replica must see every other one, hold
 * the same entries, and decide without waiting. A failing seed is a bug report: keep it as a test.
 */
import { describe, expect, it } from 'vitest';
import type { Random } from '@tocsin/kernel';
import { plainEntry } from './testing/plain-channel.ts';
import { VirtualNetwork } from './testing/virtual-network.ts';
import { startVirtualReplica } from './testing/virtual-replica.ts';
import type { VirtualReplica } from './testing/virtual-replica.ts';
import { VirtualWorld } from './testing/virtual-world.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
/** More with CHAOS_SEEDS=300. */
const SEEDS = Number(process.env['CHAOS_SEEDS'] ?? 15);
const STEPS = 25;
const HEALING_MS = 200_000;

interface Cluster {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly random: Random;
  readonly addresses: readonly string[];
  readonly replicas: VirtualReplica[];
  /** Keys that each running replica has broadcast itself. */
  readonly own: Set<string>[];
  start(index: number): VirtualReplica;
}

function clusterOf(seed: number): Cluster {
  const world = new VirtualWorld({ seed, turn });
  const random = world.random.fork('chaos');
  const network = new VirtualNetwork(world, { loss: 0.05, delayMs: () => 1 + random.below(40) });
  const addresses = Array.from({ length: 3 + random.below(3) }, (_, index) => `10.0.0.${index + 1}:9094`);
  const start = (index: number): VirtualReplica =>
    startVirtualReplica(world, network, {
      name: `n${index}`,
      address: addresses[index] ?? '',
      peers: addresses,
      portDelayMs: () => random.below(5),
    });
  const replicas = addresses.map((_, index) => start(index));
  return { world, network, random, addresses, replicas, own: replicas.map(() => new Set()), start };
}

async function step(at: Cluster, number: number): Promise<void> {
  const { world, network, random, addresses, replicas, own } = at;
  const index = random.below(replicas.length);
  const [replica, address] = [replicas[index], addresses[index]];
  if (replica === undefined || address === undefined) throw new Error('no such replica');
  const pause = async (thread: { pause(): void; resume(): void }, atMostMs: number): Promise<void> => {
    thread.pause();
    await world.run(random.below(atMostMs));
    thread.resume();
  };
  switch (random.below(8)) {
    case 0:
      return pause(replica, 20_000);
    case 1:
      replica.kill();
      await world.run(random.below(20_000));
      replicas[index] = at.start(index);
      own[index] = new Set();
      return;
    case 2:
      network.partition(
        [address],
        addresses.filter((other) => other !== address),
      );
      await world.run(random.below(40_000));
      return network.heal();
    case 3:
      return pause(replica.main, 10_000);
    case 4:
      return pause(replica.worker, 10_000);
    default: {
      const seconds = Math.floor(world.clock.wall() / 1000);
      const payload = new Uint8Array(random.below(1500));
      const entry = plainEntry({ key: `k${number}`, seconds, expirySeconds: seconds + 36_000, payload });
      own[index]?.add(entry.key);
      replica.cluster.broadcast(random.below(2) === 0 ? 'nfl' : 'sil', entry);
    }
  }
}

describe('a cluster in which replicas are paused, killed and restarted, cut off and lose packets', () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'is whole again afterwards (seed %i)',
    async (seed) => {
      const at = clusterOf(seed);
      for (let number = 0; number < STEPS; number++) {
        await at.world.run(at.random.below(8000));
        await step(at, number);
      }
      await at.world.run(HEALING_MS);
      const names = at.replicas.map(({ name }) => name);
      for (const { cluster, isMainDead } of at.replicas) {
        expect(cluster.view().members.map(({ name }) => name)).toEqual(names);
        expect(cluster.view().members.filter(({ isTocsin, isAbsent }) => isAbsent || !isTocsin)).toEqual([]);
        expect(cluster.view().status).toBe('ready');
        expect(cluster.barrier()).toBeUndefined();
        expect(isMainDead).toBe(false);
      }
      const held = at.replicas.map(({ received }, index) =>
        [...new Set([...received.map(({ entry }) => entry.key), ...(at.own[index] ?? [])])].toSorted(),
      );
      for (const keys of held) expect(keys).toEqual(held[0]);
    },
  );
});
