/**
 * @module alertmanager-service/feature-meter
 *
 * The metrics whose labels depend on `--enable-feature`. Receiver names, alert names and group keys are
 * many, and come from configurations and alerts: they are labels only when asked for. Series of groups
 * that are gone go too.
 */
import type { ReceiverConfig } from '@tocsin/alerting';
import type { Meter, MetricSpec } from '@tocsin/kernel';
import type { ReceiverRef } from '@tocsin/model';
import { alertmanagerMetrics, failureReasons } from './metrics.ts';
import { stateMetrics } from './state-metrics.ts';

export type MetricFeature = 'alert-names-in-metrics' | 'receiver-name-in-metrics' | 'group-key-in-metrics';

export interface AlertCounts {
  readonly active: number;
  readonly suppressed: number;
  readonly unprocessed: number;
}

type OfNotification = 'integration' | 'receiver_name';
const { alerts, notifications, notificationsFailed, requests, requestsFailed, latency, ...others } =
  alertmanagerMetrics;
const { alertsLimited, ...otherState } = stateMetrics;
const named = {
  notifications: withLabel(notifications, 'receiver_name'),
  notificationsFailed: withLabel(notificationsFailed, 'receiver_name'),
  requests: withLabel(requests, 'receiver_name'),
  requestsFailed: withLabel(requestsFailed, 'receiver_name'),
  latency: withLabel(latency, 'receiver_name'),
};
const limitedByName = withLabel(alertsLimited, 'alertname');
const alertsByGroup = withLabel(alerts, 'group_key');
const STATES = ['active', 'suppressed', 'unprocessed'] as const;

export class FeatureMeter {
  readonly hasGroupKeys: boolean;
  readonly #meter: Meter;
  readonly #hasAlertNames: boolean;
  readonly #hasReceiverNames: boolean;
  #groupKeys: ReadonlySet<string> = new Set();

  constructor(meter: Meter, features: ReadonlySet<MetricFeature> | undefined) {
    this.#meter = meter;
    this.#hasAlertNames = features?.has('alert-names-in-metrics') === true;
    this.#hasReceiverNames = features?.has('receiver-name-in-metrics') === true;
    this.hasGroupKeys = features?.has('group-key-in-metrics') === true;
    meter.declare({
      ...others,
      ...otherState,
      ...(this.#hasReceiverNames
        ? named
        : { notifications, notificationsFailed, requests, requestsFailed, latency }),
      alerts: this.hasGroupKeys ? alertsByGroup : alerts,
      alertsLimited: this.#hasAlertNames ? limitedByName : alertsLimited,
    });
  }

  /** Receivers that routes use: their series are there, with 0, before anything was sent. */
  receivers(used: readonly ReceiverConfig[]): void {
    if (!this.#hasReceiverNames) return;
    for (const { name, integrations } of used) {
      for (const integration of new Set(integrations.map((each) => each.integration))) {
        const labels = { integration, receiver_name: name };
        for (const spec of [named.notifications, named.requests, named.requestsFailed])
          this.#meter.add(spec, 0, labels);
        for (const reason of failureReasons)
          this.#meter.add(named.notificationsFailed, 0, { ...labels, reason });
      }
    }
  }

  alertLimited(alertname: string): void {
    if (this.#hasAlertNames) this.#meter.add(limitedByName, 1, { alertname });
    else this.#meter.add(alertsLimited, 1, {});
  }

  notification(receiver: ReceiverRef): void {
    this.#count(notifications, named.notifications, receiver);
  }

  notificationFailed({ integration, groupName }: ReceiverRef, reason: string): void {
    if (this.#hasReceiverNames)
      this.#meter.add(named.notificationsFailed, 1, { integration, receiver_name: groupName, reason });
    else this.#meter.add(notificationsFailed, 1, { integration, reason });
  }

  request(receiver: ReceiverRef, seconds: number, isDelivered: boolean): void {
    const { integration, groupName } = receiver;
    this.#count(requests, named.requests, receiver);
    if (!isDelivered) this.#count(requestsFailed, named.requestsFailed, receiver);
    if (this.#hasReceiverNames)
      this.#meter.observe(named.latency, seconds, { integration, receiver_name: groupName });
    else this.#meter.observe(latency, seconds, { integration });
  }

  alerts(counts: AlertCounts): void {
    for (const state of STATES) this.#meter.set(alerts, counts[state], { state });
  }

  /** One entry for each group key; keys that are no longer among them lose their series. */
  alertsByGroup(groups: ReadonlyMap<string, AlertCounts>): void {
    for (const group_key of this.#groupKeys) {
      if (groups.has(group_key)) continue;
      for (const state of STATES) this.#meter.remove(alertsByGroup, { state, group_key });
    }
    for (const [group_key, counts] of groups)
      for (const state of STATES) this.#meter.set(alertsByGroup, counts[state], { state, group_key });
    this.#groupKeys = new Set(groups.keys());
  }

  #count(
    plain: MetricSpec<'integration'>,
    withName: MetricSpec<OfNotification>,
    { integration, groupName }: ReceiverRef,
  ): void {
    if (this.#hasReceiverNames) this.#meter.add(withName, 1, { integration, receiver_name: groupName });
    else this.#meter.add(plain, 1, { integration });
  }
}

/** Without `initial`: values of the new label are not known beforehand. */
function withLabel<L extends string, Extra extends string>(
  { name, help, type, labels, buckets }: MetricSpec<L>,
  extra: Extra,
): MetricSpec<L | Extra> {
  return { name, help, type, labels: [...labels, extra], ...(buckets === undefined ? {} : { buckets }) };
}
