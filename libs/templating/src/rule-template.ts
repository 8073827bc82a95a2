/**
 * Labels and annotations of alerting rules: Go templates with Prometheus' functions, data and
 * variables. A fault at execution becomes the text, as Prometheus does it, so that the alert is
 * still sent; a fault of the template itself is refused when the rule is loaded.
 */
import { AppError } from '@tocsin/kernel';
import type { TemplateLimits } from './limits.ts';
import {
  hostFunctions,
  mapOfStrings,
  PROMETHEUS_FUNCTIONS,
  type TemplateSample,
} from './prometheus-functions.ts';
import { parseTemplate, type Template } from './template.ts';
import { GoStruct, type GoType, type Value } from './values.ts';

type Labels = Iterable<readonly [name: string, value: string]>;

export interface RuleTemplateData {
  /** Of the series, without the rule's own labels and `alertname`. */
  readonly labels: Labels;
  readonly value: number;
  readonly externalLabels: Labels;
  /** As users see the scheduler; a path in it is what `pathPrefix` answers. */
  readonly externalURL: string;
}

export interface RuleTemplateOptions {
  /** Milliseconds since the epoch: time of the evaluation. */
  readonly now: number;
  /** The result of a PromQL expression. Throws `AppError`. Absent: a template that calls `query` fails. */
  readonly query?: ((expression: string) => readonly TemplateSample[]) | undefined;
  readonly limits?: Partial<TemplateLimits>;
}

export interface Expansion {
  /** On an error the text that shows it. */
  readonly text: string;
  readonly error?: AppError;
}

/** Results of expressions that were asked before; an error is what `query` then fails with. */
export type KnownQueries = ReadonlyMap<string, readonly TemplateSample[] | AppError>;

export interface QueryingExpansion extends Expansion {
  /** Expressions without a result so far: answer them and expand again. Empty: the text is final. */
  readonly missing: readonly string[];
}

/** Longest label or annotation; it travels in every notification. */
export const RULE_TEMPLATE_LIMITS: Partial<TemplateLimits> = { maxOutput: 1024 * 1024, maxSteps: 200_000 };

// Error texts count the offsets from its beginning, as they do in Prometheus.
const PROLOGUE =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

const DATA: GoType = {
  name: 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  kind: 'struct',
};

/** One label or annotation, parsed; expand it for every alert. */
export class RuleTemplate {
  // Undefined: plain text.
  readonly #template: Template | undefined;
  readonly #text: string;
  readonly #name: string;
  /** False when the text surely never asks for a query. */
  readonly mayQuery: boolean;

  /** Throws `AppError` (invalid): unknown function or variable, or bad syntax, with name and line. */
  constructor(text: string, alertName = '') {
    this.#text = text;
    this.#name = `__alert_${alertName}`;
    const isPlain = !text.includes('{{');
    this.#template = isPlain ? undefined : parseTemplate(this.#name, PROLOGUE + text, PROMETHEUS_FUNCTIONS);
    this.mayQuery = !isPlain && text.includes('query');
  }

  /** Never throws for what a template or its data may hold; the error comes beside the text. */
  expand(data: RuleTemplateData, options: RuleTemplateOptions): Expansion {
    if (this.#template === undefined) return { text: this.#text };
    try {
      const text = this.#template.execute(dataValue(data), {
        now: options.now,
        functions: hostFunctions({ externalURL: data.externalURL, query: options.query }),
        limits: options.limits ?? RULE_TEMPLATE_LIMITS,
      });
      return { text };
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      return { text: errorText(`error executing template ${this.#name}: ${thrown.message}`), error: thrown };
    }
  }

  /**
   * For queries that take time: expands with the results that are known, and names the expressions
   * that are not. These count as empty for this round, so a later round may ask for more.
   */
  expandKnowing(
    data: RuleTemplateData,
    options: RuleTemplateOptions,
    known: KnownQueries,
  ): QueryingExpansion {
    const missing = new Set<string>();
    const query = (expression: string): readonly TemplateSample[] => {
      const result = known.get(expression);
      if (result instanceof AppError) throw result;
      if (result === undefined) missing.add(expression);
      return result ?? [];
    };
    return { ...this.expand(data, { ...options, query }), missing: [...missing] };
  }
}

const errorText = (message: string): string => `<error expanding template: ${message}>`;

function dataValue(data: RuleTemplateData): GoStruct {
  return new GoStruct(
    DATA,
    new Map<string, Value>([
      ['Labels', mapOfStrings(data.labels)],
      ['ExternalLabels', mapOfStrings(data.externalLabels)],
      ['ExternalURL', data.externalURL],
      ['Value', data.value],
    ]),
  );
}

/**
 * The text of a label or annotation for one alert. A fault of any kind becomes
 * `<error expanding template: …>`; use `RuleTemplate` to parse once and to see the error.
 */
export function expandRuleTemplate(
  text: string,
  data: RuleTemplateData,
  options: RuleTemplateOptions & { readonly alertName?: string },
): string {
  const alertName = options.alertName ?? '';
  let template: RuleTemplate;
  try {
    template = new RuleTemplate(text, alertName);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return errorText(`error parsing template __alert_${alertName}: ${thrown.message}`);
  }
  return template.expand(data, options).text;
}

/** For loading rules. Throws `AppError` (invalid) if the text can't be parsed. */
export function checkRuleTemplate(text: string, alertName = ''): void {
  // Making it is the check.
  void new RuleTemplate(text, alertName);
}
