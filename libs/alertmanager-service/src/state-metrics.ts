/**
 * Metrics of what the alertmanager holds: silences, notification log, alerts on their way to a group.
 * Names, types and labels are Alertmanager's; where our way of doing it differs the help says what is
 * counted.
 */
import { metric, type MetricSpec } from '@tocsin/kernel';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type StateMetrics = {
  readonly silencesGc: MetricSpec<never>;
  readonly silencesGcErrors: MetricSpec<never>;
  readonly silencesSnapshot: MetricSpec<never>;
  readonly silencesSnapshotSize: MetricSpec<never>;
  readonly silencesMaintenance: MetricSpec<never>;
  readonly silencesMaintenanceErrors: MetricSpec<never>;
  readonly silencesQueries: MetricSpec<never>;
  readonly silencesQueryErrors: MetricSpec<never>;
  readonly silencesQueryDuration: MetricSpec<never>;
  readonly silencesScanned: MetricSpec<never>;
  readonly silencesSkipped: MetricSpec<never>;
  readonly silencesCompileErrors: MetricSpec<'stage'>;
  readonly silencesStateSize: MetricSpec<never>;
  readonly silencesMatcherIndexSize: MetricSpec<never>;
  readonly silencesVersionIndexSize: MetricSpec<never>;
  readonly nflogGc: MetricSpec<never>;
  readonly nflogSnapshot: MetricSpec<never>;
  readonly nflogSnapshotSize: MetricSpec<never>;
  readonly nflogMaintenance: MetricSpec<never>;
  readonly nflogMaintenanceErrors: MetricSpec<never>;
  readonly nflogQueries: MetricSpec<never>;
  readonly nflogQueryErrors: MetricSpec<never>;
  readonly nflogQueryDuration: MetricSpec<never>;
  readonly alertsPerAlertLimit: MetricSpec<never>;
  readonly alertsLimited: MetricSpec<never>;
  readonly subscriberWrites: MetricSpec<'subscriber'>;
  readonly alertProcessing: MetricSpec<never>;
  readonly groupCreationRetries: MetricSpec<never>;
  readonly groupCreationGivenUp: MetricSpec<never>;
};

