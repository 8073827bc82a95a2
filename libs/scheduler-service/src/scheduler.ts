/**
 * @module scheduler-service/scheduler
 *
 * The scheduler put together: files → groups → evaluations → rows, events and alerts for every
 * alertmanager. Several of them may run side by side with the same files: they evaluate at the same
 * time stamps, send equal alerts, and share the rows of the store.
 */
import { messageOf } from '@tocsin/kernel';
import type {
  Clock,
  HttpHandler,
  HttpOut,
  Logger,
  Meter,
  Random,
  ReadDocument,
  StateStore,
  Timers,
  Tracer,
} from '@tocsin/kernel';
import { alertStateOf } from '@tocsin/evaluation';
import type { EventSink } from '@tocsin/model';
import { Delivery } from './delivery.ts';
import type { AlertmanagerDirectory } from './delivery.ts';
import { emitter } from './emitter.ts';
import type { Emit } from './emitter.ts';
import { groupKeyOf, GroupRunner } from './group-runner.ts';
import type { RunnerDeps } from './rule-runner.ts';
import { InstanceStore } from './instance-store.ts';
import type { Restored } from './instance-store.ts';
import { reloadMetrics, restoreMetrics, ruleMetrics } from './metrics.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';
import { loadRuleSet } from './rule-set.ts';
import type { ConfigurationSource, LoadedGroup, RuleSet } from './rule-set.ts';
import { schedulerHttp } from './scheduler-http.ts';
import type { SchedulerSettings } from './settings.ts';
import { within } from './within.ts';

export interface SchedulerParts {
  readonly settings: SchedulerSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly events: EventSink;
  /** To the data sources. */
  readonly http: HttpOut;
  readonly store: StateStore;
  readonly alertmanagers: AlertmanagerDirectory;
  readonly configuration: ConfigurationSource;
  readonly readDocument: ReadDocument;
}

export interface Scheduler {
  readonly http: HttpHandler;
  /** Resolves when the instances are restored and the groups have started. Never rejects. */
  readonly ready: Promise<void>;
  /** Loads the files again. Rejects with AppError, every mistake in its message, and then changes nothing. */
  reload(): Promise<void>;
  /** Evaluates no more, delivers what waits and stores what changed, each within half of `budgetMs`. Idempotent. */
  stop(budgetMs?: number): Promise<void>;
}

const STOP_BUDGET_MS = 10_000;
/** Better an alert that starts its `for` again than none: after this the store is not waited for. */
const RESTORE_BUDGET_MS = 15_000;
const RESTORE_RETRY_MS = 500;

/** Rejects with AppError `invalid` when the files have mistakes; nothing runs then. */
export async function startScheduler(parts: SchedulerParts): Promise<Scheduler> {
  const { meter } = parts;
  meter.declare({ ...ruleMetrics, ...reloadMetrics });
  const running = new RunningScheduler(parts, loadRuleSet(await parts.configuration.load(), parts));
  return {
    http: schedulerHttp(running),
    ready: running.start(),
    reload: () => running.reload(),
    stop: (budgetMs = STOP_BUDGET_MS) => running.stop(budgetMs),
  };
}

