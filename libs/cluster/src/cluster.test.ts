/** Whole replicas, gossip core and client, on a virtual network: what operators and the notify stage rely on. */
import { describe, expect, it } from 'vitest';
import type { ClusterPort } from './port.ts';
import { startForeignMember } from './testing/foreign-member.ts';
import type { ForeignMember } from './testing/foreign-member.ts';
import { plainEntry } from './testing/plain-channel.ts';
import { VirtualNetwork } from './testing/virtual-network.ts';
import { startVirtualReplica } from './testing/virtual-replica.ts';
import type { ReplicaOptions, VirtualReplica } from './testing/virtual-replica.ts';
import { VirtualWorld } from './testing/virtual-world.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Lab {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  start(name: string, more?: Partial<ReplicaOptions>): VirtualReplica;
  foreign(name: string): ForeignMember;
}

const addressOf = (name: string): string => `10.0.0.${name.charCodeAt(0) - 96}:9094`;

function lab(seed: number | string): Lab {
  const world = new VirtualWorld({ seed, turn });
  const network = new VirtualNetwork(world);
  return {
    world,
    network,
    start: (name, more = {}) =>
      startVirtualReplica(world, network, { name, address: addressOf(name), ...more }),
    foreign: (name) => startForeignMember(world, network, { name, address: addressOf(name) }),
  };
}

const names = (cluster: ClusterPort): string[] => cluster.view().members.map(({ name }) => name);

/** Three replicas that know each other, ready. */
async function trio(at: Lab, more: Partial<ReplicaOptions> = {}): Promise<VirtualReplica[]> {
  const peers = ['a', 'b', 'c'].map(addressOf);
  const replicas = ['a', 'b', 'c'].map((name) => at.start(name, { peers, ...more }));
  const isReady = (): boolean =>
    replicas.every(({ cluster }) => cluster.view().status === 'ready' && names(cluster).length === 3);
  expect(await at.world.runUntil(isReady, 20_000)).toBe(true);
  return replicas;
}

const soon = (at: Lab): number => Math.floor(at.world.clock.wall() / 1000);
const entryNow = (at: Lab, key: string, size = 100): ReturnType<typeof plainEntry> =>
  plainEntry({ key, seconds: soon(at), expirySeconds: soon(at) + 3600, payload: new Uint8Array(size) });

const has = (replica: VirtualReplica, key: string): boolean =>
  replica.received.some(({ entry }) => entry.key === key);

