/** URLs as the configuration takes them; the texts are those of Go's URL parser and of Alertmanager. */
import { AppError } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';

export interface UrlParts {
  /** Lower case; '' when there is none. */
  readonly scheme: string;
  /** With port, without user; '' when there is none. */
  readonly host: string;
}

/** Bytes of one URL; no proxy or server takes longer ones. */
const MAX_URL_LENGTH = 8192;

/** Throws AppError `invalid` for what is no URL at all; one without scheme or host is still a URL. */
export function parseUrl(url: string): UrlParts {
  const bad = (why: string): AppError =>
    AppError.invalid(`parse ${goQuote(maskPassword(url.slice(0, 200)))}: ${why}`);
  if (url.length > MAX_URL_LENGTH) throw bad(`longer than ${MAX_URL_LENGTH} characters`);
  if (/[\x00-\x1f\x7f]/.test(url)) throw bad('invalid control character in URL');
  if (url.startsWith(':')) throw bad('missing protocol scheme');
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(url) ?? [];
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(rest.replace(/[?].*$/s, ''));
  if (badEscape !== null) throw bad(`invalid URL escape ${goQuote(badEscape[0])}`);
  if (!rest.startsWith('//')) return { scheme: scheme.toLowerCase(), host: '' };
  const authority = /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const odd = /[\s"<>\\^`{|}]/.exec(host);
  if (odd !== null) throw bad(`invalid character ${goQuote(odd[0])} in host name`);
  const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/.exec(host)?.[1] ?? '';
  if (!/^(?::\d*)?$/.test(port)) throw bad(`invalid port ${goQuote(port)} after host`);
  return { scheme: scheme.toLowerCase(), host };
}

/** Returns the URL; throws AppError `invalid` unless it is one of http or https with a host. */
export function checkHttpUrl(url: string): string {
  const { scheme, host } = parseUrl(url);
  if (scheme !== 'http' && scheme !== 'https')
    throw AppError.invalid(`unsupported scheme ${goQuote(scheme)} for URL`);
  if (host === '') throw AppError.invalid('missing host for URL');
  return url;
}

/** The URL with `xxxxx` for its password. */
export const maskPassword = (url: string): string =>
  url.replace(/^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#@:]*):[^/?#]*@/, '$1:xxxxx@');

/** Returns `host:port`; throws AppError `invalid`. Empty means not set. */
export function checkHostPort(address: string): string {
  if (address === '') return address;
  const [, host, port] = /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(address) ?? [];
  if (host === undefined || port === undefined) {
    const why = address.includes(':') ? 'too many colons in address' : 'missing port in address';
    throw AppError.invalid(`address ${address}: ${why}`);
  }
  if (port === '') throw AppError.invalid(`address ${goQuote(address)}: port cannot be empty`);
  return address;
}
