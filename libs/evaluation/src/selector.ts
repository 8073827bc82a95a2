/**
 * @module evaluation/selector
 *
 * The query language of the data source `exposition`: `metric{label="value"} > 10`. It picks samples
 * of one scrape and filters them as PromQL does (what passes keeps its value). There is no history
 * behind it, so functions, ranges and aggregations are refused by name instead of half understood.
 */
import { AppError } from '@tocsin/kernel';
import { compileAnchored } from '@tocsin/model';
import type { MatchType } from '@tocsin/model';
import type { Sample } from './expand.ts';

export interface LabelTest {
  readonly name: string;
  /** A missing label is tested as the empty string. */
  matches(value: string): boolean;
}

export type Comparison = '==' | '!=' | '>' | '>=' | '<' | '<=';

export interface Selector {
  /** Metric name, when one is given outside or as `__name__="…"`: narrows the search. */
  readonly metric: string | undefined;
  readonly tests: readonly LabelTest[];
  readonly comparison: { readonly operator: Comparison; readonly bound: number } | undefined;
}

const SUPPORTED =
  'this data source knows only metric{label="value"} with an optional comparison to a number, such as up{job="api"} == 0';

/** Throws AppError `invalid` with the position and what is supported. */
export function parseSelector(text: string): Selector {
  const reader = new Reader(text);
  const selector = reader.vector();
  const comparison = reader.comparison();
  reader.end();
  return { ...selector, comparison };
}

/** `{a="b"}` or `name{a="b"}`, without a comparison: what `match[]` takes. Throws AppError `invalid`. */
export function parseMatchers(text: string): readonly LabelTest[] {
  const reader = new Reader(text);
  const { metric, tests } = reader.vector();
  reader.end();
  return metric === undefined
    ? tests
    : [...tests, { name: '__name__', matches: (value) => value === metric }];
}

/** Samples that pass, in the order of the scrape. */
export function select(selector: Selector, samples: readonly Sample[]): readonly Sample[] {
  const { comparison, tests } = selector;
  return samples.filter(
    ({ labels, value }) =>
      (comparison === undefined || compare(value, comparison.operator, comparison.bound)) &&
      tests.every((test) => test.matches(labels.get(test.name) ?? '')),
  );
}

function compare(value: number, operator: Comparison, bound: number): boolean {
  switch (operator) {
    case '==':
      return value === bound;
    case '!=':
      return value !== bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
  }
}

/** `5`, `-1.5e3`, `+Inf`, `NaN`, `0x1f`; undefined for anything else. */
export function parseFloatText(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([+-]?)(?:(inf|infinity)|(nan)|(0x[0-9a-f]+))$/i.exec(text);
  if (special === null) return undefined;
  const [, sign, infinite, nan, hex] = special;
  const size = infinite !== undefined ? Infinity : nan !== undefined ? Number.NaN : Number(hex);
  return sign === '-' ? -size : size;
}

const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const COMPARISON = /==|!=|>=|<=|>|</y;
const MATCH = /=~|!~|!=|=/y;
const NUMBER = /[+-]?[\w.]+(?:(?<=\d[eE])[+-]\d+)?/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  vector(): { readonly metric: string | undefined; readonly tests: readonly LabelTest[] } {
    let metric = this.#take(METRIC);
    const tests: LabelTest[] = [];
    if (this.#skip('{')) {
      while (!this.#skip('}')) {
        const matcher = this.#matcher();
        if (typeof matcher !== 'string') tests.push(matcher);
        else if (metric === undefined) metric = matcher;
        else throw this.#refusal(`the metric name is set twice, as ${metric} and ${matcher}`);
        if (this.#skip('}')) break;
        if (!this.#skip(',')) throw this.#refusal('expected , or }');
      }
    }
    if (metric === undefined && tests.every((test) => test.matches(''))) {
      throw this.#refusal('expected a metric name, or a matcher that does not match the empty string');
    }
    return { metric, tests };
  }

  comparison(): Selector['comparison'] {
    const operator = this.#take(COMPARISON) as Comparison | undefined;
    if (operator === undefined) return undefined;
    const at = this.#at;
    const text = this.#take(NUMBER);
    const bound = text === undefined ? undefined : parseFloatText(text);
    if (bound !== undefined) return { operator, bound };
    this.#at = at;
    throw this.#refusal(
      text === 'bool' ? 'the modifier bool is not supported' : `expected a number after ${operator}`,
    );
  }

  end(): void {
    this.#blank();
    if (this.#at < this.#text.length)
      throw this.#refusal(`unexpected ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`);
  }

  /** A matcher, or the metric name when it stands quoted and alone, or as `__name__="…"`. */
  #matcher(): LabelTest | string {
    const quoted = this.#string();
    const name = quoted ?? this.#take(LABEL);
    if (name === undefined) throw this.#refusal('expected a label name');
    const type = this.#take(MATCH) as MatchType | undefined;
    if (type === undefined && quoted !== undefined) return quoted;
    if (type === undefined) throw this.#refusal('expected =, !=, =~ or !~');
    const value = this.#string();
    if (value === undefined) throw this.#refusal('expected a quoted label value');
    if (type === '=' && name === '__name__') return value;
    return { name, matches: this.#test(type, value) };
  }

  #test(type: MatchType, value: string): (labelValue: string) => boolean {
    if (type === '=') return (labelValue) => labelValue === value;
    if (type === '!=') return (labelValue) => labelValue !== value;
    const regex = compileAnchored(value);
    return type === '=~'
      ? (labelValue) => regex.matches(labelValue)
      : (labelValue) => !regex.matches(labelValue);
  }

  #string(): string | undefined {
    this.#blank();
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'" && quote !== '`') return undefined;
    let value = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? '';
      if (character === quote) {
        this.#at = at + 1;
        return value;
      }
      if (character !== '\\' || quote === '`') {
        value += character;
        continue;
      }
      at++;
      const escaped = ESCAPES.get(this.#text[at] ?? '');
      if (escaped === undefined) throw this.#refusal(`unknown escape \\${this.#text[at] ?? ''} in a string`);
      value += escaped;
    }
    throw this.#refusal('unterminated quoted string');
  }

  #skip(character: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    this.#blank();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #refusal(message: string): AppError {
    return AppError.invalid(`character ${this.#at + 1}: ${message}; ${SUPPORTED}`);
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);
