/** One member against a peer that is played by hand: what goes over the wire, and when. */
import { describe, expect, it } from 'vitest';
import type { ByteStream, HostPort, PacketLink } from '@tocsin/kernel';
import { gossipConfig } from '../config.ts';
import { VirtualNetwork } from '../testing/virtual-network.ts';
import { VirtualThread, VirtualWorld } from '../testing/virtual-world.ts';
import { parseIp } from './address.ts';
import { ask } from './exchange.ts';
import type { DropReason } from './exchange.ts';
import { MAX_INCOMING_STREAMS } from './limits.ts';
import { Memberlist } from './memberlist.ts';
import { PROTOCOL_VERSIONS } from './membership.ts';
import { encodeMessage } from './messages.ts';
import type { Alive, PacketMessage, Ping, PushNode } from './messages.ts';
import { compoundOf, openPacket } from './packet.ts';
import { StreamMessageReader } from './stream-message.ts';
import type { StreamMessage } from './stream-message.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const SELF = '10.0.0.1:9094';

interface Played {
  readonly address: HostPort;
  readonly name: string;
  readonly link: PacketLink;
  readonly heard: { readonly at: number; readonly from: HostPort; readonly message: PacketMessage }[];
  send(...messages: PacketMessage[]): void;
  alive(incarnation: number): Alive;
}

function bench(seed: number): {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly thread: VirtualThread;
  readonly member: Memberlist;
  readonly events: string[];
  readonly dropped: DropReason[];
  play(name: string, answersPings?: boolean): Played;
} {
  const world = new VirtualWorld({ seed, turn });
  const network = new VirtualNetwork(world);
  const thread = new VirtualThread(world, 'self');
  const events: string[] = [];
  const dropped: DropReason[] = [];
  const silent = (): void => undefined;
  const quiet = {
    debug: silent,
    info: silent,
    warn: silent,
    error: silent,
    with: (): never => quiet as never,
  };
  const member = new Memberlist(
    {
      clock: thread.clock,
      timers: thread.timers,
      random: thread.random,
      logger: quiet,
      packets: network.packets(thread, SELF),
      streams: network.streams(thread, SELF),
    },
    { ...gossipConfig({ name: 'self', advertiseAddress: SELF }), packetOverheadBytes: 0 },
    {
      localState: () => new Uint8Array(0),
      mergeState: (state) => events.push(`state ${state.length}`),
      onUserMessage: (payload) => events.push(`user ${payload.length}`),
      takeBroadcasts: () => [],
      queuedBroadcasts: () => 0,
      onJoin: (node) => events.push(`join ${node.name}`),
      onLeave: (node) => events.push(`${node.state} ${node.name}`),
      onUpdate: (node) => events.push(`update ${node.name}`),
      onConflict: (node) => events.push(`conflict ${node.name}`),
      onAlive: silent,
      onRoundTrip: silent,
      onBadPacket: () => events.push('bad packet'),
      onDroppedStream: (reason) => dropped.push(reason),
    },
  );
  member.start();
  let next = 2;
  const play = (name: string, answersPings = true): Played => {
    const address = `10.0.0.${next++}:9094`;
    const playerThread = new VirtualThread(world, name);
    const link = network.packets(playerThread, address);
    const player: Played = {
      address,
      name,
      link,
      heard: [],
      send: (...messages) => link.send(SELF, compoundOf(messages.map(encodeMessage))),
      alive: (incarnation) => aliveOf(name, address, incarnation),
    };
    link.onPacket((packet, from) => {
      for (const message of openPacket(packet).messages) {
        player.heard.push({ at: world.now, from, message });
        if (answersPings && message.type === 'ping' && message.node === name)
          player.send({ type: 'ack', seqNo: message.seqNo, payload: undefined });
      }
    });
    return player;
  };
  return { world, network, thread, member, events, dropped, play };
}

function aliveOf(node: string, address: HostPort, incarnation: number): Alive {
  const addr = parseIp(address.split(':')[0] ?? '') ?? new Uint8Array(0);
  return {
    type: 'alive',
    node,
    addr,
    port: 9094,
    incarnation,
    meta: new Uint8Array(0),
    vsn: PROTOCOL_VERSIONS,
  };
}

const of = <T extends PacketMessage['type']>(
  player: Played,
  type: T,
): Extract<PacketMessage, { type: T }>[] =>
  player.heard.map(({ message }) => message).filter((message) => message.type === type) as never;

