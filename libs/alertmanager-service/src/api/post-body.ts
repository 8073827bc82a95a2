/**
 * Reading of posted bodies: JSON first, then the shape, with upstream's codes and texts
 * (spec/alertmanager.md 7.1, 7.2). Unknown fields are ignored.
 */
import type { RawAlert } from '@tocsin/alerting';
import { messageOf } from '@tocsin/kernel';
import { parseInstant, type Instant, type LabelPair } from '@tocsin/model';
import { Malformed } from './answer.ts';

const unparsable = (what: string, why: string): Malformed =>
  new Malformed(400, 400, `parsing ${what} body from "" failed, because ${why}`);
const required = (path: string): Malformed => new Malformed(422, 602, `${path} in body is required`);

export function parseJson(what: string, text: string): unknown {
  if (text.trim() === '') throw required(what);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unparsable(what, messageOf(error));
  }
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => kindOf(value) === 'object';

/** The alerts of a POST; `null` counts as an empty list. Each one's trace is the request's. */
export function readAlerts(text: string, traceparent: string): RawAlert[] {
  const list = parseJson('alerts', text);
  if (list === null) return [];
  if (!Array.isArray(list)) throw unparsable('alerts', `expected a list of alerts, found ${kindOf(list)}`);
  return list.map((item: unknown, index) => readAlert(item, index, traceparent));
}

function readAlert(item: unknown, index: number, traceparent: string): RawAlert {
  if (!isObject(item))
    throw unparsable('alerts', `alert ${index}: expected an object, found ${kindOf(item)}`);
  const { labels, annotations, startsAt, endsAt, generatorURL } = item;
  if (labels === undefined || labels === null) throw required(`${index}.labels`);
  return {
    labels: readLabels('labels', labels),
    annotations:
      annotations === undefined || annotations === null ? [] : readLabels('annotations', annotations),
    startsAt: readTime('alerts', 'startsAt', startsAt),
    endsAt: readTime('alerts', 'endsAt', endsAt),
    generatorUrl: readUri(generatorURL, index),
    traceparent,
  };
}

export function readLabels(field: string, value: unknown): LabelPair[] {
  if (!isObject(value)) throw unparsable('alerts', `${field}: expected an object, found ${kindOf(value)}`);
  return Object.entries(value).map(([name, text]): LabelPair => {
    // As upstream reads it: a label without a value.
    if (text === null) return [name, ''];
    if (typeof text !== 'string')
      throw unparsable('alerts', `${field}.${name}: expected a string, found ${kindOf(text)}`);
    return [name, text];
  });
}

const QUOTED_MAX = 200;
/** Only texts are quoted: printing a value that is nested deeply enough overflows the stack. */
const found = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, QUOTED_MAX)) : kindOf(value);

const EPOCH: Instant = { seconds: 0, nanos: 0, offsetMinutes: 0 };

/** Absent and null are "not given"; an empty string is 1970, as upstream reads it. */
export function readTime(what: string, field: string, value: unknown): Instant | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === '') return EPOCH;
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  if (instant === undefined)
    throw unparsable(what, `${field}: expected an RFC 3339 time, found ${found(value)}`);
  return instant;
}

// A scheme, or an absolute path: what Go's url.ParseRequestURI takes.
const URI = /^(?:[A-Za-z][A-Za-z0-9+.-]*:[^\s]*|\/[^\s]*)$/;

export function readUri(value: unknown, index: number): string {
  if (value === undefined || value === null || value === '') return '';
  if (typeof value !== 'string')
    throw unparsable('alerts', `generatorURL: expected a string, found ${kindOf(value)}`);
  if (!URI.test(value)) {
    throw new Malformed(422, 601, `${index}.generatorURL in body must be of type uri: ${found(value)}`);
  }
  return value;
}

export interface PostedMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}
export interface PostedSilence {
  readonly id: string;
  readonly matchers: readonly PostedMatcher[];
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: readonly LabelPair[];
}

export function readSilence(text: string): PostedSilence {
  const value = parseJson('silence', text) ?? {};
  if (!isObject(value)) throw unparsable('silence', `expected an object, found ${kindOf(value)}`);
  const startsAt = readTime('silence', 'startsAt', value['startsAt']);
  const endsAt = readTime('silence', 'endsAt', value['endsAt']);
  const comment = optionalString(value, 'comment');
  const createdBy = optionalString(value, 'createdBy');
  const id = optionalString(value, 'id');
  const { matchers, annotations } = value;
  if (comment === undefined) throw required('comment');
  if (createdBy === undefined) throw required('createdBy');
  if (endsAt === undefined) throw required('endsAt');
  if (matchers === undefined || matchers === null) throw required('matchers');
  if (!Array.isArray(matchers))
    throw unparsable('silence', `matchers: expected a list, found ${kindOf(matchers)}`);
  if (matchers.length === 0) throw new Malformed(422, 612, 'matchers in body should have at least 1 items');
  const read = matchers.map((matcher: unknown, index) => readMatcher(matcher, index));
  if (startsAt === undefined) throw required('startsAt');
  return {
    id: id ?? '',
    matchers: read,
    startsAt,
    endsAt,
    createdBy,
    comment,
    annotations:
      annotations === undefined || annotations === null ? [] : readLabels('annotations', annotations),
  };
}

function readMatcher(value: unknown, index: number): PostedMatcher {
  if (!isObject(value))
    throw unparsable('silence', `matchers.${index}: expected an object, found ${kindOf(value)}`);
  const name = optionalString(value, 'name');
  const text = optionalString(value, 'value');
  const { isRegex, isEqual } = value;
  if (isRegex !== undefined && isRegex !== null && typeof isRegex !== 'boolean') {
    throw unparsable(
      'silence',
      `matchers.${index}.isRegex: expected true or false, found ${kindOf(isRegex)}`,
    );
  }
  if (isEqual !== undefined && isEqual !== null && typeof isEqual !== 'boolean') {
    throw unparsable(
      'silence',
      `matchers.${index}.isEqual: expected true or false, found ${kindOf(isEqual)}`,
    );
  }
  if (typeof isRegex !== 'boolean') throw required(`matchers.${index}.isRegex`);
  if (name === undefined) throw required(`matchers.${index}.name`);
  if (text === undefined) throw required(`matchers.${index}.value`);
  return { name, value: text, isRegex, isEqual: isEqual ?? true };
}

function optionalString(from: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = from[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string')
    throw unparsable('silence', `${field}: expected a string, found ${kindOf(value)}`);
  return value;
}
