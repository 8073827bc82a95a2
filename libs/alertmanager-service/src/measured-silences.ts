/**
 * The silences of a tenant, counted: how often they are asked, for how long. What their index knows of
 * its own work is read from it at each scrape.
 */
import { Silences, type CompileMatcher, type Silence, type SilenceQuery } from '@tocsin/alerting';
import type { Clock, Meter, MetricSpec, WallMs } from '@tocsin/kernel';
import type { Fingerprint, LabelSet } from '@tocsin/model';
import { stateMetrics as metrics } from './state-metrics.ts';

/** Of the questions about one alert, which take less than the clock to read; a power of two. */
const MEASURED_EACH = 64;

export class MeasuredSilences extends Silences {
  readonly #clock: Clock;
  readonly #meter: Meter;
  #queries = 0;

  constructor(compile: CompileMatcher, deps: { readonly clock: Clock; readonly meter: Meter }) {
    super(compile);
    this.#clock = deps.clock;
    this.#meter = deps.meter;
    const counters = [
      counter(deps.meter, metrics.silencesQueries, {}, () => this.#queries),
      counter(deps.meter, metrics.silencesScanned, {}, () => this.totals.scanned),
      counter(deps.meter, metrics.silencesSkipped, {}, () => this.totals.skipped),
      ...(['index', 'load_snapshot'] as const).map((stage) =>
        counter(deps.meter, metrics.silencesCompileErrors, { stage }, () => this.totals.compileErrors[stage]),
      ),
    ];
    deps.meter.onCollect(() => {
      for (const collect of counters) collect();
      deps.meter.set(metrics.silencesStateSize, this.size, {});
      deps.meter.set(metrics.silencesMatcherIndexSize, this.matcherIndexSize, {});
      deps.meter.set(metrics.silencesVersionIndexSize, this.versionIndexSize, {});
    });
  }

  override mutedBy(labels: LabelSet, fingerprint: Fingerprint, now: WallMs): readonly string[] {
    if ((++this.#queries & (MEASURED_EACH - 1)) !== 0) return super.mutedBy(labels, fingerprint, now);
    return this.#measured(() => super.mutedBy(labels, fingerprint, now));
  }

  override query(query: SilenceQuery, now: WallMs): Silence[] {
    this.#queries++;
    return this.#measured(() => super.query(query, now));
  }

  #measured<T>(ask: () => T): T {
    const startedAt = this.#clock.mono();
    try {
      return ask();
    } catch (error) {
      this.#meter.add(metrics.silencesQueryErrors, 1, {});
      throw error;
    } finally {
      this.#meter.observe(metrics.silencesQueryDuration, (this.#clock.mono() - startedAt) / 1000, {});
    }
  }
}

/** A total that somebody else keeps, as a counter: adds what has come since the last scrape. */
export function counter<L extends string>(
  meter: Meter,
  spec: MetricSpec<L>,
  labels: Readonly<Record<L, string>>,
  total: () => number,
): () => void {
  let told = 0;
  return () => {
    const now = total();
    if (now > told) meter.add(spec, now - told, labels);
    told = Math.max(told, now);
  };
}
