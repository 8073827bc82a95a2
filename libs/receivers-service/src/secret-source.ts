import { AppError } from '@tocsin/kernel';
import type { SendContext } from './integration.ts';
import type { JsonSettings } from './json-settings.ts';

/** A secret given in the settings, or in a file that is read at each use. */
export type SecretSource = { readonly text: string } | { readonly file: string };

/** Of two fields, one of which may be set; neither: undefined. Throws AppError `invalid` for both. */
export function secretOf(settings: JsonSettings, key: string, fileKey: string): SecretSource | undefined {
  const [text, file] = [settings.string(key), settings.string(fileKey)];
  if (text !== undefined && file !== undefined) {
    throw AppError.invalid(`at most one of ${settings.at(key)} & ${settings.at(fileKey)} must be configured`);
  }
  if (file !== undefined) return { file };
  return text === undefined ? undefined : { text };
}

/** Its text, without the white space around it that files end with. '' for none. */
export async function readSecretSource(
  source: SecretSource | undefined,
  context: SendContext,
): Promise<string> {
  if (source === undefined) return '';
  return 'text' in source ? source.text : (await context.readSecret(source.file)).trim();
}
