/**
 * The `event_recorder` section as the recorder works with it. It was read and its defaults were filled
 * in with the rest of the configuration (alerting/configuration/event-recorder.ts).
 */
import type { JsonValue } from '@tocsin/alerting';
import { AppError } from '@tocsin/kernel';
import { parseDuration } from '@tocsin/model';

export type OutputSettings = StdoutSettings | FileSettings | WebhookSettings;

interface StdoutSettings {
  readonly kind: 'stdout';
  /** Metrics and logs call it so. */
  readonly name: string;
}
interface FileSettings {
  readonly kind: 'file';
  readonly name: string;
  readonly path: string;
}
export interface WebhookSettings {
  readonly kind: 'webhook';
  readonly name: string;
  /** A secret. */
  readonly url: string;
  /** `http_config` as JSON; '' when not set. */
  readonly httpConfigJson: string;
  readonly timeoutMs: number;
  readonly workers: number;
  readonly maxRetries: number;
  readonly retryBackoffMs: number;
  /** Absent: each event is a request. */
  readonly batch?: {
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly flushIntervalMs: number;
  };
}

/** Throws AppError `invalid` for what can't be recorded to. */
export function outputSettings(section: JsonValue | undefined): readonly OutputSettings[] {
  if (section === undefined) return [];
  if (listOf(section, 'kafka_outputs').length > 0) {
    throw AppError.invalid(
      'event_recorder.kafka_outputs: Kafka is not supported; use webhook_outputs or file_outputs, or start without --enable-feature=event-recorder',
    );
  }
  return [
    ...listOf(section, 'file_outputs').map((output): OutputSettings => {
      const path = textOf(output, 'path');
      return { kind: 'file', name: `file:${path}`, path };
    }),
    ...listOf(section, 'webhook_outputs').map(webhookSettings),
    // Any number of them is one stream.
    ...listOf(section, 'stdout_outputs')
      .slice(0, 1)
      .map((): OutputSettings => ({ kind: 'stdout', name: 'stdout' })),
  ];
}

function webhookSettings(output: JsonValue, index: number): WebhookSettings {
  const httpConfig = fieldOf(output, 'http_config');
  return {
    kind: 'webhook',
    name: `webhook:${index}`,
    url: textOf(output, 'url'),
    httpConfigJson: httpConfig === undefined ? '' : JSON.stringify(httpConfig),
    timeoutMs: millisOf(output, 'timeout'),
    workers: countOf(output, 'workers'),
    maxRetries: countOf(output, 'max_retries'),
    retryBackoffMs: millisOf(output, 'retry_backoff'),
    ...(fieldOf(output, 'batch') === true
      ? {
          batch: {
            maxEvents: Math.max(1, countOf(output, 'batch_max_events')),
            maxBytes: countOf(output, 'batch_max_bytes'),
            flushIntervalMs: millisOf(output, 'batch_flush_interval'),
          },
        }
      : {}),
  };
}

const isObject = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldOf = (value: JsonValue, key: string): JsonValue | undefined =>
  isObject(value) ? value[key] : undefined;

function listOf(value: JsonValue, key: string): readonly JsonValue[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? (list as readonly JsonValue[]) : [];
}

function textOf(value: JsonValue, key: string): string {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : '';
}

function countOf(value: JsonValue, key: string): number {
  const count = fieldOf(value, key);
  return typeof count === 'number' ? count : 0;
}

function millisOf(value: JsonValue, key: string): number {
  const text = textOf(value, key);
  return text === '' ? 0 : parseDuration(text);
}
