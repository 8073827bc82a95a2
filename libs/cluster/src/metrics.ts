/**
 * Metrics of the gossip cluster. Names that Alertmanager has mean here what they mean there
 * (both spellings, `oversized` and `oversize`, are its own); `tocsin_*` are ours.
 */
import { metric } from '@tocsin/kernel';
import type { MetricSpec } from '@tocsin/kernel';

const MESSAGE_TYPES = [{ msg_type: 'full_state' }, { msg_type: 'update' }];
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type ClusterMetrics = {
  readonly enabled: MetricSpec<never>;
  readonly members: MetricSpec<never>;
  readonly position: MetricSpec<never>;
  readonly healthScore: MetricSpec<never>;
  readonly peerInfo: MetricSpec<'peer'>;
  readonly failedPeers: MetricSpec<never>;
  readonly messagesReceived: MetricSpec<'msg_type'>;
  readonly messagesReceivedSize: MetricSpec<'msg_type'>;
  readonly messagesSent: MetricSpec<'msg_type'>;
  readonly messagesSentSize: MetricSpec<'msg_type'>;
  readonly messagesQueued: MetricSpec<never>;
  readonly messagesPruned: MetricSpec<never>;
  readonly aliveMessages: MetricSpec<'peer'>;
  readonly pings: MetricSpec<'peer'>;
  readonly nameConflicts: MetricSpec<never>;
  readonly peersJoined: MetricSpec<never>;
  readonly peersLeft: MetricSpec<never>;
  readonly peersUpdated: MetricSpec<never>;
  readonly reconnections: MetricSpec<never>;
  readonly reconnectionsFailed: MetricSpec<never>;
  readonly refreshJoins: MetricSpec<never>;
  readonly refreshJoinsFailed: MetricSpec<never>;
  readonly oversizedSent: MetricSpec<'key'>;
  readonly oversizedFailed: MetricSpec<'key'>;
  readonly oversizedDropped: MetricSpec<'key'>;
  readonly oversizeDuration: MetricSpec<'key'>;
  readonly droppedPackets: MetricSpec<never>;
  readonly droppedStreams: MetricSpec<'reason'>;
  readonly refusedEntries: MetricSpec<'channel'>;
  readonly replicaEntries: MetricSpec<'channel'>;
  readonly unacknowledged: MetricSpec<never>;
  readonly unacknowledgedDropped: MetricSpec<never>;
  readonly resent: MetricSpec<never>;
  readonly stalls: MetricSpec<'thread'>;
};

