/** Style, script and icon: named by their content, so that browsers may keep them for ever. */
import { encodeUtf8, type HttpRequest, type HttpResponse } from '@tocsin/kernel';
import { fnv1a64Hex } from '@tocsin/model';
import { scriptText } from './script.ts';
import { styleText } from './style.ts';

const iconText =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#b42318"/>' +
  '<path d="M16 6a7 7 0 0 1 7 7c0 6.5 2.5 8.5 2.5 8.5h-19S9 19.5 9 13a7 7 0 0 1 7-7Zm-2.5 18.5a2.6 2.6 0 0 0 5 0" fill="none" stroke="#fff" stroke-width="2.6" stroke-linejoin="round" stroke-linecap="round"/></svg>';

interface Asset {
  readonly type: string;
  readonly body: Uint8Array;
  readonly tag: string;
}

function assetOf(type: string, text: string): Asset {
  const body = encodeUtf8(text);
  return { type, body, tag: fnv1a64Hex(body) };
}

const style = assetOf('text/css; charset=utf-8', styleText);
const script = assetOf('text/javascript; charset=utf-8', scriptText);
const icon = assetOf('image/svg+xml', iconText);

/** Below the page's root. */
export const stylePath: string = `assets/page-${style.tag}.css`;
export const scriptPath: string = `assets/page-${script.tag}.js`;

const byPath: ReadonlyMap<string, Asset> = new Map([
  [`/${stylePath}`, style],
  [`/${scriptPath}`, script],
  ['/favicon.ico', icon],
]);

/** Undefined for any other path: an asset of another version is not found rather than mixed in. */
export function assetAt(request: HttpRequest): HttpResponse | undefined {
  const asset = byPath.get(request.path);
  if (asset === undefined) return undefined;
  const isNamed = request.path.startsWith('/assets/');
  const headers = {
    'Content-Type': asset.type,
    'Cache-Control': isNamed ? 'public, max-age=31536000, immutable' : 'public, max-age=86400',
    ETag: `"${asset.tag}"`,
    'X-Content-Type-Options': 'nosniff',
  };
  const isKnown = request.headers['if-none-match']?.includes(asset.tag) === true;
  return isKnown ? { status: 304, headers, body: '' } : { status: 200, headers, body: asset.body };
}
