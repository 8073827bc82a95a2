/**
 * @module cluster/config
 *
 * Everything the gossip engine is told before it starts, resolved: durations in milliseconds,
 * nothing optional. `gossipConfig` fills in what Alertmanager uses when a flag is not given.
 */
import { AppError, utf8Length } from '@tocsin/kernel';
import type { HostPort } from '@tocsin/kernel';
import { parseHostPort } from './memberlist/address.ts';
import type { ChannelName } from './port.ts';

export interface GossipConfig {
  /** Own name in the cluster: `--cluster.peer-name`, else a fresh ULID made by the caller. */
  readonly name: string;
  /** `--cluster.label`; '' for none. At most 255 bytes. The core applies it, see `GossipCoreDeps.packets`. */
  readonly label: string;
  /** `--cluster.listen-address`: where the transport binds UDP and TCP, both on one port. Port 0: any. */
  readonly bindAddress: HostPort;
  /**
   * Literal `ip:port` told to peers. '' when the operator gave none: then the transport chooses
   * (gossip spec 3.2) and replaces it, with the real port, before the core starts.
   */
  readonly advertiseAddress: HostPort;
  /** `--cluster.peer`: `host:port`, names or literal addresses. */
  readonly peers: readonly string[];
  /** Channels that take part in every full state, also while they are empty. */
  readonly channels: readonly ChannelName[];

  readonly gossipIntervalMs: number;
  /** Members that one gossip tick reaches; also the transmit multiplier of user messages. */
  readonly gossipNodes: number;
  /** 0: only on joining. */
  readonly pushPullIntervalMs: number;
  readonly tcpTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** The gate opens at the latest after this long; 0: at once. */
  readonly settleTimeoutMs: number;
  /** 0: members that went away are not redialled. */
  readonly reconnectIntervalMs: number;
  /** 0: they are redialled for ever. */
  readonly reconnectTimeoutMs: number;
  readonly refreshIntervalMs: number;
  /** How long the start waits while a peer's name resolves to no address at all. */
  readonly peersResolveTimeoutMs: number;
}

/** Everything that does not depend on other settings. */
export const gossipDefaults: Omit<GossipConfig, 'name' | 'gossipNodes'> = {
  label: '',
  bindAddress: '0.0.0.0:9094',
  advertiseAddress: '',
  peers: [],
  channels: ['nfl', 'sil'],
  gossipIntervalMs: 200,
  pushPullIntervalMs: 60_000,
  tcpTimeoutMs: 10_000,
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  settleTimeoutMs: 60_000,
  reconnectIntervalMs: 10_000,
  reconnectTimeoutMs: 6 * 3_600_000,
  refreshIntervalMs: 15_000,
  peersResolveTimeoutMs: 15_000,
};

const mayBeZero: ReadonlySet<string> = new Set([
  'pushPullIntervalMs',
  'settleTimeoutMs',
  'reconnectIntervalMs',
  'reconnectTimeoutMs',
  'peersResolveTimeoutMs',
]);
const MIN_GOSSIP_NODES = 3;
const MAX_LABEL_BYTES = 255;
/** Longer names would not leave room for a message in a packet. */
export const MAX_NAME_BYTES = 256;

/**
 * Fills the defaults and checks what can be checked without sockets.
 * Throws AppError `invalid`, naming the setting, the value and what was expected.
 */
export function gossipConfig(given: Partial<GossipConfig> & { readonly name: string }): GossipConfig {
  const peers = given.peers ?? gossipDefaults.peers;
  const config: GossipConfig = {
    ...gossipDefaults,
    gossipNodes: Math.max(Math.trunc(peers.length / 2), MIN_GOSSIP_NODES),
    ...given,
    peers,
  };
  check(config);
  return config;
}

function check(config: GossipConfig): void {
  const nameBytes = utf8Length(config.name);
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES)
    throw AppError.invalid(`cluster peer name: "${config.name}" must have 1 to ${MAX_NAME_BYTES} bytes`);
  if (utf8Length(config.label) > MAX_LABEL_BYTES)
    throw AppError.invalid(`cluster label: "${config.label}" must have at most ${MAX_LABEL_BYTES} bytes`);
  for (const peer of config.peers) parseHostPort(peer, 'cluster peer');
  if (config.advertiseAddress !== '') parseHostPort(config.advertiseAddress, 'cluster advertise address');
  for (const [setting, value] of Object.entries(config)) {
    if (typeof value !== 'number' || (value === 0 && mayBeZero.has(setting))) continue;
    if (!(Number.isFinite(value) && value > 0))
      throw AppError.invalid(`cluster ${setting}: ${value} must be greater than 0`);
  }
}
