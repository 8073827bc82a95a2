/**
 * The `global` section: defaults for all integrations (spec/alertmanager.md 1.4). All of it is
 * checked, whether or not an integration of this configuration uses it.
 */
import type { Field } from '@tocsin/kernel';
import { formatDuration } from '@tocsin/model';
import { defaultHttpConfig, readHttpConfig, readTlsConfig } from './http-config.ts';
import {
  readBoolean,
  readDuration,
  readSecret,
  readSecretUrl,
  readText,
  readUrl,
  setField,
  type ReadingContext,
} from './reading.ts';
import { settingMap, type Setting, type SettingMap } from './setting.ts';
import { checkHostPort } from './url.ts';

export interface GlobalConfig {
  readonly resolveTimeoutMs: number;
  readonly httpConfig: SettingMap;
  /** In the order of rendering. */
  readonly rendered: SettingMap;
}

/** Of each only one may be set: the value, or the file that holds it. */
const PAIRS = [
  'smtp_auth_password',
  'smtp_auth_secret',
  'slack_api_url',
  'slack_app_token',
  'opsgenie_api_key',
  'wechat_api_secret',
  'victorops_api_key',
  'telegram_bot_token',
  'rocketchat_token_id',
  'rocketchat_token',
  'mattermost_webhook_url',
] as const;
type Pair = (typeof PAIRS)[number];

type Kind = 'text' | 'secret' | 'url' | 'secret-url' | 'bool' | 'host-port' | 'tls';
interface GlobalSetting {
  readonly kind: Kind;
  readonly preset?: string | boolean;
  /** Newer than what old peers and their tools can read: rendered only when it was changed. */
  readonly isNew?: true;
}

const SETTINGS = {
  jira_api_url: { kind: 'url' },
  smtp_from: { kind: 'text' },
  smtp_hello: { kind: 'text', preset: 'localhost' },
  smtp_smarthost: { kind: 'host-port' },
  smtp_auth_username: { kind: 'text' },
  smtp_auth_password: { kind: 'secret' },
  smtp_auth_password_file: { kind: 'text' },
  smtp_auth_secret: { kind: 'secret' },
  smtp_auth_secret_file: { kind: 'text' },
  smtp_auth_identity: { kind: 'text' },
  smtp_require_tls: { kind: 'bool', preset: true },
  smtp_tls_config: { kind: 'tls' },
  smtp_force_implicit_tls: { kind: 'bool' },
  slack_api_url: { kind: 'secret-url' },
  slack_api_url_file: { kind: 'text' },
  slack_app_token: { kind: 'secret' },
  slack_app_token_file: { kind: 'text' },
  slack_app_url: { kind: 'url', preset: 'https://slack.com/api/chat.postMessage', isNew: true },
  pagerduty_url: { kind: 'url', preset: 'https://events.pagerduty.com/v2/enqueue' },
  opsgenie_api_url: { kind: 'url', preset: 'https://api.opsgenie.com/' },
  opsgenie_api_key: { kind: 'secret' },
  opsgenie_api_key_file: { kind: 'text' },
  wechat_api_url: { kind: 'url', preset: 'https://qyapi.weixin.qq.com/cgi-bin/' },
  wechat_api_secret: { kind: 'secret' },
  wechat_api_secret_file: { kind: 'text' },
  wechat_api_corp_id: { kind: 'text' },
  victorops_api_url: {
    kind: 'url',
    preset: 'https://alert.victorops.com/integrations/generic/20131114/alert/',
  },
  victorops_api_key: { kind: 'secret' },
  victorops_api_key_file: { kind: 'text' },
  telegram_api_url: { kind: 'url', preset: 'https://api.telegram.org' },
  telegram_bot_token: { kind: 'secret' },
  telegram_bot_token_file: { kind: 'text' },
  webex_api_url: { kind: 'url', preset: 'https://webexapis.com/v1/messages' },
  rocketchat_api_url: { kind: 'url', preset: 'https://open.rocket.chat/', isNew: true },
  rocketchat_token: { kind: 'secret' },
  rocketchat_token_file: { kind: 'text' },
  rocketchat_token_id: { kind: 'secret' },
  rocketchat_token_id_file: { kind: 'text' },
  mattermost_webhook_url: { kind: 'secret-url' },
  mattermost_webhook_url_file: { kind: 'text' },
} as const satisfies Readonly<Record<string, GlobalSetting>>;
type Name = keyof typeof SETTINGS;
const NAMES = Object.keys(SETTINGS) as readonly Name[];
type GlobalFields = Partial<Record<Name | 'resolve_timeout' | 'http_config', Field>>;

const DEFAULT_RESOLVE_TIMEOUT_MS = 300_000;

export function readGlobal(field: Field | undefined, context: ReadingContext): GlobalConfig {
  const set = setField(field);
  const fields: GlobalFields = set?.object(['resolve_timeout', 'http_config', ...NAMES]) ?? {};
  const resolveTimeoutMs = readDuration(fields.resolve_timeout) ?? DEFAULT_RESOLVE_TIMEOUT_MS;
  const httpConfig = readHttpConfig(fields.http_config, context) ?? defaultHttpConfig;
  const values = new Map<Name, Setting>();
  for (const name of NAMES) {
    const value = readSetting(SETTINGS[name], fields[name], context);
    if (value !== undefined) values.set(name, value);
  }
  if (set !== undefined) checkPairs(set, fields);
  const rendered = settingMap([
    ['resolve_timeout', formatDuration(resolveTimeoutMs)],
    ['http_config', httpConfig],
    ...[...values].filter(([name, value]) => isRendered(SETTINGS[name], value)),
  ]);
  return { resolveTimeoutMs, httpConfig, rendered };
}

function readSetting(
  setting: GlobalSetting,
  field: Field | undefined,
  context: ReadingContext,
): Setting | undefined {
  return readValue(setting.kind, field, context) ?? setting.preset;
}

const isRendered = (setting: GlobalSetting, value: Setting): boolean =>
  setting.isNew !== true || value !== setting.preset;

function readValue(kind: Kind, field: Field | undefined, context: ReadingContext): Setting | undefined {
  switch (kind) {
    case 'text':
      return readText(field);
    case 'secret':
      return readSecret(field);
    case 'url':
      return readUrl(field);
    case 'secret-url':
      return readSecretUrl(field);
    case 'bool':
      return readBoolean(field);
    case 'host-port':
      return setField(field)?.parsed(checkHostPort) || undefined;
    case 'tls':
      return readTlsConfig(field, context);
  }
}

function checkPairs(field: Field, fields: GlobalFields): void {
  const isGiven = (name: Name): boolean => {
    const set = setField(fields[name]);
    return set !== undefined && !(set.node.kind === 'scalar' && set.node.text === '');
  };
  const isEither = (name: Pair): boolean => isGiven(name) || isGiven(`${name}_file`);
  for (const name of PAIRS) {
    if (isGiven(name) && isGiven(`${name}_file`))
      field.fail(`at most one of ${name} & ${name}_file must be configured`);
  }
  const apiUrl = textOf(fields.slack_api_url);
  const isSameUrl =
    apiUrl !== undefined && apiUrl === (textOf(fields.slack_app_url) ?? SETTINGS.slack_app_url.preset);
  if (isEither('slack_app_token') && isEither('slack_api_url') && !isSameUrl) {
    field.fail('at most one of slack_app_token & slack_api_url must be configured');
  }
}

const textOf = (field: Field | undefined): string | undefined =>
  field?.node.kind === 'scalar' && field.node.text !== '' ? field.node.text : undefined;
