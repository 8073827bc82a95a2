/**
 * @module cluster/peer/joiner
 *
 * Finds the other members and keeps finding them (gossip spec 3.3): the first join, addresses that a
 * configured name newly resolves to, members that went away.
 *
 * The first join differs from Alertmanager's on purpose: all addresses at once, and again every two
 * seconds while nobody has answered, because the gate waits for its outcome.
 */
import { AppError } from '@tocsin/kernel';
import type { Cancel, Clock, HostPort, Logger, Random, Timers } from '@tocsin/kernel';
import type { GossipConfig } from '../config.ts';
import { formatHostPort, normalHostPort, parseHostPort, parseIp } from '../memberlist/address.ts';
import { startLoop } from '../memberlist/loop.ts';
import type { Resolver } from '../worker/seams.ts';
import { FailedPeers } from './failed-peers.ts';
import { afterAttempt, judgeFirstJoin } from './gate.ts';
import type { FirstJoin, JoinOutcome, PeerAttempts } from './gate.ts';

export interface JoinerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly resolver: Resolver;
  /** Resolves with the number of other live members that the answer named. */
  join(address: HostPort): Promise<number>;
  isMember(address: HostPort): boolean;
  onFirstJoin(outcome: FirstJoin): void;
  onRefreshJoin(isJoined: boolean): void;
  onReconnect(isJoined: boolean): void;
}

const RESOLVE_RETRY_MS = 2000;
const JOIN_RETRY_MS = 2000;
const GIVE_UP_CHECK_MS = 5 * 60_000;
/** Peers redialled at once; the others wait for the next round. */
const MAX_DIALS = 64;
/** Addresses that all configured names together may resolve to. */
const MAX_ADDRESSES = 1024;

export class Joiner {
  readonly #deps: JoinerDeps;
  readonly #config: GossipConfig;
  readonly #failed = new FailedPeers();
  /** One dial to an address at a time, whoever asks for it. */
  readonly #underway = new Map<HostPort, Promise<JoinOutcome>>();
  readonly #loops: Cancel[] = [];
  /** Addresses under which this member itself was found. */
  readonly #own: Set<HostPort>;
  #isStopped = false;

  constructor(deps: JoinerDeps, config: GossipConfig) {
    this.#deps = deps;
    this.#config = config;
    this.#own = new Set([normalHostPort(config.advertiseAddress, 'cluster advertise address')]);
  }

  get failedPeers(): number {
    return this.#failed.size;
  }

  start(): void {
    const { refreshIntervalMs, reconnectIntervalMs, reconnectTimeoutMs } = this.#config;
    void this.#joinFirst();
    const loop = (intervalMs: number, run: () => void): void => {
      if (intervalMs > 0) this.#loops.push(startLoop(this.#deps, () => intervalMs, run));
    };
    loop(refreshIntervalMs, () => void this.#refresh());
    loop(reconnectIntervalMs, () => this.#reconnect());
    if (reconnectTimeoutMs > 0) loop(GIVE_UP_CHECK_MS, () => this.#giveUp(reconnectTimeoutMs));
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#loops) cancel();
  }

  onJoin(address: HostPort): void {
    this.#failed.remove(address);
  }

  /** Also after a goodbye, as in Alertmanager: who left may come back. */
  onLeave(address: HostPort): void {
    this.#failed.add(address, this.#deps.clock.mono());
  }

  // ---- first join -----------------------------------------------------------------------------------

  async #joinFirst(): Promise<void> {
    const addresses = await this.#resolveAll(true);
    const now = this.#deps.clock.mono();
    for (const address of addresses) if (isLiteral(address)) this.#failed.add(address, now);
    if (addresses.length === 0) return this.#deps.onFirstJoin('nobody');
    const attempts = new Map<HostPort, PeerAttempts | undefined>(
      addresses.map((address) => [address, undefined]),
    );
    for (const address of addresses) void this.#joinUntilJudged(address, attempts);
  }

  async #joinUntilJudged(
    address: HostPort,
    attempts: Map<HostPort, PeerAttempts | undefined>,
  ): Promise<void> {
    for (;;) {
      const outcome = await this.#join(address);
      if (this.#isStopped) return;
      const before = judgeFirstJoin([...attempts.values()]);
      attempts.set(address, afterAttempt(attempts.get(address), outcome));
      const verdict = judgeFirstJoin([...attempts.values()]);
      if (before === 'pending' && verdict !== 'pending') this.#deps.onFirstJoin(verdict);
      if (verdict !== 'pending' || outcome === 'self') return;
      await this.#pause(JOIN_RETRY_MS);
    }
  }

  // ---- later ----------------------------------------------------------------------------------------

  async #refresh(): Promise<void> {
    const addresses = await this.#resolveAll(false);
    for (const address of addresses) {
      if (this.#isStopped || this.#deps.isMember(address) || this.#underway.has(address)) continue;
      void this.#join(address).then((outcome) => {
        if (outcome !== 'self') this.#deps.onRefreshJoin(outcome === 'answered');
      });
    }
  }

