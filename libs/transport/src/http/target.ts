/**
 * The request target taken apart: path without the route prefix, decoded; query as pairs. By hand:
 * a URL object costs more than the rest of a small request.
 */

export interface Target {
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** An answer that needs no handler. */
export interface RouteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const NO_QUERY: Target['query'] = [];
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };

/** `prefix`: '' or like `/alertmanager`. The ways in from outside of it are for GET only, as upstream has them. */
export function readTarget(raw: string, prefix: string, method = 'GET'): Target | RouteAnswer {
  const url = raw.startsWith('/') ? raw : originForm(raw);
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const path = rawPath.includes('%') ? decode(rawPath) : rawPath;
  if (path === undefined) return { status: 400, headers: TEXT, body: `bad escape in the path ${rawPath}\n` };
  const query = mark < 0 ? NO_QUERY : readQuery(url.slice(mark + 1));
  if (prefix === '') return { path, query };
  if (path.startsWith(`${prefix}/`)) return { path: path.slice(prefix.length), query };
  if (path === '/') return method === 'GET' ? redirect(302, 'Found', prefix) : otherMethod(method);
  if (path === prefix && method === 'GET')
    return redirect(301, 'Moved Permanently', `${prefix}/${mark < 0 ? '' : url.slice(mark)}`);
  return { status: 404, headers: TEXT, body: '404 page not found\n' };
}

const otherMethod = (method: string): RouteAnswer =>
  method === 'OPTIONS'
    ? { status: 200, headers: { Allow: 'GET,OPTIONS' }, body: '' }
    : { status: 405, headers: { ...TEXT, Allow: 'GET,OPTIONS' }, body: 'Method Not Allowed\n' };

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

const redirect = (status: number, text: string, location: string): RouteAnswer => ({
  status,
  headers: { 'Content-Type': 'text/html; charset=utf-8', Location: location },
  body: `<a href="${location.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')}">${text}</a>.\n\n`,
});

/** `http://host/path?query` as proxies send it, and `*`. */
function originForm(raw: string): string {
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*(.*)$/.exec(raw);
  const rest = match?.[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A pair with a bad escape or a semicolon is left out, as Go's servers do. */
export function readQuery(text: string): Target['query'] {
  if (text === '') return NO_QUERY;
  const pairs: [string, string][] = [];
  for (const part of text.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const equals = part.indexOf('=');
    const name = decodeForm(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decodeForm(part.slice(equals + 1));
    if (name !== undefined && value !== undefined) pairs.push([name, value]);
  }
  return pairs;
}

const decodeForm = (text: string): string | undefined => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  if (/%(?![0-9A-Fa-f]{2})/.test(spaced)) return undefined;
  return decode(spaced) ?? decodeBadUtf8(spaced);
};

/** Dropping the pair would drop a filter, and answer with everything. */
const decodeBadUtf8 = (text: string): string =>
  Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
