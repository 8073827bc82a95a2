/**
 * @module scheduler-service/rule-runner
 *
 * One rule and its instances: asks, decides, and passes on what follows from the decision (rows,
 * events, alerts to send).
 *
 * Invariants
 *  - Between the answer of the query and the new state nothing is awaited: a reload that takes the
 *    instances over finds them before or after an evaluation, never within.
 *  - A runner that was stopped changes nothing any more, whatever answer still comes.
 */
import { AppError, InvariantError, messageOf } from '@tocsin/kernel';
import type { Clock, Logger, Meter, Span, Timers, Tracer, WallMs } from '@tocsin/kernel';
import { alertStateOf, evaluateRule, RuleExpander, templateSamples } from '@tocsin/evaluation';
import type {
  ActiveAlert,
  AlertingRule,
  Expanded,
  Instance,
  InstanceChange,
  Instances,
  RuleGroup,
  Sample,
} from '@tocsin/evaluation';
import type { Fingerprint } from '@tocsin/model';
import type { KnownQueries, TemplateSample } from '@tocsin/templating';
import type { QueryResult } from './data-source.ts';
import type { Emit } from './emitter.ts';
import type { InstanceStore, RuleKey, RuleMemory } from './instance-store.ts';
import { ruleMetrics } from './metrics.ts';
import { outgoingAlert } from './outgoing-alert.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';
import type { LoadedSource } from './rule-set.ts';
import type { SchedulerSettings } from './settings.ts';

export interface RunnerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly timers: Timers;
  readonly tracer: Tracer;
  readonly emit: Emit;
  readonly settings: SchedulerSettings;
  readonly instances: InstanceStore;
  /** Hands alerts to the queues of all alertmanagers; never waits. */
  readonly deliver: (alerts: readonly OutgoingAlert[]) => void;
}

/** Queries that the templates of a rule may make in one evaluation. */
const TEMPLATE_QUERIES_MAX = 100;
/** A query may depend on the answer of another one, this many times. */
const TEMPLATE_QUERY_ROUNDS_MAX = 5;

/** Samples whose templates are expanded in one go. */
const SAMPLES_PER_SLICE = 1_000;

const tooManyQueries = (): AppError =>
  new AppError(
    'limit',
    `expected at most ${TEMPLATE_QUERIES_MAX} queries in the templates of one evaluation`,
  );

export type RuleHealth = 'unknown' | 'ok' | 'err';

export interface RuleStatus {
  readonly health: RuleHealth;
  /** '' when the last evaluation was good. */
  readonly lastError: string;
  readonly evaluationSeconds: number;
  /** When it began; undefined before the first. */
  readonly lastEvaluation: WallMs | undefined;
}

export const notEvaluated: RuleStatus = {
  health: 'unknown',
  lastError: '',
  evaluationSeconds: 0,
  lastEvaluation: undefined,
};

export class RuleRunner {
  readonly rule: AlertingRule;
  readonly key: RuleKey;
  readonly #group: RuleGroup;
  readonly #source: LoadedSource;
  readonly #deps: RunnerDeps;
  readonly #index: number;
  #instances: Instances = new Map();
  readonly #storedUntil = new Map<Fingerprint, WallMs>();
  readonly #expander: RuleExpander;
  #lastFault: string | undefined;
  #status: RuleStatus = notEvaluated;
  #isStopped = false;

  constructor(
    rule: AlertingRule,
    key: RuleKey,
    index: number,
    group: RuleGroup,
    source: LoadedSource,
    deps: RunnerDeps,
  ) {
    this.rule = rule;
    this.key = key;
    this.#index = index;
    this.#group = group;
    this.#source = source;
    this.#deps = deps;
    this.#expander = new RuleExpander(rule, deps.settings);
  }

  get instances(): Instances {
    return this.#instances;
  }

  get status(): RuleStatus {
    return this.#status;
  }

  remember({ instances, storedUntil }: RuleMemory): void {
    this.#instances = instances;
    for (const [fingerprint, until] of storedUntil) this.#storedUntil.set(fingerprint, until);
  }

