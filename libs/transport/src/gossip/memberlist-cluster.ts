/**
 * @module transport/gossip/memberlist-cluster
 *
 * The memberlist cluster of a real process: a worker thread with the sockets and the engine, and the
 * client of it on the main thread (architecture 4.2).
 */
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import {
  clusterClient,
  type ClusterPort,
  type FromWorker,
  type GossipConfig,
  type MainPort,
} from '@tocsin/cluster';
import type { Logger, Meter, Timers } from '@tocsin/kernel';
import type { GossipThreadData } from './gossip-thread.ts';
import { Stamps, sharedClock } from './stamps.ts';

export interface MemberlistClusterOptions {
  readonly config: GossipConfig;
  /** The bundled entry of the worker, beside the app's own. */
  readonly workerUrl: URL;
  /** `--cluster.allow-insecure-public-advertise-address-discovery` */
  readonly allowsPublicAdvertise: boolean;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

export function memberlistCluster(options: MemberlistClusterOptions): ClusterPort {
  const { port1, port2 } = new MessageChannel();
  const stamps = new Stamps();
  stamps.stampMain(sharedClock.mono());
  const workerData: GossipThreadData = {
    config: options.config,
    allowsPublicAdvertise: options.allowsPublicAdvertise,
    stamps: stamps.memory,
    port: port2,
  };
  const worker = new Worker(options.workerUrl, { workerData, transferList: [port2], name: 'gossip' });
  let isLeaving = false;
  worker.on('error', (error) => {
    // Without its gossip this replica would decide alone for ever: a supervisor starts a whole one.
    throw error;
  });
  worker.on('exit', (code) => {
    if (!isLeaving) throw new Error(`the gossip worker ended with code ${code}`);
  });
  const client = clusterClient({
    clock: sharedClock,
    timers: options.timers,
    logger: options.logger,
    meter: options.meter,
    name: options.config.name,
    port: mainPort(port1),
    stampMain: (now) => stamps.stampMain(now),
    workerStamp: () => stamps.worker(),
  });
  const end = async (): Promise<void> => {
    isLeaving = true;
    port1.close();
    await worker.terminate();
  };
  return {
    name: client.name,
    seed: (channel, entries) => client.seed(channel, entries),
    start: async (handlers) => {
      try {
        await client.start(handlers);
      } catch (error) {
        await end();
        throw error;
      }
    },
    broadcast: (channel, entry) => client.broadcast(channel, entry),
    view: () => client.view(),
    barrier: () => client.barrier(),
    leave: async () => {
      await client.leave();
      await end();
    },
  };
}

/** Exported for tests that run the gossip thread in their own. */
export function mainPort(port: MessagePort): MainPort {
  let handle: (message: FromWorker) => void = () => undefined;
  return {
    post: (message) => port.postMessage(message),
    onMessage: (handler) => {
      handle = handler;
      port.on('message', (message: FromWorker) => handle(message));
    },
    drain: () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        handle(next.message as FromWorker);
      }
    },
  };
}
