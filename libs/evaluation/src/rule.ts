/** Rules as the rest of the code sees them: defaults filled in, group labels merged, durations in milliseconds. */
import type { LabelSet } from '@tocsin/model';

export interface AlertingRule {
  readonly kind: 'alerting';
  /** Value of the label `alertname`. */
  readonly name: string;
  readonly expr: string;
  /** The condition must hold this long before the rule fires; 0 fires at once. */
  readonly forMs: number;
  /** A firing alert outlives its condition by this long. */
  readonly keepFiringForMs: number;
  /** Templates; those of the group are merged in, the rule's win. */
  readonly labels: LabelSet;
  /** Templates. */
  readonly annotations: LabelSet;
}

export interface RecordingRule {
  readonly kind: 'recording';
  /** Metric it would write. */
  readonly name: string;
  readonly expr: string;
  readonly labels: LabelSet;
}

export type Rule = AlertingRule | RecordingRule;

export interface RuleGroup {
  /** File as the operator named it, the same on all replicas: it takes part in the evaluation times. */
  readonly file: string;
  /** Unique in the file. */
  readonly name: string;
  readonly intervalMs: number;
  /** Queries look this far into the past. */
  readonly queryOffsetMs: number;
  /** Alerts a rule may have, pending ones included; not above 0: no limit. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}
