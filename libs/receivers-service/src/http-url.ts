/**
 * An http(s) URL in its parts, as much as sending and following redirects needs. The services have no
 * URL class; the transport checks the rest when it dials.
 */
import { AppError } from '@tocsin/kernel';

export interface HttpUrl {
  readonly scheme: 'http' | 'https';
  /** Undecoded; '' when there is none. */
  readonly userinfo: string;
  /** With the port when one is given, in lower case. */
  readonly host: string;
  /** With the query, without the fragment; begins with `/`. */
  readonly path: string;
}

const ABSOLUTE = /^(https?):\/\/(?:([^/?#@]*)@)?([^/?#@]+)([^#]*)/i;

/** Throws AppError `invalid`; the message never holds the URL, which may be a secret. */
export function parseHttpUrl(text: string): HttpUrl {
  const match = ABSOLUTE.exec(text);
  const [, scheme = '', userinfo = '', host = '', rest = ''] = match ?? [];
  if (match === null || /[\u0000-\u0020\u007f]/.test(text)) {
    throw AppError.invalid('the URL is none: expected http://host or https://host without spaces');
  }
  return {
    scheme: scheme.toLowerCase() as HttpUrl['scheme'],
    userinfo,
    host: host.toLowerCase(),
    path: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

/** Without the user part: what is dialled. */
export const formatHttpUrl = (url: HttpUrl): string => `${url.scheme}://${url.host}${url.path}`;

/** Where a `Location` leads. Throws as `parseHttpUrl`. */
export function resolveLocation(base: HttpUrl, location: string): HttpUrl {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return parseHttpUrl(location);
  if (location.startsWith('//')) return parseHttpUrl(`${base.scheme}:${location}`);
  const [reference = ''] = location.split('#');
  const [basePath = '/'] = base.path.split('?');
  const mark = reference.indexOf('?');
  const [path, query] = mark < 0 ? [reference, ''] : [reference.slice(0, mark), reference.slice(mark)];
  if (path === '') return query === '' ? base : { ...base, path: `${basePath}${query}` };
  const merged = path.startsWith('/') ? path : basePath.slice(0, basePath.lastIndexOf('/') + 1) + path;
  return { ...base, path: `${removeDots(merged)}${query}` };
}

function removeDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    if (isLast && (segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** Of `user:password@`, both decoded; undefined when there is no user part. */
export function credentialsOf(
  url: HttpUrl,
): { readonly username: string; readonly password: string } | undefined {
  if (url.userinfo === '') return undefined;
  const colon = url.userinfo.indexOf(':');
  const [username, password] =
    colon < 0 ? [url.userinfo, ''] : [url.userinfo.slice(0, colon), url.userinfo.slice(colon + 1)];
  return { username: decodePart(username), password: decodePart(password) };
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
