/**
 * @module cluster/worker/worker-core
 *
 * Everything of the cluster that runs in the worker thread: the memberlist engine, the replicas of
 * the channels, the own channel between Tocsin replicas, joining and leaving. The main thread's half
 * is `client.ts`; both speak `messages.ts`.
 *
 * Invariants
 *  - Entries are posted to the main thread before any view, receipt or answer that rests on them.
 *  - An envelope of entries is acknowledged only when the main thread said so.
 */
import { AppError, compareUtf8 } from '@tocsin/kernel';
import type { Cancel, HostPort, Logger, PacketLink, StreamLink } from '@tocsin/kernel';
import { OWN_CHANNEL } from '../channel/envelope.ts';
import { OwnChannel } from '../channel/own-channel.ts';
import type { OutboxItem } from '../channel/outbox.ts';
import type { GossipConfig } from '../config.ts';
import { Complaints } from '../memberlist/complaints.ts';
import { labelOverhead, labelPackets, labelStreams } from '../memberlist/label.ts';
import { startLoop } from '../memberlist/loop.ts';
import { Memberlist } from '../memberlist/memberlist.ts';
import type { MemberlistDelegate } from '../memberlist/memberlist.ts';
import type { NodeRecord } from '../memberlist/node-table.ts';
import { clusterMetrics } from '../metrics.ts';
import { gateOpensAt } from '../peer/gate.ts';
import type { FirstJoin } from '../peer/gate.ts';
import { Joiner } from '../peer/joiner.ts';
import { OversizeSender } from '../peer/oversize.ts';
import type { ClusterView, Member } from '../port.ts';
import { EntryFlow } from './entry-flow.ts';
import type { GossipPort, ToWorker } from './messages.ts';
import { portLogger } from './port-logger.ts';
import type { GossipCore, GossipCoreDeps } from './seams.ts';
import { StallWatch, TICK_MS } from './stall-watch.ts';
import { WorkerMeter } from './worker-meter.ts';

const PRUNE_INTERVAL_MS = 15 * 60_000;
const METRICS_INTERVAL_MS = 1000;
const GARBAGE_INTERVAL_MS = 60_000;
/** Of the 10 s that leaving may take, so long for what is still to be told. */
const DRAIN_MS = 5000;
const DRAIN_CHECK_MS = 20;
const LEAVE_MS = 10_000;
const LEAVE_OF_THE_DEAD_MS = 3000;
const CATCH_UP_MEMBERS = 3;
const CATCH_UP_ATTEMPTS = 3;

/**
 * Runs the cluster for the main thread behind `port`, over links that are bound already.
 * Throws AppError `invalid` when the advertised address is no literal one.
 */
export function startGossipCore(deps: GossipCoreDeps, config: GossipConfig, port: GossipPort): GossipCore {
  return new WorkerCore(deps, config, port);
}

type Phase = 'new' | 'running' | 'leaving' | 'stopped';

class WorkerCore implements GossipCore {
  readonly address: HostPort;
  readonly #deps: GossipCoreDeps;
  readonly #config: GossipConfig;
  readonly #port: GossipPort;
  readonly #logger: Logger;
  readonly #complaints: Complaints;
  readonly #meter = new WorkerMeter();
  readonly #links: { readonly packets: PacketLink; readonly streams: StreamLink };
  readonly #memberlist: Memberlist;
  readonly #entries: EntryFlow;
  readonly #oversize: OversizeSender<NodeRecord>;
  readonly #channel: OwnChannel;
  readonly #joiner: Joiner;
  readonly #stalls: StallWatch;
  readonly #loops: Cancel[] = [];
  #phase: Phase = 'new';
  #memberCount = 1;
  #status: ClusterView['status'] = 'settling';
  #gate: { startedAt: number; firstJoin: FirstJoin; countChangedAt: number };
  #cancelGate: Cancel = () => undefined;
  #isViewStale = false;

