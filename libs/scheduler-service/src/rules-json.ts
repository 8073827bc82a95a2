/**
 * @module scheduler-service/rules-json
 *
 * Rules and alerts as Prometheus' API shows them (spec/scheduler.md 7.1), written in slices: a page
 * of a hundred thousand alerts must not hold up the evaluations. Labels come as finished JSON from
 * the label set, in their order, whatever they are called.
 */
import type { WallMs } from '@tocsin/kernel';
import { alertStateOf } from '@tocsin/evaluation';
import type { AlertState, Instance } from '@tocsin/evaluation';
import { formatNanos, instantOf } from '@tocsin/model';
import { statusOf } from './group-runner.ts';
import type { GroupRunner, RuleEntry } from './group-runner.ts';
import type { RulesPage } from './rules-query.ts';

const ALERTS_PER_SLICE = 500;

export async function* rulesJson(page: RulesPage, isWithoutAlerts: boolean): AsyncGenerator<string> {
  yield '{"status":"success","data":{"groups":[';
  let separator = '';
  for (const { entries, runner } of page.groups) {
    yield `${separator}${groupHead(runner)},"rules":[`;
    separator = ',';
    let between = '';
    for (const entry of entries) {
      yield `${between}{${ruleFields(entry)}`;
      between = ',';
      if (entry.runner !== undefined) {
        yield ',"alerts":';
        if (isWithoutAlerts) yield 'null';
        else yield* alertList([entry]);
      }
      yield '}';
    }
    yield ']}';
  }
  yield `]${page.nextToken === undefined ? '' : `,"groupNextToken":"${page.nextToken}"`}}}`;
}

/** Pending and firing ones of all rules. */
export async function* alertsJson(runners: readonly GroupRunner[]): AsyncGenerator<string> {
  yield '{"status":"success","data":{"alerts":';
  yield* alertList(runners.flatMap((runner) => runner.entries));
  yield '}}';
}

async function* alertList(entries: readonly RuleEntry[]): AsyncGenerator<string> {
  let slice: string[] = [];
  let separator = '[';
  for (const { runner } of entries) {
    for (const instance of runner?.instances.values() ?? []) {
      if (instance.state.kind !== 'resolved') slice.push(alertJson(instance));
      if (slice.length < ALERTS_PER_SLICE) continue;
      yield separator + slice.join(',');
      separator = ',';
      slice = [];
    }
  }
  if (slice.length > 0) {
    yield separator + slice.join(',');
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

function alertJson({ annotations, labels, state, value }: Instance): string {
  const since = state.kind === 'keeping' ? `,"keepFiringSince":"${timeText(state.since)}"` : '';
  return (
    `{"labels":${labels.json},"annotations":${annotations.json},"state":"${alertStateOf(state)}",` +
    `"activeAt":"${timeText(state.activeAt)}"${since},"value":"${formatValue(value)}"}`
  );
}

function groupHead({ evaluationSeconds, group, lastEvaluation }: GroupRunner): string {
  const head = {
    name: group.name,
    file: group.file,
    interval: group.intervalMs / 1000,
    limit: group.limit,
    evaluationTime: evaluationSeconds,
    lastEvaluation: timeText(lastEvaluation),
  };
  return JSON.stringify(head).slice(0, -1);
}

function ruleFields(entry: RuleEntry): string {
  const { rule, runner } = entry;
  const { evaluationSeconds, health, lastError, lastEvaluation } = statusOf(entry);
  const ofAlert =
    rule.kind === 'recording'
      ? []
      : [
          `"state":${JSON.stringify(highestState(runner?.instances.values() ?? []))}`,
          `"duration":${rule.forMs / 1000}`,
          `"keepFiringFor":${rule.keepFiringForMs / 1000}`,
          `"annotations":${rule.annotations.json}`,
        ];
  return [
    `"type":"${rule.kind}"`,
    `"name":${JSON.stringify(rule.name)}`,
    `"query":${JSON.stringify(rule.expr)}`,
    `"labels":${rule.labels.json}`,
    ...ofAlert,
    `"health":"${health}"`,
    ...(lastError === '' ? [] : [`"lastError":${JSON.stringify(lastError)}`]),
    `"evaluationTime":${evaluationSeconds}`,
    `"lastEvaluation":"${timeText(lastEvaluation)}"`,
  ].join(',');
}

function highestState(instances: Iterable<Instance>): AlertState {
  let highest: AlertState = 'inactive';
  for (const { state } of instances) {
    const each = alertStateOf(state);
    if (each === 'firing') return 'firing';
    if (each === 'pending') highest = 'pending';
  }
  return highest;
}

/** RFC 3339; Go's zero time for what has not happened. */
const timeText = (at: WallMs | undefined): string =>
  at === undefined ? '0001-01-01T00:00:00Z' : formatNanos(instantOf(at));

/** As Go's strconv.FormatFloat(value, 'e', -1, 64): `1e+00`, `NaN`, `+Inf`. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value
    .toExponential()
    .replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);
}
