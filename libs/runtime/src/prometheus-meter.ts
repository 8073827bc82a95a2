/**
 * @module runtime/prometheus-meter
 *
 * The kernel's metrics as Prometheus' text format. prom-client keeps the numbers; what it does not know is
 * added here: metrics are declared by data, summaries are a sum and a count (Alertmanager's have no
 * quantiles either) that are there from the start, series can end, and outsiders, whose words become label values, can't make a metric grow without end.
 */
import { assert, metric, unreachable } from '@tocsin/kernel';
import type { LabelsOf, Meter, MetricSpec } from '@tocsin/kernel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

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
  readonly record: (labels: Labels, value: number, count: number) => void;
  readonly remove: (labels: Labels) => void;
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

  tally<L extends string>(spec: MetricSpec<L>, sum: number, count: number, labels: LabelsOf<L>): void {
    assert(spec.type === 'summary' && count >= 0, `${spec.name}: tally(${count}) of a ${spec.type}`);
    this.#record(spec, sum, labels, count);
  }

  remove<L extends string>(spec: MetricSpec<L>, labels: LabelsOf<L>): void {
    assert(spec.type === 'gauge', `${spec.name}: remove from a ${spec.type}`);
    const bound = this.#bySpec.get(spec) ?? this.#bind(spec);
    if (bound.seen.delete(keyOf(spec, labels))) bound.remove(labels);
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

  #record(spec: MetricSpec, value: number, labels: Labels, count = 1): void {
    const bound = this.#bySpec.get(spec) ?? this.#bind(spec);
    if (this.#admits(bound, labels)) bound.record(labels, value, count);
    else this.add(meterMetrics.dropped, 1, { metric: spec.name });
  }

  #admits({ spec, seen }: Bound, labels: Labels): boolean {
    if (spec.labels.length === 0) return true;
    const key = keyOf(spec, labels);
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
    const { record, start, remove = noRemoval } = instrument(spec, this.#registry);
    const bound: Bound = { spec, record, remove, seen: new Set() };
    this.#byName.set(spec.name, bound);
    this.#bySpec.set(spec, bound);
    for (const labels of spec.initial ?? []) if (this.#admits(bound, labels)) start(labels);
    return bound;
  }
}

const noRemoval = (): void => undefined;

function keyOf(spec: MetricSpec, labels: Labels): string {
  let key = '';
  for (const name of spec.labels) key += `${labels[name] ?? ''}\u0000`;
  return key;
}

interface Instrument {
  readonly record: (labels: Labels, value: number, count: number) => void;
  /** Makes the series exist, with 0. */
  readonly start: (labels: Labels) => void;
  readonly remove?: (labels: Labels) => void;
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
      return {
        record: (labels, value) => gauge.set(labels, value),
        start: (labels) => gauge.set(labels, 0),
        remove: (labels) => gauge.remove(labels),
      };
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
    case 'summary':
      return sumAndCount(spec, registry);
    default:
      return unreachable(spec.type);
  }
}

/** prom-client's summary keeps a digest for quantiles, which costs a microsecond for each observation. */
function sumAndCount(spec: MetricSpec, registry: Registry): Instrument {
  const series = new Map<string, { readonly labels: Labels; sum: number; count: number }>();
  const at = (labels: Labels): { sum: number; count: number } => {
    const key = keyOf(spec, labels);
    const found = series.get(key) ?? { labels, sum: 0, count: 0 };
    series.set(key, found);
    return found;
  };
  if (spec.labels.length === 0) at({});
  const { name, help } = spec;
  const shown = (): object => ({
    name,
    help,
    type: 'summary',
    values: [...series.values()].flatMap(({ labels, sum, count }) => [
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]),
  });
  // The registry asks no more of a metric than its name, and what it shows.
  registry.registerMetric({ name, get: () => Promise.resolve(shown()) } as unknown as Gauge);
  return {
    record: (labels, sum, count) => {
      const found = at(labels);
      found.sum += sum;
      found.count += count;
    },
    start: (labels) => void at(labels),
  };
}