describe('joining', () => {
  it('makes three replicas that start together one cluster, with positions by name', async () => {
    const at = lab(1);
    const replicas = await trio(at);
    expect(replicas.map(({ cluster }) => cluster.view().position)).toEqual([0, 1, 2]);
    for (const { cluster } of replicas) expect(names(cluster)).toEqual(['a', 'b', 'c']);
  });

  it('lets every replica find out that the others are Tocsin replicas', async () => {
    const at = lab(2);
    const replicas = await trio(at);
    await at.world.run(2000);
    for (const { cluster } of replicas)
      expect(cluster.view().members.every(({ isTocsin, isAbsent }) => isTocsin && !isAbsent)).toBe(true);
  });

  it('opens the gate of a replica that joins a live cluster in less than 3 s', async () => {
    const at = lab(3);
    await trio(at);
    const joinedAt = at.world.now;
    const late = at.start('d', { peers: [addressOf('a')] });
    expect(await at.world.runUntil(() => late.cluster.view().status === 'ready', 10_000)).toBe(true);
    expect(at.world.now - joinedAt).toBeLessThan(3000);
    expect(names(late.cluster)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('hands the state of the cluster to the main thread before it says ready', async () => {
    const at = lab(4);
    const [first] = await trio(at);
    for (let index = 0; index < 50; index++)
      first?.cluster.broadcast('nfl', entryNow(at, `key-${index}`, 300));
    await at.world.run(1000);
    const late = at.start('d', { peers: [addressOf('b')], portDelayMs: () => 40 });
    await at.world.runUntil(() => late.cluster.view().status === 'ready', 10_000);
    expect(late.received).toHaveLength(50);
  });

  it('opens the gate of a lone replica after a second', async () => {
    const at = lab(5);
    const lone = at.start('a');
    await at.world.run(900);
    expect(lone.cluster.view().status).toBe('settling');
    await at.world.run(200);
    expect(lone.cluster.view().status).toBe('ready');
  });

  it('does not wait for configured peers that refuse connections', async () => {
    const at = lab(6);
    const lone = at.start('a', { peers: [addressOf('a'), addressOf('b')] });
    await at.world.run(1500);
    expect(lone.cluster.view().status).toBe('ready');
  });

  it('waits for a configured peer that takes the connection and stays silent, up to the settle timeout', async () => {
    const at = lab(7);
    const silent = at.start('b');
    await at.world.run(100);
    silent.pause();
    const lone = at.start('a', { peers: [addressOf('b')] });
    await at.world.run(59_000);
    expect(lone.cluster.view().status).toBe('settling');
    await at.world.run(2000);
    expect(lone.cluster.view().status).toBe('ready');
  });

  it('keeps clusters with different labels apart and does not wait for the other', async () => {
    const at = lab(8);
    const other = at.start('b', { config: { label: 'other' } });
    const own = at.start('a', { peers: [addressOf('b')], config: { label: 'own' } });
    await at.world.run(15_000);
    expect(names(own.cluster)).toEqual(['a']);
    expect(names(other.cluster)).toEqual(['b']);
    expect(own.cluster.view().status).toBe('ready');
  });

  it('joins two labelled replicas', async () => {
    const at = lab(9);
    const config = { label: 'prod' };
    at.start('b', { config });
    const own = at.start('a', { peers: [addressOf('b')], config });
    await at.world.run(3000);
    expect(names(own.cluster)).toEqual(['a', 'b']);
  });

  it('finds a replica behind a name that resolves to it only later', async () => {
    const at = lab(10);
    let addresses: string[] = [];
    const resolver = { resolve: () => Promise.resolve(addresses) };
    const own = at.start('a', { peers: ['peers.local:9094'], resolver });
    at.start('b');
    await at.world.run(40_000);
    expect(names(own.cluster)).toEqual(['a']);
    addresses = ['10.0.0.1', '10.0.0.2'];
    await at.world.run(20_000);
    expect(names(own.cluster)).toEqual(['a', 'b']);
  });
});

describe('failure detection', () => {
  it('finds a killed replica absent within seconds, dead before half a minute', async () => {
    const at = lab(20);
    const [first, , third] = await trio(at);
    await at.world.run(3000);
    third?.kill();
    const killedAt = at.world.now;
    const isAbsent = (): boolean =>
      first?.cluster.view().members.some(({ name, isAbsent: absent }) => name === 'c' && absent) ?? false;
    expect(await at.world.runUntil(isAbsent, 10_000)).toBe(true);
    expect(at.world.now - killedAt).toBeLessThanOrEqual(3100);
    const isGone = (): boolean => !names(first?.cluster as ClusterPort).includes('c');
    expect(await at.world.runUntil(isGone, 30_000)).toBe(true);
  });

  it('knows within two seconds that nobody listens any more where a killed replica was', async () => {
    const at = lab(21);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    second?.kill();
    await at.world.run(2000);
    expect(first?.cluster.view().members.find(({ name }) => name === 'b')?.isAbsent).toBe(true);
  });

  it('lets a replica that was paused for three seconds refute and stay a member', async () => {
    const at = lab(22);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    first?.pause();
    await at.world.run(3000);
    first?.resume();
    await at.world.run(15_000);
    expect(second?.views.every(({ members }) => members.length <= 3)).toBe(true);
    const counts = second?.views.slice(-5).map(({ members }) => members.length);
    expect(counts).not.toContain(2);
    expect(names(second?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
    expect(names(first?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
  });

  it('does not declare others dead because it slept itself', async () => {
    const at = lab(23);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    first?.pause();
    await at.world.run(60_000);
    const before = first?.views.length ?? 0;
    first?.resume();
    await at.world.run(30_000);
    expect(first?.views.slice(before).every(({ members }) => members.length === 3)).toBe(true);
    for (const replica of [first, second, third])
      expect(names(replica?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
  });

  it('believes a refutation that came while it slept, not its own overdue suspicion', async () => {
    const at = lab(28);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    second?.pause();
    // Suspected by then; death would be declared 4 s after the suspicion.
    await at.world.run(4500);
    first?.pause();
    second?.resume();
    await at.world.run(3500);
    expect(names(third?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
    const before = first?.views.length ?? 0;
    first?.resume();
    await at.world.run(20_000);
    expect(first?.views.slice(before).every(({ members }) => members.length === 3)).toBe(true);
  });

  it('takes nobody for absent after the whole cluster slept, as a suspended laptop does', async () => {
    const at = lab(29);
    const replicas = await trio(at);
    await at.world.run(3000);
    const before = replicas.map(({ views }) => views.length);
    for (const replica of replicas) replica.pause();
    await at.world.run(60_000);
    for (const replica of replicas) replica.resume();
    await at.world.run(5000);
    const since = replicas.flatMap(({ views }, index) => views.slice(before[index]));
    expect(since.flatMap(({ members }) => members).filter(({ isAbsent }) => isAbsent)).toEqual([]);
  });

  it('redials a member that went away although nobody configured its address', async () => {
    const at = lab(30);
    const config = { refreshIntervalMs: 3_600_000 };
    const first = at.start('a', { config });
    await at.world.run(2000);
    const second = at.start('b', { peers: [addressOf('a')], config });
    await at.world.run(2000);
    at.network.partition([addressOf('a')], [addressOf('b')]);
    await at.world.run(60_000);
    expect([names(first.cluster), names(second.cluster)]).toEqual([['a'], ['b']]);
    // Only a can dial: b is no longer there to do it, and comes back without knowing a.
    second.kill();
    at.network.heal();
    const again = at.start('b', { config });
    await at.world.run(12_000);
    expect(names(first.cluster)).toEqual(['a', 'b']);
    expect(names(again.cluster)).toEqual(['a', 'b']);
  });

  it('redials a configured peer that was not there at the start', async () => {
    const at = lab(31);
    const config = { refreshIntervalMs: 3_600_000 };
    const first = at.start('a', { peers: [addressOf('b')], config });
    await at.world.run(30_000);
    at.start('b', { config });
    await at.world.run(11_000);
    expect(names(first.cluster)).toEqual(['a', 'b']);
  });

  it('takes a replica that leaves off the list at once', async () => {
    const at = lab(24);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    const leftAt = at.world.now;
    let hasLeft = false;
    void third?.cluster.leave().then(() => (hasLeft = true));
    const isGone = (): boolean =>
      [first, second].every((replica) => names(replica?.cluster as ClusterPort).length === 2);
    expect(await at.world.runUntil(isGone, 10_000)).toBe(true);
    expect(at.world.now - leftAt).toBeLessThan(1500);
    expect(await at.world.runUntil(() => hasLeft, 10_000)).toBe(true);
  });

  it('lets all replicas go at once when all leave at the same time', async () => {
    for (let seed = 100; seed < 120; seed++) {
      const at = lab(seed);
      const replicas = await trio(at);
      await at.world.run(3000);
      let left = 0;
      for (const [index, replica] of replicas.entries()) {
        at.world.timers.after(index * 3, () => void replica.cluster.leave().then(() => left++));
      }
      const leftAt = at.world.now;
      expect(await at.world.runUntil(() => left === replicas.length, 20_000)).toBe(true);
      expect(at.world.now - leftAt).toBeLessThan(3000);
    }
  });

  it('takes back a replica that restarts at once with the same name and address', async () => {
    const at = lab(25);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    second?.kill();
    await at.world.run(7000);
    const again = at.start('b', { peers: [addressOf('a'), addressOf('c')] });
    await at.world.run(10_000);
    expect(names(first?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
    expect(names(again.cluster)).toEqual(['a', 'b', 'c']);
    const seen = first?.cluster.view().members.find(({ name }) => name === 'b');
    expect(seen).toMatchObject({ isTocsin: true, isAbsent: false });
  });

  it('takes back a replica that was declared dead while it was cut off', async () => {
    const at = lab(26);
    const replicas = await trio(at);
    const [first, second, third] = replicas;
    at.network.partition([addressOf('a')], [addressOf('b'), addressOf('c')]);
    await at.world.run(60_000);
    expect(names(first?.cluster as ClusterPort)).toEqual(['a']);
    expect(names(second?.cluster as ClusterPort)).toEqual(['b', 'c']);
    at.network.heal();
    await at.world.run(30_000);
    for (const replica of [first, second, third])
      expect(names(replica?.cluster as ClusterPort)).toEqual(['a', 'b', 'c']);
  });

  it('keeps a member whose UDP is lost in one direction, thanks to TCP and the others', async () => {
    const at = lab(27);
    const [first] = await trio(at);
    at.network.loss = 0.3;
    await at.world.run(120_000);
    expect(first?.views.slice(5).every(({ members }) => members.length === 3)).toBe(true);
  });
});

describe('entries', () => {
  it('reach every replica within a few milliseconds, and are acknowledged by their main threads', async () => {
    const at = lab(40);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    const sentAt = at.world.now;
    first?.cluster.broadcast('nfl', entryNow(at, 'k'));
    const isEverywhere = (): boolean =>
      [second, third].every((replica) => has(replica as VirtualReplica, 'k'));
    expect(await at.world.runUntil(isEverywhere, 5000)).toBe(true);
    expect(at.world.now - sentAt).toBeLessThan(20);
    await at.world.run(100);
    expect(first?.acknowledged.map(({ peer }) => peer).toSorted()).toEqual(['b', 'c']);
  });

  it('reach every replica over TCP when all packets are lost, and nobody is taken for absent', async () => {
    for (const isBlockedFromTheStart of [true, false]) {
      const at = lab(41);
      if (isBlockedFromTheStart) at.network.loss = 1;
      const replicas = await trio(at);
      await at.world.run(5000);
      at.network.loss = 1;
      for (let round = 0; round < 40; round++) {
        const [sender] = replicas.splice(0, 1);
        if (sender === undefined) throw new Error('three replicas');
        replicas.push(sender);
        sender.cluster.broadcast('nfl', entryNow(at, `k${round}`));
        const isEverywhere = (): boolean =>
          replicas.every((replica) => has(replica, `k${round}`) || replica === sender);
        expect(await at.world.runUntil(isEverywhere, 1000)).toBe(true);
        await at.world.run(1000);
        for (const replica of replicas) {
          expect(
            replica.cluster.view().members.map(({ isAbsent, isTocsin }) => [isAbsent, isTocsin]),
          ).toEqual(replicas.map(() => [false, true]));
        }
      }
    }
  });

  it('too large for a packet reach every replica', async () => {
    const at = lab(41);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    for (const size of [690, 5000, 400_000]) first?.cluster.broadcast('sil', entryNow(at, `s${size}`, size));
    await at.world.run(1000);
    for (const size of [690, 5000, 400_000])
      for (const replica of [second, third]) expect(has(replica as VirtualReplica, `s${size}`)).toBe(true);
    expect(first?.acknowledged).toHaveLength(6);
  });

  it('are handed to the main thread once, however often they arrive', async () => {
    const at = lab(42);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    first?.cluster.broadcast('nfl', entryNow(at, 'once'));
    await at.world.run(130_000);
    expect(second?.received.filter(({ entry }) => entry.key === 'once')).toHaveLength(1);
  });

  it('reach a replica through 60 % loss, because they are sent again until acknowledged', async () => {
    const at = lab(43);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    at.network.loss = 0.6;
    for (let index = 0; index < 20; index++) first?.cluster.broadcast('nfl', entryNow(at, `k${index}`));
    expect(await at.world.runUntil(() => first?.acknowledged.length === 40, 30_000)).toBe(true);
    for (const replica of [second, third]) expect(replica?.received).toHaveLength(20);
  });

  it('written on both sides of a partition are on both sides after it', async () => {
    const at = lab(44);
    const [first, second, third] = await trio(at);
    at.network.partition([addressOf('a')], [addressOf('b'), addressOf('c')]);
    await at.world.run(30_000);
    first?.cluster.broadcast('nfl', entryNow(at, 'left'));
    second?.cluster.broadcast('nfl', entryNow(at, 'right'));
    await at.world.run(30_000);
    expect(has(third as VirtualReplica, 'left')).toBe(false);
    at.network.heal();
    await at.world.run(15_000);
    expect(has(first as VirtualReplica, 'right')).toBe(true);
    expect(has(second as VirtualReplica, 'left')).toBe(true);
    expect(has(third as VirtualReplica, 'left')).toBe(true);
  });

  it('lost on every other way are repaired by push/pull', async () => {
    const at = lab(45);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    // No packet gets from a to b or c, as with UDP blocked; small entries only travel in packets.
    at.network.loss = 1;
    first?.cluster.broadcast('nfl', entryNow(at, 'k'));
    await at.world.run(500);
    expect(has(second as VirtualReplica, 'k')).toBe(false);
    await at.world.run(130_000);
    expect(has(second as VirtualReplica, 'k')).toBe(true);
  });

  it('of a channel that nobody knows are ignored', async () => {
    const at = lab(46);
    const [first, second] = await trio(at);
    first?.cluster.broadcast('unheard-of', entryNow(at, 'k'));
    await at.world.run(70_000);
    expect(second?.received).toEqual([]);
  });

  it('broadcast just before leaving have arrived when the replica is gone', async () => {
    const at = lab(47);
    const [first, second, third] = await trio(at);
    await at.world.run(3000);
    at.network.loss = 0.3;
    for (let index = 0; index < 30; index++) first?.cluster.broadcast('nfl', entryNow(at, `last-${index}`));
    let hasLeft = false;
    void first?.cluster.leave().then(() => (hasLeft = true));
    expect(await at.world.runUntil(() => hasLeft, 11_000)).toBe(true);
    for (const replica of [second, third]) expect(replica?.received).toHaveLength(30);
  });

  it('seeded before the start are in the first exchange of state', async () => {
    const at = lab(48);
    const [first] = await trio(at);
    at.start('d', { peers: [addressOf('a')], seeds: [entryNow(at, 'restored')] });
    await at.world.run(50);
    expect(has(first as VirtualReplica, 'restored')).toBe(true);
  });
});

describe('among foreign members', () => {
  /** Two replicas and two foreign members. */
  async function mixed(
    at: Lab,
  ): Promise<{ a: VirtualReplica; b: VirtualReplica; f: ForeignMember; g: ForeignMember }> {
    const [f, g] = [at.foreign('f'), at.foreign('g')];
    const peers = ['a', 'b', 'f', 'g'].map(addressOf);
    const [a, b] = [at.start('a', { peers }), at.start('b', { peers })];
    await at.world.run(15_000);
    expect(names(a.cluster)).toEqual(['a', 'b', 'f', 'g']);
    return { a, b, f, g };
  }

  it('tells apart who is a Tocsin replica', async () => {
    const at = lab(50);
    const { a } = await mixed(at);
    const replicas = a.cluster.view().members.filter(({ isTocsin }) => isTocsin);
    expect(replicas.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('shows them nothing of our own but a Hello now and then', async () => {
    const at = lab(51);
    const { a, f } = await mixed(at);
    for (let index = 0; index < 10; index++) a.cluster.broadcast('nfl', entryNow(at, `k${index}`));
    await at.world.run(100_000);
    const own = f.updates.filter(({ key }) => key === 'tocsin/1');
    // Two replicas; each at the join, after a second, then every ten.
    expect(own.length).toBeLessThanOrEqual(2 * (2 + 12));
    expect(f.stateKeys.flat().every((key) => key === 'nfl' || key === 'sil')).toBe(true);
  });

  it('small entries reach them by gossip, large ones over TCP', async () => {
    const at = lab(52);
    const { a, f, g } = await mixed(at);
    a.cluster.broadcast('nfl', entryNow(at, 'small'));
    a.cluster.broadcast('sil', entryNow(at, 'large', 900));
    await at.world.run(1500);
    for (const member of [f, g]) {
      expect(member.replicas.get('nfl', 'small')).toBeDefined();
      expect(member.replicas.get('sil', 'large')).toBeDefined();
    }
  });

  it('their entries spread through us to a member that they do not reach', async () => {
    const at = lab(53);
    const { a, b, f, g } = await mixed(at);
    // What f gossips reaches only a; b and g have it from a or from each other.
    for (const name of ['b', 'g']) at.network.cut(addressOf('f'), addressOf(name));
    f.broadcast('nfl', entryNow(at, 'k'));
    await at.world.run(2000);
    expect(has(a, 'k')).toBe(true);
    expect(has(b, 'k')).toBe(true);
    expect(g.replicas.get('nfl', 'k')).toBeDefined();
  });

  it('an entry that only another replica got directly spreads from there', async () => {
    const at = lab(54);
    const { a, f, g } = await mixed(at);
    for (const name of ['f', 'g']) at.network.cut(addressOf('a'), addressOf(name));
    a.cluster.broadcast('nfl', entryNow(at, 'k'));
    await at.world.run(2000);
    for (const member of [f, g]) expect(member.replicas.get('nfl', 'k')).toBeDefined();
  });

  it('leaving is seen by them at once', async () => {
    const at = lab(55);
    const { a, f } = await mixed(at);
    void a.cluster.leave();
    await at.world.run(1500);
    expect(f.memberlist.node('a')?.state).toBe('left');
  });
});

describe('barrier', () => {
  it('hands over what has arrived, in the same turn', async () => {
    const at = lab(60);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    first?.cluster.broadcast('nfl', entryNow(at, 'k'));
    let seenBefore: boolean | undefined;
    let seenAfter: boolean | undefined;
    // The main thread is busy for half a second; the timer below is due before what arrives meanwhile.
    second?.main.timers.after(1, () => {
      seenBefore = has(second, 'k');
      expect(second.cluster.barrier()).toBeUndefined();
      seenAfter = has(second, 'k');
    });
    second?.main.pause();
    await at.world.run(500);
    second?.main.resume();
    await at.world.run(1);
    expect([seenBefore, seenAfter]).toEqual([false, true]);
  });

  it('makes a replica that was stopped ask the cluster before it decides', async () => {
    const at = lab(61);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    second?.pause();
    await at.world.run(30_000);
    // Nothing of it may lie in a socket: only asking brings it.
    at.network.partition([addressOf('b')], [addressOf('a'), addressOf('c')]);
    first?.cluster.broadcast('nfl', entryNow(at, 'meanwhile'));
    await at.world.run(120_000);
    at.network.heal();
    let decided: boolean | undefined;
    second?.main.timers.after(0, () => {
      const stalled = second.cluster.barrier();
      expect(stalled).toBeDefined();
      void stalled?.then(() => {
        expect(second.cluster.barrier()).toBeUndefined();
        decided = has(second, 'meanwhile');
      });
    });
    const resumedAt = at.world.now;
    second?.resume();
    expect(await at.world.runUntil(() => decided !== undefined, 5000)).toBe(true);
    expect(decided).toBe(true);
    expect(at.world.now - resumedAt).toBeLessThanOrEqual(2000);
  });

  it('lets a stalled replica that reaches nobody decide after two seconds', async () => {
    const at = lab(62);
    const [first] = await trio(at);
    await at.world.run(3000);
    at.network.partition([addressOf('a')], [addressOf('b'), addressOf('c')]);
    first?.main.pause();
    await at.world.run(1500);
    let waitedMs: number | undefined;
    first?.main.resume();
    const resumedAt = at.world.now;
    void first?.cluster.barrier()?.then(() => (waitedMs = at.world.now - resumedAt));
    await at.world.run(5000);
    expect(waitedMs).toBeDefined();
    expect(waitedMs).toBeLessThanOrEqual(2000);
  });

  it('waits for a worker that stands still, and again for what it missed', async () => {
    const at = lab(64);
    const [, second] = await trio(at);
    await at.world.run(3000);
    second?.worker.pause();
    await at.world.run(1500);
    expect(second?.cluster.barrier()).toBeDefined();
    // Two seconds are the bound; then the replica decides with what it has.
    await at.world.run(2500);
    expect(second?.cluster.barrier()).toBeUndefined();
    second?.worker.resume();
    await at.world.run(0);
    expect(second?.cluster.barrier()).toBeDefined();
    await at.world.run(500);
    expect(second?.cluster.barrier()).toBeUndefined();
  });

  it('does not bother a replica that runs', async () => {
    const at = lab(63);
    const [first] = await trio(at);
    for (let second = 0; second < 20; second++) {
      await at.world.run(1000);
      expect(first?.cluster.barrier()).toBeUndefined();
    }
  });
});

describe('a main thread that stands still', () => {
  it('stops the heartbeats, so that others find the replica absent, and comes back', async () => {
    const at = lab(80);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    second?.main.pause();
    await at.world.run(4000);
    const memberOf = (): unknown => first?.cluster.view().members.find(({ name }) => name === 'b');
    expect(memberOf()).toMatchObject({ isAbsent: true });
    second?.main.resume();
    await at.world.run(1000);
    expect(memberOf()).toMatchObject({ isAbsent: false });
  });

  it('for half a minute makes the worker leave the cluster and end the process', async () => {
    const at = lab(81);
    const [first, second] = await trio(at);
    await at.world.run(3000);
    second?.main.pause();
    await at.world.run(34_000);
    expect(second?.isMainDead).toBe(true);
    expect(names(first?.cluster as ClusterPort)).toEqual(['a', 'c']);
  });

  it('because the whole process was stopped does not end the process', async () => {
    const at = lab(82);
    const [, second] = await trio(at);
    await at.world.run(3000);
    second?.pause();
    await at.world.run(100_000);
    second?.worker.resume();
    await at.world.run(500);
    second?.main.resume();
    await at.world.run(5000);
    expect(second?.isMainDead).toBe(false);
  });
});
