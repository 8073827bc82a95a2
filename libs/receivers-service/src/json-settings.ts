/**
 * An integration's settings, read field by field. They come as JSON from an alertmanager, which has
 * checked them; but also from outsiders, so each mistake names the field, what was found and what was
 * expected. A field that nobody reads is a mistake too: a setting is never silently without effect.
 */
import { AppError } from '@tocsin/kernel';
import { parseDuration } from '@tocsin/model';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export class JsonSettings {
  readonly path: string;
  readonly #fields: ReadonlyMap<string, JsonValue>;
  readonly #read = new Set<string>();

  private constructor(value: JsonValue, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw AppError.invalid(
        `${path === '' ? 'settings' : path}: expected an object, found ${describe(value)}`,
      );
    }
    this.path = path;
    this.#fields = new Map(Object.entries(value as Readonly<Record<string, JsonValue>>));
  }

  /** Throws AppError `invalid`. */
  static parse(json: string): JsonSettings {
    let value: JsonValue;
    try {
      value = JSON.parse(json) as JsonValue;
    } catch {
      throw AppError.invalid('settings: expected a JSON object, found text that is no JSON');
    }
    return new JsonSettings(value, '');
  }

  at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  get keys(): readonly string[] {
    return [...this.#fields.keys()];
  }

  /** Undefined for a field that is absent or null. */
  raw(key: string): JsonValue | undefined {
    this.#read.add(key);
    return this.#fields.get(key) ?? undefined;
  }

  /** Undefined for one that is absent, null or empty. */
  string(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === '') return undefined;
    return typeof value === 'string' ? value : this.#fail(key, 'a string', value);
  }

  /** A whole number >= 0. */
  count(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#fail(key, 'a whole number >= 0', value);
  }

  boolean(key: string, ifAbsent: boolean): boolean {
    const value = this.raw(key);
    if (value === undefined) return ifAbsent;
    return typeof value === 'boolean' ? value : this.#fail(key, 'true or false', value);
  }

  /** `5s`, `1h30m`. */
  durationMs(key: string): number | undefined {
    const text = this.string(key);
    if (text === undefined) return undefined;
    try {
      return parseDuration(text);
    } catch {
      return this.#fail(key, 'a duration like 30s or 1m30s', text);
    }
  }

  strings(key: string): readonly string[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    return Array.isArray(value) && value.every((each) => typeof each === 'string')
      ? value
      : this.#fail(key, 'a list of strings', value);
  }

  object(key: string): JsonSettings | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : new JsonSettings(value, this.at(key));
  }

  objects(key: string): readonly JsonSettings[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.#fail(key, 'a list of objects', value);
    return (value as readonly JsonValue[]).map(
      (each, index) => new JsonSettings(each, `${this.at(key)}[${index}]`),
    );
  }

  /** Call last. */
  refuseUnread(): void {
    const unknown = this.keys.filter((key) => !this.#read.has(key));
    if (unknown.length === 0) return;
    const names = unknown.map((key) => this.at(key)).join(', ');
    throw AppError.invalid(`unknown settings: ${names}; expected ${[...this.#read].join(', ')}`);
  }

  #fail(key: string, expected: string, found: JsonValue): never {
    throw AppError.invalid(`${this.at(key)}: expected ${expected}, found ${describe(found)}`);
  }
}

// Never the value of a string: it may be a secret.
function describe(value: JsonValue): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