  constructor(deps: GossipCoreDeps, config: GossipConfig, port: GossipPort) {
    const now = deps.clock.mono();
    this.#deps = deps;
    this.#config = config;
    this.#port = port;
    this.address = config.advertiseAddress;
    this.#logger = portLogger(port);
    this.#complaints = new Complaints(deps.clock, this.#logger);
    this.#entries = this.#newEntryFlow();
    this.#links = wrappedLinks(deps, config);
    this.#memberlist = this.#newMemberlist();
    this.#oversize = this.#newOversizeSender();
    this.#channel = this.#newChannel();
    this.#joiner = this.#newJoiner();
    this.#stalls = new StallWatch(now);
    this.#gate = { startedAt: now, firstJoin: 'pending', countChangedAt: now };
    port.onMessage((message) => this.#receive(message));
  }

  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return;
    this.#phase = 'stopped';
    this.#cancelGate();
    for (const cancel of this.#loops) cancel();
    this.#joiner.stop();
    this.#channel.stop();
    this.#memberlist.stop();
    await Promise.all([this.#links.packets.close(), this.#links.streams.close()]);
  }

  // ---- parts ----------------------------------------------------------------------------------------

  #newMemberlist(): Memberlist {
    const { clock, timers, random, sealing } = this.#deps;
    const options = {
      ...this.#config,
      packetOverheadBytes: labelOverhead(this.#config.label) + (sealing?.overheadBytes ?? 0),
    };
    const deps = { clock, timers, random, logger: this.#logger, ...this.#links };
    return new Memberlist(deps, options, this.#delegate());
  }

  #delegate(): MemberlistDelegate {
    const meter = this.#meter;
    return {
      localState: () => this.#entries.localState(),
      mergeState: (state) => this.#entries.onState(state),
      onUserMessage: (payload) => this.#onUserMessage(payload),
      takeBroadcasts: (overhead, limit) => this.#entries.takeBroadcasts(overhead, limit),
      queuedBroadcasts: () => this.#entries.queued,
      onJoin: (node) => this.#onJoin(node),
      onLeave: (node) => this.#onLeave(node),
      onUpdate: () => meter.add(clusterMetrics.peersUpdated, 1, {}),
      onConflict: () => meter.add(clusterMetrics.nameConflicts, 1, {}),
      onAlive: (peer) => meter.add(clusterMetrics.aliveMessages, 1, { peer }),
      onRoundTrip: (peer, rttMs) => meter.observe(clusterMetrics.pings, rttMs / 1000, { peer }),
      onBadPacket: () => meter.add(clusterMetrics.droppedPackets, 1, {}),
      onDroppedStream: (reason) => meter.add(clusterMetrics.droppedStreams, 1, { reason }),
    };
  }

  #newEntryFlow(): EntryFlow {
    return new EntryFlow({
      port: this.#port,
      meter: this.#meter,
      complaints: this.#complaints,
      channels: this.#config.channels,
      retransmitMultiplier: this.#config.gossipNodes,
      now: () => this.#deps.clock.wall(),
      memberCount: () => this.#memberCount,
      codecFor: (channel) => this.#deps.codecFor(channel),
      sendDirectly: (channel, entry) => this.#channel.broadcast(channel, entry),
      sendOversize: (channel, part) => this.#oversize.add(channel, part),
    });
  }

  #newOversizeSender(): OversizeSender<NodeRecord> {
    const meter = this.#meter;
    return new OversizeSender<NodeRecord>({
      clock: this.#deps.clock,
      targets: () => this.#memberlist.members().filter((node) => node.name !== this.#config.name),
      send: (node, payload) => this.#memberlist.sendReliably(node, payload),
      onSent: (key, tookMs) => {
        meter.add(clusterMetrics.oversizedSent, 1, { key });
        meter.observe(clusterMetrics.oversizeDuration, tookMs / 1000, { key });
      },
      onFailed: (key) => meter.add(clusterMetrics.oversizedFailed, 1, { key }),
      onDropped: (key) => meter.add(clusterMetrics.oversizedDropped, 1, { key }),
    });
  }

  #newChannel(): OwnChannel {
    const { clock, timers, random, configurationHash } = this.#deps;
    const withNode = <T>(name: string, use: (node: NodeRecord) => T, otherwise: T): T => {
      const node = this.#memberlist.node(name);
      return node === undefined ? otherwise : use(node);
    };
    return new OwnChannel({
      clock,
      timers,
      logger: this.#logger,
      complaints: this.#complaints,
      name: this.#config.name,
      configurationHash: configurationHash ?? '',
      firstSeq: random.below(2 ** 31) * 2 ** 16,
      send: (peer, payload) => withNode(peer, (node) => this.#memberlist.send(node, payload), undefined),
      sendReliably: (peer, payload) =>
        withNode(peer, (node) => this.#memberlist.sendReliably(node, payload), Promise.resolve()),
      knock: (peer) =>
        withNode(peer, (node) => this.#memberlist.knock(node), Promise.resolve('silent' as const)),
      onEntries: (peer, seq, batches) => this.#entries.onDirect({ peer, seq }, batches),
      onAcknowledged: (peer, items) => this.#onAcknowledged(peer, items),
      onChange: () => this.#touchView(),
      onResent: () => this.#meter.add(clusterMetrics.resent, 1, {}),
      onGivenUp: (entries) => this.#onGivenUp(entries),
    });
  }

  #newJoiner(): Joiner {
    const { clock, timers, random, resolver } = this.#deps;
    const meter = this.#meter;
    const deps = {
      clock,
      timers,
      random,
      resolver,
      logger: this.#logger,
      join: (address: HostPort) => this.#memberlist.join(address),
      isMember: (address: HostPort) => this.#memberlist.members().some((node) => node.hostPort === address),
      onFirstJoin: (outcome: FirstJoin) => this.#onFirstJoin(outcome),
      onRefreshJoin: (isJoined: boolean) =>
        meter.add(isJoined ? clusterMetrics.refreshJoins : clusterMetrics.refreshJoinsFailed, 1, {}),
      onReconnect: (isJoined: boolean) =>
        meter.add(isJoined ? clusterMetrics.reconnections : clusterMetrics.reconnectionsFailed, 1, {}),
    };
    return new Joiner(deps, this.#config);
  }

  // ---- from the main thread -------------------------------------------------------------------------

  #receive(message: ToWorker): void {
    if (this.#phase === 'stopped') return;
    switch (message.type) {
      case 'seed':
        return this.#entries.seed(message.channel, message.entries);
      case 'start':
        return this.#start();
      case 'broadcast':
        return this.#entries.broadcast(message.channel, message.entry);
      case 'heartbeat':
        if (this.#stalls.main === 'runs') this.#channel.heartbeat();
        return;
      case 'ack':
        for (const { peer, seq } of message.acks) this.#channel.acknowledge(peer, [seq]);
        return;
      case 'catch-up':
        return this.#catchUp(message.id);
      case 'leave':
        void this.#leave();
        return;
    }
  }

  #start(): void {
    if (this.#phase !== 'new') return;
    const now = this.#deps.clock.mono();
    this.#phase = 'running';
    this.#gate = { startedAt: now, firstJoin: 'pending', countChangedAt: now };
    this.#port.post({ type: 'started', address: this.address });
    this.#memberlist.start();
    this.#startLoops();
    this.#joiner.start();
    this.#meter.set(clusterMetrics.peerInfo, 1, { peer: this.#config.name });
    this.#touchView();
    this.#armGate();
  }

  #startLoops(): void {
    const loop = (intervalMs: number, run: () => void): void => {
      this.#loops.push(startLoop(this.#deps, () => intervalMs, run));
    };
    loop(TICK_MS, () => this.#tick());
    loop(METRICS_INTERVAL_MS, () => this.#flushMetrics());
    loop(GARBAGE_INTERVAL_MS, () => this.#entries.collectGarbage());
    loop(PRUNE_INTERVAL_MS, () => this.#entries.prune());
  }

  /** Twice through the timers with a poll phase between: what lay in the sockets has been read then. */
  #catchUp(id: number): void {
    const { timers } = this.#deps;
    timers.after(0, () =>
      timers.after(0, () => void this.#exchangeOnce().then(() => this.#port.post({ type: 'caught-up', id }))),
    );
  }

  /** Never rejects: the main thread decides after 2 s whatever comes. */
  async #exchangeOnce(): Promise<void> {
    for (let attempt = 0; attempt < CATCH_UP_ATTEMPTS && this.#phase === 'running'; attempt++) {
      try {
        await this.#memberlist.pushPullWithAny(CATCH_UP_MEMBERS);
        return;
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
      }
    }
  }

  // ---- entries --------------------------------------------------------------------------------------

  #onUserMessage(payload: Uint8Array): void {
    const part = this.#entries.readPart(payload);
    if (part === undefined) return;
    if (part.key !== OWN_CHANNEL) return this.#entries.onUpdate(part, payload);
    try {
      this.#channel.receive(part.data);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#complaints.warn('A message of another replica was dropped; check the versions of all replicas', {
        why: thrown.message,
      });
    }
  }

  #onAcknowledged(peer: string, items: readonly OutboxItem[]): void {
    const entries = items.map(({ channel, entry: { key, seconds, nanos } }) => ({
      channel,
      key,
      seconds,
      nanos,
    }));
    this.#port.post({ type: 'acknowledged', peer, entries });
  }

  #onGivenUp(entries: number): void {
    this.#meter.add(clusterMetrics.unacknowledgedDropped, entries, {});
    this.#complaints.warn(
      'A replica does not acknowledge entries; the oldest are left to push/pull. Check whether it is overloaded',
      { entries },
    );
  }

  // ---- members --------------------------------------------------------------------------------------

  #onJoin(node: NodeRecord): void {
    this.#onCountChange();
    if (node.name === this.#config.name) return;
    this.#meter.add(clusterMetrics.peersJoined, 1, {});
    this.#logger.info('A member joined', { peer: node.name, address: node.hostPort });
    this.#joiner.onJoin(node.hostPort);
    this.#channel.onJoin(node.name);
  }

  #onLeave(node: NodeRecord): void {
    this.#onCountChange();
    if (node.name === this.#config.name) return;
    this.#meter.add(clusterMetrics.peersLeft, 1, {});
    this.#logger.info('A member is gone', { peer: node.name, address: node.hostPort, state: node.state });
    this.#joiner.onLeave(node.hostPort);
    this.#channel.onLeave(node.name);
  }

  #onCountChange(): void {
    this.#memberCount = this.#memberlist.members().length;
    this.#gate.countChangedAt = this.#deps.clock.mono();
    this.#touchView();
    this.#armGate();
  }

