/** Numbers for people: the functions of Prometheus that both products share. */
import { AppError } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import { DURATION } from './go-duration.ts';
import { formatFloat } from './go-float.ts';
import { parseGoFloat } from './literals.ts';
import { GoInt, textOf, typeName, type Value } from './values.ts';

const four = (value: number): string => formatFloat(value, 'g', 4);
const isPlain = (value: number): boolean => value === 0 || !Number.isFinite(value);

/** A number, or a text that holds one, or a duration in seconds. */
export function toFloat(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoInt)
    return value.type === DURATION ? Number(value.value) / 1e9 : Number(value.value);
  const text = textOf(value);
  if (text !== undefined) return parseFloatText(text);
  throw AppError.invalid(`can't convert ${typeName(value)} to float`);
}

function parseFloatText(text: string): number {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return special[1] === '' ? NaN : notFloat(text);
    return special[1] === '-' ? -Infinity : Infinity;
  }
  const value = text.includes('_') ? undefined : parseGoFloat(text);
  return value ?? notFloat(text);
}

const notFloat = (text: string): never => {
  const isTooLarge = /^[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?$/.test(text);
  const why = isTooLarge ? 'value out of range' : 'invalid syntax';
  throw AppError.invalid(`strconv.ParseFloat: parsing ${goQuote(text)}: ${why}`);
};

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const;
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'] as const;
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'] as const;

export function humanize(value: number): string {
  if (isPlain(value)) return four(value);
  return Math.abs(value) >= 1 ? grow(value, 1000, LARGE) : shrink(value);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || isPlain(value)) return four(value);
  return grow(value, 1024, BINARY);
}

export const humanizePercentage = (value: number): string => `${four(value * 100)}%`;

export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return `${four(value)}s`;
  if (Math.abs(value) < 1) return `${shrink(value)}s`;
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  // As a processor cuts a float to 64 bits: what is too large becomes the smallest number.
  const whole = size < 2 ** 63 ? BigInt(Math.trunc(size)) : -(2n ** 63n);
  const [days, hours] = [whole / 86_400n, (whole / 3600n) % 24n];
  const [minutes, seconds] = [(whole / 60n) % 60n, whole % 60n];
  if (days !== 0n) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0n) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0n) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${four(size)}s`;
}

function grow(value: number, step: number, prefixes: readonly string[]): string {
  let [scaled, prefix] = [value, ''];
  for (const next of prefixes) {
    if (Math.abs(scaled) < step) break;
    prefix = next;
    scaled /= step;
  }
  return four(scaled) + prefix;
}

function shrink(value: number): string {
  let [scaled, prefix] = [value, ''];
  for (const next of SMALL) {
    if (Math.abs(scaled) >= 1) break;
    prefix = next;
    scaled *= 1000;
  }
  return four(scaled) + prefix;
}
