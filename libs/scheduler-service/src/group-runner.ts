/**
 * @module scheduler-service/group-runner
 *
 * The loop of one group: its rules one after the other, at each slot of its schedule. Groups share
 * nothing but the queues behind them, so a group whose data source hangs is late alone.
 */
import type { Cancel, WallMs } from '@tocsin/kernel';
import { nextSlot, scheduleOf, slotAt } from '@tocsin/evaluation';
import type { Rule, RuleGroup, Schedule } from '@tocsin/evaluation';
import { ruleKeyOf } from './instance-store.ts';
import type { RuleKey, RuleMemory } from './instance-store.ts';
import { ruleMetrics } from './metrics.ts';
import { notEvaluated, RuleRunner } from './rule-runner.ts';
import type { RuleStatus, RunnerDeps } from './rule-runner.ts';
import type { LoadedGroup } from './rule-set.ts';

/** A rule of the group as the API shows it. */
export type RuleEntry =
  | { readonly rule: Rule & { readonly kind: 'alerting' }; readonly runner: RuleRunner }
  | { readonly rule: Rule & { readonly kind: 'recording' }; readonly runner: undefined };

const RECORDING_STATUS: RuleStatus = {
  ...notEvaluated,
  health: 'err',
  lastError:
    'recording rules are not run: they need a store that samples can be written to; let the data source evaluate this rule',
};

export interface GroupMemory {
  readonly rules: ReadonlyMap<RuleKey, RuleMemory>;
  /** Slot of the last evaluation that was completed. */
  readonly lastSlot: WallMs | undefined;
}

export class GroupRunner {
  readonly group: RuleGroup;
  readonly loaded: LoadedGroup;
  readonly entries: readonly RuleEntry[];
  readonly #schedule: Schedule;
  readonly #deps: RunnerDeps;
  #cancel: Cancel = () => undefined;
  #isStopped = false;
  #lastSlot: WallMs | undefined;
  #lastEvaluation: WallMs | undefined;
  #evaluationSeconds = 0;

  constructor(loaded: LoadedGroup, deps: RunnerDeps) {
    this.loaded = loaded;
    this.group = loaded.group;
    this.#deps = deps;
    this.#schedule = scheduleOf(loaded.group);
    this.entries = ruleEntries(loaded, deps);
  }

  /** Of the last evaluation, which may not be over yet. */
  get lastEvaluation(): WallMs | undefined {
    return this.#lastEvaluation;
  }

  get evaluationSeconds(): number {
    return this.#evaluationSeconds;
  }

  get runners(): readonly RuleRunner[] {
    return this.entries.flatMap(({ runner }) => runner ?? []);
  }

  /** Takes over what a runner of the same group before it, or the store, knows. */
  remember(memory: GroupMemory): void {
    for (const runner of this.runners) {
      const known = memory.rules.get(runner.key);
      if (known !== undefined) runner.remember(known);
    }
    const { lastSlot } = memory;
    const isOnSchedule = lastSlot !== undefined && slotAt(this.#schedule, lastSlot) === lastSlot;
    if (isOnSchedule) this.#lastSlot = lastSlot;
  }

  /** First evaluation at the next slot, or at once at the current one when a runner before left it undone. */
  start(): void {
    const { clock, meter } = this.#deps;
    meter.set(ruleMetrics.interval, this.group.intervalMs / 1000, this.#labels);
    meter.set(ruleMetrics.rules, this.group.rules.length, this.#labels);
    for (const counter of [
      ruleMetrics.evaluations,
      ruleMetrics.evaluationFailures,
      ruleMetrics.iterations,
      ruleMetrics.iterationsMissed,
    ]) {
      meter.add(counter, 0, this.#labels);
    }
    this.#arm(this.#lastSlot ?? slotAt(this.#schedule, clock.wall()));
  }

  stop(): GroupMemory {
    this.#isStopped = true;
    this.#cancel();
    return {
      rules: new Map(this.runners.map((runner) => [runner.key, runner.stop()])),
      lastSlot: this.#lastSlot,
    };
  }

  #arm(last: WallMs): void {
    const { clock, meter, timers } = this.#deps;
    const { waitMs } = nextSlot(this.#schedule, last, clock.wall());
    this.#cancel = timers.after(waitMs, () => {
      // Asked again: the timer may be late.
      const { missed, slot } = nextSlot(this.#schedule, last, clock.wall());
      meter.add(ruleMetrics.iterations, 1 + missed, this.#labels);
      meter.add(ruleMetrics.iterationsMissed, missed, this.#labels);
      void this.#evaluate(slot).then(() => {
        if (!this.#isStopped) this.#arm(slot);
      });
    });
  }

  async #evaluate(slot: WallMs): Promise<void> {
    const { clock, meter } = this.#deps;
    const startedAt = clock.mono();
    this.#lastEvaluation = clock.wall();
    let samples = 0;
    let sum = 0;
    for (const runner of this.runners) {
      samples += await runner.evaluate(slot);
      if (this.#isStopped) return;
      sum += runner.status.evaluationSeconds;
    }
    this.#lastSlot = slot;
    this.#evaluationSeconds = (clock.mono() - startedAt) / 1000;
    meter.observe(ruleMetrics.groupDuration, this.#evaluationSeconds, {});
    meter.set(ruleMetrics.lastDuration, this.#evaluationSeconds, this.#labels);
    meter.set(ruleMetrics.lastRuleDurationSum, sum, this.#labels);
    meter.set(ruleMetrics.lastEvaluation, this.#lastEvaluation / 1000, this.#labels);
    meter.set(ruleMetrics.lastSamples, samples, this.#labels);
  }

  get #labels(): { readonly rule_group: string } {
    return { rule_group: groupKeyOf(this.group) };
  }
}

export const groupKeyOf = (group: Pick<RuleGroup, 'file' | 'name'>): string => `${group.file};${group.name}`;

export const statusOf = ({ runner }: RuleEntry): RuleStatus => runner?.status ?? RECORDING_STATUS;

function ruleEntries({ group, source }: LoadedGroup, deps: RunnerDeps): readonly RuleEntry[] {
  const ordinals = new Map<RuleKey, number>();
  return group.rules.map((rule, index) => {
    if (rule.kind === 'recording') return { rule, runner: undefined };
    const first = ruleKeyOf(group, rule, 0);
    const ordinal = ordinals.get(first) ?? 0;
    ordinals.set(first, ordinal + 1);
    return {
      rule,
      runner: new RuleRunner(rule, ruleKeyOf(group, rule, ordinal), index, group, source, deps),
    };
  });
}
