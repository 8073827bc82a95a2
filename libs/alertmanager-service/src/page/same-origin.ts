/**
 * Who may post a form: only a page of our own. Browsers say where a request comes from, in
 * `Sec-Fetch-Site` (to https and localhost) or in `Origin`; a page of somebody else can't change
 * either. What says neither is no browser, and has the API.
 */
import type { HttpRequest } from '@tocsin/kernel';

/** `externalUrl`: of `--web.external-url`; a proxy may hide the name that the browser used. */
export function isFromOwnPage({ headers }: Pick<HttpRequest, 'headers'>, externalUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = /^https?:\/\/([^/\s]+)$/i.exec(headers['origin'] ?? '')?.[1]?.toLowerCase();
  if (origin === undefined) return false;
  return [headers['host'], headers['x-forwarded-host'], hostOf(externalUrl)].some(
    (host) => host?.toLowerCase() === origin,
  );
}

const hostOf = (url: string): string | undefined => /^https?:\/\/([^/?#]+)/i.exec(url)?.[1];
