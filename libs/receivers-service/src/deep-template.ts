/**
 * A structured value whose strings are templates: webhook `payload` (spec/receivers.md 1.6). Each string is
 * rendered, and what was rendered is read as YAML: a number, a bool, a list or a map takes its place,
 * anything else stays the text. What came out of a text is final.
 */
import { AppError, compareUtf8, type Clock, type ReadDocument } from '@tocsin/kernel';
import type { TemplateSet } from '@tocsin/templating';
import { goJsonString } from './go-json.ts';
import type { JsonValue } from './json-settings.ts';
import type { Notification } from './notification.ts';
import { compileText, type TemplateText } from './template-text.ts';
import { yamlValueOf, type YamlValue } from './yaml-value.ts';

export type DeepTemplate = (notification: Notification, clock: Clock) => YamlValue;

interface Compiling {
  readonly set: TemplateSet;
  /** For errors. */
  readonly field: string;
  readonly readDocument: ReadDocument;
}

/** Throws AppError `invalid` for a string that is no template; so does rendering. */
export function compileDeep(value: JsonValue, compiling: Compiling): DeepTemplate {
  if (typeof value === 'string') return compileString(value, compiling);
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => compileDeep(item, compiling));
    return (notification, clock) => items.map((item) => item(notification, clock));
  }
  if (typeof value !== 'object' || value === null) return () => value;
  const entries = Object.entries(value).map(([key, each]) => ({
    key: compileText(compiling.set, key, compiling.field),
    value: compileDeep(each, compiling),
  }));
  return (notification, clock) =>
    new Map(entries.map((entry) => [entry.key(notification, clock), entry.value(notification, clock)]));
}

function compileString(text: string, { set, field, readDocument }: Compiling): DeepTemplate {
  const meaning = (rendered: string): YamlValue => {
    const value = yamlValueOf(rendered, readDocument);
    return value === undefined ? rendered : value;
  };
  const template: TemplateText = compileText(set, text, field);
  if (text.includes('{{')) return (notification, clock) => meaning(template(notification, clock));
  const value = meaning(text);
  return () => value;
}

/** As Go's encoding/json writes it. Throws AppError `invalid` for what JSON cannot hold. */
export function goJsonValue(value: YamlValue): string {
  if (typeof value === 'string') return goJsonString(value);
  if (typeof value === 'number') return goJsonNumber(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (!(value instanceof Map)) return `[${(value as readonly YamlValue[]).map(goJsonValue).join(',')}]`;
  const entries = [...(value as ReadonlyMap<string, YamlValue>)].sort(([a], [b]) => compareUtf8(a, b));
  return `{${entries.map(([key, each]) => `${goJsonString(key)}:${goJsonValue(each)}`).join(',')}}`;
}

function goJsonNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  throw AppError.invalid(`json: unsupported value: ${name}`);
}
