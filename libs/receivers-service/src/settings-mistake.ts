import { AppError } from '@tocsin/kernel';
import type { ReadingMeans } from './integration.ts';
import { integrations } from './integrations.ts';
import { JsonSettings } from './json-settings.ts';

/**
 * What is wrong with an integration's settings, or undefined: what a receivers replica would say at the
 * first notification, said when the configuration is loaded.
 */
export function settingsMistake(
  integration: string,
  settingsJson: string,
  means: ReadingMeans,
): string | undefined {
  const read = integrations.get(integration);
  if (read === undefined)
    return `integration ${integration} is not supported: expected one of ${[...integrations.keys()].join(', ')}`;
  try {
    read(JsonSettings.parse(settingsJson), means);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
