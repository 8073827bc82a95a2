/** A real alertmanager: `startAlertmanager` on its main thread, the real gossip core on its worker. */
import {
  encodeUtf8,
  loopback,
  noTracer,
  type HttpRequest,
  type HttpResponse,
  type RpcLink,
} from '@tocsin/kernel';
import { splitNflog, splitSilences } from '@tocsin/alerting';
import {
  alertmanagerMetrics,
  startAlertmanager,
  type Alertmanager,
  type AlertmanagerSettings,
} from '@tocsin/alertmanager-service';
import {
  clusterClient,
  connectedPorts,
  gossipConfig,
  startGossipCore,
  type ChannelCodec,
  type ClusterPort,
  type ConnectedPorts,
  type GossipCoreDeps,
} from '@tocsin/cluster';
import { VirtualThread } from '@tocsin/cluster/testing';
import { startReceivers } from '@tocsin/receivers-service';
import { readYaml } from '@tocsin/runtime';
import { timings } from '../timings.ts';
import { Process } from './process.ts';
import { receiversParts } from './receivers-process.ts';
import { sabotagedCluster, sabotagedReceivers } from './sabotage.ts';

const codecs: ReadonlyMap<string, ChannelCodec> = new Map([
  ['nfl', { split: splitNflog }],
  ['sil', { split: splitSilences }],
]);

export class AlertmanagerProcess extends Process {
  #worker: VirtualThread | undefined;
  #ports: ConnectedPorts | undefined;
  #running: Alertmanager | undefined;
  /** Between its threads. */
  portDelayMs: () => number = () => 0;

  protected override get threads(): readonly VirtualThread[] {
    return this.#worker === undefined ? [this.main] : [this.#worker, this.main];
  }

  get isReady(): boolean {
    return this.state === 'up' && this.#running?.isReady === true;
  }

  /** Stands still alone: a busy main loop, or a worker without CPU. */
  stall(thread: 'main' | 'worker', forMs: number): void {
    const stalled = thread === 'main' ? this.main : this.#worker;
    if (this.state === 'down' || stalled === undefined || stalled.isPaused) return;
    this.say(`STALL of ${thread} for ${forMs} ms`);
    stalled.pause();
    this.universe.world.timers.after(forMs, () => {
      this.say(`${thread} runs again`);
      stalled.resume();
    });
  }

  protected override async run(): Promise<void> {
    const { universe } = this;
    const running = await startAlertmanager({
      clock: this.clock,
      timers: this.timers,
      random: this.random,
      logger: this.logger,
      meter: this.meter,
      tracer: noTracer,
      settings: this.#settings(),
      store: universe.sabotage === 'amnesia' ? amnesia : this.disk.mountedBy(this.main),
      cluster: sabotagedCluster(this.#cluster(), universe.sabotage),
      receivers: this.#receivers(),
      events: { ...this.sink(), query: () => ({ events: [], lastId: '', isGap: false }) },
      readTemplates: () => Promise.resolve([]),
      settingsMistake: () => undefined,
      readConfiguration: () => Promise.resolve(universe.configuration),
      readDocument: readYaml,
    });
    this.#running = running;
    if (universe.sabotage === 'overflow') this.meter.add(alertmanagerMetrics.groupLimit, 1, {});
    universe.rpc.serve(this.address, this.main, running.rpc);
  }

  /** As the app does it: without an address of a receivers service, one runs in this process. */
  #receivers(): readonly RpcLink[] {
    const { universe, main, address } = this;
    const links =
      universe.receivers.length === 0
        ? [loopback(startReceivers(receiversParts(this.universe, main, this)).handlers)]
        : universe.receivers.map((each) => universe.rpc.link({ address, thread: main }, each.address));
    return links.map((link) => sabotagedReceivers(link, universe.sabotage));
  }

  protected override async finish(): Promise<void> {
    await this.#running?.stop();
  }

  protected override release(): void {
    this.#ports?.cut();
    if (this.#worker !== undefined) this.universe.network.reset(this.#worker);
    this.universe.rpc.drop(this.address);
    this.#running = undefined;
  }

  async post(path: string, body: unknown): Promise<HttpResponse | undefined> {
    if (this.state !== 'up' || this.isPaused) return undefined;
    const request: HttpRequest = {
      method: 'POST',
      path,
      query: [],
      headers: { 'content-type': 'application/json' },
      body: encodeUtf8(body === undefined ? '' : JSON.stringify(body)),
    };
    return this.#running?.http(request);
  }

  #cluster(): ClusterPort {
    const { world, network, alertmanagers } = this.universe;
    const { main, name, address } = this;
    const worker = new VirtualThread(world, `${name}/worker #${this.incarnation}`);
    const ports = connectedPorts({ arrival: world.timers, main: main.timers, worker: worker.timers }, () =>
      this.portDelayMs(),
    );
    const stamps = { main: world.now, worker: world.now };
    const deps: GossipCoreDeps = {
      clock: { mono: () => worker.clock.mono(), wall: () => worker.clock.wall() + this.skewMs },
      timers: worker.timers,
      random: worker.random,
      packets: this.universe.packets(worker, address),
      streams: network.streams(worker, address),
      resolver: { resolve: (host) => Promise.reject(new Error(`${host}: there are no names here`)) },
      stall: { mainStamp: () => stamps.main, stampWorker: (now) => void (stamps.worker = now) },
      codecFor: (channel) => codecs.get(channel),
      onMainDead: () => {
        if (this.main !== main || this.state === 'down') return;
        this.crash();
        world.timers.after(2_000, () => this.start());
      },
    };
    const peers = alertmanagers.filter((each) => each !== this).map((each) => each.address);
    startGossipCore(
      deps,
      gossipConfig({
        name,
        advertiseAddress: address,
        peers,
        pushPullIntervalMs: timings.pushPullMs,
        settleTimeoutMs: timings.settleTimeoutMs,
      }),
      ports.gossip,
    );
    this.#worker = worker;
    this.#ports = ports;
    return clusterClient({
      clock: main.clock,
      timers: main.timers,
      logger: this.logger,
      meter: this.meter,
      port: ports.main,
      name,
      stampMain: (now) => void (stamps.main = now),
      workerStamp: () => stamps.worker,
    });
  }

  #settings(): AlertmanagerSettings {
    return {
      replica: this.name,
      retentionMs: 120 * 3_600_000,
      maintenanceIntervalMs: 120_000,
      alertsGcIntervalMs: 120_000,
      dispatchStartDelayMs: 0,
      peerTimeoutMs: timings.peerTimeoutMs,
      silencesMax: 0,
      silenceBytesMax: 0,
      isLoggingSilences: false,
      externalUrl: `http://${this.name}`,
      configurationFolder: '',
      matcherMode: 'fallback',
      version: { version: '', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
    };
  }
}

const amnesia = {
  merge: () => Promise.resolve(),
  load: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
  collectGarbage: () => Promise.resolve(0),
  close: () => Promise.resolve(),
};