  #reconnect(): void {
    for (const address of this.#failed.addresses()) {
      if (this.#underway.size >= MAX_DIALS) return;
      if (this.#deps.isMember(address) || this.#underway.has(address)) continue;
      void this.#join(address).then((outcome) => {
        const isJoined = outcome === 'answered';
        // To the end of the list, so that every one of many gets its turn.
        if (!isJoined) this.#failed.postpone(address);
        this.#deps.onReconnect(isJoined);
      });
    }
  }

  #giveUp(timeoutMs: number): void {
    for (const address of this.#failed.expire(timeoutMs, this.#deps.clock.mono()))
      this.#deps.logger.info('Gave up redialling a peer that is away for too long', { address });
  }

  // ---- one address ----------------------------------------------------------------------------------

  /** Never rejects. */
  #join(address: HostPort): Promise<JoinOutcome> {
    const running = this.#underway.get(address);
    if (running !== undefined) return running;
    const attempt = this.#attempt(address).finally(() => this.#underway.delete(address));
    this.#underway.set(address, attempt);
    return attempt;
  }

  async #attempt(address: HostPort): Promise<JoinOutcome> {
    let worst: JoinOutcome = 'unreachable';
    for (const literal of await this.#literals(address)) {
      const outcome = await this.#dial(literal);
      if (outcome === 'answered' || outcome === 'self') return outcome;
      if (outcome !== 'unreachable') worst = outcome;
    }
    return worst;
  }

  async #dial(address: HostPort): Promise<JoinOutcome> {
    try {
      const others = await this.#deps.join(address);
      // An answer that names nobody else is our own, unless its sender has never heard of itself.
      if (others > 0) return 'answered';
      this.#own.add(address);
      this.#failed.remove(address);
      return 'self';
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#deps.logger.debug('A peer could not be joined', { address, err: thrown.message });
      return outcomeOf(thrown);
    }
  }

  /** A name that could not be looked up is looked up again when it is dialled. */
  async #literals(address: HostPort): Promise<readonly HostPort[]> {
    if (isLiteral(address)) return [address];
    const { host, port } = parseHostPort(address, 'cluster peer');
    const addresses = await this.#lookUp(host);
    return this.#others(addresses ?? [], port);
  }

  // ---- names ----------------------------------------------------------------------------------------

  /** Without the own address. A name whose lookup fails stays a name. */
  async #resolveAll(waitWhileEmpty: boolean): Promise<readonly HostPort[]> {
    const lists = await Promise.all(this.#config.peers.map((peer) => this.#resolve(peer, waitWhileEmpty)));
    const all = new Set(lists.flat().filter((address) => !this.#own.has(address)));
    return [...all].slice(0, MAX_ADDRESSES);
  }

  async #resolve(peer: string, waitWhileEmpty: boolean): Promise<readonly HostPort[]> {
    const { host, port } = parseHostPort(peer, 'cluster peer');
    if (parseIp(host) !== undefined) return [normalHostPort(peer, 'cluster peer')];
    const giveUpAt = this.#deps.clock.mono() + this.#config.peersResolveTimeoutMs;
    for (;;) {
      const addresses = await this.#lookUp(host);
      if (addresses === undefined) return [formatHostPort(host, port)];
      const others = this.#others(addresses, port);
      const isLate = this.#deps.clock.mono() + RESOLVE_RETRY_MS > giveUpAt;
      if (others.length > 0 || addresses.length > 0 || !waitWhileEmpty || isLate || this.#isStopped)
        return others;
      await this.#pause(RESOLVE_RETRY_MS);
    }
  }

  /** Undefined: the lookup failed. */
  async #lookUp(host: string): Promise<readonly string[] | undefined> {
    try {
      return await this.#deps.resolver.resolve(host);
    } catch (thrown) {
      this.#deps.logger.debug('A peer name could not be looked up', { host, err: String(thrown) });
      return undefined;
    }
  }

  #others(ips: readonly string[], port: number): HostPort[] {
    return ips
      .map((ip) => normalHostPort(formatHostPort(ip, port), 'resolved cluster peer'))
      .filter((address) => !this.#own.has(address));
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.timers.after(delayMs, resolve));
  }
}

const isLiteral = (address: HostPort): boolean =>
  parseIp(parseHostPort(address, 'cluster peer').host) !== undefined;

function outcomeOf(error: AppError): JoinOutcome {
  if (error.code === 'deadline') return 'silent';
  // The dial itself says `unavailable`; so does an exchange that was cut, which `cutShort` marks.
  return error.facts['cutShort'] === true || error.code === 'invalid' ? 'rejected' : 'unreachable';
}
