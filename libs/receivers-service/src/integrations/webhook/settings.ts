/** `webhook_configs` (spec/receivers.md 5.1). */
import { AppError } from '@tocsin/kernel';
import type { TemplateSet } from '@tocsin/templating';
import { readHttpConfig } from '../../http-config.ts';
import { HttpSender } from '../../http-send.ts';
import { parseHttpUrl } from '../../http-url.ts';
import { compileDeep, type DeepTemplate } from '../../deep-template.ts';
import type { ReadingMeans } from '../../integration.ts';
import type { JsonSettings } from '../../json-settings.ts';
import { compileText, readTemplates, type TemplateText } from '../../template-text.ts';

export interface WebhookSettings {
  readonly url: TemplateText | { readonly file: string };
  readonly templates: TemplateSet;
  /** In place of the standard body. */
  readonly payload: DeepTemplate | undefined;
  /** 0: all. */
  readonly maxAlerts: number;
  readonly timeoutMs: number | undefined;
  readonly http: HttpSender;
}

export function readWebhookSettings(settings: JsonSettings, means: ReadingMeans): WebhookSettings {
  const templates = readTemplates(settings);
  const read: WebhookSettings = {
    url: readUrl(settings, templates),
    templates,
    payload: readPayload(settings, templates, means),
    maxAlerts: settings.count('max_alerts') ?? 0,
    timeoutMs: settings.durationMs('timeout') || undefined,
    http: new HttpSender(readHttpConfig(settings.object('http_config'), means)),
  };
  // Whether resolved alerts are sent is decided before the integration is called.
  settings.boolean('send_resolved', true);
  settings.refuseUnread();
  return read;
}

function readPayload(
  settings: JsonSettings,
  set: TemplateSet,
  { readDocument }: ReadingMeans,
): DeepTemplate | undefined {
  const payload = settings.raw('payload');
  if (payload === undefined) return undefined;
  if (readDocument === undefined) {
    throw AppError.invalid(
      `${settings.at('payload')} is not supported by this receivers service: it has no YAML reader`,
    );
  }
  return compileDeep(payload, { set, field: 'webhook payload', readDocument });
}

function readUrl(settings: JsonSettings, templates: TemplateSet): WebhookSettings['url'] {
  const [url, file] = [settings.string('url'), settings.string('url_file')];
  if (url === undefined && file === undefined) {
    throw AppError.invalid(`one of ${settings.at('url')} & ${settings.at('url_file')} must be configured`);
  }
  if (url !== undefined && file !== undefined) {
    throw AppError.invalid(
      `at most one of ${settings.at('url')} & ${settings.at('url_file')} must be configured`,
    );
  }
  if (file !== undefined) return { file };
  if (!(url ?? '').includes('{{')) parseHttpUrl(url ?? '');
  return compileText(templates, url ?? '', 'webhook URL');
}