  #onFirstJoin(outcome: FirstJoin): void {
    this.#gate.firstJoin = outcome;
    this.#armGate();
  }

  #armGate(): void {
    this.#cancelGate();
    if (this.#status !== 'settling' || this.#phase !== 'running') return;
    const now = this.#deps.clock.mono();
    const delayMs = gateOpensAt(this.#gate, this.#config.settleTimeoutMs) - now;
    this.#cancelGate = this.#deps.timers.after(Math.max(0, delayMs), () => {
      this.#status = 'ready';
      this.#logger.info('The cluster has settled', {
        after_ms: Math.round(this.#deps.clock.mono() - this.#gate.startedAt),
        members: this.#memberCount,
        first_join: this.#gate.firstJoin,
      });
      this.#touchView();
    });
  }

  /** Several changes of one turn make one view. */
  #touchView(): void {
    if (this.#isViewStale || this.#phase === 'new') return;
    this.#isViewStale = true;
    this.#deps.timers.after(0, () => {
      this.#isViewStale = false;
      if (this.#phase !== 'stopped') this.#postView();
    });
  }

  #postView(): void {
    const members: Member[] = this.#memberlist.members().map((node) => ({
      name: node.name,
      address: node.hostPort,
      isSelf: node.name === this.#config.name,
      isTocsin: node.name === this.#config.name || this.#channel.isTocsin(node.name),
      isAbsent: this.#channel.isAbsent(node.name),
    }));
    members.sort((left, right) => compareUtf8(left.name, right.name));
    const position = Math.max(
      0,
      members.findIndex(({ isSelf }) => isSelf),
    );
    this.#meter.set(clusterMetrics.members, members.length, {});
    this.#meter.set(clusterMetrics.position, position, {});
    this.#port.post({ type: 'view', view: { status: this.#status, members, position } });
  }

  // ---- time -----------------------------------------------------------------------------------------

  #tick(): void {
    const now = this.#deps.clock.mono();
    this.#deps.stall.stampWorker(now);
    const { workerStalledMs, main, mainBefore } = this.#stalls.tick(now, this.#deps.stall.mainStamp());
    if (workerStalledMs > 0) {
      this.#channel.resume(now);
      this.#port.post({ type: 'stalled', forMs: workerStalledMs });
    }
    if (main !== mainBefore) this.#onMainChange(main);
    this.#channel.tick(now);
  }

  #onMainChange(main: StallWatch['main']): void {
    if (main === 'runs') return this.#logger.info('The main thread runs again');
    if (main === 'stalled') {
      this.#meter.add(clusterMetrics.stalls, 1, { thread: 'main' });
      return this.#logger.warn('The main thread stands still; peers no longer wait for this replica');
    }
    this.#logger.error(
      'The main thread has stood still for too long; leaving the cluster and ending the process',
    );
    void this.#memberlist.leave(LEAVE_OF_THE_DEAD_MS).then(() => this.#deps.onMainDead());
  }

  #flushMetrics(): void {
    this.#meter.set(clusterMetrics.messagesQueued, this.#entries.queued, {});
    this.#meter.set(clusterMetrics.healthScore, this.#memberlist.healthScore, {});
    this.#meter.set(clusterMetrics.failedPeers, this.#joiner.failedPeers, {});
    this.#meter.set(clusterMetrics.unacknowledged, this.#channel.unacknowledged(), {});
    this.#port.post({ type: 'metrics', samples: this.#meter.flush() });
  }

  // ---- leaving --------------------------------------------------------------------------------------

  async #leave(): Promise<void> {
    if (this.#phase === 'new') {
      await this.stop();
      return this.#port.post({ type: 'left' });
    }
    if (this.#phase !== 'running') return;
    const startedAt = this.#deps.clock.mono();
    this.#phase = 'leaving';
    this.#joiner.stop();
    const calmDown = this.#memberlist.hurry();
    await this.#drained(startedAt + DRAIN_MS);
    await this.#memberlist.leave(Math.max(0, startedAt + LEAVE_MS - this.#deps.clock.mono()));
    calmDown();
    this.#flushMetrics();
    await this.stop();
    this.#port.post({ type: 'left' });
  }

  /** Until every entry was told: acknowledged by replicas, gossiped to others. */
  #drained(giveUpAt: number): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        const isDone =
          this.#memberCount < 2 ||
          (this.#entries.queued === 0 && this.#oversize.isIdle && this.#channel.unacknowledged() === 0);
        if (isDone || this.#deps.clock.mono() >= giveUpAt) resolve();
        else this.#deps.timers.after(DRAIN_CHECK_MS, check);
      };
      check();
    });
  }
}

/** Raw link, then the label, then sealing: the order in which peers unwrap. */
function wrappedLinks(
  deps: GossipCoreDeps,
  { label }: GossipConfig,
): { readonly packets: PacketLink; readonly streams: StreamLink } {
  const packets = labelPackets(deps.packets, label);
  const streams = labelStreams(deps.streams, label);
  if (deps.sealing === undefined) return { packets, streams };
  return { packets: deps.sealing.packets(packets), streams: deps.sealing.streams(streams) };
}
