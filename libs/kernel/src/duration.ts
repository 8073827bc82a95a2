/**
 * @module kernel/duration
 *
 * The two ways in which this field writes durations. Flags take Go's (`1h30m`, `1.5s`, `200us`), files
 * of Prometheus and Alertmanager take Prometheus' (`1d12h`: whole numbers, falling units, days and up).
 * Both are milliseconds here; below one millisecond they are fractions.
 */

const goUnits: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Go keeps a duration in 63 bits of nanoseconds: a little over 292 years. */
const goDurationMaxMs = 9_223_372_036_854;

/** What Go's `time.ParseDuration` reads, in milliseconds; undefined for anything else, a bare number (but `0`) included. */
export function parseGoDurationMs(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = /^[-+]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let total = 0;
  for (const [, amount, unit] of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (goUnits.get(unit ?? '') ?? 0);
  }
  return total <= goDurationMaxMs ? sign * total : undefined;
}

const prometheusUnits: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];
const prometheusDuration = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** What Prometheus' `model.ParseDuration` reads, in milliseconds; undefined for anything else. */
export function parsePrometheusDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const amounts = text === '' ? null : prometheusDuration.exec(text);
  if (amounts === null) return undefined;
  let total = 0;
  for (const [index, [, ms]] of prometheusUnits.entries()) total += Number(amounts[index + 1] ?? '0') * ms;
  return total <= goDurationMaxMs ? total : undefined;
}

/** As Go prints it: `1m0s`, `1h30m0s`, `200ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const nanos = Math.round(Math.abs(ms) * 1e6);
  if (nanos === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  if (nanos < 1e3) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${nanos / 1e3}µs`;
  if (nanos < 1e9) return `${sign}${nanos / 1e6}ms`;
  const minutes = Math.floor(nanos / 6e10);
  const seconds = `${(nanos - minutes * 6e10) / 1e9}s`;
  if (minutes === 0) return `${sign}${seconds}`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours === 0 ? '' : `${hours}h`}${minutes % 60}m${seconds}`;
}
