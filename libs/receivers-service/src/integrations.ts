import type { ReadIntegration } from './integration.ts';
import { readWebhook } from './integrations/webhook/webhook.ts';

/** By the name that configurations and metrics use. */
export const integrations: ReadonlyMap<string, ReadIntegration> = new Map([['webhook', readWebhook]]);