const ping = (more: Partial<Ping>): Ping => ({
  type: 'ping',
  node: 'self',
  seqNo: 1,
  sourceAddr: new Uint8Array(0),
  sourcePort: 0,
  sourceNode: '',
  ...more,
});

describe('pings', () => {
  it('are answered to the address inside the ping, with an empty payload', async () => {
    const { world, play } = bench(1);
    const [asker, teller] = [play('asker'), play('teller')];
    asker.send(ping({ seqNo: 77, sourceAddr: Uint8Array.of(10, 0, 0, 3), sourcePort: 9094 }));
    await world.run(10);
    expect(of(teller, 'ack')).toEqual([{ type: 'ack', seqNo: 77, payload: new Uint8Array(0) }]);
    expect(of(asker, 'ack')).toEqual([]);
  });

  it('without an address are answered to where they came from; for another name not at all', async () => {
    const { world, play } = bench(2);
    const asker = play('asker');
    asker.send(ping({ seqNo: 5 }), ping({ seqNo: 6, node: 'other' }), ping({ seqNo: 7, node: '' }));
    await world.run(10);
    expect(of(asker, 'ack').map(({ seqNo }) => seqNo)).toEqual([5, 7]);
  });

  it('on behalf of another are passed on: an ack when the target answers, a nack when it does not', async () => {
    const { world, play } = bench(3);
    const [asker, target] = [play('asker'), play('target')];
    play('mute', false);
    const request = { ...ping({}), nack: true, port: 9094 };
    asker.send({
      ...request,
      type: 'indirect-ping',
      node: 'target',
      seqNo: 8,
      target: Uint8Array.of(10, 0, 0, 3),
    });
    asker.send({
      ...request,
      type: 'indirect-ping',
      node: 'mute',
      seqNo: 9,
      target: Uint8Array.of(10, 0, 0, 4),
    });
    await world.run(400);
    expect(of(asker, 'ack').map(({ seqNo }) => seqNo)).toEqual([8]);
    expect(of(asker, 'nack')).toEqual([]);
    await world.run(200);
    expect(of(asker, 'nack').map(({ seqNo }) => seqNo)).toEqual([9]);
    expect(of(target, 'ping')).toHaveLength(1);
  });

  it('over TCP are answered with the same sequence number', async () => {
    const { world, network } = bench(4);
    const thread = new VirtualThread(world, 'asker');
    const deps = { timers: thread.timers, streams: network.streams(thread, '10.0.0.9:1'), timeoutMs: 1000 };
    let answer: StreamMessage | undefined;
    void ask(deps, SELF, ping({ seqNo: 4 })).then((message) => (answer = message));
    await world.run(100);
    expect(answer).toEqual({ type: 'ack', seqNo: 4, payload: undefined });
  });
});

