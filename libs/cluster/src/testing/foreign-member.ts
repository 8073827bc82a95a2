/**
 * A member as Alertmanager has it: the same gossip and the same replicas, but it knows nothing of our
 * own channel. It records what it is sent, so that tests can tell what foreign members see of us.
 */
import type { HostPort, Logger } from '@tocsin/kernel';
import { gossipConfig } from '../config.ts';
import { BroadcastQueue } from '../memberlist/broadcast-queue.ts';
import { Memberlist } from '../memberlist/memberlist.ts';
import { decodeFullState, decodePart, encodePart, joinEntries } from '../peer/part.ts';
import type { Part } from '../peer/part.ts';
import { Replicas } from '../peer/replicas.ts';
import type { ChannelEntry, ChannelName } from '../port.ts';
import { plainCodec } from './plain-channel.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import { VirtualThread } from './virtual-world.ts';
import type { VirtualWorld } from './virtual-world.ts';

export interface ForeignMember {
  readonly memberlist: Memberlist;
  readonly thread: VirtualThread;
  readonly replicas: Replicas;
  /** Updates that came by gossip or over TCP, in order. */
  readonly updates: Part[];
  /** Keys of the parts of every full state that came. */
  readonly stateKeys: string[][];
  broadcast(channel: ChannelName, entry: ChannelEntry): void;
}

const MAX_QUEUED = 4096;
const GOSSIP_NODES = 3;
const MAX_GOSSIP_BYTES = 700;
const silent = (): void => undefined;
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent, with: () => quiet };

export function startForeignMember(
  world: VirtualWorld,
  network: VirtualNetwork,
  options: { readonly name: string; readonly address: HostPort },
): ForeignMember {
  const { name, address } = options;
  const thread = new VirtualThread(world, name);
  const queue = new BroadcastQueue({ retransmitMultiplier: GOSSIP_NODES, maxQueued: MAX_QUEUED });
  const replicas = new Replicas(['nfl', 'sil']);
  const updates: Part[] = [];
  const stateKeys: string[][] = [];
  const merge = ({ key, data }: Part): void => {
    if (key !== 'nfl' && key !== 'sil') return;
    const { changed } = replicas.merge(key, plainCodec.split(data), world.clock.wall());
    if (changed.length > 0 && data.length <= MAX_GOSSIP_BYTES) queue.add(encodePart({ key, data }));
  };
  const memberlist = new Memberlist(
    {
      clock: thread.clock,
      timers: thread.timers,
      random: thread.random,
      logger: quiet,
      packets: network.packets(thread, address),
      streams: network.streams(thread, address),
    },
    { ...gossipConfig({ name, advertiseAddress: address }), packetOverheadBytes: 0 },
    {
      localState: () => replicas.fullState(),
      mergeState: (state) => {
        const parts = decodeFullState(state);
        stateKeys.push(parts.map(({ key }) => key));
        parts.forEach(merge);
      },
      onUserMessage: (payload) => {
        const part = decodePart(new Uint8Array(payload));
        updates.push(part);
        merge(part);
      },
      takeBroadcasts: (overhead, limit) => queue.take(overhead, limit, memberlist.members().length),
      queuedBroadcasts: () => queue.size,
      onJoin: silent,
      onLeave: silent,
      onUpdate: silent,
      onConflict: silent,
      onAlive: silent,
      onRoundTrip: silent,
      onBadPacket: silent,
      onDroppedStream: silent,
    },
  );
  memberlist.start();
  return {
    memberlist,
    thread,
    replicas,
    updates,
    stateKeys,
    broadcast: (key, entry) => merge({ key, data: joinEntries([entry.bytes]) }),
  };
}
