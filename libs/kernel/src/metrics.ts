/** Metrics are declared as data; the runtime binds them to Prometheus' text format, tests read them back. */
export interface MetricSpec<Label extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly Label[];
  /** Upper bounds in the metric's unit. Histograms only. */
  readonly buckets?: readonly number[];
  /** Label values that exist, with 0, from the start. */
  readonly initial?: readonly Readonly<Record<Label, string>>[];
}

export const metric = <const L extends string = never>(spec: MetricSpec<L>): MetricSpec<L> => spec;

export type LabelsOf<L extends string> = Readonly<Record<L, string>>;

/** Labels are checked by the compiler against the declaration: no typo, none forgotten. */
export interface Meter {
  /** Counters: adds `value` (>= 0). */
  add<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void;
  /** Gauges. */
  set<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void;
  /** Histograms and summaries. */
  observe<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void;
  /** Summaries: `count` observations at once, of which the caller kept only the sum. */
  tally<L extends string>(spec: MetricSpec<L>, sum: number, count: number, labels: LabelsOf<L>): void;
  /** Gauges: the thing that these labels name is gone, and its series with it. */
  remove<L extends string>(spec: MetricSpec<L>, labels: LabelsOf<L>): void;
  /** Makes the metric exist (with 0, and its `initial` series) before its first use. */
  declare(specs: Readonly<Record<string, MetricSpec>>): void;
  /** `collect` runs before each scrape: for gauges that are cheaper to read than to keep. */
  onCollect(collect: () => void): void;
}

export const noMeter: Meter = {
  add: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  tally: () => undefined,
  remove: () => undefined,
  declare: () => undefined,
  onCollect: () => undefined,
};
