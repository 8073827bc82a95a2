/**
 * Metrics of the worker, added up here and carried to the main thread once a second: a counter that
 * rises a thousand times costs one message.
 */
import type { LabelsOf, MetricSpec } from '@tocsin/kernel';
import { clusterMetrics } from '../metrics.ts';
import type { ClusterMetric } from '../metrics.ts';
import type { MetricSample } from './messages.ts';

/** Observations of one flush; more are dropped, as the histogram is a sample of a healthy second. */
const MAX_OBSERVATIONS = 1000;
/** Values of one label that the network can choose. */
const MAX_LABEL_SETS = 2048;

export class WorkerMeter {
  readonly #metricOf = new Map<string, ClusterMetric>();
  readonly #sums = new Map<string, { sample: MetricSample; value: number }>();
  readonly #known = new Set<string>();
  #observations: MetricSample[] = [];

  constructor() {
    for (const metric of Object.keys(clusterMetrics) as ClusterMetric[])
      this.#metricOf.set(clusterMetrics[metric].name, metric);
  }

  add<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    const slot = this.#slot('add', spec, labels);
    if (slot !== undefined) slot.value += value;
  }

  set<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    const slot = this.#slot('set', spec, labels);
    if (slot !== undefined) slot.value = value;
  }

  observe<L extends string>(spec: MetricSpec<L>, value: number, labels: LabelsOf<L>): void {
    const metric = this.#metricOf.get(spec.name);
    if (metric === undefined || this.#observations.length >= MAX_OBSERVATIONS) return;
    if (this.#isKnown(`${spec.name}\0${Object.values(labels).join('\0')}`))
      this.#observations.push({ kind: 'observe', metric, value, labels });
  }

  /** What has changed since the last flush. */
  flush(): readonly MetricSample[] {
    const samples = [...this.#sums.values()].map(({ sample, value }) => ({ ...sample, value }));
    const all = [...samples, ...this.#observations];
    this.#sums.clear();
    this.#observations = [];
    return all;
  }

  #slot(
    kind: 'add' | 'set',
    spec: MetricSpec,
    labels: Readonly<Record<string, string>>,
  ): { value: number } | undefined {
    const id = `${spec.name}\0${Object.values(labels).join('\0')}`;
    const held = this.#sums.get(id);
    if (held !== undefined) return held;
    const metric = this.#metricOf.get(spec.name);
    if (metric === undefined || !this.#isKnown(id)) return undefined;
    const slot = { sample: { kind, metric, value: 0, labels }, value: 0 };
    this.#sums.set(id, slot);
    return slot;
  }

  #isKnown(id: string): boolean {
    if (this.#known.has(id)) return true;
    if (this.#known.size >= MAX_LABEL_SETS) return false;
    this.#known.add(id);
    return true;
  }
}
