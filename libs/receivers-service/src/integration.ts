/**
 * What every integration is: settings read once, then one request (or a few) for each notification.
 * One folder of `integrations/` each; `integrations.ts` lists them.
 */
import type { NotifyRequest, ReceiverData } from '@tocsin/contracts';
import type { Clock, HttpOut, ReadDocument } from '@tocsin/kernel';
import type { JsonSettings } from './json-settings.ts';

/** Alertmanager's `reason` label of a failed notification. */
export type FailureReason =
  | 'other'
  | 'clientError'
  | 'serverError'
  | 'contextCanceled'
  | 'contextDeadlineExceeded'
  | 'authError'
  | 'rateLimited';

export type Delivery =
  | { readonly status: 'delivered'; readonly statusCode: number; readonly receiverData?: ReceiverData }
  | {
      /** `retry`: may succeed when tried again. */
      readonly status: 'retry' | 'failed';
      readonly reason: FailureReason;
      readonly error: string;
      /** 0: none came. */
      readonly statusCode: number;
      /** 0: not said. */
      readonly retryAfterMs: number;
    };

export interface SendContext {
  readonly clock: Clock;
  readonly http: HttpOut;
  /** Names the connections in metrics: the integration's type. */
  readonly dialer?: string;
  /** A secret's file, read at each use so that rotation needs no reload. Rejects with AppError. */
  readonly readSecret: (path: string) => Promise<string>;
  /** When the notification must be over, on the monotonic clock. */
  readonly deadline: number;
  /** W3C trace context to send along; '' when there is none. */
  readonly traceparent: string;
}

export interface Integration {
  /** Rejects only with AppError; what it means for a retry is decided by `failureOf` (delivery.ts). */
  notify(request: NotifyRequest, context: SendContext): Promise<Delivery>;
}

/** What reading settings needs from outside. */
export interface ReadingMeans {
  /** Absent: settings that need YAML are refused. */
  readonly readDocument?: ReadDocument | undefined;
  /** A variable of the environment, for proxies that it names; absent: such settings are refused. */
  readonly environment?: ((name: string) => string | undefined) | undefined;
}

/** Throws AppError `invalid` naming the setting. */
export type ReadIntegration = (settings: JsonSettings, means: ReadingMeans) => Integration;
