import { metric, type MetricSpec } from '@tocsin/kernel';

/** Every integration type of upstream: its series exist, with 0, from the start. */
export const integrationTypes = [
  'webhook',
  'email',
  'pagerduty',
  'opsgenie',
  'wechat',
  'slack',
  'victorops',
  'pushover',
  'sns',
  'telegram',
  'discord',
  'webex',
  'msteams',
  'msteamsv2',
  'jira',
  'incidentio',
  'rocketchat',
  'mattermost',
] as const;

export const failureReasons = [
  'other',
  'clientError',
  'serverError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'authError',
  'rateLimited',
] as const;

const perIntegration = integrationTypes.map((integration) => ({ integration }));
const perFailure = integrationTypes.flatMap((integration) =>
  failureReasons.map((reason) => ({ integration, reason })),
);

export type AlertmanagerMetrics = {
  readonly alerts: MetricSpec<'state'>;
  readonly received: MetricSpec<'status' | 'version'>;
  readonly invalid: MetricSpec<'version'>;
  readonly groups: MetricSpec<never>;
  readonly groupLimit: MetricSpec<never>;
  readonly notifications: MetricSpec<'integration'>;
  readonly notificationsFailed: MetricSpec<'integration' | 'reason'>;
  readonly requests: MetricSpec<'integration'>;
  readonly requestsFailed: MetricSpec<'integration'>;
  readonly latency: MetricSpec<'integration'>;
  readonly suppressed: MetricSpec<'reason'>;
  readonly silences: MetricSpec<'state'>;
  readonly nflogPropagated: MetricSpec<never>;
  readonly silencesPropagated: MetricSpec<never>;
  readonly configurationHash: MetricSpec<never>;
  readonly reloadSuccessful: MetricSpec<never>;
  readonly reloadTimestamp: MetricSpec<never>;
  readonly receivers: MetricSpec<never>;
  readonly integrations: MetricSpec<never>;
  readonly inhibitionRules: MetricSpec<never>;
  readonly clusterEnabled: MetricSpec<never>;
  readonly buildInfo: MetricSpec<'version' | 'revision' | 'branch' | 'goversion'>;
  readonly stateUndurable: MetricSpec<never>;
  readonly stalls: MetricSpec<never>;
  readonly receiversUnavailable: MetricSpec<never>;
};

