/**
 * @module scheduler-service/exposition-source
 *
 * A `/metrics` page as a data source: alerting without a Prometheus. The page is read at most once
 * for each evaluation time, so that all rules of a group look at the same moment.
 */
import { AppError, decodeUtf8, messageOf } from '@tocsin/kernel';
import type { WallMs } from '@tocsin/kernel';
import { parseExposition, parseSelector, select } from '@tocsin/evaluation';
import type { Exposition, Sample, Selector } from '@tocsin/evaluation';
import type { DataSourceConfig, Query, QueryOptions } from './data-source.ts';
import { queryLimits, requestHeaders } from './prometheus-source.ts';
import type { DataSourceDeps, QueryLimits } from './prometheus-source.ts';
import { within } from './within.ts';

/** Evaluation times whose page is kept: groups overlap, but none needs more than its current one. */
const PAGES_KEPT = 16;

export function expositionSource(
  config: DataSourceConfig,
  deps: DataSourceDeps,
  limits: QueryLimits = queryLimits,
): Query {
  const source = new Source(config, deps, limits);
  return {
    expressionMistake(expr) {
      try {
        parseSelector(expr);
        return undefined;
      } catch (cause) {
        return messageOf(cause);
      }
    },
    // There is no page that shows one expression, but this is where its samples stand.
    link: () => config.externalUrl,
    async instant(expr, at, options) {
      const samples = source.select(parseSelector(expr), await source.page(at, options));
      if (samples.length <= limits.samplesMax) return { samples, warnings: [] };
      throw new AppError(
        'limit',
        `the query gave ${samples.length} samples, expected at most ${limits.samplesMax}`,
      );
    },
  };
}

class Source {
  readonly #config: DataSourceConfig;
  readonly #deps: DataSourceDeps;
  readonly #limits: QueryLimits;
  readonly #pages = new Map<WallMs, Promise<Exposition>>();

  constructor(config: DataSourceConfig, deps: DataSourceDeps, limits: QueryLimits) {
    this.#config = config;
    this.#deps = deps;
    this.#limits = limits;
  }

  /** A failure is remembered too: a page that is down is asked once, not once for each rule. */
  page(at: WallMs, options: QueryOptions): Promise<Exposition> {
    const known = this.#pages.get(at);
    if (known !== undefined) return known;
    const page = this.#read(options);
    this.#pages.set(at, page);
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break;
      this.#pages.delete(old);
    }
    return page;
  }

  select(selector: Selector, page: Exposition): readonly Sample[] {
    if (selector.metric !== undefined) return select(selector, page.get(selector.metric) ?? []);
    return [...page.values()].flatMap((samples) => select(selector, samples));
  }

  async #read(options: QueryOptions): Promise<Exposition> {
    const { http, timers } = this.#deps;
    const what = `data source ${this.#config.name}`;
    const sent = http.send({
      method: 'GET',
      url: this.#config.url,
      headers: requestHeaders(this.#config, options, 'text/plain;version=0.0.4,*/*;q=0.1'),
      timeoutMs: options.timeoutMs,
      maxBytes: this.#limits.answerBytesMax,
    });
    const { body, status } = await within(timers, options.timeoutMs, what, sent);
    if (status !== 200) throw new AppError('unavailable', `${what}: HTTP ${status}, expected 200`);
    try {
      return parseExposition(decodeUtf8(body));
    } catch (cause) {
      throw new AppError('unavailable', `${what}: ${messageOf(cause)}`, { cause });
    }
  }
}