describe('probing', () => {
  it('suspects a member that is silent to everything, and declares it dead after the suspicion', async () => {
    const { world, member, events, play } = bench(10);
    const mute = play('mute', false);
    mute.send(mute.alive(1));
    await world.run(3200);
    expect(member.node('mute')?.state).toBe('suspect');
    // Suspected between one and two seconds after the start, dead 4 s later in a cluster this small.
    await world.run(4000);
    expect(events).toEqual(['join self', 'join mute', 'dead mute']);
    expect(member.healthScore).toBeGreaterThan(0);
  });

  it('tells the suspect in the next ping, so that it can refute, and believes the refutation', async () => {
    const { world, member, play } = bench(11);
    const mute = play('mute', false);
    mute.send(mute.alive(1));
    await world.run(3200);
    mute.heard.length = 0;
    await world.run(3000);
    const suspicions = of(mute, 'suspect');
    expect(suspicions[0]).toMatchObject({ node: 'mute', from: 'self', incarnation: 1 });
    mute.send(mute.alive(2));
    await world.run(10);
    expect(member.node('mute')).toMatchObject({ state: 'alive', incarnation: 2 });
  });

  it('keeps a member that only others can reach', async () => {
    const { world, network, member, play } = bench(12);
    const [far, near] = [play('far'), play('near')];
    near.send(near.alive(1), far.alive(1));
    network.cut(SELF, far.address);
    network.cut(far.address, SELF);
    // The member in the middle does what the protocol asks of it.
    near.link.onPacket((packet, from) => {
      for (const message of openPacket(packet).messages) {
        if (message.type === 'ping') near.send({ type: 'ack', seqNo: message.seqNo, payload: undefined });
        if (message.type === 'indirect-ping' && from === SELF)
          near.send({ type: 'ack', seqNo: message.seqNo, payload: undefined });
      }
    });
    await world.run(30_000);
    expect(member.node('far')?.state).toBe('alive');
  });

  it('accuses nobody when its thread stood still while an ack lay in the socket', async () => {
    for (let seed = 20; seed < 30; seed++) {
      const { world, network, thread, member, play } = bench(seed);
      network.delayMs = (): number => 200;
      const peer = play('peer');
      peer.send(peer.alive(1));
      await world.run(3000);
      // A probe is under way for 400 of every 1000 ms.
      await world.runUntil(() => peer.heard.at(-1)?.message.type === 'ping', 2000);
      thread.pause();
      await world.run(20_000);
      thread.resume();
      await world.run(0);
      expect(member.node('peer')?.state).toBe('alive');
      expect(member.healthScore).toBe(0);
    }
  });

  it('does not act on a suspicion that ran out while its thread stood still', async () => {
    const { world, thread, member, events, play } = bench(31);
    const peer = play('peer', false);
    peer.send(peer.alive(1));
    await world.runUntil(() => member.node('peer')?.state === 'suspect', 10_000);
    thread.pause();
    await world.run(3000);
    peer.send(peer.alive(2));
    await world.run(20_000);
    thread.resume();
    await world.run(500);
    expect(member.node('peer')?.state).toBe('alive');
    expect(events).not.toContain('dead peer');
  });

  it('waits longer for a lone accusation, and shortens that with each independent confirmation', async () => {
    const timeOfDeath = async (accusers: readonly string[]): Promise<number> => {
      const { world, member, play } = bench(40);
      const players = ['a', 'b', 'c', 'd', 'e'].map((name) => play(name));
      const victim = play('victim');
      players[0]?.send(...players.map((player) => player.alive(1)), victim.alive(1));
      await world.run(50);
      const startedAt = world.now;
      players[0]?.send(
        ...accusers.map((from) => ({ type: 'suspect' as const, node: 'victim', from, incarnation: 1 })),
      );
      await world.runUntil(() => member.node('victim')?.state === 'dead', 60_000);
      return Math.round((world.now - startedAt) / 100) / 10;
    };
    expect(await timeOfDeath(['a'])).toBe(24);
    expect(await timeOfDeath(['a', 'a', 'a'])).toBe(24);
    expect(await timeOfDeath(['a', 'b'])).toBe(11.4);
    expect(await timeOfDeath(['a', 'b', 'c'])).toBe(4);
    expect(await timeOfDeath(['a', 'b', 'c', 'd'])).toBe(4);
  });
});

describe('gossip', () => {
  it('passes on who joined, a limited number of times', async () => {
    const { world, play } = bench(50);
    const [one, two] = [play('one'), play('two')];
    one.send(one.alive(1));
    await world.run(2000);
    one.heard.length = 0;
    two.send(two.alive(1));
    await world.run(30_000);
    const told = [...of(one, 'alive'), ...of(two, 'alive')].filter(({ node }) => node === 'two');
    // Multiplier 4 in a cluster of three.
    expect(told).toHaveLength(4);
  });

  it('refutes an accusation with a higher incarnation', async () => {
    const { world, play } = bench(51);
    const one = play('one');
    one.send(one.alive(1), { type: 'suspect', node: 'self', from: 'one', incarnation: 41 });
    await world.run(1000);
    expect(
      of(one, 'alive')
        .filter(({ node }) => node === 'self')
        .at(-1)?.incarnation,
    ).toBe(42);
  });

  it('ignores a second address for a name until its holder has left', async () => {
    const { world, member, events, play } = bench(52);
    const [holder, thief] = [play('x'), play('other')];
    holder.send(holder.alive(1));
    await world.run(10);
    const claim = { ...thief.alive(9), node: 'x' };
    thief.send(claim);
    await world.run(10);
    expect(member.node('x')?.hostPort).toBe(holder.address);
    expect(events).toContain('conflict x');
    holder.send({ type: 'dead', node: 'x', from: 'x', incarnation: 1 });
    thief.send(claim);
    await world.run(10);
    expect(member.node('x')?.hostPort).toBe(thief.address);
    expect(events.slice(-2)).toEqual(['left x', 'join x']);
  });

  it('counts garbage and goes on', async () => {
    const { world, events, play } = bench(53);
    const peer = play('peer');
    for (const garbage of [[255], [12, 0, 0, 0, 0, 1], [9, 0x80], [7, 200], [4]])
      peer.link.send(SELF, Uint8Array.from(garbage));
    peer.link.send(SELF, new Uint8Array(0));
    peer.send(peer.alive(1));
    await world.run(10);
    expect(events.filter((event) => event === 'bad packet')).toHaveLength(5);
    expect(events).toContain('join peer');
  });

  it('forgets the dead after half a minute', async () => {
    const { world, member, play } = bench(54);
    const [peer, other] = [play('peer'), play('other')];
    other.send(other.alive(1), peer.alive(1));
    await world.run(10);
    peer.send({ type: 'dead', node: 'peer', from: 'peer', incarnation: 1 });
    await world.run(25_000);
    expect(member.node('peer')?.state).toBe('left');
    await world.run(20_000);
    expect(member.node('peer')).toBeUndefined();
  });
});

