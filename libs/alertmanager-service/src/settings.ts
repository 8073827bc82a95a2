import type { MetricFeature } from './feature-meter.ts';

/** Resolved settings of one alertmanager; `apps/alertmanager` fills them from flags, environment and ini file. */
export interface AlertmanagerSettings {
  /** `--cluster.peer-name`, else an id kept in `--storage.path`: names this replica's rows and events. */
  readonly replica: string;
  /** `--data.retention`: how long log entries and expired silences are kept. */
  readonly retentionMs: number;
  /** `--data.maintenance-interval` */
  readonly maintenanceIntervalMs: number;
  /** `--alerts.gc-interval` */
  readonly alertsGcIntervalMs: number;
  /** `--dispatch.start-delay` */
  readonly dispatchStartDelayMs: number;
  /** `--cluster.peer-timeout` */
  readonly peerTimeoutMs: number;
  /** `--silences.max-silences`, 0: no limit. */
  readonly silencesMax: number;
  /** `--silences.max-silence-size-bytes`, 0: no limit. */
  readonly silenceBytesMax: number;
  /** `--log.silences` */
  readonly isLoggingSilences: boolean;
  /** Without a trailing slash; used in payloads. */
  readonly externalUrl: string;
  /** Of `--config.file`: files that `http_config` names are relative to it. */
  readonly configurationFolder: string;
  /** `--alerts.per-alertname-limit`; absent or 0: no limit. */
  readonly alertsPerAlertname?: number;
  /** Of `--enable-feature`; absent: none. */
  readonly metricFeatures?: ReadonlySet<MetricFeature>;
  readonly matcherMode: 'fallback' | 'classic' | 'utf8';
  readonly version: VersionInfo;
  /** Aggregation groups held at most; absent: `groupsMax`. */
  readonly groupsMax?: number;
}

export interface VersionInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  /** Upstream's field; ours names the runtime. */
  readonly goVersion: string;
}

/** Aggregation groups of all routes. More: alerts of new groups are refused and counted. */
export const groupsMax = 1_000_000;
/** Alerts in one gRPC batch. */
export const alertsPerBatchMax = 10_000;
