/**
 * @module evaluation/expand
 *
 * From the samples of a query to active alerts: labels without `__name__`, the rule's labels on top
 * (templates; an empty one deletes), then `alertname`; annotations from their templates
 * (spec/scheduler.md 3.10).
 *
 * Templates may ask the data source (`query`), and asking takes time, which nothing here has. So an
 * expansion names the expressions it lacks; its caller asks, and expands again with the answers.
 */
import type { WallMs } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import type { LabelPair } from '@tocsin/model';
import { RuleTemplate } from '@tocsin/templating';
import type { KnownQueries, RuleTemplateData, TemplateSample } from '@tocsin/templating';
import type { AlertingRule } from './rule.ts';

/** One element of an instant vector. */
export interface Sample {
  /** With `__name__`. */
  readonly labels: LabelSet;
  readonly value: number;
}

/** What a sample made: an alert that holds at this evaluation. */
export interface ActiveAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly value: number;
}

/** Of the whole scheduler. */
export interface TemplateSettings {
  readonly externalLabels: LabelSet;
  /** Without a slash at the end. */
  readonly externalUrl: string;
}

export interface Expanded {
  /** Final only when nothing is missing. */
  readonly alerts: readonly ActiveAlert[];
  /** Expressions that templates ask for and `answers` lacks. */
  readonly missing: readonly string[];
  /** The first fault at execution; its text stands in place of the label or annotation. */
  readonly fault: string | undefined;
}

/** Parses the templates of a rule once, for all its evaluations. Throws AppError `invalid` for one that can't be parsed. */
export class RuleExpander {
  readonly #rule: AlertingRule;
  readonly #settings: TemplateSettings;
  readonly #labels: readonly NamedTemplate[];
  readonly #annotations: readonly NamedTemplate[];
  /** Annotations without templates are the same for all alerts, and so one object. */
  readonly #fixedAnnotations: LabelSet | undefined;

  constructor(rule: AlertingRule, settings: TemplateSettings) {
    this.#rule = rule;
    this.#settings = settings;
    this.#labels = templatesOf(rule.labels, rule.name);
    this.#annotations = templatesOf(rule.annotations, rule.name);
    const isFixed = this.#annotations.every(({ template }) => template === undefined);
    this.#fixedAnnotations = isFixed ? rule.annotations.filter((_, text) => text !== '') : undefined;
  }

  /** `now`: evaluation time. */
  expand(samples: readonly Sample[], now: WallMs, answers: KnownQueries): Expanded {
    const run = new Run(now, answers);
    const alerts = samples.map((sample): ActiveAlert => {
      const data: RuleTemplateData = {
        labels: sample.labels.pairs,
        value: sample.value,
        externalLabels: this.#settings.externalLabels.pairs,
        externalURL: this.#settings.externalUrl,
      };
      const expand = ({ name, template, text }: NamedTemplate): LabelPair => [
        name,
        template === undefined ? text : run.expand(template, data),
      ];
      return {
        labels: this.#alertLabels(sample, expand),
        annotations: this.#fixedAnnotations ?? withoutEmpty(this.#annotations.map(expand)),
        value: sample.value,
      };
    });
    return { alerts, missing: [...run.missing], fault: run.fault };
  }

  #alertLabels(sample: Sample, expand: (template: NamedTemplate) => LabelPair): LabelSet {
    const pairs = sample.labels.pairs.filter(([name]) => name !== '__name__');
    for (const template of this.#labels) pairs.push(expand(template));
    pairs.push(['alertname', this.#rule.name]);
    return withoutEmpty(pairs);
  }
}

/** The answer of a query as templates take it. */
export const templateSamples = (samples: readonly Sample[]): readonly TemplateSample[] =>
  samples.map(({ labels, value }) => ({ labels: labels.pairs, value }));

const withoutEmpty = (pairs: readonly LabelPair[]): LabelSet =>
  LabelSet.of(pairs).filter((_, text) => text !== '');

interface NamedTemplate {
  readonly name: string;
  readonly text: string;
  /** Undefined: plain text. */
  readonly template: RuleTemplate | undefined;
}

const templatesOf = (labels: LabelSet, alertName: string): readonly NamedTemplate[] =>
  labels.pairs.map(([name, text]) => ({
    name,
    text,
    template: text.includes('{{') ? new RuleTemplate(text, alertName) : undefined,
  }));

/** One pass over all samples. */
class Run {
  readonly missing = new Set<string>();
  fault: string | undefined;
  readonly #now: WallMs;
  readonly #answers: KnownQueries;

  constructor(now: WallMs, answers: KnownQueries) {
    this.#now = now;
    this.#answers = answers;
  }

  expand(template: RuleTemplate, data: RuleTemplateData): string {
    const { error, missing, text } = template.expandKnowing(data, { now: this.#now }, this.#answers);
    for (const expression of missing) this.missing.add(expression);
    this.fault ??= error?.message;
    return text;
  }
}
