/**
 * @module cluster/testing/virtual-replica
 *
 * One member of a virtual cluster: a process of two threads, the gossip core in the one and the
 * cluster client in the other, wired as production wires them.
 */
import { noMeter } from '@tocsin/kernel';
import type { HostPort, Logger, Meter } from '@tocsin/kernel';
import { clusterClient } from '../client.ts';
import { gossipConfig } from '../config.ts';
import type { GossipConfig } from '../config.ts';
import type {
  ChannelCodec,
  ChannelEntry,
  ChannelName,
  ClusterPort,
  ClusterView,
  EntryStamp,
} from '../port.ts';
import { connectedPorts } from '../worker/connected-ports.ts';
import type { ConnectedPorts } from '../worker/connected-ports.ts';
import type { GossipCoreDeps, Resolver } from '../worker/seams.ts';
import { startGossipCore } from '../worker/worker-core.ts';
import { plainCodec } from './plain-channel.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import { VirtualThread } from './virtual-world.ts';
import type { VirtualWorld } from './virtual-world.ts';

export interface ReplicaOptions {
  readonly name: string;
  readonly address: HostPort;
  readonly peers?: readonly HostPort[];
  readonly config?: Partial<GossipConfig>;
  /** Restored before the start, into `nfl`. */
  readonly seeds?: readonly ChannelEntry[];
  readonly resolver?: Resolver;
  readonly codecFor?: (channel: ChannelName) => ChannelCodec | undefined;
  readonly logger?: Logger;
  readonly meter?: Meter;
  /** Between the threads. */
  readonly portDelayMs?: () => number;
}

export interface VirtualReplica {
  readonly name: string;
  readonly address: HostPort;
  readonly cluster: ClusterPort;
  readonly main: VirtualThread;
  readonly worker: VirtualThread;
  /** What `onEntries` handed over, newest last. */
  readonly received: { readonly channel: ChannelName; readonly entry: ChannelEntry }[];
  readonly acknowledged: { readonly peer: string; readonly entry: EntryStamp }[];
  readonly views: ClusterView[];
  /** Set when the worker found the main thread dead. */
  isMainDead: boolean;
  /** SIGSTOP and SIGCONT of both threads. */
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): void;
}

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => quiet,
};

const noNames: Resolver = {
  resolve: (host) => Promise.reject(new Error(`${host}: there are no names here`)),
};

/** Makes the threads, binds the sockets, and starts the cluster. */
export function startVirtualReplica(
  world: VirtualWorld,
  network: VirtualNetwork,
  options: ReplicaOptions,
): VirtualReplica {
  const { name, address } = options;
  const main = new VirtualThread(world, `${name}/main`);
  const worker = new VirtualThread(world, `${name}/worker`);
  const ports = connectedPorts(
    { arrival: world.timers, main: main.timers, worker: worker.timers },
    options.portDelayMs ?? ((): number => 0),
  );
  const stamps = { main: world.now, worker: world.now };
  const cluster = clusterClient({
    clock: main.clock,
    timers: main.timers,
    logger: options.logger ?? quiet,
    meter: options.meter ?? noMeter,
    port: ports.main,
    name,
    stampMain: (now) => void (stamps.main = now),
    workerStamp: () => stamps.worker,
  });
  const replica = newReplica(options, { main, worker, cluster, ports, network });
  const deps: GossipCoreDeps = {
    clock: worker.clock,
    timers: worker.timers,
    random: worker.random,
    packets: network.packets(worker, address),
    streams: network.streams(worker, address),
    resolver: options.resolver ?? noNames,
    stall: { mainStamp: () => stamps.main, stampWorker: (now) => void (stamps.worker = now) },
    codecFor:
      options.codecFor ??
      ((channel): ChannelCodec | undefined =>
        channel === 'nfl' || channel === 'sil' ? plainCodec : undefined),
    onMainDead: () => void (replica.isMainDead = true),
  };
  const peers = options.peers ?? [];
  startGossipCore(
    deps,
    gossipConfig({ ...options.config, name, advertiseAddress: address, peers }),
    ports.gossip,
  );
  if (options.seeds !== undefined) cluster.seed('nfl', options.seeds);
  void cluster.start({
    onEntries: (channel, entries) => replica.received.push(...entries.map((entry) => ({ channel, entry }))),
    onView: (view) => replica.views.push(view),
    onAcknowledged: (peer, entries) =>
      replica.acknowledged.push(...entries.map((entry) => ({ peer, entry }))),
  });
  return replica;
}

interface Parts {
  readonly main: VirtualThread;
  readonly worker: VirtualThread;
  readonly cluster: ClusterPort;
  readonly ports: ConnectedPorts;
  readonly network: VirtualNetwork;
}

function newReplica({ name, address }: ReplicaOptions, parts: Parts): VirtualReplica {
  const { main, worker, cluster, ports, network } = parts;
  const threads = [worker, main];
  return {
    name,
    address,
    cluster,
    main,
    worker,
    received: [],
    acknowledged: [],
    views: [],
    isMainDead: false,
    pause: () => threads.forEach((thread) => thread.pause()),
    resume: () => threads.forEach((thread) => thread.resume()),
    kill: () => {
      threads.forEach((thread) => thread.kill());
      ports.cut();
      network.reset(worker);
    },
  };
}
