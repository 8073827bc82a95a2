/** What the app resolves before it starts the scheduler; nothing is optional in here. */
import { LabelSet } from '@tocsin/model';
import type { Tenant } from '@tocsin/model';

export interface SchedulerSettings {
  readonly tenant: Tenant;
  /** Name of this replica: in events, and as the sender of batches. */
  readonly replica: string;
  /** Added to alerts that don't have them. Must be the same on all replicas, or their alerts are different alerts. */
  readonly externalLabels: LabelSet;
  /** `$externalURL` in templates, without a slash at the end. */
  readonly externalUrl: string;
  /** For groups without `interval`. */
  readonly evaluationIntervalMs: number;
  /** For groups without `query_offset`. */
  readonly queryOffsetMs: number;
  /** A firing alert is sent again when more than this has passed; a resolved one too, for 15 minutes. */
  readonly resendDelayMs: number;
  /** Of one query; a data source may have its own. */
  readonly queryTimeoutMs: number;
  /** A `for` goes on after a pause of the scheduler that is not longer than this. */
  readonly outageToleranceMs: number;
  /** Alerts that wait for one alertmanager; the oldest are dropped beyond it. */
  readonly queueCapacity: number;
}

export const schedulerDefaults: SchedulerSettings = {
  tenant: '',
  replica: 'scheduler',
  externalLabels: LabelSet.empty,
  externalUrl: '',
  evaluationIntervalMs: 60_000,
  queryOffsetMs: 0,
  resendDelayMs: 60_000,
  queryTimeoutMs: 30_000,
  outageToleranceMs: 3_600_000,
  queueCapacity: 100_000,
};
