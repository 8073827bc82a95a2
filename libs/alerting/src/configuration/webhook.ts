/** `webhook_configs`: spec/alertmanager.md 1.8, spec/receivers.md. */
import type { DocNode, Field } from '@tocsin/kernel';
import type { GlobalConfig } from './global.ts';
import { readHttpConfig } from './http-config.ts';
import {
  readBoolean,
  readCount,
  readDurationText,
  readText,
  setField,
  type ReadingContext,
} from './reading.ts';
import type { ReadIntegration } from './receivers.ts';
import { Secret, SECRET_TOKEN, settingMap, type Setting } from './setting.ts';
import { checkHttpUrl } from './url.ts';

const KEYS = ['send_resolved', 'http_config', 'url', 'url_file', 'max_alerts', 'timeout', 'payload'] as const;

export function readWebhook(field: Field, global: GlobalConfig, context: ReadingContext): ReadIntegration {
  const fields = field.object(KEYS) ?? {};
  const [hasUrl, urlFile] = [readText(fields.url) !== undefined, readText(fields.url_file)];
  if (!hasUrl && urlFile === undefined) field.fail('one of url or url_file must be configured');
  if (hasUrl && urlFile !== undefined) field.fail('at most one of url & url_file must be configured');
  const sendResolved = readBoolean(fields.send_resolved) ?? true;
  const httpConfig = readHttpConfig(fields.http_config, context) ?? global.httpConfig;
  const settings = settingMap([
    ['http_config', httpConfig],
    ['url', hasUrl ? readTemplatedUrl(fields.url) : undefined],
    ['url_file', urlFile],
    ['max_alerts', readCount(fields.max_alerts, 0) ?? 0],
    ['timeout', readDurationText(fields.timeout)],
    ['payload', setField(fields.payload) === undefined ? undefined : readPayload(fields.payload)],
  ]);
  return { sendResolved, settings, rendered: settingMap([['send_resolved', sendResolved], ...settings]) };
}

// A template can only be judged when it is rendered.
function readTemplatedUrl(field: Field | undefined): Secret | undefined {
  const text = field?.parsed((url) => (url.includes('{{') || url === SECRET_TOKEN ? url : checkHttpUrl(url)));
  return text === undefined ? undefined : new Secret(text);
}

function readPayload(field: Field | undefined): Setting | undefined {
  if (field === undefined) return undefined;
  return field.node.kind === 'map'
    ? resolveValue(field.node)
    : field.fail(`expected a map, found ${field.describe()}`);
}

/** A value of no declared type, as YAML 1.1 resolves it. */
function resolveValue(node: DocNode): Setting {
  if (node.kind === 'list') return node.items.map(resolveValue);
  if (node.kind === 'map')
    return settingMap(node.entries.map(({ key, value }) => [key, resolveValue(value)] as const));
  return node.isPlain ? resolveScalar(node.text) : node.text;
}

function resolveScalar(text: string): Setting {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true;
  if (/^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false;
  const number = resolveNumber(text.replaceAll('_', ''));
  // What a JSON number can't hold exactly stays text.
  return number !== undefined && Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER
    ? number
    : text;
}

function resolveNumber(text: string): number | undefined {
  const [, sign = '', prefix = '', digits = ''] = /^([-+]?)(0b|0o|0x|0)?([0-9a-fA-F]+)$/.exec(text) ?? [];
  const value = prefix === '' ? undefined : Number(`${prefix === '0' ? '0o' : prefix}${digits}`);
  if (value !== undefined && !Number.isNaN(value)) return sign === '-' ? -value : value;
  return /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : undefined;
}
