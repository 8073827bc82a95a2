/**
 * What each type of setting accepts, and how it says so. Apart from settings.ts: that one decides *which*
 * text counts, this one what a text means.
 */
import { parseGoDurationMs, parsePrometheusDurationMs } from './duration.ts';
import { unreachable } from './errors.ts';
import type { SettingSpec } from './settings.ts';

/** Items of one list, unless its row says fewer. */
export const settingItemsMax = 1_000;

export type ReadSetting =
  { readonly isRight: true; readonly value: unknown } | { readonly isRight: false; readonly culprit: string };

const right = (value: unknown): ReadSetting => ({ isRight: true, value });

/** go-ini's words, which Grafana's files use; kingpin's are among them. */
const trues: ReadonlySet<string> = new Set(['1', 't', 'true', 'yes', 'y', 'on']);
const falses: ReadonlySet<string> = new Set(['0', 'f', 'false', 'no', 'n', 'off']);

/** `texts` has one item, but for lists. */
export function parseSetting(spec: SettingSpec, texts: readonly string[]): ReadSetting {
  if (spec.type === 'list') {
    if (texts.length > (spec.itemsMax ?? settingItemsMax))
      return { isRight: false, culprit: `${texts.length} items` };
    const wrong = texts.find((text) => !isItem(spec.of ?? 'string', text));
    return wrong === undefined ? right(texts) : { isRight: false, culprit: wrong };
  }
  const text = texts[0] ?? '';
  const value = parseOne(spec, text);
  return value === undefined ? { isRight: false, culprit: text } : right(value);
}

type Single = Exclude<SettingSpec, { readonly type: 'list' }>;

function parseOne(spec: Single, text: string): string | number | boolean | undefined {
  switch (spec.type) {
    case 'string':
    case 'secret':
      return text;
    case 'path':
      return text.includes('\0') ? undefined : text;
    case 'address':
      return isAddress(text) || isAllowedEmpty(spec, text) ? text : undefined;
    case 'url':
      return isUrl(text, spec.schemes) || isAllowedEmpty(spec, text) ? text : undefined;
    case 'bool':
      return trues.has(text.toLowerCase()) ? true : falses.has(text.toLowerCase()) ? false : undefined;
    case 'int':
      return /^[-+]?\d{1,15}$/.test(text) ? within(Number(text), spec.min, spec.max) : undefined;
    case 'float':
      return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)
        ? within(Number(text), spec.min, spec.max)
        : undefined;
    case 'duration':
      return parseDuration(text, parseGoDurationMs, spec);
    case 'duration-prometheus':
      return parseDuration(text, parsePrometheusDurationMs, spec);
    case 'enum':
      return spec.values.includes(text) ? text : undefined;
    default:
      return unreachable(spec);
  }
}

const isAllowedEmpty = (
  spec: { readonly default: string; readonly canBeEmpty?: boolean },
  text: string,
): boolean => text === '' && (spec.canBeEmpty === true || spec.default === '');

const within = (value: number, min = -Infinity, max = Infinity): number | undefined =>
  value >= min && value <= max ? value : undefined;

function parseDuration(
  text: string,
  parse: (text: string) => number | undefined,
  limits: { readonly min?: string; readonly max?: string },
): number | undefined {
  const ms = parse(text);
  return ms === undefined
    ? undefined
    : within(ms, parse(limits.min ?? '0'), limits.max === undefined ? undefined : parse(limits.max));
}

function isItem(type: 'string' | 'path' | 'address' | 'url', text: string): boolean {
  if (type === 'address') return isAddress(text);
  return type === 'url' ? isUrl(text, undefined) : text !== '' && !text.includes('\0');
}

/** host:port; the host may be empty, a name, an IPv4 address, or an IPv6 address in brackets. */
export function isAddress(text: string): boolean {
  const port = /^(?:\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]|[^\s:/[\]]*):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}

function isUrl(text: string, schemes: readonly string[] | undefined): boolean {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/\S+$/.exec(text)?.[1];
  return scheme !== undefined && (schemes === undefined || schemes.includes(scheme.toLowerCase()));
}

/** What a value has to be, to follow "is not". */
export function expectedOf(spec: SettingSpec): string {
  switch (spec.type) {
    case 'string':
      return 'a text';
    case 'secret':
      return 'a secret';
    case 'path':
      return 'a path';
    case 'address':
      return `host:port, like 10.0.0.1:9094, [::1]:9094 or :9094${spec.canBeEmpty === true ? ', or empty' : ''}`;
    case 'url':
      return `a URL like ${spec.schemes?.[0] ?? 'http'}://host/${spec.schemes === undefined ? '' : ` (${spec.schemes.join(' or ')})`}`;
    case 'bool':
      return 'true or false';
    case 'int':
      return `a whole number${limitsText(spec.min, spec.max)}`;
    case 'float':
      return `a number${limitsText(spec.min, spec.max)}`;
    case 'duration':
      return `a duration like 15s or 1h30m${limitsText(spec.min, spec.max)}`;
    case 'duration-prometheus':
      return `a duration like 15s, 1h30m or 5d${limitsText(spec.min, spec.max)}`;
    case 'enum':
      return `one of ${spec.values.join(', ')}`;
    case 'list':
      return `a list of at most ${spec.itemsMax ?? settingItemsMax} items, each ${listItem[spec.of ?? 'string']}`;
    default:
      return unreachable(spec);
  }
}

const listItem = { string: 'a text', path: 'a path', address: 'host:port', url: 'a URL' } as const;

function limitsText(min: string | number | undefined, max: string | number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
