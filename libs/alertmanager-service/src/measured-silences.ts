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
  /** Matcher sets of the stored silences that did not compile. */
  #loadErrors = 0;

  constructor(compile: CompileMatcher, deps: { readonly clock: Clock; readonly meter: Meter }) {
    super(compile);
    this.#clock = deps.clock;
    this.#meter = deps.meter;
    const counters = [
      counter(deps.meter, metrics.silencesQueries, {}, () => this.#queries),
      counter(deps.meter, metrics.silencesScanned, {}, () => this.#figure('scanned')),
      counter(deps.meter, metrics.silencesSkipped, {}, () => this.#figure('skipped')),
      counter(deps.meter, metrics.silencesCompileErrors, { stage: 'load_snapshot' }, () => this.#loadErrors),
      counter(
        deps.meter,
        metrics.silencesCompileErrors,
        { stage: 'index' },
        () => this.compileErrors - this.#loadErrors,
      ),
    ];
    deps.meter.onCollect(() => {
      for (const collect of counters) collect();
      deps.meter.set(metrics.silencesStateSize, this.size, {});
      deps.meter.set(metrics.silencesMatcherIndexSize, this.#figure('matcherIndexSize', this.size), {});
      deps.meter.set(metrics.silencesVersionIndexSize, this.#figure('versionIndexSize', this.size), {});
    });
  }

  /** What is held now came from the store. */
  loaded(): void {
    this.#loadErrors = this.compileErrors;
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

  /** A number that the index keeps of its own work, when it keeps one. */
  #figure(name: string, ifNone = 0): number {
    const value: unknown = Reflect.get(this, name);
    return typeof value === 'number' ? value : ifNone;
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
