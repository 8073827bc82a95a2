/**
 * @module evaluation/rule-file
 *
 * Prometheus rule files (spec/scheduler.md 1.5): what is in one, and everything that is wrong with
 * it. Decoding never stops at the first mistake, since an author mends a file in one go.
 *
 * Expressions are judged by a function handed in: what one may say depends on the data source.
 */
import { Field, isWellFormed, messageOf, Mistakes } from '@tocsin/kernel';
import type { DocNode, Mistake, Position } from '@tocsin/kernel';
import { LabelSet, parseDuration } from '@tocsin/model';
import type { LabelPair } from '@tocsin/model';
import { checkRuleTemplate } from '@tocsin/templating';
import type { AlertingRule, Rule, RuleGroup } from './rule.ts';

export interface RuleFileOptions {
  /** As the operator named it. */
  readonly file: string;
  /** For groups without `interval`. */
  readonly intervalMs: number;
  /** For groups without `query_offset`. */
  readonly queryOffsetMs: number;
  /** What is wrong with the expression, or undefined. */
  readonly checkExpression: (expr: string) => string | undefined;
}

export interface DecodedRuleFile {
  /** Complete only when there is no mistake. */
  readonly groups: readonly RuleGroup[];
  readonly mistakes: readonly Mistake[];
}

/** `root`: the file's first document. Never throws. */
export function decodeRuleFile(root: DocNode, options: RuleFileOptions): DecodedRuleFile {
  const mistakes = new Mistakes();
  const decoder = new Decoder(options);
  const groups = decoder.file(Field.root(root, mistakes));
  return { groups, mistakes: mistakes.list };
}

const GROUP_FIELDS = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules'] as const;
const RULE_FIELDS = ['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'] as const;
type RuleFields = Partial<Record<(typeof RULE_FIELDS)[number], Field>>;

class Decoder {
  readonly #options: RuleFileOptions;

  constructor(options: RuleFileOptions) {
    this.#options = options;
  }

  file(root: Field): readonly RuleGroup[] {
    const fields = root.object(['groups']);
    const groups: RuleGroup[] = [];
    const names = new Set<string>();
    for (const each of fields?.groups?.items() ?? []) {
      const group = this.#group(each);
      if (group === undefined) continue;
      if (names.has(group.name))
        each.fail(`group name ${JSON.stringify(group.name)} is repeated in the file`);
      names.add(group.name);
      groups.push(group);
    }
    return groups;
  }

  #group(field: Field): RuleGroup | undefined {
    const fields = field.object(GROUP_FIELDS);
    if (fields === undefined) return undefined;
    const name = fields.name?.string() ?? '';
    if (name === '' && fields.name?.node.kind !== 'list' && fields.name?.node.kind !== 'map') {
      (fields.name ?? field).fail('expected a group name that is not empty');
    }
    const labels = labelsOf(fields.labels);
    const rules = (fields.rules?.items() ?? []).flatMap((each) => this.#rule(each, labels) ?? []);
    const alerting = rules.find((rule) => rule.kind === 'alerting');
    if (alerting !== undefined) this.#checkTemplates(fields.labels, alerting.name);
    return {
      file: this.#options.file,
      name,
      intervalMs: durationOf(fields.interval) || this.#options.intervalMs,
      queryOffsetMs: durationOf(fields.query_offset) ?? this.#options.queryOffsetMs,
      limit: fields.limit === undefined || fields.limit.isNull ? 0 : (fields.limit.integer() ?? 0),
      rules,
    };
  }

  #rule(field: Field, groupLabels: LabelSet): Rule | undefined {
    const fields = field.object(RULE_FIELDS);
    if (fields === undefined) return undefined;
    const alert = fields.alert?.string() ?? '';
    const record = fields.record?.string() ?? '';
    if (alert !== '' && record !== '') return field.fail("only one of 'record' and 'alert' must be set");
    if (alert === '' && record === '') field.fail("one of 'record' or 'alert' must be set");
    const expr = this.#expression(fields.expr, field);
    const labels = groupLabels.merge(labelsOf(fields.labels));
    if (record === '') return this.#alertingRule(alert, expr, labels, fields);
    for (const name of ['for', 'keep_firing_for'] as const) {
      if ((durationOf(fields[name]) ?? 0) !== 0)
        fields[name]?.fail(`invalid field '${name}' in recording rule`);
    }
    if (labelsOf(fields.annotations).size > 0)
      fields.annotations?.fail("invalid field 'annotations' in recording rule");
    if (!isWellFormed(record)) fields.record?.fail(`invalid recording rule name ${JSON.stringify(record)}`);
    if (/[{}]/.test(record))
      fields.record?.fail(
        `braces in the recording rule name ${JSON.stringify(record)}; labels belong under 'labels'`,
      );
    return { kind: 'recording', name: record, expr, labels };
  }

  #alertingRule(name: string, expr: string, labels: LabelSet, fields: RuleFields): AlertingRule {
    this.#checkTemplates(fields.labels, name);
    this.#checkTemplates(fields.annotations, name);
    return {
      kind: 'alerting',
      name,
      expr,
      forMs: durationOf(fields.for) ?? 0,
      keepFiringForMs: durationOf(fields.keep_firing_for) ?? 0,
      labels,
      annotations: labelsOf(fields.annotations),
    };
  }

  #expression(field: Field | undefined, rule: Field): string {
    const expr = field?.string();
    if (field === undefined || expr === '') (field ?? rule).fail("field 'expr' must be set in rule");
    if (field === undefined || expr === undefined || expr === '') return '';
    const mistake = this.#options.checkExpression(expr);
    if (mistake !== undefined) field.fail(`could not parse expression: ${mistake}`);
    return expr;
  }

  /** Templates are parsed as soon as they are read: what fails only at an evaluation fails at three in the morning. */
  #checkTemplates(field: Field | undefined, name: string): void {
    if (field?.node.kind !== 'map') return;
    for (const [, value] of field.entries() ?? []) {
      if (value.node.kind !== 'scalar') continue;
      try {
        checkRuleTemplate(value.node.text, name);
      } catch (cause) {
        value.fail(messageOf(cause));
      }
    }
  }
}

function durationOf(field: Field | undefined): number | undefined {
  if (field === undefined || field.isNull) return undefined;
  const text = field.string();
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (cause) {
    return field.fail(messageOf(cause));
  }
}

function labelsOf(field: Field | undefined): LabelSet {
  const pairs: LabelPair[] = [];
  for (const [name, value, at] of field?.entries() ?? []) {
    if (name === '' || name === '__name__' || !isWellFormed(name)) reportName(value, at, name);
    const text = value.string();
    if (text !== undefined) pairs.push([name, text]);
  }
  return LabelSet.of(pairs);
}

const reportName = (value: Field, at: Position, name: string): void =>
  value.mistakes.add(at, value.path, `invalid label name ${JSON.stringify(name)}`);
