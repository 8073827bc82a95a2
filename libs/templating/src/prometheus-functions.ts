/**
 * The functions of Prometheus' rule templates (3.5; `tmpl` exists in console templates only). What
 * depends on the rule's host, such as queries, is read from `RuleHost` at execution.
 */
import { AppError, compareUtf8 } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import { timeOfMs, type GoTime } from './go-time.ts';
import { formatFloat } from './go-float.ts';
import { isIp, joinHostPort, splitHostPort } from './host-port.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage, toFloat } from './humanize.ts';
import { REGEX_FUNCTIONS } from './regex-functions.ts';
import { sprint } from './go-fmt.ts';
import { titleFirstLetters, toLower, toUpper } from './text-functions.ts';
import { queryEscape } from './url-text.ts';
import {
  ANY,
  GoList,
  GoMap,
  GoStruct,
  GoText,
  HTML,
  MAP_OF_ANY,
  MAP_OF_STRING,
  STRING,
  textOf,
  type CallContext,
  type GoFunction,
  type GoType,
  type Value,
} from './values.ts';

/** One element of an instant vector. */
export interface TemplateSample {
  readonly labels: Iterable<readonly [name: string, value: string]>;
  readonly value: number;
}

/** What rule templates reach beside their data. */
export interface RuleHost {
  /** As users see Prometheus, with path: `externalURL`, `pathPrefix`. */
  readonly externalURL: string;
  /** The result of a PromQL expression at the time of the evaluation. Absent: `query` is an error. */
  readonly query?: ((expression: string) => readonly TemplateSample[]) | undefined;
}

const SAMPLE: GoType = { name: '*template.sample', kind: 'struct' };
const VECTOR: GoType = { name: 'template.queryResult', kind: 'slice', elem: SAMPLE };

export const mapOfStrings = (entries: Iterable<readonly [string, string]>): GoMap =>
  new GoMap(MAP_OF_STRING, new Map<string, Value>(entries));

const sampleOf = (sample: TemplateSample): GoStruct =>
  new GoStruct(
    SAMPLE,
    new Map<string, Value>([
      ['Labels', mapOfStrings(sample.labels)],
      ['Value', sample.value],
    ]),
  );

const labelOf = (sample: Value, name: string): string => {
  const labels = sample instanceof GoStruct ? sample.fields.get('Labels') : undefined;
  return (labels instanceof GoMap ? textOf(labels.entries.get(name)) : undefined) ?? '';
};

const string = (make: (text: string) => Value): GoFunction => ({
  params: [STRING],
  call: ([text]) => make(textOf(text) ?? ''),
});
const number = (make: (value: number) => Value): GoFunction => ({
  params: [ANY],
  call: ([value]) => make(toFloat(value)),
});

function query(host: RuleHost, expression: string): GoList {
  if (host.query === undefined)
    throw new AppError('precondition', 'query is not available here: no data source is connected');
  return new GoList(VECTOR, host.query(expression).map(sampleOf));
}

function first(vector: Value): Value {
  const items = vector instanceof GoList ? vector.items : [];
  if (items.length === 0) throw AppError.invalid('first() called on vector with no elements');
  return items[0];
}

function sortByLabel(name: string, vector: Value): Value {
  const items = vector instanceof GoList ? vector.items : [];
  return new GoList(
    VECTOR,
    [...items].sort((a, b) => compareUtf8(labelOf(a, name), labelOf(b, name))),
  );
}

function argumentMap(args: readonly Value[], { budget }: CallContext): GoMap {
  budget.spend(args.length);
  return new GoMap(MAP_OF_ANY, new Map(args.map((value, index) => [`arg${index}`, value])));
}

function stripDomain(address: string): string {
  const parts = splitHostPort(address);
  const [host, port] = parts ?? [address, ''];
  if (isIp(host)) return address;
  const name = host.split('.')[0] ?? '';
  return port === '' ? name : joinHostPort(name, port);
}

/** Largest number of nanoseconds that 64 bits hold. */
const MAX_NANOS = 2 ** 63;

function toTime(value: number): GoTime {
  if (!Number.isFinite(value)) throw AppError.invalid('value is NaN or Inf');
  const nanos = value * 1e9;
  if (nanos >= MAX_NANOS || nanos < -MAX_NANOS) {
    throw AppError.invalid(
      `${formatFloat(value, 'g')} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  // Prometheus' own times end at milliseconds.
  return timeOfMs(Math.trunc(Math.trunc(nanos) / 1e6));
}

function humanizeTimestamp(value: number, context: CallContext): string {
  return Number.isFinite(value) ? sprint([toTime(value)], context.budget) : formatFloat(value, 'g', 4);
}

const DURATION_TEXT =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;
const UNIT_SECONDS = [31_536_000, 604_800, 86_400, 3600, 60, 1, 0.001] as const;

function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw AppError.invalid('empty duration string');
  const parts = DURATION_TEXT.exec(text);
  if (parts === null) throw AppError.invalid(`not a valid duration string: ${goQuote(text)}`);
  let milliseconds = 0;
  for (const [index, unit] of UNIT_SECONDS.entries())
    milliseconds += Number(parts[index + 1] ?? 0) * unit * 1000;
  if (milliseconds * 1e6 >= MAX_NANOS) throw AppError.invalid('duration out of range');
  return milliseconds / 1000;
}

// `http://host:9090/prefix` has the path `/prefix`.
function pathOf(url: string): string {
  const rest = url.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '');
  return rest.replace(/[?#].*$/s, '');
}

/** Those that answer for a host; without one there are no queries and no address. */
export function hostFunctions(host: RuleHost): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>([
    ['query', string((expression) => query(host, expression))],
    ['pathPrefix', { params: [], call: () => pathOf(host.externalURL) }],
    ['externalURL', { params: [], call: () => host.externalURL }],
  ]);
}

export const PROMETHEUS_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ...hostFunctions({ externalURL: '' }),
  ...REGEX_FUNCTIONS,
  ['first', { params: [VECTOR], call: ([vector]) => first(vector) }],
  ['label', { params: [STRING, SAMPLE], call: ([name, sample]) => labelOf(sample, textOf(name) ?? '') }],
  [
    'value',
    { params: [SAMPLE], call: ([sample]) => (sample instanceof GoStruct ? sample.fields.get('Value') : 0) },
  ],
  ['strvalue', { params: [SAMPLE], call: ([sample]) => labelOf(sample, '__value__') }],
  [
    'sortByLabel',
    { params: [STRING, VECTOR], call: ([name, vector]) => sortByLabel(textOf(name) ?? '', vector) },
  ],
  ['args', { params: [], variadic: ANY, call: argumentMap }],
  ['safeHtml', string((text) => new GoText(HTML, text))],
  ['title', string(titleFirstLetters)],
  ['toUpper', string(toUpper)],
  ['toLower', string(toLower)],
  ['graphLink', string((expression) => `/graph?g0.expr=${queryEscape(expression)}&g0.tab=0`)],
  ['tableLink', string((expression) => `/graph?g0.expr=${queryEscape(expression)}&g0.tab=1`)],
  ['stripPort', string((address) => splitHostPort(address)?.[0] ?? address)],
  ['stripDomain', string(stripDomain)],
  ['humanize', number(humanize)],
  ['humanize1024', number(humanize1024)],
  ['humanizeDuration', number(humanizeDuration)],
  ['humanizePercentage', number(humanizePercentage)],
  [
    'humanizeTimestamp',
    { params: [ANY], call: ([value], context) => humanizeTimestamp(toFloat(value), context) },
  ],
  ['toTime', number(toTime)],
  ['parseDuration', string(parseDuration)],
]);
