/**
 * A part of the configuration between reading and use: ordered, with its secrets marked. From it come
 * the settings that a receiver works with (in clear) and the text that users are shown (masked).
 */
import type { JsonValue } from '../configuration.ts';
import { formatYaml, type YamlValue } from './yaml-text.ts';

/** What stands for every secret in rendered text, and is taken for one when read back. */
export const SECRET_TOKEN = '<secret>';

export class Secret {
  readonly clear: string;
  /** What is shown instead. */
  readonly masked: string;

  constructor(clear: string, masked: string = SECRET_TOKEN) {
    this.clear = clear;
    this.masked = masked;
  }
}

export type Setting = string | number | boolean | null | Secret | readonly Setting[] | SettingMap;
/** In the order in which it is printed. */
export type SettingMap = ReadonlyMap<string, Setting>;

/** Leaves out what is undefined. */
export function settingMap(
  entries: readonly (readonly [key: string, value: Setting | undefined])[],
): SettingMap {
  const map = new Map<string, Setting>();
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value);
  return map;
}

const isList = (setting: Setting): setting is readonly Setting[] => Array.isArray(setting);

/** With secrets in clear. */
export function toJson(setting: Setting): JsonValue {
  if (setting instanceof Secret) return setting.clear;
  if (isList(setting)) return setting.map(toJson);
  if (setting === null || typeof setting !== 'object') return setting;
  // Object.fromEntries makes own properties of all keys, `__proto__` too.
  return Object.fromEntries([...setting].map(([key, value]) => [key, toJson(value)] as const));
}

/** With secrets masked. */
export const toYaml = (settings: SettingMap): string => formatYaml(mask(settings));

function mask(setting: Setting): YamlValue {
  if (setting instanceof Secret) return setting.masked;
  if (isList(setting)) return setting.map(mask);
  if (setting === null || typeof setting !== 'object') return setting;
  return new Map([...setting].map(([key, value]) => [key, mask(value)] as const));
}
