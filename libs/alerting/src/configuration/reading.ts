/**
 * What every section of the configuration is read with. As with Alertmanager, null anywhere means
 * "not set", and a mistake never stops the reading, so that all of them are told at once.
 */
import { AppError, type Field } from '@tocsin/kernel';
import { formatDuration, parseDuration, type MatcherMode } from '@tocsin/model';
import { Secret, SECRET_TOKEN, type Setting } from './setting.ts';
import { checkHttpUrl, maskPassword, parseUrl } from './url.ts';

/** What the readers share besides the document. */
export interface ReadingContext {
  readonly mode: MatcherMode;
  /** Folder of the configuration file, '' for the working directory: files of `http_config` are relative to it. */
  readonly folder: string;
  readonly warnings: string[];
}

export const setField = (field: Field | undefined): Field | undefined =>
  field?.isNull === true ? undefined : field;

/** Undefined when not set. */
export const readString = (field: Field | undefined): string | undefined => setField(field)?.string();
/** Undefined when not set or empty: most settings take both as the same. */
export const readText = (field: Field | undefined): string | undefined => readString(field) || undefined;
export const readBoolean = (field: Field | undefined): boolean | undefined => setField(field)?.boolean();

/** Milliseconds. */
export const readDuration = (field: Field | undefined): number | undefined =>
  setField(field)?.parsed(parseDuration);
/** In canonical text, as it is rendered and handed on. */
export function readDurationText(field: Field | undefined): string | undefined {
  const ms = readDuration(field);
  return ms === undefined ? undefined : formatDuration(ms);
}

/** A whole number within bounds. */
export function readCount(
  field: Field | undefined,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const set = setField(field);
  const value = set?.integer();
  if (set === undefined || value === undefined) return undefined;
  if (value < min || value > max)
    return set.fail(`expected a whole number from ${min} to ${max}, found ${value}`);
  return value;
}

/** Undefined when not set; a given empty list is one. */
export function readStrings(field: Field | undefined): readonly string[] | undefined {
  return setField(field)
    ?.items()
    ?.flatMap((item) => item.string() ?? []);
}

/** A map of strings; undefined when not set. */
export function readStringMap(field: Field | undefined): ReadonlyMap<string, string> | undefined {
  const entries = setField(field)?.entries();
  if (entries === undefined) return undefined;
  return new Map(
    entries.flatMap(([key, value]) => {
      const text = value.string();
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
}

export function readSecret(field: Field | undefined): Secret | undefined {
  const text = readText(field);
  return text === undefined ? undefined : new Secret(text);
}

/** An http or https URL with a host, as written. */
export const readUrl = (field: Field | undefined): string | undefined =>
  setField(field)?.parsed(checkHttpUrl);

/** The same when the URL itself is a secret; the token that stands for one is accepted. */
export function readSecretUrl(field: Field | undefined): Secret | undefined {
  const text = setField(field)?.parsed((url) => (url === SECRET_TOKEN ? url : checkHttpUrl(url)));
  return text === undefined ? undefined : new Secret(text);
}

const PROXY_SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'socks5', 'socks5h']);

/** Shown with its password masked. */
export function readProxyUrl(field: Field | undefined): Secret | undefined {
  if (readText(field) === undefined) return undefined;
  const text = field?.parsed((url) => {
    const { scheme, host } = parseUrl(url);
    if (!PROXY_SCHEMES.has(scheme) || host === '') {
      throw AppError.invalid(
        `expected a proxy URL with scheme http, https or socks5 and a host, found ${JSON.stringify(maskPassword(url))}`,
      );
    }
    return url;
  });
  return text === undefined ? undefined : new Secret(text, maskPassword(text));
}

/** The name of a file: shown as written, used relative to the folder of the configuration. */
export function readFile(field: Field | undefined, context: ReadingContext): Setting | undefined {
  const path = readText(field);
  if (path === undefined) return undefined;
  const isRelative = context.folder !== '' && !path.startsWith('/');
  return isRelative ? new Secret(`${context.folder.replace(/\/+$/, '')}/${path}`, path) : path;
}

/** One of a closed set of words. */
export function readWord<const W extends string>(
  field: Field | undefined,
  words: readonly W[],
): W | undefined {
  const set = setField(field);
  const text = set?.string();
  if (set === undefined || text === undefined) return undefined;
  const found = words.find((word) => word === text);
  return found ?? set.fail(`expected one of ${words.join(', ')}, found ${JSON.stringify(text)}`);
}

/** Reports that two settings exclude each other; `names` are upstream's words for them. */
export function checkAtMostOne(field: Field, names: string, settings: readonly unknown[]): void {
  if (settings.filter((setting) => setting !== undefined).length > 1) {
    field.fail(`at most one of ${names} must be configured`);
  }
}
