/** Values as Go's encoding/json writes them: map keys sorted, HTML characters escaped. */
import { AppError, isWellFormed } from '@tocsin/kernel';
import { encodeBase64 } from './base64.ts';
import { formatFloat } from './go-float.ts';
import { MAX_VALUE_DEPTH, type Budget } from './limits.ts';
import {
  BYTES,
  GoInt,
  GoList,
  GoMap,
  GoObject,
  GoStruct,
  intOf,
  textOf,
  typeName,
  type Value,
} from './values.ts';

/** Throws `AppError`: invalid for what JSON can't hold (NaN, functions), limit. */
export function toJson(value: Value, budget: Budget): string {
  const writer = new Writer(budget);
  writer.value(value, 0);
  return writer.finish();
}

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
]);

function quote(text: string): string {
  const whole = isWellFormed(text) ? text : text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  return JSON.stringify(whole).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => ESCAPED.get(character) ?? character,
  );
}

class Writer {
  readonly #budget: Budget;
  readonly #parts: string[] = [];
  #length = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  finish(): string {
    this.#budget.spendText(this.#length);
    return this.#parts.join('');
  }

  value(value: Value, depth: number): void {
    if (depth > MAX_VALUE_DEPTH)
      throw new AppError('limit', `value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
    this.#budget.spend(1);
    const text = textOf(value);
    if (text !== undefined) this.#write(quote(text));
    else if (value === undefined || value === null) this.#write('null');
    else if (typeof value === 'boolean') this.#write(String(value));
    else if (typeof value === 'number') this.#write(numberText(value));
    else if (value instanceof GoObject && value.type.json !== undefined) this.#write(value.type.json(value));
    else if (typeof value === 'bigint' || value instanceof GoInt) this.#write(String(intOf(value)));
    else if (value instanceof GoList) this.#list(value, depth);
    else if (value instanceof GoMap) this.#map(value, depth);
    else if (value instanceof GoStruct) this.#struct(value, depth);
    else throw AppError.invalid(`json: unsupported type: ${typeName(value)}`);
  }

  #list(list: GoList, depth: number): void {
    if (list.type === BYTES) {
      this.#write(
        quote(
          encodeBase64(
            Uint8Array.from(list.items, (item) => Number(intOf(item) ?? 0n)),
            'standard',
          ),
        ),
      );
      return;
    }
    this.#write('[');
    for (const [index, item] of list.items.entries()) {
      if (index > 0) this.#write(',');
      this.value(item, depth + 1);
    }
    this.#write(']');
  }

  #map(map: GoMap, depth: number): void {
    this.#write('{');
    for (const [index, key] of map.keys.entries()) {
      this.#write(`${index > 0 ? ',' : ''}${quote(key)}:`);
      this.value(map.entries.get(key), depth + 1);
    }
    this.#write('}');
  }

  #struct(struct: GoStruct, depth: number): void {
    this.#write('{');
    let isFirst = true;
    for (const [name, field] of struct.fields) {
      if (struct.type.omitEmpty?.has(name) === true && isEmpty(field)) continue;
      this.#write(`${isFirst ? '' : ','}${quote(struct.type.jsonNames?.get(name) ?? name)}:`);
      isFirst = false;
      this.value(field, depth + 1);
    }
    this.#write('}');
  }

  #write(text: string): void {
    this.#length += text.length;
    if (this.#length > this.#budget.limits.maxOutput) this.#budget.spendText(this.#length);
    this.#parts.push(text);
  }
}

function isEmpty(value: Value): boolean {
  if (value instanceof GoList) return value.items.length === 0;
  if (value instanceof GoMap) return value.entries.size === 0;
  return (
    value === undefined || value === null || value === '' || value === 0 || value === 0n || value === false
  );
}

// JavaScript and Go agree on where the exponential form begins, but not on minus zero.
function numberText(value: number): string {
  if (!Number.isFinite(value)) throw AppError.invalid(`json: unsupported value: ${formatFloat(value, 'g')}`);
  return Object.is(value, -0) ? '-0' : String(value);
}
