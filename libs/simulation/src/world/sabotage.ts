/**
 * Bugs planted on purpose, one a checker: a checker that has never been red proves nothing. They wrap
 * the seams of a replica and leave its code alone.
 */
import type { ClusterPort } from '@tocsin/cluster';
import type { RpcLink, RpcStream, StreamHandlers, RpcMethod } from '@tocsin/kernel';
import type { NotifyRequest } from '@tocsin/contracts';

export type Sabotage =
  /** Entries of peers never reach the log: everybody sends. */
  | 'log-without-merge'
  /** Nothing that is said reaches the peers at all. */
  | 'mute-gossip'
  /** Notifications are answered as delivered and thrown away. */
  | 'lost-notifications'
  /** Every notification is sent twice, under two ids. */
  | 'sent-twice'
  /** Silences of peers are ignored. */
  | 'deaf-to-silences'
  /** Nothing is ever durable. */
  | 'amnesia'
  /** A counter of refused work runs. */
  | 'overflow'
  /** Chance that no seed controls. */
  | 'real-chance';

export function sabotagedCluster(cluster: ClusterPort, sabotage: Sabotage | undefined): ClusterPort {
  const isDeafTo = (channel: string): boolean =>
    (sabotage === 'log-without-merge' && channel === 'nfl') ||
    (sabotage === 'deaf-to-silences' && channel === 'sil');
  return {
    get name(): string {
      return cluster.name;
    },
    seed: (channel, entries) => (sabotage === 'mute-gossip' ? undefined : cluster.seed(channel, entries)),
    start: (handlers) =>
      cluster.start({
        ...handlers,
        onEntries: (channel, entries, from) => {
          if (!isDeafTo(channel)) handlers.onEntries(channel, entries, from);
        },
      }),
    broadcast: (channel, entry) => {
      if (sabotage !== 'mute-gossip') cluster.broadcast(channel, entry);
    },
    view: () => cluster.view(),
    barrier: () => cluster.barrier(),
    leave: () => cluster.leave(),
  };
}

export function sabotagedReceivers(link: RpcLink, sabotage: Sabotage | undefined): RpcLink {
  if (sabotage !== 'sent-twice') return link;
  return {
    target: link.target,
    call: (method, request, options) => link.call(method, request, options),
    openStream: <Req, Res>(method: RpcMethod<Req, Res>, handlers: StreamHandlers<Res>): RpcStream<Req> => {
      const stream = link.openStream(method, handlers);
      return {
        ...stream,
        send: (message) => {
          const request = message as NotifyRequest;
          stream.send({ ...request, notificationId: `${request.notificationId}-again` } as Req);
          return stream.send(message);
        },
      };
    },
    close: () => link.close(),
  };
}
