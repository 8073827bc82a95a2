/** Names are public API: Prometheus' own where the meaning is the same (spec/scheduler.md 8.2), so that dashboards keep working. */
import { metric } from '@tocsin/kernel';
import type { MetricSpec } from '@tocsin/kernel';

type OfGroup = MetricSpec<'rule_group'>;
type OfAlertmanager = MetricSpec<'alertmanager'>;

const groupMetric = (name: string, type: 'counter' | 'gauge', help: string): OfGroup =>
  metric({ name: `prometheus_rule_${name}`, help, type, labels: ['rule_group'] });
const notifierMetric = (name: string, type: 'counter' | 'gauge' | 'summary', help: string): OfAlertmanager =>
  metric({ name: `prometheus_notifications_${name}`, help, type, labels: ['alertmanager'] });

/** Label `rule_group` is `file;group`. */
export const ruleMetrics: {
  readonly evaluations: OfGroup;
  readonly evaluationFailures: OfGroup;
  readonly evaluationDuration: MetricSpec<never>;
  readonly iterations: OfGroup;
  readonly iterationsMissed: OfGroup;
  readonly groupDuration: MetricSpec<never>;
  readonly interval: OfGroup;
  readonly lastDuration: OfGroup;
  readonly lastRuleDurationSum: OfGroup;
  readonly lastEvaluation: OfGroup;
  readonly lastSamples: OfGroup;
  readonly rules: OfGroup;
  readonly alerts: MetricSpec<'state'>;
  readonly limitDrops: OfGroup;
} = {
  evaluations: groupMetric('evaluations_total', 'counter', 'Rule evaluations, failed ones included.'),
  evaluationFailures: groupMetric('evaluation_failures_total', 'counter', 'Rule evaluations that failed.'),
  evaluationDuration: metric({
    name: 'prometheus_rule_evaluation_duration_seconds',
    help: 'Time one rule took, its query included, in seconds.',
    type: 'summary',
    labels: [],
  }),
  iterations: groupMetric(
    'group_iterations_total',
    'counter',
    'Evaluations of the group that were due, missed ones included.',
  ),
  iterationsMissed: groupMetric(
    'group_iterations_missed_total',
    'counter',
    'Evaluations of the group that were skipped because the one before took too long.',
  ),
  groupDuration: metric({
    name: 'prometheus_rule_group_duration_seconds',
    help: 'Time one evaluation of a group took, in seconds.',
    type: 'summary',
    labels: [],
  }),
  interval: groupMetric('group_interval_seconds', 'gauge', 'Interval of the group, in seconds.'),
  lastDuration: groupMetric(
    'group_last_duration_seconds',
    'gauge',
    'Time the last evaluation of the group took, in seconds.',
  ),
  lastRuleDurationSum: groupMetric(
    'group_last_rule_duration_sum_seconds',
    'gauge',
    'Sum of the times that the rules took at the last evaluation of the group, in seconds.',
  ),
  lastEvaluation: groupMetric(
    'group_last_evaluation_timestamp_seconds',
    'gauge',
    'When the group was last evaluated, in seconds since the epoch.',
  ),
  lastSamples: groupMetric(
    'group_last_evaluation_samples',
    'gauge',
    'Samples that the last evaluation of the group saw.',
  ),
  rules: groupMetric('group_rules', 'gauge', 'Rules of the group.'),
  alerts: metric({
    name: 'tocsin_scheduler_alerts',
    help: 'Alerts by state.',
    type: 'gauge',
    labels: ['state'],
    initial: [{ state: 'pending' }, { state: 'firing' }],
  }),
  limitDrops: metric({
    name: 'tocsin_scheduler_rule_limit_drops_total',
    help: 'Evaluations after which a rule lost all its alerts because they exceeded the limit of its group.',
    type: 'counter',
    labels: ['rule_group'],
  }),
};

export const reloadMetrics: {
  readonly successful: MetricSpec<never>;
  readonly successTimestamp: MetricSpec<never>;
} = {
  successful: metric({
    name: 'prometheus_config_last_reload_successful',
    help: 'Whether the last attempt to load rules and data sources succeeded.',
    type: 'gauge',
    labels: [],
  }),
  successTimestamp: metric({
    name: 'prometheus_config_last_reload_success_timestamp_seconds',
    help: 'When rules and data sources were last loaded, in seconds since the epoch.',
    type: 'gauge',
    labels: [],
  }),
};

export const restoreMetrics: {
  readonly instances: MetricSpec<never>;
  readonly rowsRefused: MetricSpec<never>;
  readonly restoreFailures: MetricSpec<never>;
} = {
  instances: metric({
    name: 'tocsin_scheduler_restored_instances',
    help: 'Alert instances that came back from the state store at the start.',
    type: 'gauge',
    labels: [],
  }),
  rowsRefused: metric({
    name: 'tocsin_scheduler_restore_rows_refused_total',
    help: 'Rows of the state store that could not be read.',
    type: 'counter',
    labels: [],
  }),
  restoreFailures: metric({
    name: 'tocsin_scheduler_restore_failures_total',
    help: 'Failed attempts to read the state store at the start.',
    type: 'counter',
    labels: [],
  }),
};

/** All of them count alerts, not batches. */
export const notifierMetrics: {
  readonly sent: OfAlertmanager;
  readonly errors: OfAlertmanager;
  readonly dropped: OfAlertmanager;
  readonly rejected: OfAlertmanager;
  readonly queueLength: OfAlertmanager;
  readonly queueCapacity: MetricSpec<never>;
  readonly latency: OfAlertmanager;
  readonly discovered: MetricSpec<never>;
  readonly lastAck: OfAlertmanager;
} = {
  sent: notifierMetric(
    'sent_total',
    'counter',
    'Alerts that the alertmanager has acknowledged, rejected ones included.',
  ),
  errors: notifierMetric('errors_total', 'counter', 'Alerts whose sending failed; they are sent again.'),
  dropped: notifierMetric(
    'dropped_total',
    'counter',
    'Alerts that were dropped: the queue was full, or they ended while they waited.',
  ),
  rejected: metric({
    name: 'tocsin_scheduler_notifications_rejected_total',
    help: 'Alerts that the alertmanager refused.',
    type: 'counter',
    labels: ['alertmanager'],
  }),
  queueLength: notifierMetric(
    'queue_length',
    'gauge',
    'Alerts that wait, those not yet acknowledged included.',
  ),
  queueCapacity: metric({
    name: 'prometheus_notifications_queue_capacity',
    help: 'Alerts that may wait for one alertmanager.',
    type: 'gauge',
    labels: [],
  }),
  latency: notifierMetric(
    'latency_seconds',
    'summary',
    'From sending a batch to its acknowledgement, in seconds.',
  ),
  discovered: metric({
    name: 'prometheus_notifications_alertmanagers_discovered',
    help: 'Alertmanagers that are known.',
    type: 'gauge',
    labels: [],
  }),
  lastAck: metric({
    name: 'tocsin_scheduler_alertmanager_last_ack_timestamp_seconds',
    help: 'When the alertmanager last acknowledged a batch, in seconds since the epoch.',
    type: 'gauge',
    labels: ['alertmanager'],
  }),
};
