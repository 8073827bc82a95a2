/** Reading of query parameters. Unknown ones are ignored. */
import { matchesAll } from '@tocsin/alerting';
import { AppError, messageOf, type HttpRequest } from '@tocsin/kernel';
import { compileAnchored, parseMatcher, type LabelSet, type Matcher } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';

type Mode = AlertmanagerSettings['matcherMode'];

const TRUE_WORDS: ReadonlySet<string> = new Set([
  'true',
  '1',
  'yes',
  'ok',
  'y',
  'on',
  'selected',
  'checked',
  't',
  'enabled',
]);

/** Upstream's words in any case; empty or absent gives the default, anything else is false. */
export function flag(request: HttpRequest, name: string, byDefault: boolean): boolean {
  const value = last(request, name);
  return value === undefined || value === '' ? byDefault : TRUE_WORDS.has(value.toLowerCase());
}

export function last(request: HttpRequest, name: string): string | undefined {
  let found: string | undefined;
  for (const [key, value] of request.query) if (key === name) found = value;
  return found;
}

export const all = (request: HttpRequest, name: string): string[] =>
  request.query.filter(([key]) => key === name).map(([, value]) => value);

/** `filter=`: each exactly one matcher. Throws AppError `invalid` with upstream's text. */
export const filters = (request: HttpRequest, mode: Mode): readonly Matcher[] =>
  all(request, 'filter').map((text) => parseMatcher(text, mode).matcher);

export interface ReceiverFilter {
  /** False: neither `receiver` nor `receiver_matchers` was given; everything passes. */
  readonly isGiven: boolean;
  passes(receiver: { readonly name: string; readonly labels: LabelSet }): boolean;
}

export function receiverFilter(request: HttpRequest, mode: Mode): ReceiverFilter {
  const pattern = last(request, 'receiver') ?? '';
  const regex =
    pattern === '' ? undefined : prefixed('failed to parse receiver param: ', () => compileAnchored(pattern));
  const matchers = receiverMatchers(request, mode);
  return {
    isGiven: regex !== undefined || matchers.length > 0,
    passes: ({ name, labels }) =>
      (regex === undefined || regex.matches(name)) && matchesAll(matchers, labels),
  };
}

export const receiverMatchers = (request: HttpRequest, mode: Mode): readonly Matcher[] =>
  prefixed('failed to parse receiver_matchers param: ', () =>
    all(request, 'receiver_matchers').map((text) => parseMatcher(text, mode).matcher),
  );

function prefixed<T>(prefix: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw AppError.invalid(`${prefix}${messageOf(error)}`);
  }
}
