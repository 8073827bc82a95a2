/** One way out for whoever posts by an `http_config` and is no integration: the event recorder's webhooks. */
import { AppError, type Clock, type HttpOut } from '@tocsin/kernel';
import { deliveryOf, failureOf } from './delivery.ts';
import { readHttpConfig } from './http-config.ts';
import { HttpSender } from './http-send.ts';
import { parseHttpUrl } from './http-url.ts';
import type { Delivery, ReadingMeans } from './integration.ts';
import { JsonSettings } from './json-settings.ts';

export interface PosterParts extends ReadingMeans {
  readonly clock: Clock;
  readonly http: HttpOut;
  /** As `ReceiversParts` has it. */
  readonly readSecret: (path: string) => Promise<string>;
}

/** Never rejects for what the network or the receiver does; errors name no secret. */
export type HttpPoster = (request: {
  readonly body: string;
  readonly contentType: string;
  readonly timeoutMs: number;
}) => Promise<Delivery>;

/** Throws AppError `invalid` for a URL or settings that can't be used. `httpConfigJson`: '' for none. */
export function httpPoster(url: string, httpConfigJson: string, parts: PosterParts): HttpPoster {
  parseHttpUrl(url);
  const settings = httpConfigJson === '' ? undefined : JsonSettings.parse(httpConfigJson);
  const sender = new HttpSender(readHttpConfig(settings, parts));
  return async ({ body, contentType, timeoutMs }) => {
    const { clock } = parts;
    const request = { method: 'POST', url, headers: { 'Content-Type': contentType }, body } as const;
    try {
      const context = {
        ...parts,
        dialer: 'eventrecorder',
        deadline: clock.mono() + timeoutMs,
        traceparent: '',
      };
      return deliveryOf(await sender.send(request, context), clock.wall());
    } catch (error) {
      if (error instanceof AppError) return failureOf(error);
      throw error;
    }
  };
}
