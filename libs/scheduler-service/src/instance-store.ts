/**
 * @module scheduler-service/instance-store
 *
 * Alert instances in the state store, so that a restart goes on with every `for` and keeps every
 * startsAt. One row for each instance, with the evaluation time as its version: all replicas write
 * the same rows at the same times, and the store keeps the newest.
 *
 * A row is written when the state of its instance changes, and again when it has lost half of its
 * life: a thousand alerts that fire for a week are not a thousand writes a minute. An instance that
 * is gone is written once more as a row that has expired.
 */
import { groupCommitter, messageOf } from '@tocsin/kernel';
import type { GroupCommitter, Logger, Meter, Random, StateStore, Timers, WallMs } from '@tocsin/kernel';
import { decodeInstance, encodeInstance, RESOLVED_RETENTION_MS } from '@tocsin/evaluation';
import type { AlertingRule, Instance, Instances, RuleGroup } from '@tocsin/evaluation';
import { LabelSet } from '@tocsin/model';
import type { Fingerprint, Tenant } from '@tocsin/model';
import { restoreMetrics } from './metrics.ts';

export interface InstanceStoreDeps {
  readonly store: StateStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Same file, group, name and labels: the same rule, whatever else was edited. */
export type RuleKey = string;

/** What is known of a rule: from the store, or from the runner before a reload. */
export interface RuleMemory {
  readonly instances: Instances;
  /** When the row of an instance expires. */
  readonly storedUntil: ReadonlyMap<Fingerprint, WallMs>;
}
export type Restored = ReadonlyMap<RuleKey, RuleMemory>;

/** `ordinal`: among rules of the group with the same name and labels. */
export function ruleKeyOf(group: RuleGroup, rule: AlertingRule, ordinal: number): RuleKey {
  return LabelSet.of([
    ['file', group.file],
    ['group', group.name],
    ['rule', rule.name],
    ['labels', rule.labels.json],
    ['ordinal', String(ordinal)],
  ]).hash;
}

const ROWS_PER_SLICE = 1_000;
const GARBAGE_INTERVAL_MS = 10 * 60_000;

export class InstanceStore {
  readonly #deps: InstanceStoreDeps;
  readonly #tenant: Tenant;
  readonly #outageToleranceMs: number;
  readonly #committer: GroupCommitter;
  #isStopped = false;
  #cancelGarbage: () => void = () => undefined;

  constructor(tenant: Tenant, outageToleranceMs: number, deps: InstanceStoreDeps) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#outageToleranceMs = outageToleranceMs;
    this.#committer = groupCommitter(deps.store, deps);
    deps.meter.declare({ ...restoreMetrics });
  }

  /** Rejects with AppError when the store can't be read. */
  async restore(now: WallMs): Promise<Restored> {
    const rows = await this.#deps.store.load('rule-instance', now);
    const byRule = new Map<
      RuleKey,
      { instances: Map<Fingerprint, Instance>; storedUntil: Map<Fingerprint, WallMs> }
    >();
    let restored = 0;
    let refused = 0;
    for (const [index, { bytes, expiresAtMs, key, tenant }] of rows.entries()) {
      if (index % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await this.#pause();
      if (tenant !== this.#tenant) continue;
      const [ruleKey = '', fingerprint = ''] = key.split('/');
      const instance = decodeInstance(bytes);
      if (instance === undefined || instance.labels.fingerprint !== fingerprint) {
        refused++;
        continue;
      }
      const memory = byRule.get(ruleKey) ?? { instances: new Map(), storedUntil: new Map() };
      byRule.set(ruleKey, memory);
      memory.instances.set(fingerprint, instance);
      memory.storedUntil.set(fingerprint, expiresAtMs);
      restored++;
    }
    const { logger, meter } = this.#deps;
    meter.set(restoreMetrics.instances, restored, {});
    meter.add(restoreMetrics.rowsRefused, refused, {});
    if (refused > 0)
      logger.warn(
        'Stored alert instances could not be read and start anew; was the store written by another version?',
        { refused },
      );
    logger.info('Alert instances are restored', { instances: restored, rules: byRule.size });
    return byRule;
  }

  /** Until when a row written at `at` is good. */
  expiryOf(instance: Instance, at: WallMs): WallMs {
    const { state } = instance;
    return state.kind === 'resolved'
      ? state.resolvedAt + RESOLVED_RETENTION_MS
      : at + 2 * this.#outageToleranceMs;
  }

  /** Whether a row that expires then has lost half of its life. */
  isStale(expiresAt: WallMs, at: WallMs): boolean {
    return expiresAt - at < this.#outageToleranceMs;
  }

  save(rule: RuleKey, fingerprint: Fingerprint, instance: Instance, at: WallMs): void {
    this.#write(rule, fingerprint, at, this.expiryOf(instance, at), encodeInstance(instance));
  }

  forget(rule: RuleKey, fingerprint: Fingerprint, at: WallMs): void {
    this.#write(rule, fingerprint, at, at, new Uint8Array(0));
  }

  #write(rule: RuleKey, fingerprint: Fingerprint, at: WallMs, expiresAtMs: WallMs, bytes: Uint8Array): void {
    const seconds = Math.floor(at / 1000);
    const row = {
      tenant: this.#tenant,
      key: `${rule}/${fingerprint}`,
      seconds,
      nanos: Math.round(at - seconds * 1000) * 1_000_000,
      expiresAtMs,
      bytes,
    };
    // The committer counts and logs what it can't store; the alert itself does not wait for it.
    this.#committer.write('rule-instance', row).catch(() => undefined);
  }

  startCollectingGarbage(wall: () => WallMs): void {
    const waitMs = GARBAGE_INTERVAL_MS * (0.5 + this.#deps.random.float());
    this.#cancelGarbage = this.#deps.timers.after(waitMs, () => {
      this.#deps.store
        .collectGarbage('rule-instance', wall())
        .catch((cause: unknown) =>
          this.#deps.logger.warn('Expired alert instances could not be dropped; check the state store', {
            err: messageOf(cause),
          }),
        )
        .finally(() => {
          if (!this.#isStopped) this.startCollectingGarbage(wall);
        });
    });
  }

  async stop(budgetMs: number): Promise<void> {
    this.#isStopped = true;
    this.#cancelGarbage();
    await this.#committer.close(budgetMs);
  }

  #pause(): Promise<void> {
    return new Promise((resume) => void this.#deps.timers.after(0, resume));
  }
}
