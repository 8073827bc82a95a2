/**
 * @module evaluation/exposition-format
 *
 * What a `/metrics` page says: Prometheus' text format 0.0.4 and 1.0.0, and as much of OpenMetrics
 * as has samples in it (exemplars and `# EOF` are read over). Types, help texts and time stamps do
 * not matter for a rule that looks at the present.
 */
import { AppError } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import type { LabelPair } from '@tocsin/model';
import type { Sample } from './expand.ts';
import { parseFloatText } from './selector.ts';

export interface ExpositionLimits {
  readonly samplesMax: number;
  readonly labelsPerSampleMax: number;
}
export const expositionLimits: ExpositionLimits = { samplesMax: 200_000, labelsPerSampleMax: 128 };

/** Samples by metric name, in the order of the page. */
export type Exposition = ReadonlyMap<string, readonly Sample[]>;

/** Throws AppError `invalid` naming the line, or `limit`: a page that is half understood is not used at all. */
export function parseExposition(page: string, limits: Partial<ExpositionLimits> = {}): Exposition {
  const { samplesMax, labelsPerSampleMax } = { ...expositionLimits, ...limits };
  const byMetric = new Map<string, Sample[]>();
  let count = 0;
  let lineNumber = 0;
  for (let from = 0; from < page.length;) {
    const end = page.indexOf('\n', from);
    const line = page.slice(from, end === -1 ? page.length : end);
    from = end === -1 ? page.length : end + 1;
    lineNumber++;
    const start = skipBlank(line, 0);
    if (start === line.length || line[start] === '#') continue;
    if (++count > samplesMax) throw new AppError('limit', `the page has more than ${samplesMax} samples`);
    const [metric, sample] = new LineReader(line, lineNumber, labelsPerSampleMax).sample();
    const samples = byMetric.get(metric);
    if (samples === undefined) byMetric.set(metric, [sample]);
    else samples.push(sample);
  }
  return byMetric;
}

function skipBlank(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t' || line[at] === '\r') at++;
  return at;
}

const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const REST = /\s*(\S+)(?:\s+[-+]?[\d.eE+-]+)?\s*(?:#.*)?$/y;

class LineReader {
  readonly #line: string;
  readonly #lineNumber: number;
  readonly #labelsMax: number;
  #at: number;

  constructor(line: string, lineNumber: number, labelsMax: number) {
    this.#line = line;
    this.#lineNumber = lineNumber;
    this.#labelsMax = labelsMax;
    this.#at = skipBlank(line, 0);
  }

  sample(): readonly [metric: string, sample: Sample] {
    let metric = this.#take(METRIC);
    const pairs: LabelPair[] = [];
    if (this.#skip('{')) {
      while (!this.#skip('}')) {
        const quoted = this.#string();
        if (quoted !== undefined && metric === undefined && this.#line[this.#at] !== '=') metric = quoted;
        else pairs.push(this.#label(quoted));
        if (pairs.length > this.#labelsMax) throw this.#refusal(`expected at most ${this.#labelsMax} labels`);
        if (this.#skip('}')) break;
        if (!this.#skip(',')) throw this.#refusal('expected , or }');
      }
    } else if (metric !== undefined && !/\s/.test(this.#line[this.#at - 1] ?? '')) {
      throw this.#refusal('expected a blank after the metric name');
    }
    if (metric === undefined) throw this.#refusal('expected a metric name');
    const value = this.#value();
    pairs.push(['__name__', metric]);
    const labels = LabelSet.of(pairs);
    if (labels.size < pairs.length) throw this.#refusal('a label name is repeated');
    return [metric, { labels: labels.filter((_, text) => text !== ''), value }];
  }

  #label(quoted: string | undefined): LabelPair {
    const name = quoted ?? this.#take(LABEL);
    if (name === undefined) throw this.#refusal('expected a label name');
    if (!this.#skip('=')) throw this.#refusal(`expected = after label ${JSON.stringify(name)}`);
    this.#at = skipBlank(this.#line, this.#at);
    const value = this.#string();
    if (value === undefined) throw this.#refusal(`expected a quoted value for label ${JSON.stringify(name)}`);
    return [name, value];
  }

  #value(): number {
    REST.lastIndex = this.#at;
    const text = REST.exec(this.#line)?.[1];
    const value = text === undefined ? undefined : parseFloatText(text);
    if (value === undefined) throw this.#refusal('expected a number, with an optional time stamp behind it');
    return value;
  }

  #string(): string | undefined {
    const line = this.#line;
    this.#at = skipBlank(line, this.#at);
    if (line[this.#at] !== '"') return undefined;
    let value = '';
    let from = this.#at + 1;
    for (let at = from; at < line.length; at++) {
      const character = line[at];
      if (character === '"') {
        this.#at = skipBlank(line, at + 1);
        return value + line.slice(from, at);
      }
      if (character !== '\\') continue;
      const escaped = line[at + 1];
      value +=
        line.slice(from, at) +
        (escaped === 'n' ? '\n' : escaped === '"' || escaped === '\\' ? escaped : `\\${escaped ?? ''}`);
      at++;
      from = at + 1;
    }
    throw this.#refusal('unterminated quoted string');
  }

  #skip(character: string): boolean {
    this.#at = skipBlank(this.#line, this.#at);
    if (this.#line[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    this.#at = skipBlank(this.#line, this.#at);
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #refusal(message: string): AppError {
    return AppError.invalid(`line ${this.#lineNumber}: character ${this.#at + 1}: ${message}`);
  }
}