export const stateMetrics: StateMetrics = {
  silencesGc: metric({
    name: 'alertmanager_silences_gc_duration_seconds',
    help: 'Duration of the last silence garbage collection cycles.',
    type: 'summary',
    labels: [],
  }),
  silencesGcErrors: metric({
    name: 'alertmanager_silences_gc_errors_total',
    help: 'How many silence garbage collections did not run to their end.',
    type: 'counter',
    labels: [],
  }),
  silencesSnapshot: metric({
    name: 'alertmanager_silences_snapshot_duration_seconds',
    help: 'Duration of writing the silences file. None with --database.url.',
    type: 'summary',
    labels: [],
  }),
  silencesSnapshotSize: metric({
    name: 'alertmanager_silences_snapshot_size_bytes',
    help: 'Size of the last silences file in bytes. 0 with --database.url.',
    type: 'gauge',
    labels: [],
  }),
  silencesMaintenance: metric({
    name: 'alertmanager_silences_maintenance_total',
    help: 'How many maintenances were executed for silences.',
    type: 'counter',
    labels: [],
  }),
  silencesMaintenanceErrors: metric({
    name: 'alertmanager_silences_maintenance_errors_total',
    help: 'How many maintenances of silences failed, the writing of their file included.',
    type: 'counter',
    labels: [],
  }),
  silencesQueries: metric({
    name: 'alertmanager_silences_queries_total',
    help: 'How many silence queries were received: lists, and which silences match an alert.',
    type: 'counter',
    labels: [],
  }),
  silencesQueryErrors: metric({
    name: 'alertmanager_silences_query_errors_total',
    help: 'How many silence queries did not succeed.',
    type: 'counter',
    labels: [],
  }),
  silencesQueryDuration: metric({
    name: 'alertmanager_silences_query_duration_seconds',
    help: 'Duration of silence queries. Of those that ask about one alert each 64th is measured.',
    type: 'histogram',
    labels: [],
    buckets: SECONDS,
  }),
  silencesScanned: metric({
    name: 'alertmanager_silences_query_silences_scanned_total',
    help: 'How many silences were looked at in queries.',
    type: 'counter',
    labels: [],
  }),
  silencesSkipped: metric({
    name: 'alertmanager_silences_query_silences_skipped_total',
    help: 'How many silences did not have to be looked at in queries.',
    type: 'counter',
    labels: [],
  }),
  silencesCompileErrors: metric({
    name: 'alertmanager_silences_matcher_compile_errors_total',
    help: 'How many matcher sets of silences could not be compiled; they silence nothing.',
    type: 'counter',
    labels: ['stage'],
    initial: [{ stage: 'index' }, { stage: 'load_snapshot' }],
  }),
  silencesStateSize: metric({
    name: 'alertmanager_silences_state_size',
    help: 'The number of silences held, expired ones included.',
    type: 'gauge',
    labels: [],
  }),
  silencesMatcherIndexSize: metric({
    name: 'alertmanager_silences_matcher_index_size',
    help: 'The number of silences whose compiled matchers are held.',
    type: 'gauge',
    labels: [],
  }),
  silencesVersionIndexSize: metric({
    name: 'alertmanager_silences_version_index_size',
    help: 'The number of entries in the index of silences by version.',
    type: 'gauge',
    labels: [],
  }),
  nflogGc: metric({
    name: 'alertmanager_nflog_gc_duration_seconds',
    help: 'Duration of the last notification log garbage collection cycles.',
    type: 'summary',
    labels: [],
  }),
  nflogSnapshot: metric({
    name: 'alertmanager_nflog_snapshot_duration_seconds',
    help: 'Duration of writing the notification log file. None with --database.url.',
    type: 'summary',
    labels: [],
  }),
  nflogSnapshotSize: metric({
    name: 'alertmanager_nflog_snapshot_size_bytes',
    help: 'Size of the last notification log file in bytes. 0 with --database.url.',
    type: 'gauge',
    labels: [],
  }),
  nflogMaintenance: metric({
    name: 'alertmanager_nflog_maintenance_total',
    help: 'How many maintenances were executed for the notification log.',
    type: 'counter',
    labels: [],
  }),
  nflogMaintenanceErrors: metric({
    name: 'alertmanager_nflog_maintenance_errors_total',
    help: 'How many maintenances of the notification log failed, the writing of its file included.',
    type: 'counter',
    labels: [],
  }),
  nflogQueries: metric({
    name: 'alertmanager_nflog_queries_total',
    help: 'Number of notification log queries were received.',
    type: 'counter',
    labels: [],
  }),
  nflogQueryErrors: metric({
    name: 'alertmanager_nflog_query_errors_total',
    help: 'Number of notification log queries that found no entry, as for a first notification.',
    type: 'counter',
    labels: [],
  }),
  nflogQueryDuration: metric({
    name: 'alertmanager_nflog_query_duration_seconds',
    help: 'Duration of notification log queries.',
    type: 'histogram',
    labels: [],
    buckets: SECONDS,
  }),
  alertsPerAlertLimit: metric({
    name: 'alertmanager_alerts_per_alert_limit',
    help: 'Current limit of alerts per alert name. 0: no limit.',
    type: 'gauge',
    labels: [],
  }),
  alertsLimited: metric({
    name: 'alertmanager_alerts_limited_total',
    help: 'The total number of alerts that were dropped because of --alerts.per-alertname-limit; by alertname with --enable-feature=alert-names-in-metrics.',
    type: 'counter',
    labels: [],
  }),
  subscriberWrites: metric({
    name: 'alertmanager_alerts_subscriber_channel_writes_total',
    help: 'Number of alerts handed to each part that hears of every stored alert.',
    type: 'counter',
    labels: ['subscriber'],
    initial: [{ subscriber: 'dispatcher' }, { subscriber: 'inhibitor' }],
  }),
  alertProcessing: metric({
    name: 'alertmanager_dispatcher_alert_processing_duration_seconds',
    help: 'Summary of latencies for routing an alert and putting it into its groups. Each 16th is timed.',
    type: 'summary',
    labels: [],
  }),
  groupCreationRetries: metric({
    name: 'alertmanager_dispatcher_aggregation_group_creation_retries_total',
    help: 'Number of times the making of an aggregation group had to be tried again. Always 0: nothing races with it here.',
    type: 'counter',
    labels: [],
  }),
  groupCreationGivenUp: metric({
    name: 'alertmanager_dispatcher_aggregation_group_creation_given_up_total',
    help: 'Number of times the making of an aggregation group was given up after retries. Always 0: nothing races with it here.',
    type: 'counter',
    labels: [],
  }),
};
