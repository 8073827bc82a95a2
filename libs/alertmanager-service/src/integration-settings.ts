/** What a receivers replica is given of an integration, and what can be said about it when it is loaded. */
import { contentHash, type Configuration, type IntegrationConfig, type JsonValue } from '@tocsin/alerting';
import { compareUtf8 } from '@tocsin/kernel';
import type { AlertmanagerParts, TemplateFile } from './parts.ts';
import type { IntegrationSettings } from './receivers-client.ts';

export function settingsOf(integration: IntegrationConfig): IntegrationSettings {
  const json = canonicalJson(integration.settings);
  return { integration: integration.integration, json, hash: contentHash(json) };
}

/** JSON with sorted keys: equal settings have equal hashes on all replicas. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => compareUtf8(a, b));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

/** The templates travel with each integration that renders something, so that receivers need no files. */
export function withTemplates(
  configuration: Configuration,
  templates: readonly TemplateFile[],
): Configuration {
  if (templates.length === 0) return configuration;
  const carried = templates.map(({ name, text }): JsonValue => ({ name, text }));
  const carry = (integration: IntegrationConfig): IntegrationConfig => {
    const { settings } = integration;
    const isRendering = JSON.stringify(settings).includes('{{');
    if (!isRendering || typeof settings !== 'object' || settings === null) return integration;
    return { ...integration, settings: { ...settings, templates: carried } };
  };
  const receivers = configuration.receivers.map((receiver) => ({
    ...receiver,
    integrations: receiver.integrations.map(carry),
  }));
  return { ...configuration, receivers };
}

/** A setting that every notification would fail with: at 3 a.m. it is too late. */
export interface IntegrationMistake {
  /** Of the receiver, in the order of the configuration. */
  readonly receiverIndex: number;
  readonly integration: Pick<IntegrationConfig, 'integration' | 'index'>;
  /** Names receiver and integration. */
  readonly message: string;
}

export function integrationMistakes(
  configuration: Configuration,
  settingsMistake: AlertmanagerParts['settingsMistake'],
): readonly IntegrationMistake[] {
  return configuration.receivers.flatMap(({ name, integrations }, receiverIndex) =>
    integrations.flatMap((integration) => {
      const mistake = settingsMistake(integration.integration, settingsOf(integration).json);
      if (mistake === undefined) return [];
      const place = `receiver ${JSON.stringify(name)}: ${integration.integration}_configs[${integration.index}]`;
      return [{ receiverIndex, integration, message: `${place}: ${mistake}` }];
    }),
  );
}
