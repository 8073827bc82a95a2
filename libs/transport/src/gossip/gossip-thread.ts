/**
 * @module transport/gossip/gossip-thread
 *
 * What runs in the gossip worker: sockets, engine, replicas. Apart from the entry file so that tests
 * can run it in their own thread.
 */
import type { MessagePort } from 'node:worker_threads';
import { splitNflog, splitSilences } from '@tocsin/alerting';
import {
  startGossipCore,
  type ChannelCodec,
  type ChannelName,
  type FromWorker,
  type GossipConfig,
  type GossipPort,
  type ToWorker,
} from '@tocsin/cluster';
import { AppError, messageOf, type Random, type Timers } from '@tocsin/kernel';
import { chooseAdvertiseAddress, defaultRouteInterface, machineInterfaces } from './advertise.ts';
import { systemResolver } from './resolver.ts';
import { bindGossipSockets } from './sockets.ts';
import { Stamps, sharedClock } from './stamps.ts';

/** What the main thread hands to the worker. */
export interface GossipThreadData {
  readonly config: GossipConfig;
  readonly allowsPublicAdvertise: boolean;
  readonly stamps: SharedArrayBuffer;
  readonly port: MessagePort;
}

export interface GossipThreadDeps {
  readonly timers: Timers;
  readonly random: Random;
  /** The main thread is dead: end the process. */
  readonly onMainDead: () => void;
}

const codecs: ReadonlyMap<string, ChannelCodec> = new Map([
  ['nfl', { split: splitNflog }],
  ['notificationlog', { split: splitNflog }],
  ['sil', { split: splitSilences }],
  ['silences', { split: splitSilences }],
]);
/** The default tenant's channels have upstream's names, others `name:<org>`. */
const codecFor = (channel: ChannelName): ChannelCodec | undefined => codecs.get(channel.split(':')[0] ?? '');

export async function runGossipThread(data: GossipThreadData, deps: GossipThreadDeps): Promise<void> {
  const port = gossipPort(data.port);
  const stamps = new Stamps(data.stamps);
  try {
    const { packets, streams, local } = await bindGossipSockets(data.config.bindAddress);
    const advertiseAddress = chooseAdvertiseAddress({
      explicit: data.config.advertiseAddress,
      bound: local,
      allowsPublic: data.allowsPublicAdvertise,
      interfaces: machineInterfaces(),
      defaultInterface: defaultRouteInterface(),
    });
    startGossipCore(
      {
        clock: sharedClock,
        timers: deps.timers,
        random: deps.random,
        packets,
        streams,
        resolver: systemResolver,
        stall: { mainStamp: () => stamps.main(), stampWorker: (now) => stamps.stampWorker(now) },
        codecFor,
        onMainDead: deps.onMainDead,
      },
      { ...data.config, advertiseAddress },
      port,
    );
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'internal';
    // The answer to `start`, which waits in the port.
    port.onMessage((message) => {
      if (message.type === 'start') port.post({ type: 'failed', code, message: messageOf(error) });
    });
  }
}

function gossipPort(port: MessagePort): GossipPort {
  return {
    post: (message: FromWorker) => port.postMessage(message),
    // Messages wait in the port until somebody listens, so nothing is lost while the sockets are bound.
    onMessage: (handle) => void port.on('message', (message: ToWorker) => handle(message)),
  };
}
