/**
 * @module scheduler-service/prometheus-source
 *
 * Prometheus' HTTP API (`POST <url>/api/v1/query`) as a data source, and whatever speaks it. The
 * answer is a stranger's: its shape is checked, its size limited, its error shown as it is.
 */
import { AppError, decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import type { Clock, HttpOut, Timers } from '@tocsin/kernel';
import { expressionMistake, parseFloatText } from '@tocsin/evaluation';
import type { Sample } from '@tocsin/evaluation';
import { LabelSet } from '@tocsin/model';
import type { LabelPair } from '@tocsin/model';
import type { DataSourceConfig, Query, QueryOptions, QueryResult } from './data-source.ts';
import { Gate } from './gate.ts';
import { within } from './within.ts';

export interface QueryLimits {
  readonly answerBytesMax: number;
  readonly samplesMax: number;
  /** Queries under way at one source; more wait, within their timeout. Prometheus takes 20 at a time itself. */
  readonly concurrentMax: number;
}
export const queryLimits: QueryLimits = {
  answerBytesMax: 16 * 1024 * 1024,
  samplesMax: 50_000,
  concurrentMax: 20,
};

export interface DataSourceDeps {
  readonly http: HttpOut;
  readonly clock: Clock;
  readonly timers: Timers;
}

export function prometheusSource(
  config: DataSourceConfig,
  deps: DataSourceDeps,
  limits: QueryLimits = queryLimits,
): Query {
  const gate = new Gate(limits.concurrentMax, deps.timers);
  const what = `data source ${config.name}`;
  return {
    expressionMistake,
    link: (expr) => `${config.externalUrl}/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`,
    async instant(expr, at, options) {
      const deadline = deps.clock.mono() + options.timeoutMs;
      const leave = await gate.enter(options.timeoutMs, what);
      try {
        const timeoutMs = Math.max(1, Math.round(deadline - deps.clock.mono()));
        const sent = deps.http.send({
          method: 'POST',
          url: `${config.url}/api/v1/query`,
          headers: {
            ...requestHeaders(config, options, 'application/json'),
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: `query=${queryEscape(expr)}&time=${(at / 1000).toFixed(3)}&timeout=${timeoutMs}ms`,
          timeoutMs,
          maxBytes: limits.answerBytesMax,
        });
        const { body, status } = await within(deps.timers, timeoutMs, what, sent);
        return readAnswer(status, decodeUtf8(body), what, limits.samplesMax);
      } finally {
        leave();
      }
    },
  };
}

export function requestHeaders(
  config: DataSourceConfig,
  { traceparent }: QueryOptions,
  accept: string,
): Readonly<Record<string, string>> {
  return {
    accept,
    ...(traceparent === '' ? {} : { traceparent }),
    ...Object.fromEntries(config.headers),
  };
}

/** As Go's url.QueryEscape: everything but letters, digits and `-_.~`, a space as `+`. */
export function queryEscape(text: string): string {
  // Lone surrogates, on which encodeURIComponent throws, become U+FFFD.
  return encodeURIComponent(decodeUtf8(encodeUtf8(text)))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function readAnswer(status: number, text: string, what: string, samplesMax: number): QueryResult {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new AppError(
      'unavailable',
      `${what}: HTTP ${status}, and no JSON: ${JSON.stringify(text.slice(0, EXCERPT_LENGTH))}`,
    );
  }
  if (!isRecord(answer)) throw malformed(what, 'expected an object');
  if (answer['status'] !== 'success') {
    const { error, errorType } = { error: textOf(answer['error']), errorType: textOf(answer['errorType']) };
    const reason = `${errorType ?? `HTTP ${status}`}: ${error ?? 'no reason given'}`;
    throw new AppError(
      status === 400 || status === 422 ? 'invalid' : 'unavailable',
      reason.slice(0, REASON_LENGTH),
    );
  }
  const data = isRecord(answer['data']) ? answer['data'] : {};
  const samples = samplesOf(data['resultType'], data['result'], what);
  if (samples.length > samplesMax) {
    throw new AppError(
      'limit',
      `${what}: the query gave ${samples.length} samples, expected at most ${samplesMax}`,
    );
  }
  return { samples, warnings: stringsOf(answer['warnings']) };
}

const EXCERPT_LENGTH = 200;
const REASON_LENGTH = 2_000;

function samplesOf(type: unknown, result: unknown, what: string): readonly Sample[] {
  if (type === 'scalar') return [{ labels: LabelSet.empty, value: valueOf(result, what) }];
  if (type !== 'vector')
    throw AppError.invalid(`rule result is not a vector or scalar, but a ${String(type)}`);
  if (!Array.isArray(result)) throw malformed(what, 'expected a list of samples');
  return (result as readonly unknown[]).map((each) => {
    if (!isRecord(each)) throw malformed(what, 'expected a sample');
    // A native histogram is an alert too; its value is nothing a template could show.
    const value =
      each['value'] === undefined && Array.isArray(each['histogram']) ? 0 : valueOf(each['value'], what);
    return { labels: labelsOf(each['metric'], what), value };
  });
}

/** `[time, "value"]` */
function valueOf(pair: unknown, what: string): number {
  const text = Array.isArray(pair) ? (pair as readonly unknown[])[1] : undefined;
  const value = typeof text === 'string' ? parseFloatText(text) : undefined;
  if (value === undefined)
    throw malformed(
      what,
      `expected [time, "number"], found ${JSON.stringify(pair)?.slice(0, EXCERPT_LENGTH)}`,
    );
  return value;
}

function labelsOf(metric: unknown, what: string): LabelSet {
  if (!isRecord(metric)) throw malformed(what, 'expected the labels of a sample');
  const pairs: LabelPair[] = [];
  for (const [name, value] of Object.entries(metric)) {
    if (typeof value !== 'string')
      throw malformed(what, `expected a string as label ${JSON.stringify(name)}`);
    if (value !== '') pairs.push([name, value]);
  }
  return LabelSet.of(pairs);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const stringsOf = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? (value as readonly unknown[]).filter((each) => typeof each === 'string').slice(0, 10)
    : [];

const malformed = (what: string, message: string): AppError =>
  new AppError('unavailable', `${what}: malformed answer: ${message}`);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