describe('streams', () => {
  const node = (name: string, more: Partial<PushNode> = {}): PushNode => ({
    name,
    addr: Uint8Array.of(10, 0, 0, 9),
    port: 9094,
    incarnation: 1,
    meta: undefined,
    vsn: PROTOCOL_VERSIONS,
    state: 'alive',
    ...more,
  });

  function dialler(
    world: VirtualWorld,
    network: VirtualNetwork,
  ): (message: StreamMessage) => Promise<StreamMessage> {
    const thread = new VirtualThread(world, 'dialler');
    const deps = {
      timers: thread.timers,
      streams: network.streams(thread, '10.0.0.9:9094'),
      timeoutMs: 10_000,
    };
    return (message) => ask(deps, SELF, message);
  }

  it('answer a push/pull with the own state as it was before the merge, the own node included', async () => {
    const { world, network, member, events } = bench(60);
    const push = dialler(world, network);
    let answer: StreamMessage | undefined;
    void push({ type: 'push-pull', join: true, nodes: [node('x')], userState: Uint8Array.of(1) }).then(
      (message) => (answer = message),
    );
    await world.run(20);
    expect(answer).toMatchObject({ type: 'push-pull', join: true });
    expect(answer?.type === 'push-pull' && answer.nodes.map(({ name }) => name)).toEqual(['self']);
    expect(member.node('x')?.state).toBe('alive');
    expect(events).toContain('state 1');
  });

  it('use nothing of a push/pull whose versions do not fit', async () => {
    const { world, network, member, events } = bench(61);
    const vsn = Uint8Array.of(6, 9, 7, 0, 0, 0);
    void dialler(
      world,
      network,
    )({
      type: 'push-pull',
      join: true,
      nodes: [node('x', { vsn })],
      userState: Uint8Array.of(1),
    });
    await world.run(20);
    expect(member.node('x')).toBeUndefined();
    expect(events).not.toContain('state 1');
  });

  it('that say nothing, nonsense, or too many at once are closed', async () => {
    const { world, network, dropped } = bench(62);
    const thread = new VirtualThread(world, 'crowd');
    const link = network.streams(thread, '10.0.0.9:9094');
    const ended: (Error | undefined)[] = [];
    const open = async (): Promise<ByteStream> => {
      const stream = await link.dial(SELF, 1000);
      stream.on({ onBytes: () => undefined, onEnd: (error) => ended.push(error) });
      return stream;
    };
    const crowd = Array.from({ length: MAX_INCOMING_STREAMS + 10 }, open);
    await world.run(50);
    expect(dropped).toEqual(Array.from({ length: 10 }, () => 'limit'));
    (await crowd[0])?.write(Uint8Array.of(200));
    await world.run(50);
    expect(dropped.at(-1)).toBe('invalid');
    await world.run(10_000);
    expect(dropped.filter((reason) => reason === 'deadline')).toHaveLength(MAX_INCOMING_STREAMS - 1);
    expect(ended).toHaveLength(MAX_INCOMING_STREAMS + 10);
    // And there is room again.
    void open();
    await world.run(50);
    expect(dropped).toHaveLength(MAX_INCOMING_STREAMS + 10);
  });

  it('are read in whatever pieces they come', async () => {
    const { world, network, events } = bench(63);
    const thread = new VirtualThread(world, 'slow');
    const link = network.streams(thread, '10.0.0.9:9094');
    const reader = new StreamMessageReader();
    let answer: StreamMessage | undefined;
    void link.dial(SELF, 1000).then((stream) => {
      stream.on({ onBytes: (bytes) => void (answer = reader.push(bytes)), onEnd: () => undefined });
      const bytes = Buffer.from('0683a44a6f696ec3a54e6f64657300ac5573657253746174654c656e03aabbcc', 'hex');
      for (const byte of bytes) stream.write(Uint8Array.of(byte));
    });
    await world.run(200);
    expect(answer?.type).toBe('push-pull');
    expect(events).toContain('state 3');
  });
});
