/**
 * Media types of requests, judged as upstream's runtime judges them (spec/alertmanager.md 7.2): the type
 * of a body is only looked at when there is one, and what is wanted only when there is none.
 */
import type { HttpRequest } from '@tocsin/kernel';

export const hasBody = (request: HttpRequest): boolean =>
  request.body.length > 0 || request.headers['transfer-encoding'] !== undefined;

/** Whether `Accept` allows the type. A header without one readable range allows everything. */
export function accepts(header: string | undefined, type: string): boolean {
  const ranges = (header ?? '').split(',').flatMap((text) => rangeOf(text) ?? []);
  if (ranges.length === 0) return true;
  const [main] = type.split('/');
  return ranges.some(
    ({ range, quality }) => quality > 0 && (range === type || range === '*/*' || range === `${main ?? ''}/*`),
  );
}

function rangeOf(text: string): { readonly range: string; readonly quality: number } | undefined {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  if (!/^[^\s/]+\/[^\s/]+$/.test(range)) return undefined;
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { range, quality: quality === undefined ? 1 : Number(quality) };
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^${TOKEN}(?:/${TOKEN})?$`);
// One after the other, each at its place: a single pattern for all of them would backtrack.
const PARAMETER = new RegExp(`\\s*;\\s*${TOKEN}\\s*=\\s*(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`, 'y');

/** `type/subtype` in lower case; undefined for a header that can't be read. */
export function mediaTypeOf(request: HttpRequest): string | undefined {
  const header = request.headers['content-type'] ?? '';
  if (header === '') return 'application/octet-stream';
  const [base = ''] = header.split(';', 1);
  let at = base.length;
  for (;;) {
    PARAMETER.lastIndex = at;
    const found = PARAMETER.exec(header);
    if (found === null) break;
    at += found[0].length;
  }
  const rest = header.slice(at).trim();
  const type = base.trim().toLowerCase();
  return TYPE.test(type) && (rest === '' || rest === ';') ? type : undefined;
}
