/**
 * Recorded evaluations of Prometheus against our state machine: `live` cases with what was sent,
 * `promtool` cases by their active alerts (the queries are the data source's business), and of the
 * restarts the one on which we agree.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertStateOf, endOf, evaluateRule } from '@tocsin/evaluation';
import type { ActiveAlert, Instance, Instances, RuleTiming } from '@tocsin/evaluation';
import { LabelSet, parseDuration } from '@tocsin/model';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';

type Labels = Readonly<Record<string, string>>;

interface Expected {
  readonly alert?: string;
  readonly labels: Labels;
  readonly state: string;
  readonly active_at: number;
  readonly sent?: boolean;
  readonly starts_at?: number;
  readonly ends_at?: number;
}

interface LiveCase {
  readonly id: string;
  readonly kind: 'live';
  readonly rule: { readonly for_s: number; readonly keep_firing_for_s: number };
  readonly group: { readonly interval_s: number; readonly limit: number };
  readonly resend_delay_s: number;
  readonly steps: readonly {
    readonly t: number;
    readonly active?: readonly Labels[];
    readonly evaluation_error?: boolean;
    readonly expect_error?: boolean;
    readonly expect: readonly Expected[];
  }[];
}

interface PromtoolCase {
  readonly id: string;
  readonly kind: 'promtool';
  readonly rules: readonly {
    readonly alert?: string;
    readonly for?: string;
    readonly keep_firing_for?: string;
  }[];
  readonly interval_s: number;
  readonly steps: readonly {
    readonly t: number;
    readonly active: Readonly<Record<string, readonly Labels[]>>;
    readonly expect: readonly Expected[];
  }[];
}

interface RestoreCase {
  readonly id: string;
  readonly kind: 'restore';
  readonly rule: { readonly for_s: number };
  readonly group: { readonly interval_s: number };
  readonly resend_delay_s: number;
  readonly before: { readonly state: string };
  readonly after: readonly {
    readonly at: number | string;
    readonly state?: string;
    readonly active_at?: number | string;
    readonly starts_at?: number;
    readonly ends_at?: number;
  }[];
}

const activeOf = (labels: Labels): ActiveAlert => ({
  labels: LabelSet.fromObject(labels),
  annotations: LabelSet.empty,
  value: 1,
});

const byLabels = (a: { readonly labels: unknown }, b: { readonly labels: unknown }): number =>
  JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1;

function shown(instance: Instance, due: readonly Instance[]): Expected {
  const { state } = instance;
  const isSent = due.includes(instance);
  return {
    labels: JSON.parse(instance.labels.json) as Labels,
    state: alertStateOf(state),
    active_at: state.activeAt / 1000,
    sent: isSent,
    ...(isSent && state.kind !== 'pending'
      ? { starts_at: state.firedAt / 1000, ends_at: endOf(instance) / 1000 }
      : {}),
  };
}

const sortedKeys = (value: Expected): unknown => [
  Object.entries(value.labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  value.state,
  value.active_at,
  value.sent,
  value.starts_at,
  value.ends_at,
];

function difference(found: readonly Expected[], expected: readonly Expected[]): string | undefined {
  const text = (list: readonly Expected[]): string => JSON.stringify(list.toSorted(byLabels).map(sortedKeys));
  return text(found) === text(expected) ? undefined : `expected ${text(expected)}, found ${text(found)}`;
}

function runLive(each: LiveCase): string | undefined {
  const timing: RuleTiming = {
    forMs: each.rule.for_s * 1000,
    keepFiringForMs: each.rule.keep_firing_for_s * 1000,
    intervalMs: each.group.interval_s * 1000,
    resendDelayMs: each.resend_delay_s * 1000,
    limit: each.group.limit,
  };
  let instances: Instances = new Map();
  for (const step of each.steps) {
    let due: readonly Instance[] = [];
    let isFailed = step.evaluation_error === true;
    if (!isFailed) {
      const evaluation = evaluateRule(instances, (step.active ?? []).map(activeOf), timing, step.t * 1000);
      ({ due, instances } = evaluation);
      isFailed = evaluation.error !== undefined;
      if (isFailed !== (step.expect_error === true))
        return `t=${step.t}: error ${evaluation.error ?? 'expected'}`;
    }
    const listed = [...instances.values()].filter(({ state }) => !isFailed || state.kind !== 'resolved');
    const wrong = difference(
      listed.map((instance) => shown(instance, due)),
      step.expect,
    );
    if (wrong !== undefined) return `t=${step.t}: ${wrong}`;
  }
  return undefined;
}

function runPromtool(each: PromtoolCase): string | undefined {
  const rules = each.rules.filter((rule) => rule.alert !== undefined);
  const states = new Map<string, Instances>();
  for (const step of each.steps) {
    const found: Expected[] = [];
    for (const { alert = '', for: forText = '0', keep_firing_for: keepText = '0' } of rules) {
      const timing: RuleTiming = {
        forMs: parseDuration(forText),
        keepFiringForMs: parseDuration(keepText),
        intervalMs: each.interval_s * 1000,
        resendDelayMs: 60_000,
        limit: 0,
      };
      const active = (step.active[alert] ?? []).map(activeOf);
      const { instances } = evaluateRule(states.get(alert) ?? new Map(), active, timing, step.t * 1000);
      states.set(alert, instances);
      for (const { labels, state } of instances.values()) {
        if (state.kind === 'resolved') continue;
        found.push({
          labels: { ...(JSON.parse(labels.json) as Labels), alert },
          state: alertStateOf(state),
          active_at: state.activeAt / 1000,
        });
      }
    }
    const expected = step.expect.map(({ active_at, alert = '', labels, state }) => ({
      labels: { ...labels, alert },
      state,
      active_at,
    }));
    const wrong = difference(found, expected);
    if (wrong !== undefined) return `t=${step.t}: ${wrong}`;
  }
  return undefined;
}

/** Nothing was active before, so nothing is restored, and the alert starts from zero. */
function runRestore(each: RestoreCase): string | undefined {
  const timing: RuleTiming = {
    forMs: each.rule.for_s * 1000,
    keepFiringForMs: 0,
    intervalMs: each.group.interval_s * 1000,
    resendDelayMs: each.resend_delay_s * 1000,
    limit: 0,
  };
  const first = each.after[0]?.at;
  const last = each.after.at(-1)?.at;
  if (typeof first !== 'number' || typeof last !== 'number') return 'times are not numbers';
  let instances: Instances = new Map();
  for (let t = Math.round(first * 1000); t <= last * 1000; t += timing.intervalMs) {
    const evaluation = evaluateRule(instances, [activeOf({})], timing, t);
    ({ instances } = evaluation);
    const expected = each.after.find(({ at }) => at === t / 1000);
    const [found] = [...instances.values()].map((instance) => shown(instance, evaluation.due));
    for (const key of ['state', 'active_at', 'starts_at', 'ends_at'] as const) {
      const wanted = expected?.[key];
      if (wanted !== undefined && wanted !== found?.[key])
        return `t=${t / 1000}: ${key} is ${found?.[key]}, expected ${wanted}`;
    }
  }
  return undefined;
}

const RESTORE_DIFFERS =
  'our instances are stored, so an alert comes back with the activeAt and startsAt it had, whatever its `for`; Prometheus has only its own samples to guess from';

export const set: ConformanceSet = {
  area: 'scheduler',
  name: 'prometheus-state-machine',
  run(dir) {
    const { cases } = JSON.parse(
      readFileSync(join(dir, 'scheduler/prometheus-state-machine.json'), 'utf8'),
    ) as {
      readonly cases: readonly (LiveCase | PromtoolCase | RestoreCase)[];
    };
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    let passed = 0;
    for (const each of cases) {
      if (each.kind === 'restore' && each.before.state !== 'inactive') {
        notCovered.push({ case: each.id, why: RESTORE_DIFFERS });
        continue;
      }
      const why =
        each.kind === 'live'
          ? runLive(each)
          : each.kind === 'promtool'
            ? runPromtool(each)
            : runRestore(each);
      if (why === undefined) passed++;
      else failed.push({ case: each.id, why });
    }
    return { passed, failed, notCovered };
  },
};
