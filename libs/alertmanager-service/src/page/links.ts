/**
 * Addresses within the page, all relative: they work behind any route prefix and any proxy. `root` is
 * the way from the page shown back to the first one: `./`, `../` or `../../`.
 */

/** A lone surrogate has no UTF-8, and `encodeURIComponent` would throw. */
export const encode = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));

export type Pair = readonly [name: string, value: string];

/** `?a=b&c=d`; '' without pairs. */
export function queryOf(pairs: readonly Pair[]): string {
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`;
}

/** From `/silences/x` to `/`: `../`. */
export function rootFrom(path: string): string {
  const depth = path.split('/').length - 2;
  return depth <= 0 ? './' : '../'.repeat(depth);
}

/** Posted fields; more are left out. */
const FIELDS_MAX = 100;

/** `application/x-www-form-urlencoded`. Undefined when an escape in it is broken. */
export function readForm(text: string): readonly Pair[] | undefined {
  const pairs: Pair[] = [];
  for (const part of text.split('&', FIELDS_MAX)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    try {
      pairs.push([
        decode(equals < 0 ? part : part.slice(0, equals)),
        decode(equals < 0 ? '' : part.slice(equals + 1)),
      ]);
    } catch {
      return undefined;
    }
  }
  return pairs;
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** The value of the last pair of this name; '' when there is none. */
export function fieldOf(pairs: readonly Pair[], name: string): string {
  let found = '';
  for (const [key, value] of pairs) if (key === name) found = value;
  return found;
}

/** The value of a cookie; '' when it is missing or was not written by `encode`. */
export function cookieOf(header: string | undefined, name: string): string {
  for (const part of (header ?? '').split(';')) {
    const [key = '', value = ''] = part.trim().split('=', 2);
    if (key !== name) continue;
    try {
      return decodeURIComponent(value);
    } catch {
      return '';
    }
  }
  return '';
}