  /** No evaluation of this runner has an effect from now on. */
  stop(): RuleMemory {
    this.#isStopped = true;
    return { instances: this.#instances, storedUntil: this.#storedUntil };
  }

  /** The rule is gone: its rows are to be forgotten. */
  forget(at: WallMs): void {
    for (const fingerprint of this.#instances.keys()) this.#deps.instances.forget(this.key, fingerprint, at);
  }

  /** Never rejects. Resolves to the number of samples. */
  async evaluate(slot: WallMs): Promise<number> {
    const { clock, meter, tracer } = this.#deps;
    const startedAt = clock.mono();
    const begun = clock.wall();
    const span = tracer.start('rule', {
      attributes: {
        name: this.rule.name,
        group: this.#group.name,
        file: this.#group.file,
        index: this.#index,
        query_offset: this.#group.queryOffsetMs / 1000,
      },
    });
    let error = '';
    let samples = 0;
    try {
      samples = await this.#evaluate(slot, span);
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause;
      error = messageOf(cause);
    }
    span.set({ num_series: samples });
    span.end(error === '' ? undefined : error);
    if (this.#isStopped) return samples;
    const seconds = (clock.mono() - startedAt) / 1000;
    meter.add(ruleMetrics.evaluations, 1, this.#labels);
    meter.observe(ruleMetrics.evaluationDuration, seconds, {});
    if (error !== '') this.#failed(error, span);
    else if (this.#status.lastError !== '')
      this.#deps.logger.info('A rule can be evaluated again', this.#facts);
    this.#status = {
      health: error === '' ? 'ok' : 'err',
      lastError: error,
      evaluationSeconds: seconds,
      lastEvaluation: begun,
    };
    return samples;
  }

  async #evaluate(slot: WallMs, span: Span): Promise<number> {
    const { logger, meter, settings } = this.#deps;
    const { samples, warnings } = await this.#ask(this.rule.expr, slot, span);
    if (warnings.length > 0)
      logger.debug('The data source answered a query with warnings', { ...this.#facts, warnings });
    const active = await this.#expand(samples, slot, span);
    if (this.#isStopped) return samples.length;
    const { changes, due, error, instances } = evaluateRule(
      this.#instances,
      active,
      {
        forMs: this.rule.forMs,
        keepFiringForMs: this.rule.keepFiringForMs,
        intervalMs: this.#group.intervalMs,
        resendDelayMs: settings.resendDelayMs,
        limit: this.#group.limit,
      },
      slot,
      span.traceparent,
    );
    this.#instances = instances;
    this.#store(changes, slot);
    for (const change of changes) this.#report(change, span);
    this.#deps.deliver(this.outgoing(due, span.traceparent));
    if (error !== undefined && changes.length > 0) {
      meter.add(ruleMetrics.limitDrops, 1, this.#labels);
      this.#deps.emit(
        { type: 'dropped-at-limit', limit: 'rule group limit', value: this.#group.limit, what: error },
        span.traceparent,
      );
    }
    if (error !== undefined) throw AppError.invalid(error);
    return samples.length;
  }

  #ask(expr: string, slot: WallMs, { traceparent }: Span): Promise<QueryResult> {
    const { config, query } = this.#source;
    const timeoutMs = config.timeoutMs || this.#deps.settings.queryTimeoutMs;
    return query.instant(expr, slot - this.#group.queryOffsetMs, { timeoutMs, traceparent });
  }

  /** Expands until the templates have all the answers they ask for. */
  async #expand(samples: readonly Sample[], slot: WallMs, span: Span): Promise<readonly ActiveAlert[]> {
    const answers = new Map<string, readonly TemplateSample[] | AppError>();
    for (let round = 0; ; round++) {
      const { alerts, fault, missing } = await this.#expandOnce(samples, slot, answers);
      const isLast = missing.length === 0 || round === TEMPLATE_QUERY_ROUNDS_MAX || this.#isStopped;
      if (isLast) {
        this.#reportFault(fault);
        return alerts;
      }
      const asked = missing.map(async (expr) => {
        const isTooMany = answers.size >= TEMPLATE_QUERIES_MAX;
        if (!isTooMany) answers.set(expr, []);
        answers.set(expr, isTooMany ? tooManyQueries() : await this.#answer(expr, slot, span));
      });
      await Promise.all(asked);
    }
  }

  /** In slices: a rule of fifty thousand alerts must not hold up all other groups for a second. */
  async #expandOnce(samples: readonly Sample[], slot: WallMs, answers: KnownQueries): Promise<Expanded> {
    if (samples.length <= SAMPLES_PER_SLICE) return this.#expander.expand(samples, slot, answers);
    const alerts: ActiveAlert[] = [];
    const missing = new Set<string>();
    let fault: string | undefined;
    for (let from = 0; from < samples.length && !this.#isStopped; from += SAMPLES_PER_SLICE) {
      await new Promise<void>((resume) => void this.#deps.timers.after(0, resume));
      const part = this.#expander.expand(samples.slice(from, from + SAMPLES_PER_SLICE), slot, answers);
      for (const alert of part.alerts) alerts.push(alert);
      for (const expr of part.missing) missing.add(expr);
      fault ??= part.fault;
    }
    return { alerts, missing: [...missing], fault };
  }

  #answer(expr: string, slot: WallMs, span: Span): Promise<readonly TemplateSample[] | AppError> {
    return this.#ask(expr, slot, span).then(
      ({ samples }) => templateSamples(samples),
      (cause: unknown) => new AppError('unavailable', messageOf(cause)),
    );
  }

  #reportFault(fault: string | undefined): void {
    if (fault !== undefined && fault !== this.#lastFault) {
      this.#deps.logger.warn(
        'A template of a rule fails; the alert is sent with the error in its place. Mend the template',
        {
          ...this.#facts,
          err: fault,
        },
      );
    }
    this.#lastFault = fault;
  }

  /** As they are sent. */
  outgoing(instances: Iterable<Instance>, evaluation = ''): readonly OutgoingAlert[] {
    const { externalLabels } = this.#deps.settings;
    const generatorUrl = this.#source.query.link(this.rule.expr);
    return [...instances].flatMap(
      (instance) => outgoingAlert(instance, externalLabels, generatorUrl, evaluation) ?? [],
    );
  }

  /** What an alertmanager that has just turned up must know: all that was sent before. */
  live(): readonly OutgoingAlert[] {
    return this.outgoing([...this.#instances.values()].filter(({ lastSentAt }) => lastSentAt !== undefined));
  }

  #store(changes: readonly InstanceChange[], slot: WallMs): void {
    const store = this.#deps.instances;
    for (const { after, fingerprint } of changes) {
      if (after !== undefined) continue;
      store.forget(this.key, fingerprint, slot);
      this.#storedUntil.delete(fingerprint);
    }
    const changed = new Set(changes.map(({ fingerprint }) => fingerprint));
    for (const [fingerprint, instance] of this.#instances) {
      const until = this.#storedUntil.get(fingerprint);
      const isGood =
        until !== undefined && (instance.state.kind === 'resolved' || !store.isStale(until, slot));
      if (isGood && !changed.has(fingerprint)) continue;
      store.save(this.key, fingerprint, instance, slot);
      this.#storedUntil.set(fingerprint, store.expiryOf(instance, slot));
    }
  }

  #report({ after, before, fingerprint }: InstanceChange, span: Span): void {
    const from = alertStateOf(before?.state);
    const to = alertStateOf(after?.state);
    if (from === to) return;
    const value = String((after ?? before)?.value ?? '');
    this.#deps.emit(
      {
        type: 'rule-state-changed',
        rule: this.rule.name,
        group: this.#group.name,
        fingerprint,
        from,
        to,
        value,
      },
      span.traceparent,
    );
  }

  /** Once for each new reason: a source that is away all night is one line, not one for each rule and minute. */
  #failed(error: string, span: Span): void {
    this.#deps.meter.add(ruleMetrics.evaluationFailures, 1, this.#labels);
    if (error === this.#status.lastError) return;
    this.#deps.logger.warn(
      'A rule could not be evaluated; its alerts stay as they are. Check the expression and the data source',
      {
        ...this.#facts,
        err: error,
      },
    );
    this.#deps.emit(
      { type: 'rule-evaluation-failed', rule: this.rule.name, group: this.#group.name, error },
      span.traceparent,
    );
  }

  get #labels(): { readonly rule_group: string } {
    return { rule_group: `${this.#group.file};${this.#group.name}` };
  }

  get #facts(): { readonly rule: string; readonly group: string; readonly file: string } {
    return { rule: this.rule.name, group: this.#group.name, file: this.#group.file };
  }
}