/** Names are public API: dashboards and alerts of our users depend on them. Renaming needs an ADR. */
export const alertmanagerMetrics: AlertmanagerMetrics = {
  alerts: metric({
    name: 'alertmanager_alerts',
    help: 'How many alerts by state.',
    type: 'gauge',
    labels: ['state'],
    initial: [{ state: 'active' }, { state: 'suppressed' }, { state: 'unprocessed' }],
  }),
  received: metric({
    name: 'alertmanager_alerts_received_total',
    help: 'The total number of received alerts.',
    type: 'counter',
    labels: ['status', 'version'],
    initial: [
      { status: 'firing', version: 'v2' },
      { status: 'resolved', version: 'v2' },
    ],
  }),
  invalid: metric({
    name: 'alertmanager_alerts_invalid_total',
    help: 'The total number of received alerts that were invalid.',
    type: 'counter',
    labels: ['version'],
    initial: [{ version: 'v2' }],
  }),
  groups: metric({
    name: 'alertmanager_dispatcher_aggregation_groups',
    help: 'Number of active aggregation groups',
    type: 'gauge',
    labels: [],
  }),
  groupLimit: metric({
    name: 'alertmanager_dispatcher_aggregation_group_limit_reached_total',
    help: 'Number of times when dispatcher failed to create new aggregation group due to limit.',
    type: 'counter',
    labels: [],
  }),
  notifications: metric({
    name: 'alertmanager_notifications_total',
    help: 'The total number of attempted notifications.',
    type: 'counter',
    labels: ['integration'],
    initial: perIntegration,
  }),
  notificationsFailed: metric({
    name: 'alertmanager_notifications_failed_total',
    help: 'The total number of failed notifications.',
    type: 'counter',
    labels: ['integration', 'reason'],
    initial: perFailure,
  }),
  requests: metric({
    name: 'alertmanager_notification_requests_total',
    help: 'The total number of attempted notification requests.',
    type: 'counter',
    labels: ['integration'],
    initial: perIntegration,
  }),
  requestsFailed: metric({
    name: 'alertmanager_notification_requests_failed_total',
    help: 'The total number of failed notification requests.',
    type: 'counter',
    labels: ['integration'],
    initial: perIntegration,
  }),
  latency: metric({
    name: 'alertmanager_notification_latency_seconds',
    help: 'The latency of notifications in seconds.',
    type: 'histogram',
    labels: ['integration'],
    buckets: [1, 5, 10, 15, 20],
    initial: perIntegration,
  }),
  suppressed: metric({
    name: 'alertmanager_notifications_suppressed_total',
    help: 'The total number of notifications suppressed for being silenced, inhibited, outside of active time intervals or within muted time intervals.',
    type: 'counter',
    labels: ['reason'],
    initial: [
      { reason: 'inhibition' },
      { reason: 'silence' },
      { reason: 'active_time_interval' },
      { reason: 'mute_time_interval' },
    ],
  }),
  silences: metric({
    name: 'alertmanager_silences',
    help: 'How many silences by state.',
    type: 'gauge',
    labels: ['state'],
    initial: [{ state: 'active' }, { state: 'pending' }, { state: 'expired' }],
  }),
  nflogPropagated: metric({
    name: 'alertmanager_nflog_gossip_messages_propagated_total',
    help: 'Number of received gossip messages that have been further gossiped.',
    type: 'counter',
    labels: [],
  }),
  silencesPropagated: metric({
    name: 'alertmanager_silences_gossip_messages_propagated_total',
    help: 'Number of received gossip messages that have been further gossiped.',
    type: 'counter',
    labels: [],
  }),
  configurationHash: metric({
    name: 'alertmanager_config_hash',
    help: 'Hash of the currently loaded alertmanager configuration.',
    type: 'gauge',
    labels: [],
  }),
  reloadSuccessful: metric({
    name: 'alertmanager_config_last_reload_successful',
    help: 'Whether the last configuration reload attempt was successful.',
    type: 'gauge',
    labels: [],
  }),
  reloadTimestamp: metric({
    name: 'alertmanager_config_last_reload_success_timestamp_seconds',
    help: 'Timestamp of the last successful configuration reload.',
    type: 'gauge',
    labels: [],
  }),
  receivers: metric({
    name: 'alertmanager_receivers',
    help: 'Number of configured receivers.',
    type: 'gauge',
    labels: [],
  }),
  integrations: metric({
    name: 'alertmanager_integrations',
    help: 'Number of configured integrations.',
    type: 'gauge',
    labels: [],
  }),
  inhibitionRules: metric({
    name: 'alertmanager_inhibition_rules',
    help: 'Number of configured inhibition rules.',
    type: 'gauge',
    labels: [],
  }),
  clusterEnabled: metric({
    name: 'alertmanager_cluster_enabled',
    help: 'Indicates whether the clustering is enabled or not.',
    type: 'gauge',
    labels: [],
  }),
  buildInfo: metric({
    name: 'alertmanager_build_info',
    help: 'A metric with a constant 1 value labeled by version, revision, branch and the runtime it runs on.',
    type: 'gauge',
    labels: ['version', 'revision', 'branch', 'goversion'],
  }),
  /** Ours: what upstream can't say. */
  stateUndurable: metric({
    name: 'tocsin_silence_answered_before_durable_total',
    help: 'Silence calls answered after 1 s although no store and no peer had confirmed the change yet.',
    type: 'counter',
    labels: [],
  }),
  stalls: metric({
    name: 'tocsin_decisions_delayed_by_stall_total',
    help: 'Decisions to notify that waited because this replica had been stalled and its log could be old.',
    type: 'counter',
    labels: [],
  }),
  receiversUnavailable: metric({
    name: 'tocsin_receivers_unavailable_total',
    help: 'Notification requests that found no receivers replica reachable.',
    type: 'counter',
    labels: [],
  }),
};
