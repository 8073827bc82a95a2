/**
 * @module simulation/world/universe
 *
 * All processes of one installation, the network between them, and what they talk to. Nothing here
 * decides anything: faults do (faults.ts), by a scenario's plan.
 */
import type { HostPort, PacketLink } from '@tocsin/kernel';
import type { ConfigurationFiles } from '@tocsin/scheduler-service';
import { VirtualNetwork, VirtualWorld, type VirtualThread } from '@tocsin/cluster/testing';
import { DATA_SOURCES, RULES, prometheusFor, type Trouble } from '../workload.ts';
import { seconds, timings } from '../timings.ts';
import { AlertmanagerProcess } from './alertmanager-process.ts';
import { Disk } from './disk.ts';
import type { Process } from './process.ts';
import { ReceiversProcess } from './receivers-process.ts';
import { turn } from './real-world.ts';
import { RpcNetwork } from './rpc-network.ts';
import type { Sabotage } from './sabotage.ts';
import { SchedulerProcess } from './scheduler-process.ts';
import { Sink } from './sink.ts';
import { Trace } from './trace.ts';
import { VirtualWeb } from './virtual-http.ts';

export interface Topology {
  readonly alertmanagers: number;
  readonly receivers: number;
  readonly schedulers: number;
  /** One database for all alertmanagers; otherwise each has its own files. */
  readonly isStoreShared: boolean;
  /** Calls carry protobuf bytes. */
  readonly withCodecs: boolean;
}

export interface UniverseOptions {
  readonly seed: number;
  readonly topology: Topology;
  readonly troubles: readonly Trouble[];
  readonly sabotage?: Sabotage | undefined;
}

export class Universe {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly rpc: RpcNetwork;
  readonly web: VirtualWeb;
  readonly trace: Trace;
  readonly sink: Sink;
  readonly alertmanagers: readonly AlertmanagerProcess[];
  readonly receivers: readonly ReceiversProcess[];
  readonly schedulers: readonly SchedulerProcess[];
  readonly sabotage: Sabotage | undefined;
  readonly configuration: string = CONFIGURATION;
  readonly rules: ConfigurationFiles = {
    dataSources: { file: 'datasources.yml', text: DATA_SOURCES },
    rules: [{ file: 'rules.yml', dataSource: '', text: RULES }],
  };
  /** Probability that a packet arrives twice. */
  duplication = 0;
  /** Packets to and from these addresses wait until they are taken out again. */
  readonly clogged: Set<HostPort> = new Set();
  #held: (() => void)[] = [];

  constructor({ seed, topology, troubles, sabotage }: UniverseOptions) {
    this.sabotage = sabotage;
    this.world = new VirtualWorld({ seed, turn });
    this.trace = new Trace(() => this.world.now);
    const delays = this.world.random.fork('delays');
    // Each asks for its own delay, so packets overtake each other.
    this.network = new VirtualNetwork(this.world, { delayMs: () => 1 + delays.below(10) });
    this.rpc = new RpcNetwork(this.world, this.network, { withCodecs: topology.withCodecs });
    this.web = new VirtualWeb(this.world, this.network);
    this.sink = new Sink(this);
    this.web.serve('sink', this.sink.serve);
    this.web.serve('prometheus', prometheusFor(troubles, this.world.clock.wall()));
    const shared = new Disk(this.world, 'shared');
    const several = <T>(count: number, make: (index: number) => T): T[] =>
      Array.from({ length: count }, (_, index) => make(index));
    this.receivers = several(
      topology.receivers,
      (index) => new ReceiversProcess(this, `rcv-${index}`, `10.0.1.${index + 1}:9098`),
    );
    this.alertmanagers = several(topology.alertmanagers, (index) => {
      const disk = topology.isStoreShared ? shared : undefined;
      return new AlertmanagerProcess(this, `am-${index}`, `10.0.0.${index + 1}:9094`, disk);
    });
    this.schedulers = several(
      topology.schedulers,
      (index) => new SchedulerProcess(this, `sch-${index}`, `10.0.2.${index + 1}:9097`, shared),
    );
  }

  get processes(): readonly Process[] {
    return [...this.receivers, ...this.alertmanagers, ...this.schedulers];
  }

  named(name: string): Process {
    const found = this.processes.find((process) => process.name === name);
    if (found === undefined) throw new Error(`there is no process ${name}`);
    return found;
  }

  /** The network's datagrams, with duplicates and clogs. */
  packets(thread: VirtualThread, local: HostPort): PacketLink {
    const inner = this.network.packets(thread, local);
    const chance = this.world.random.fork(`packets of ${local}`);
    return {
      ...inner,
      send: (to, packet) => {
        const copy = new Uint8Array(packet);
        const go = (): void => inner.send(to, copy);
        if (this.clogged.has(local) || this.clogged.has(to)) this.#held.push(go);
        else go();
        if (chance.float() < this.duplication) go();
      },
    };
  }

  unclog(): void {
    this.clogged.clear();
    for (const go of this.#held.splice(0)) go();
  }

  start(): void {
    for (const process of this.processes) process.start();
  }
}

const CONFIGURATION = `
route:
  receiver: notes
  group_by: [alertname]
  group_wait: ${seconds(timings.groupWaitMs)}
  group_interval: ${seconds(timings.groupIntervalMs)}
  repeat_interval: ${seconds(timings.repeatIntervalMs)}
  routes:
    - matchers: ['severity="page"']
      receiver: pager
receivers:
  - name: notes
    webhook_configs: [{url: 'http://sink/notes'}]
  - name: pager
    webhook_configs: [{url: 'http://sink/pager'}]
`;
