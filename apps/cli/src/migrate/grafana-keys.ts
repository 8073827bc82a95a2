/**
 * What becomes of each key of Grafana's `[unified_alerting]`. The settings tables of the programs name
 * the keys that they take (`grafana:`); this list repeats them, because one app can't import another,
 * and a test holds the two together.
 */
export type GrafanaKey =
  /** The alertmanager reads it, from the same file (`--settings.file`). */
  | { readonly kind: 'taken'; readonly default: string; readonly flag: string }
  /** Means nothing here, whatever it says. */
  | { readonly kind: 'needless'; readonly default: string; readonly why: string }
  /** A value other than the default is lost. */
  | { readonly kind: 'unsupported'; readonly default: string; readonly why: string }
  /** With a value other than the default Tocsin would not do what is asked for: it must not be started like this. */
  | { readonly kind: 'blocking'; readonly default: string; readonly why: string };

const taken = (flag: string, preset: string): GrafanaKey => ({ kind: 'taken', default: preset, flag });
const needless = (why: string, preset = ''): GrafanaKey => ({ kind: 'needless', default: preset, why });
const unsupported = (why: string, preset = ''): GrafanaKey => ({ kind: 'unsupported', default: preset, why });
const blocking = (why: string, preset = ''): GrafanaKey => ({ kind: 'blocking', default: preset, why });

const redis = unsupported('has no effect without Redis');
const redisMode = blocking(
  'replicas here find each other by gossip only: name them in ha_peers, and leave this empty',
);
const evaluation = (instead: string, preset: string): GrafanaKey =>
  unsupported(`rules are evaluated by the scheduler: ${instead}`, preset);
const history = unsupported('state history is not written; each decision is an event: tocsin events');

/** By `section.key`. */
export const grafanaKeys: ReadonlyMap<string, GrafanaKey> = new Map(
  Object.entries({
    ha_listen_address: taken('cluster.listen-address', '0.0.0.0:9094'),
    ha_advertise_address: taken('cluster.advertise-address', ''),
    ha_peers: taken('cluster.peer', ''),
    ha_peer_timeout: taken('cluster.peer-timeout', '15s'),
    ha_gossip_interval: taken('cluster.gossip-interval', '200ms'),
    ha_push_pull_interval: taken('cluster.pushpull-interval', '60s'),
    ha_reconnect_timeout: taken('cluster.reconnect-timeout', '6h'),
    ha_label: taken('cluster.label', ''),
    alertmanager_max_silences_count: taken('silences.max-silences', '0'),
    alertmanager_max_silence_size_bytes: taken('silences.max-silence-size-bytes', '0'),
    ha_redis_address: redisMode,
    ha_redis_cluster_mode_enabled: { ...redisMode, default: 'false' },
    ha_redis_sentinel_mode_enabled: { ...redisMode, default: 'false' },
    ha_redis_sentinel_master_name: redis,
    ha_redis_sentinel_username: redis,
    ha_redis_sentinel_password: redis,
    ha_redis_username: redis,
    ha_redis_password: redis,
    ha_redis_db: { ...redis, default: '0' },
    ha_redis_prefix: redis,
    ha_redis_peer_name: redis,
    ha_redis_max_conns: { ...redis, default: '5' },
    ha_redis_tls_enabled: { ...redis, default: 'false' },
    ha_redis_tls_cert_path: redis,
    ha_redis_tls_key_path: redis,
    ha_redis_tls_ca_path: redis,
    ha_redis_tls_server_name: redis,
    ha_redis_tls_insecure_skip_verify: { ...redis, default: 'false' },
    ha_redis_tls_cipher_suites: redis,
    ha_redis_tls_min_version: redis,
    ha_single_node_evaluation: unsupported(
      'every scheduler evaluates every rule, and the alertmanagers notify once',
      'false',
    ),
    enabled: needless('this is what Tocsin is for', 'true'),
    execute_alerts: blocking(
      'a scheduler always evaluates: run alertmanagers alone where this is false',
      'true',
    ),
    disabled_orgs: blocking(
      'there is one tenant: rules of an organisation that is switched off must not be carried over',
    ),
    initialization_timeout: needless('a start waits for its store as long as it takes', '30s'),
    evaluation_timeout: evaluation('--query.timeout', '30s'),
    max_attempts: evaluation(
      'a failed query is an evaluation that failed; the next is at the next interval',
      '3',
    ),
    initial_retry_delay: evaluation('a failed query is not repeated within an interval', '1s'),
    max_retry_delay: evaluation('a failed query is not repeated within an interval', '4s'),
    randomization_factor: evaluation('a failed query is not repeated within an interval', '0.1'),
    min_interval: evaluation('--evaluation.interval, and interval of a group', '10s'),
    scheduler_tick_interval: evaluation('--evaluation.interval, and interval of a group', '10s'),
    disable_jitter: evaluation('groups are spread over their interval, always', 'false'),
    admin_config_poll_interval: needless('a configuration is read at the start and at a reload', '60s'),
    alertmanager_config_poll_interval: needless(
      'a configuration is read at the start and at a reload',
      '60s',
    ),
    max_state_save_concurrency: needless('the state of alerts is saved in batches', '1'),
    state_periodic_save_interval: needless('the state of alerts is saved as it changes', '5m'),
    state_periodic_save_batch_size: needless('the state of alerts is saved in batches', '1'),
    state_periodic_save_jitter_enabled: needless('the state of alerts is saved as it changes', 'false'),
    resolved_alert_retention: unsupported('a resolved alert is sent for 15 minutes, as by Prometheus', '15m'),
    notification_log_retention: unsupported('set --data.retention of the alertmanager', '5d'),
    rule_version_record_limit: unsupported('rules are files: their history is that of the files', '0'),
    'reserved_labels.disabled_labels': unsupported('rules are Prometheus rule files: no such label is added'),
    'screenshots.capture': unsupported('notifications have no pictures', 'false'),
    'screenshots.capture_timeout': needless('notifications have no pictures', '10s'),
    'screenshots.max_concurrent_screenshots': needless('notifications have no pictures', '5'),
    'screenshots.upload_external_image_storage': needless('notifications have no pictures', 'false'),
    'state_history.enabled': { ...history, default: 'true' },
    'state_history.backend': { ...history, default: 'annotations' },
    'notification_history.enabled': { ...history, default: 'false' },
  }).map(([key, what]) => [`unified_alerting.${key}`, what]),
);
