export type {
  EntriesReceipt,
  EntryBatch,
  FromWorker,
  GossipPort,
  MainPort,
  MetricSample,
  ToWorker,
} from './worker/messages.ts';
export type { GossipCore, GossipCoreDeps, LinkSealing, Resolver, StallSign } from './worker/seams.ts';
export { gossipConfig, gossipDefaults, MAX_NAME_BYTES } from './config.ts';
export type { GossipConfig } from './config.ts';
export { formatHostPort, formatIp, parseHostPort, parseIp } from './memberlist/address.ts';
export { clusterClient } from './client.ts';
export type { ClusterClientDeps } from './client.ts';
export { clusterMetrics } from './metrics.ts';
export { connectedPorts } from './worker/connected-ports.ts';
export type { ConnectedPorts, PortTimers } from './worker/connected-ports.ts';
export * from './port.ts';
export { startGossipCore } from './worker/worker-core.ts';
export { chooseEntry, isExpired, isNewer } from './peer/entry-rules.ts';
export type { Stamp } from './peer/entry-rules.ts';
export { encodeTlsFrame, splitTlsFrame } from './memberlist/tls-frame.ts';
export type { TlsFrame } from './memberlist/tls-frame.ts';
