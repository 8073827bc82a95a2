/**
 * @module receivers-service/integrations/webhook
 *
 * Posts the notification as JSON to one URL. A 5xx or no answer may be tried again; everything else
 * that is not 2xx is final, as it is upstream (429 too, with the wait that the server asks for).
 */
import type { NotifyRequest } from '@tocsin/contracts';
import { AppError, messageOf } from '@tocsin/kernel';
import { formatDuration } from '@tocsin/model';
import { goJsonValue } from '../../deep-template.ts';
import { deliveryOf, failureOf } from '../../delivery.ts';
import type { Delivery, Integration, ReadingMeans, SendContext } from '../../integration.ts';
import type { JsonSettings } from '../../json-settings.ts';
import { notificationOf, type Notification } from '../../notification.ts';
import { compileText } from '../../template-text.ts';
import { webhookPayload } from './payload.ts';
import { readWebhookSettings, type WebhookSettings } from './settings.ts';

export function readWebhook(settings: JsonSettings, means: ReadingMeans): Integration {
  const read = readWebhookSettings(settings, means);
  return { notify: (request, context) => notify(read, request, context) };
}

async function notify(
  settings: WebhookSettings,
  request: NotifyRequest,
  context: SendContext,
): Promise<Delivery> {
  const { maxAlerts } = settings;
  const alerts = maxAlerts > 0 ? request.alerts.slice(0, maxAlerts) : request.alerts;
  const notification = notificationOf(request, alerts);
  const outgoing = {
    method: 'POST' as const,
    url: await urlOf(settings, notification, context),
    headers: {
      'Content-Type': 'application/json',
      ...(request.notificationId === '' ? {} : { 'Idempotency-Key': request.notificationId }),
      ...(context.traceparent === '' ? {} : { traceparent: context.traceparent }),
    },
    body: bodyOf(settings, notification, request.alerts.length - alerts.length, context),
  };
  return withinTimeout(settings.timeoutMs, context, async (limited) =>
    deliveryOf(await settings.http.send(outgoing, limited), context.clock.wall()),
  );
}

function bodyOf(
  { payload }: WebhookSettings,
  notification: Notification,
  truncatedAlerts: number,
  { clock }: SendContext,
): string {
  if (payload === undefined) return webhookPayload(notification, truncatedAlerts);
  return `${goJsonValue(payload(notification, clock))}\n`;
}

async function urlOf(
  settings: WebhookSettings,
  notification: Notification,
  context: SendContext,
): Promise<string> {
  const { url } = settings;
  const template =
    typeof url === 'function'
      ? url
      : compileText(settings.templates, await readUrlFile(url.file, context), 'webhook URL');
  const rendered = template(notification, context.clock).trim();
  if (rendered === '') throw AppError.invalid('webhook URL is empty after templating');
  return rendered;
}

async function readUrlFile(file: string, context: SendContext): Promise<string> {
  try {
    return (await context.readSecret(file)).trim();
  } catch (cause) {
    // As upstream: a file that can't be read now is not waited for.
    throw new AppError('invalid', `read url_file: ${messageOf(cause)}`, { cause });
  }
}

/** The integration's own `timeout`, when it ends before the notification's deadline. */
async function withinTimeout(
  timeoutMs: number | undefined,
  context: SendContext,
  send: (context: SendContext) => Promise<Delivery>,
): Promise<Delivery> {
  const ownDeadline = timeoutMs === undefined ? Infinity : context.clock.mono() + timeoutMs;
  if (timeoutMs === undefined || ownDeadline >= context.deadline) return send(context);
  try {
    return await send({ ...context, deadline: ownDeadline });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'deadline') throw error;
    const text = `${error.message}: configured webhook timeout reached (${formatDuration(timeoutMs)})`;
    return { ...failureOf(error), reason: 'other', error: text };
  }
}