export const clusterMetrics: ClusterMetrics = {
  enabled: metric({
    name: 'alertmanager_cluster_enabled',
    help: 'Indicates whether the clustering is enabled or not.',
    type: 'gauge',
    labels: [],
  }),
  members: metric({
    name: 'alertmanager_cluster_members',
    help: 'Number of members that are alive or suspected, this one included.',
    type: 'gauge',
    labels: [],
  }),
  position: metric({
    name: 'alertmanager_peer_position',
    help: 'Position of this member among all members, by name; it waits position times the peer timeout.',
    type: 'gauge',
    labels: [],
  }),
  healthScore: metric({
    name: 'alertmanager_cluster_health_score',
    help: 'How badly this member hears the others: 0 is healthy, 7 the worst.',
    type: 'gauge',
    labels: [],
  }),
  peerInfo: metric({
    name: 'alertmanager_cluster_peer_info',
    help: 'Always 1; the label is the name of this member.',
    type: 'gauge',
    labels: ['peer'],
  }),
  failedPeers: metric({
    name: 'alertmanager_cluster_failed_peers',
    help: 'Peers that are away and still being redialled.',
    type: 'gauge',
    labels: [],
  }),
  messagesReceived: metric({
    name: 'alertmanager_cluster_messages_received_total',
    help: 'Cluster messages received.',
    type: 'counter',
    labels: ['msg_type'],
    initial: MESSAGE_TYPES,
  }),
  messagesReceivedSize: metric({
    name: 'alertmanager_cluster_messages_received_size_total',
    help: 'Bytes of the cluster messages received.',
    type: 'counter',
    labels: ['msg_type'],
    initial: MESSAGE_TYPES,
  }),
  messagesSent: metric({
    name: 'alertmanager_cluster_messages_sent_total',
    help: 'Cluster messages sent; every transmission counts.',
    type: 'counter',
    labels: ['msg_type'],
    initial: MESSAGE_TYPES,
  }),
  messagesSentSize: metric({
    name: 'alertmanager_cluster_messages_sent_size_total',
    help: 'Bytes of the cluster messages sent.',
    type: 'counter',
    labels: ['msg_type'],
    initial: MESSAGE_TYPES,
  }),
  messagesQueued: metric({
    name: 'alertmanager_cluster_messages_queued',
    help: 'Updates waiting to be gossiped.',
    type: 'gauge',
    labels: [],
  }),
  messagesPruned: metric({
    name: 'alertmanager_cluster_messages_pruned_total',
    help: 'Updates dropped from the gossip queue because it was full; push/pull still brings them.',
    type: 'counter',
    labels: [],
  }),
  aliveMessages: metric({
    name: 'alertmanager_cluster_alive_messages_total',
    help: 'Alive messages received, by the member they are about.',
    type: 'counter',
    labels: ['peer'],
  }),
  pings: metric({
    name: 'alertmanager_cluster_pings_seconds',
    help: 'Round trip of pings, by the member pinged.',
    type: 'histogram',
    labels: ['peer'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  }),
  nameConflicts: metric({
    name: 'alertmanager_cluster_peer_name_conflicts_total',
    help: 'Alive messages that gave a known name another address.',
    type: 'counter',
    labels: [],
  }),
  peersJoined: metric({
    name: 'alertmanager_cluster_peers_joined_total',
    help: 'Members that came.',
    type: 'counter',
    labels: [],
  }),
  peersLeft: metric({
    name: 'alertmanager_cluster_peers_left_total',
    help: 'Members that left or died.',
    type: 'counter',
    labels: [],
  }),
  peersUpdated: metric({
    name: 'alertmanager_cluster_peers_update_total',
    help: 'Members whose meta data changed.',
    type: 'counter',
    labels: [],
  }),
  reconnections: metric({
    name: 'alertmanager_cluster_reconnections_total',
    help: 'Redials of failed peers that worked.',
    type: 'counter',
    labels: [],
  }),
  reconnectionsFailed: metric({
    name: 'alertmanager_cluster_reconnections_failed_total',
    help: 'Redials of failed peers that did not work.',
    type: 'counter',
    labels: [],
  }),
  refreshJoins: metric({
    name: 'alertmanager_cluster_refresh_join_total',
    help: 'Joins of addresses that a configured name newly resolved to.',
    type: 'counter',
    labels: [],
  }),
  refreshJoinsFailed: metric({
    name: 'alertmanager_cluster_refresh_join_failed_total',
    help: 'Failed joins of addresses that a configured name newly resolved to.',
    type: 'counter',
    labels: [],
  }),
  oversizedSent: metric({
    name: 'alertmanager_oversized_gossip_message_sent_total',
    help: 'Updates too large for gossip that were sent to a member over TCP.',
    type: 'counter',
    labels: ['key'],
    initial: [{ key: 'nfl' }, { key: 'sil' }],
  }),
  oversizedFailed: metric({
    name: 'alertmanager_oversized_gossip_message_failure_total',
    help: 'Updates too large for gossip that a member could not be sent over TCP.',
    type: 'counter',
    labels: ['key'],
    initial: [{ key: 'nfl' }, { key: 'sil' }],
  }),
  oversizedDropped: metric({
    name: 'alertmanager_oversized_gossip_message_dropped_total',
    help: 'Updates too large for gossip that were dropped because their queue was full; push/pull still brings them.',
    type: 'counter',
    labels: ['key'],
    initial: [{ key: 'nfl' }, { key: 'sil' }],
  }),
  oversizeDuration: metric({
    name: 'alertmanager_oversize_gossip_message_duration_seconds',
    help: 'Time to send an update that is too large for gossip to one member over TCP.',
    type: 'histogram',
    labels: ['key'],
    buckets: DEFAULT_BUCKETS,
  }),

  droppedPackets: metric({
    name: 'tocsin_cluster_packets_dropped_total',
    help: 'Packets from the network that were not understood or exceeded a limit.',
    type: 'counter',
    labels: [],
  }),
  droppedStreams: metric({
    name: 'tocsin_cluster_streams_dropped_total',
    help: 'Connections that were closed because of bad bytes, a limit or the deadline.',
    type: 'counter',
    labels: ['reason'],
    initial: [{ reason: 'invalid' }, { reason: 'limit' }, { reason: 'deadline' }],
  }),
  refusedEntries: metric({
    name: 'tocsin_cluster_entries_refused_total',
    help: 'Entries from peers that were not kept because the replica of their channel is full.',
    type: 'counter',
    labels: ['channel'],
  }),
  replicaEntries: metric({
    name: 'tocsin_cluster_replica_entries',
    help: 'Entries held for push/pull, by channel.',
    type: 'gauge',
    labels: ['channel'],
  }),
  unacknowledged: metric({
    name: 'tocsin_cluster_unacknowledged_entries',
    help: 'Own entries that some Tocsin replica has not acknowledged yet.',
    type: 'gauge',
    labels: [],
  }),
  unacknowledgedDropped: metric({
    name: 'tocsin_cluster_unacknowledged_dropped_total',
    help: 'Own entries no longer re-sent to a Tocsin replica because too many were unacknowledged; push/pull still brings them.',
    type: 'counter',
    labels: [],
  }),
  resent: metric({
    name: 'tocsin_cluster_entries_resent_total',
    help: 'Messages with own entries that were sent again because no acknowledgement came.',
    type: 'counter',
    labels: [],
  }),
  stalls: metric({
    name: 'tocsin_cluster_stalls_total',
    help: 'Times a thread did not run for more than a second.',
    type: 'counter',
    labels: ['thread'],
    initial: [{ thread: 'main' }, { thread: 'worker' }],
  }),
};

export type ClusterMetric = keyof ClusterMetrics;
