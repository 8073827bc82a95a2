/**
 * @module runtime/prometheus-meter
 *
 * The kernel's metrics as Prometheus' text format. prom-client keeps the numbers; what it does not know is
 * added here: metrics are declared by data, summaries have no quantiles (Alertmanager's have none either),
 * and outsiders, whose words become label values, can't make a metric grow without end.
 */
import { assert, metric, unreachable } from '@tocsin/kernel';
import type { LabelsOf, Meter, MetricSpec } from '@tocsin/kernel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';

export interface PrometheusMeter extends Meter {
  /** Runs the collectors, then prints every metric. */
  render(): Promise<string>;
  /** Of what `render` returns. */
  readonly contentType: string;
}

/** Label sets of one metric. Further ones are not recorded, and counted. */
export const seriesPerMetricMax = 50_000;

export interface MeterMetrics {
  readonly dropped: MetricSpec<'metric'>;
}

export const meterMetrics: MeterMetrics = {
  dropped: metric({
    name: 'tocsin_metric_samples_dropped_total',
    help: 'Samples not recorded because their metric already has as many label sets as it may have.',
    type: 'counter',
    labels: ['metric'],
  }),
};

export interface MeterOptions {
  /** `process_*` and `nodejs_*`. Default true. */
  readonly hasProcessMetrics?: boolean;
  readonly seriesMax?: number;
}

export function prometheusMeter({
  hasProcessMetrics = true,
  seriesMax = seriesPerMetricMax,
}: MeterOptions = {}): PrometheusMeter {
  const registry = new Registry();
  if (hasProcessMetrics) collectDefaultMetrics({ register: registry });
  return new BoundMeter(registry, seriesMax);
}

type Labels = Readonly<Record<string, string>>;

interface Bound {
  readonly spec: MetricSpec;
  /** Adds, sets or observes. */
  readonly record: (labels: Labels, value: number) => void;
  readonly seen: Set<string>;
}

class BoundMeter implements PrometheusMeter {
  readonly #registry: Registry;
  readonly #seriesMax: number;
  readonly #bySpec = new Map<MetricSpec, Bound>();
  readonly #byName = new Map<string, Bound>();
  readonly #collectors: (() => void)[] = [];

  constructor(registry: Registry, seriesMax: number) {
    this.#registry = registry;
    this.#seriesMax = seriesMax;
    this.declare({ dropped: meterMetrics.dropped });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  add<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    assert(spec.type === 'counter' && value >= 0, `${spec.name}: add(${value}) to a ${spec.type}`);
    this.#record(spec, value, labels);
  }

  set<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    assert(spec.type === 'gauge', `${spec.name}: set on a ${spec.type}`);
    this.#record(spec, value, labels);
  }

  observe<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    assert(spec.type === 'histogram' || spec.type === 'summary', `${spec.name}: observe on a ${spec.type}`);
    this.#record(spec, value, labels);
  }

  declare(specs: Readonly<Record<string, MetricSpec>>): void {
    for (const spec of Object.values(specs)) this.#bind(spec);
  }

  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  async render(): Promise<string> {
    for (const collect of this.#collectors) collect();
    return this.#registry.metrics();
  }

  #record(spec: MetricSpec, value: number, labels: Labels): void {
    const bound = this.#bySpec.get(spec) ?? this.#bind(spec);
    if (this.#admits(bound, labels)) bound.record(labels, value);
    else this.add(meterMetrics.dropped, 1, { metric: spec.name });
  }

  #admits({ spec, seen }: Bound, labels: Labels): boolean {
    if (spec.labels.length === 0) return true;
    let key = '';
    for (const name of spec.labels) key += `${labels[name] ?? ''}\u0000`;
    if (seen.has(key)) return true;
    if (seen.size >= this.#seriesMax) return false;
    seen.add(key);
    return true;
  }

  #bind(spec: MetricSpec): Bound {
    const known = this.#byName.get(spec.name);
    if (known !== undefined) {
      const isSame = known.spec.type === spec.type && known.spec.labels.join() === spec.labels.join();
      assert(isSame, `metric ${spec.name} is declared twice, as different things`);
      this.#bySpec.set(spec, known);
      return known;
    }
    const { record, start } = instrument(spec, this.#registry);
    const bound: Bound = { spec, record, seen: new Set() };
    this.#byName.set(spec.name, bound);
    this.#bySpec.set(spec, bound);
    for (const labels of spec.initial ?? []) if (this.#admits(bound, labels)) start(labels);
    return bound;
  }
}

interface Instrument {
  readonly record: (labels: Labels, value: number) => void;
  /** Makes the series exist, with 0. */
  readonly start: (labels: Labels) => void;
}

function instrument(spec: MetricSpec, registry: Registry): Instrument {
  const base = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  switch (spec.type) {
    case 'counter': {
      const counter = new Counter(base);
      return {
        record: (labels, value) => counter.inc(labels, value),
        start: (labels) => counter.inc(labels, 0),
      };
    }
    case 'gauge': {
      const gauge = new Gauge(base);
      return { record: (labels, value) => gauge.set(labels, value), start: (labels) => gauge.set(labels, 0) };
    }
    case 'histogram': {
      const histogram = new Histogram({
        ...base,
        ...(spec.buckets === undefined ? {} : { buckets: [...spec.buckets] }),
      });
      return {
        record: (labels, value) => histogram.observe(labels, value),
        start: (labels) => histogram.zero(labels),
      };
    }
    case 'summary': {
      const summary = new Summary({ ...base, percentiles: [] });
      // prom-client can't make a summary's series exist without an observation.
      return { record: (labels, value) => summary.observe(labels, value), start: () => undefined };
    }
    default:
      return unreachable(spec.type);
  }
}
