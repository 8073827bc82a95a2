/**
 * What the alertmanager says to its recorder, in its own terms. Each call costs one comparison while
 * nobody records.
 */
import type { Configuration, FlushAlert, InhibitRule, Silence, Silences } from '@tocsin/alerting';
import type { Alert, AlertHash, Fingerprint, LabelSet, NotificationReason, ReceiverRef } from '@tocsin/model';
import type { Group } from '../dispatcher.ts';
import type { VersionInfo } from '../settings.ts';
import {
  alertCreatedData,
  alertInGroupData,
  inhibitionMutedData,
  notificationData,
  silenceData,
  silenceMutedData,
  type GroupNames,
} from './recorded-events.ts';
import { noRecorder, type Recorder } from './recorder.ts';

export class Observer {
  readonly #recorder: Recorder;
  readonly #newId: () => string;
  readonly #sha256Hex: (text: string) => string;
  readonly #names = new WeakMap<Group, GroupNames>();

  constructor(recorder: Recorder, newId: () => string, sha256Hex: (text: string) => string) {
    this.#recorder = recorder;
    this.#newId = newId;
    this.#sha256Hex = sha256Hex;
  }

  started({ version, revision, branch, goVersion, buildUser, buildDate }: VersionInfo): void {
    this.#recorder.record('alertmanagerStartupEvent', () => ({
      version: `(version=${version}, branch=${branch}, revision=${revision})`,
      buildContext: `(runtime=${goVersion}, user=${buildUser}, date=${buildDate})`,
    }));
  }

  stopping(): void {
    this.#recorder.record('alertmanagerShutdownEvent', () => ({}));
  }

  /** A fingerprint is stored for the first time. */
  created(alert: Alert): void {
    if (this.#recorder.isOn) this.#recorder.record('alertCreated', () => alertCreatedData(alert));
  }

  /** Put into a group, or put there again with other times. */
  grouped(alert: Alert, group: Group): void {
    if (this.#recorder.isOn)
      this.#recorder.record('alertGrouped', () => alertInGroupData(alert, group, this.#namesOf(group)));
  }

  /** Dropped from its group, after a flush that told of its end. */
  resolved(alert: Alert, group: Group): void {
    if (this.#recorder.isOn)
      this.#recorder.record('alertResolved', () => alertInGroupData(alert, group, this.#namesOf(group)));
  }

  notified(sent: {
    readonly group: Group;
    readonly alerts: readonly FlushAlert[];
    readonly firing: readonly AlertHash[];
    readonly resolved: readonly AlertHash[];
    readonly reason: NotificationReason;
    readonly receiver: ReceiverRef;
  }): void {
    if (!this.#recorder.isOn) return;
    const flush = sent.group.flushes;
    this.#recorder.record('notification', () =>
      notificationData({ ...sent, flush, names: this.#namesOf(sent.group) }),
    );
  }

  /** Upstream records no end of a silence; here it is an update that shows the end. */
  silenceChanged(silence: Silence, change: 'created' | 'updated'): void {
    if (this.#recorder.isOn)
      this.#recorder.record(change === 'created' ? 'silenceCreated' : 'silenceUpdated', () =>
        silenceData(silence),
      );
  }

  /** One event for each silence, in a flush. */
  silenced(silences: Silences, ids: readonly string[], labels: LabelSet, fingerprint: Fingerprint): void {
    if (!this.#recorder.isOn) return;
    for (const id of ids) {
      const silence = silences.get(id);
      this.#recorder.record('silenceMutedAlert', () => silenceMutedData(silence, labels, fingerprint));
    }
  }

  /** In a flush. `rule`: as `Inhibitor` names it. */
  inhibited(
    configuration: Configuration,
    rule: string,
    labels: LabelSet,
    fingerprint: Fingerprint,
    by: Fingerprint,
  ): void {
    if (!this.#recorder.isOn) return;
    const found = ruleNamed(configuration.inhibitRules, rule);
    this.#recorder.record('inhibitionMutedAlert', () => inhibitionMutedData(found, labels, fingerprint, by));
  }

  #namesOf(group: Group): GroupNames {
    let names = this.#names.get(group);
    if (names === undefined) {
      names = { groupId: this.#sha256Hex(group.key), groupUuid: this.#newId() };
      this.#names.set(group, names);
    }
    return names;
  }
}

export const noObserver: Observer = new Observer(
  noRecorder,
  () => '',
  () => '',
);

/** A rule without a name goes by its place, `inhibit_rules[3]`. */
function ruleNamed(rules: readonly InhibitRule[], name: string): InhibitRule | undefined {
  const [, index] = /^inhibit_rules\[(\d+)\]$/.exec(name) ?? [];
  return rules.find((rule) => rule.name === name) ?? rules[Number(index)];
}