class RunningScheduler {
  readonly #parts: SchedulerParts;
  readonly #delivery: Delivery;
  readonly #instances: InstanceStore;
  readonly #emit: Emit;
  readonly #groupDeps: RunnerDeps;
  /** By `file;group`, in the order of the files. */
  #runners: ReadonlyMap<string, GroupRunner> = new Map();
  #ruleSet: RuleSet;
  #isReady = false;
  #starting: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(parts: SchedulerParts, ruleSet: RuleSet) {
    this.#parts = parts;
    this.#ruleSet = ruleSet;
    this.#emit = emitter(parts);
    this.#instances = new InstanceStore(parts.settings.tenant, parts.settings.outageToleranceMs, parts);
    this.#delivery = new Delivery(parts.alertmanagers, () => this.#live(), parts);
    this.#groupDeps = {
      ...parts,
      emit: this.#emit,
      instances: this.#instances,
      deliver: (alerts) => this.#delivery.push(alerts),
    };
    this.#runners = new Map(
      ruleSet.groups.map((loaded) => [groupKeyOf(loaded.group), new GroupRunner(loaded, this.#groupDeps)]),
    );
    parts.meter.onCollect(() => this.#countAlerts());
    this.#tookOver(ruleSet);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get groups(): readonly GroupRunner[] {
    return [...this.#runners.values()];
  }

  get alertmanagers(): readonly string[] {
    return this.#delivery.targets;
  }

  start(): Promise<void> {
    return (this.#starting = this.#start());
  }

  /** One load after the other, so that each sees the files as they are after the call. */
  reload(): Promise<void> {
    return (this.#reloading = this.#reloading.catch(() => undefined).then(() => this.#reload()));
  }

  stop(budgetMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(budgetMs / 2));
  }

  async #start(): Promise<void> {
    const restored = await this.#restore();
    if (this.#stopping !== undefined) return;
    for (const runner of this.#runners.values()) {
      runner.remember({ rules: restored, lastSlot: undefined });
      runner.start();
    }
    this.#isReady = true;
    this.#instances.startCollectingGarbage(() => this.#parts.clock.wall());
    this.#parts.logger.info('The scheduler is ready', {
      groups: this.#runners.size,
      alertmanagers: this.alertmanagers,
    });
  }

  async #restore(): Promise<Restored> {
    const { clock, logger, meter, timers } = this.#parts;
    const deadline = clock.mono() + RESTORE_BUDGET_MS;
    for (;;) {
      const leftMs = deadline - clock.mono();
      try {
        return await within(
          timers,
          Math.max(leftMs, 0),
          'state store',
          this.#instances.restore(clock.wall()),
        );
      } catch (cause) {
        meter.add(restoreMetrics.restoreFailures, 1, {});
        if (leftMs <= RESTORE_RETRY_MS || this.#stopping !== undefined) {
          logger.error(
            'Alert instances could not be restored; every `for` starts again. Check the state store',
            {
              err: messageOf(cause),
            },
          );
          return new Map();
        }
        logger.warn('Alert instances can not be restored yet; trying again', { err: messageOf(cause) });
        await new Promise<void>((resume) => void timers.after(RESTORE_RETRY_MS, resume));
      }
    }
  }

  async #stop(budgetMs: number): Promise<void> {
    for (const runner of this.#runners.values()) runner.stop();
    await Promise.all([this.#delivery.stop(budgetMs), this.#instances.stop(budgetMs)]);
  }

  async #reload(): Promise<void> {
    const { configuration, logger, meter } = this.#parts;
    // Instances that are still being restored would be lost to new runners.
    await this.#starting;
    try {
      const ruleSet = loadRuleSet(await configuration.load(), this.#parts, this.#ruleSet);
      if (this.#stopping === undefined) this.#takeOver(ruleSet);
    } catch (cause) {
      meter.set(reloadMetrics.successful, 0, {});
      logger.error('The rules could not be loaded and the ones before stay; mend the files and load again', {
        err: messageOf(cause),
      });
      this.#emit({ type: 'configuration-refused', error: messageOf(cause) });
      throw cause;
    }
  }

  /** Groups that did not change run on undisturbed; of the others each rule keeps its instances. Synchronous. */
  #takeOver(ruleSet: RuleSet): void {
    const before = this.#runners;
    const runners = new Map<string, GroupRunner>();
    const started: GroupRunner[] = [];
    for (const loaded of ruleSet.groups) {
      const key = groupKeyOf(loaded.group);
      const known = before.get(key);
      const isSame = known !== undefined && isSameGroup(known.loaded, loaded);
      const runner = isSame ? known : new GroupRunner(loaded, this.#groupDeps);
      runners.set(key, runner);
      if (!isSame) started.push(runner);
    }
    for (const [key, runner] of before) {
      const successor = runners.get(key);
      if (successor === runner) continue;
      const memory = runner.stop();
      successor?.remember(memory);
      const kept = new Set(successor?.runners.map((each) => each.key));
      const at = memory.lastSlot ?? this.#parts.clock.wall();
      for (const each of runner.runners) if (!kept.has(each.key)) each.forget(at);
    }
    this.#runners = runners;
    this.#ruleSet = ruleSet;
    for (const runner of started) runner.start();
    this.#tookOver(ruleSet);
  }

  #tookOver({ groups, hash }: RuleSet): void {
    const { clock, logger, meter } = this.#parts;
    meter.set(reloadMetrics.successful, 1, {});
    meter.set(reloadMetrics.successTimestamp, clock.wall() / 1000, {});
    this.#emit({ type: 'configuration-loaded', hash });
    const recording = groups.flatMap(({ group }) => group.rules.filter(({ kind }) => kind === 'recording'));
    logger.info('Rules are loaded', { groups: groups.length, hash });
    if (recording.length > 0) {
      logger.warn(
        'Recording rules are not run, since there is no store to write to; let the data source run them',
        {
          rules: recording.length,
        },
      );
    }
  }

  #live(): readonly OutgoingAlert[] {
    return this.groups.flatMap(({ runners }) => runners.flatMap((runner) => runner.live()));
  }

  #countAlerts(): void {
    let pending = 0;
    let firing = 0;
    for (const { runners } of this.#runners.values()) {
      for (const { instances } of runners) {
        for (const { state } of instances.values()) {
          const shown = alertStateOf(state);
          if (shown === 'pending') pending++;
          else if (shown === 'firing') firing++;
        }
      }
    }
    this.#parts.meter.set(ruleMetrics.alerts, pending, { state: 'pending' });
    this.#parts.meter.set(ruleMetrics.alerts, firing, { state: 'firing' });
  }
}

const isSameGroup = (a: LoadedGroup, b: LoadedGroup): boolean =>
  a.source.query === b.source.query && JSON.stringify(a.group) === JSON.stringify(b.group);
