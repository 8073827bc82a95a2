/** `receivers`: names, labels and the lists of integrations (spec/alertmanager.md 1.8). */
import type { Field } from '@tocsin/kernel';
import { goQuote, LabelSet } from '@tocsin/model';
import type { IntegrationConfig, ReceiverConfig } from '../configuration.ts';
import type { GlobalConfig } from './global.ts';
import { readStringMap, readText, setField, type ReadingContext } from './reading.ts';
import { settingMap, toJson, type Setting, type SettingMap } from './setting.ts';
import { readWebhook } from './webhook.ts';

const INTEGRATIONS = [
  'discord',
  'email',
  'incidentio',
  'pagerduty',
  'slack',
  'webhook',
  'opsgenie',
  'wechat',
  'pushover',
  'victorops',
  'sns',
  'telegram',
  'webex',
  'msteams',
  'msteamsv2',
  'jira',
  'rocketchat',
  'mattermost',
] as const;
type Integration = (typeof INTEGRATIONS)[number];
type ListKey = `${Integration}_configs`;
const listKey = (integration: Integration): ListKey => `${integration}_configs`;

/** One entry of an integration's list, read. `settings` may show less than is used (`rendered`). */
export interface ReadIntegration {
  readonly sendResolved: boolean;
  /** With global values filled in. */
  readonly settings: SettingMap;
  readonly rendered: SettingMap;
}

export type ReadIntegrationConfig = (
  field: Field,
  global: GlobalConfig,
  context: ReadingContext,
) => ReadIntegration;

/** The integrations that can deliver. The others are known by name and refused. */
const READERS: Partial<Record<Integration, ReadIntegrationConfig>> = { webhook: readWebhook };

export interface ReadReceiver {
  readonly receiver: ReceiverConfig;
  readonly rendered: SettingMap;
}

export function readReceiver(field: Field, global: GlobalConfig, context: ReadingContext): ReadReceiver {
  const fields = setField(field)?.object(['name', 'labels', ...INTEGRATIONS.map(listKey)]) ?? {};
  const name = readText(fields.name) ?? '';
  if (name === '') field.fail('missing name in receiver');
  const labels = readLabels(fields.labels, name);
  const integrations: IntegrationConfig[] = [];
  const lists: (readonly [string, Setting])[] = [];
  for (const integration of INTEGRATIONS) {
    const list = fields[listKey(integration)];
    if (list === undefined) continue;
    const read = readIntegrations(list, integration, name, global, context);
    if (read.length > 0) lists.push([listKey(integration), read.map(({ rendered }) => rendered)]);
    for (const [index, { sendResolved, settings }] of read.entries()) {
      integrations.push({ integration, index, sendResolved, settings: toJson(settings) });
    }
  }
  return {
    receiver: { name, labels: LabelSet.of([...labels, ['name', name]]), integrations },
    rendered: settingMap([['name', name], ['labels', labels.size === 0 ? undefined : labels], ...lists]),
  };
}

// `name` is always added, so a given one must agree.
function readLabels(field: Field | undefined, name: string): ReadonlyMap<string, string> {
  const labels = readStringMap(field) ?? new Map<string, string>();
  const given = labels.get('name');
  if (given !== undefined && given !== name) {
    field?.fail(`receiver label "name" must match receiver name ${goQuote(name)}, got ${goQuote(given)}`);
  }
  return labels;
}

function readIntegrations(
  list: Field,
  integration: Integration,
  receiver: string,
  global: GlobalConfig,
  context: ReadingContext,
): readonly ReadIntegration[] {
  const read = READERS[integration];
  const items = setField(list)?.items() ?? [];
  if (read === undefined && items.length > 0) {
    list.fail(
      `receiver ${goQuote(receiver)} uses ${listKey(integration)}, and this version delivers by ${Object.keys(READERS).join(', ')} only`,
    );
  }
  return items.flatMap((item) => {
    if (!item.isNull) return read === undefined ? [] : [read(item, global, context)];
    item.fail(`missing ${integration} config`);
    return [];
  });
}
