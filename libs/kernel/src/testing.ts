/** Recorders behind the seams of this lib, for tests. Exported as `@tocsin/kernel/testing`. */
import type { Meter, MetricSpec } from './metrics.ts';
import type { LogFacts, Logger, LogLevel } from './seams.ts';

export interface CapturedLine {
  readonly level: LogLevel;
  readonly message: string;
  /** Those of `with` included. */
  readonly facts: LogFacts;
}

export interface CaptureLogger extends Logger {
  /** Oldest first; shared with the loggers that `with` made. */
  readonly lines: readonly CapturedLine[];
}

export function captureLogger(): CaptureLogger {
  const lines: CapturedLine[] = [];
  const make = (shared: LogFacts): CaptureLogger => {
    const at =
      (level: LogLevel) =>
      (message: string, facts: LogFacts = {}) => {
        lines.push({ level, message, facts: { ...shared, ...facts } });
      };
    const withFacts = (facts: LogFacts): Logger => make({ ...shared, ...facts });
    return {
      lines,
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: withFacts,
    };
  };
  return make({});
}

export interface CaptureMeter extends Meter {
  /** Sum of a counter, last value of a gauge, sum of what was observed; 0 when nothing was recorded. By name, so a spec built elsewhere will do. */
  value(spec: Pick<MetricSpec, 'name'>, labels?: Readonly<Record<string, string>>): number;
  /** What a histogram or summary was given, oldest first. */
  observations(spec: Pick<MetricSpec, 'name'>, labels?: Readonly<Record<string, string>>): readonly number[];
  /** Whether something was recorded, and not removed since. */
  has(spec: Pick<MetricSpec, 'name'>, labels?: Readonly<Record<string, string>>): boolean;
  /** Runs what `onCollect` took, as a scrape does. */
  collect(): void;
}

export function captureMeter(): CaptureMeter {
  const series = new Map<string, { value: number; observed: number[] }>();
  const collectors: (() => void)[] = [];
  const keyOf = (spec: Pick<MetricSpec, 'name'>, labels: Readonly<Record<string, string>> = {}): string => {
    const pairs = Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return JSON.stringify([spec.name, pairs]);
  };
  const at = (
    spec: Pick<MetricSpec, 'name'>,
    labels: Readonly<Record<string, string>> = {},
  ): { value: number; observed: number[] } => {
    const key = keyOf(spec, labels);
    const found = series.get(key) ?? { value: 0, observed: [] };
    series.set(key, found);
    return found;
  };
  return {
    add: (spec, value, labels) => void (at(spec, labels).value += value),
    set: (spec, value, labels) => void (at(spec, labels).value = value),
    observe: (spec, value, labels) => {
      const one = at(spec, labels);
      one.value += value;
      one.observed.push(value);
    },
    tally: (spec, sum, _count, labels) => void (at(spec, labels).value += sum),
    remove: (spec, labels) => void series.delete(keyOf(spec, labels)),
    declare: () => undefined,
    onCollect: (collect) => void collectors.push(collect),
    value: (spec, labels) => series.get(keyOf(spec, labels))?.value ?? 0,
    has: (spec, labels) => series.has(keyOf(spec, labels)),
    observations: (spec, labels) => at(spec, labels).observed,
    collect: () => {
      for (const collect of collectors) collect();
    },
  };
}
