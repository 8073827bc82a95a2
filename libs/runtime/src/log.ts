/**
 * @module runtime/log
 *
 * Log lines on stderr as Alertmanager writes them: logfmt (`ts=… level=info msg="Listening on" address=:9093`)
 * or JSON, one line an event. Own formatter, because a fact must never become a second line, a secret must
 * never become readable, and a level that is off must cost one comparison.
 */
import { messageOf } from '@tocsin/kernel';
import type { LogFacts, Logger, LogLevel } from '@tocsin/kernel';

export type LogFormat = 'logfmt' | 'json';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes whole lines, their newline included. Default: stderr. */
  readonly write?: (line: string) => void;
  readonly wall?: () => number;
}

/** Characters of one value; the rest is cut and counted. */
export const logValueLengthMax = 8_192;

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function logger({ level, format, write = writeToStderr, wall = Date.now }: LogOptions): Logger {
  const encode = format === 'json' ? jsonLine : logfmtLine;
  const make = (shared: LogFacts): Logger => {
    const at =
      (own: LogLevel) =>
      (message: string, facts: LogFacts = {}) => {
        if (severity[own] >= severity[level])
          write(encode(new Date(wall()).toISOString(), own, shared, message, facts));
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (facts) => make({ ...shared, ...facts }),
    };
  };
  return make({});
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

type LineEncoder = (
  ts: string,
  level: LogLevel,
  shared: LogFacts,
  message: string,
  facts: LogFacts,
) => string;

const logfmtLine: LineEncoder = (ts, level, shared, message, facts) => {
  let line = `ts=${ts} level=${level}`;
  const append = (key: string, value: unknown): void => {
    if (value !== undefined) line += ` ${logfmtKey(key)}=${logfmtValue(textOf(key, value))}`;
  };
  for (const key of Object.keys(shared)) append(key, shared[key]);
  append('msg', message);
  for (const key of Object.keys(facts)) append(key, facts[key]);
  return `${line}\n`;
};

const jsonLine: LineEncoder = (ts, level, shared, message, facts) => {
  const line: Record<string, unknown> = { ts, level };
  const append = (key: string, value: unknown): void => {
    if (value === undefined) return;
    const isPlain = typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
    line[key] = isPlain && !isSecretName(key) ? value : textOf(key, value);
  };
  for (const key of Object.keys(shared)) append(key, shared[key]);
  append('msg', message);
  for (const key of Object.keys(facts)) append(key, facts[key]);
  return `${JSON.stringify(line)}\n`;
};

/** A net under the callers, who must not log secrets in the first place. */
const secretName = /passw|secret|token|authorization|api[-_]?key|credential|encrypt[-_]?key/i;
const isSecretName = (key: string): boolean => secretName.test(key);

function textOf(key: string, value: unknown): string {
  if (isSecretName(key)) return '<secret>';
  const text = maskUserInfo(plainText(value));
  return text.length <= logValueLengthMax
    ? text
    : `${text.slice(0, logValueLengthMax)}… (${text.length} characters)`;
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return errorText(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  try {
    return JSON.stringify(value, (key, inner: unknown) => (isSecretName(key) ? '<secret>' : jsonable(inner)));
  } catch (thrown) {
    return `unprintable: ${messageOf(thrown)}`;
  }
}

function jsonable(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map || value instanceof Set) return [...value];
  return value instanceof Error ? errorText(value) : value;
}

/** Causes deeper than this say nothing new. */
const causesMax = 5;

function errorText(error: Error): string {
  const messages: string[] = [];
  for (
    let at: unknown = error;
    at !== undefined && messages.length < causesMax;
    at = at instanceof Error ? at.cause : undefined
  ) {
    messages.push(messageOf(at));
  }
  return messages.join(': ');
}

/** `https://user:secret@host` loses what is between the slashes and the at. */
function maskUserInfo(text: string): string {
  return text.includes('@') && text.includes('://')
    ? text.replaceAll(/:\/\/[^\s/?#@]*@/g, '://<secret>@')
    : text;
}

const logfmtKey = (key: string): string =>
  /^[^\s="\p{C}]+$/u.test(key) ? key : key.replaceAll(/[\s="\p{C}]/gu, '_') || '_';
const logfmtValue = (text: string): string =>
  /^[^\s="\\\p{C}\p{Z}]*$/u.test(text)
    ? text
    : JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit);
const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
