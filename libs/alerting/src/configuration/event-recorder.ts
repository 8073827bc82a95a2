/** `event_recorder`: spec/alertmanager.md 1.11. */
import type { Field } from '@tocsin/kernel';
import { readHttpConfig, readTlsConfig } from './http-config.ts';
import {
  readBoolean,
  readCount,
  readDurationText,
  readFile,
  readSecretUrl,
  readStrings,
  readText,
  readWord,
  setField,
  type ReadingContext,
} from './reading.ts';
import { settingMap, type Setting, type SettingMap } from './setting.ts';

/** Undefined when not set. */
export function readEventRecorder(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields = set.object(['file_outputs', 'webhook_outputs', 'kafka_outputs', 'stdout_outputs']) ?? {};
  return settingMap([
    ['file_outputs', readOutputs(fields.file_outputs, (output) => readFileOutput(output, context))],
    ['webhook_outputs', readOutputs(fields.webhook_outputs, (output) => readWebhookOutput(output, context))],
    ['kafka_outputs', readOutputs(fields.kafka_outputs, (output) => readKafkaOutput(output, context))],
    ['stdout_outputs', readOutputs(fields.stdout_outputs, readStdoutOutput)],
  ]);
}

function readOutputs(field: Field | undefined, read: (output: Field) => SettingMap): Setting | undefined {
  return setField(field)?.items()?.map(read);
}

function readFileOutput(field: Field, context: ReadingContext): SettingMap {
  const path = readFile(field.object(['path'])?.path, context);
  if (path === undefined) field.fail('event_recorder file output requires a path');
  return settingMap([['path', path]]);
}

function readStdoutOutput(field: Field): SettingMap {
  setField(field)?.object([]);
  return settingMap([]);
}

const WEBHOOK_KEYS = [
  'url',
  'http_config',
  'timeout',
  'workers',
  'max_retries',
  'retry_backoff',
  'batch',
  'batch_max_events',
  'batch_max_bytes',
  'batch_flush_interval',
] as const;

function readWebhookOutput(field: Field, context: ReadingContext): SettingMap {
  const fields = field.object(WEBHOOK_KEYS) ?? {};
  if (readText(fields.url) === undefined) field.fail('event_recorder webhook output requires a url');
  const isBatch = readBoolean(fields.batch) ?? false;
  const counts = [fields.batch_max_events, fields.batch_max_bytes].map(setField);
  const hasBatchSettings = [...counts, setField(fields.batch_flush_interval)].some(
    (setting) => setting !== undefined,
  );
  if (counts.some((setting) => (setting?.integer() ?? 0) < 0)) {
    field.fail('event_recorder webhook batch settings cannot be negative');
    return settingMap([]);
  }
  if (!isBatch && hasBatchSettings) field.fail('event_recorder webhook batch settings need batch: true');
  return settingMap([
    ['url', readText(fields.url) === undefined ? undefined : readSecretUrl(fields.url)],
    ['http_config', readHttpConfig(fields.http_config, context)],
    ['timeout', readDurationText(fields.timeout) ?? '10s'],
    ['workers', readCount(fields.workers, 1, 1000) ?? 4],
    ['max_retries', readCount(fields.max_retries, 0, 1000) ?? 3],
    ['retry_backoff', readDurationText(fields.retry_backoff) ?? '500ms'],
    ['batch', isBatch || undefined],
    ['batch_max_events', isBatch ? (readCount(fields.batch_max_events, 0) ?? 100) : undefined],
    ['batch_max_bytes', isBatch ? (readCount(fields.batch_max_bytes, 0) ?? 1_048_576) : undefined],
    [
      'batch_flush_interval',
      isBatch ? (readDurationText(fields.batch_flush_interval) ?? '100ms') : undefined,
    ],
  ]);
}

const KAFKA_KEYS = [
  'brokers',
  'topic',
  'client_id',
  'format',
  'acks',
  'compression',
  'buffer_size',
  'tls_config',
] as const;

function readKafkaOutput(field: Field, context: ReadingContext): SettingMap {
  const fields = field.object(KAFKA_KEYS) ?? {};
  const brokers = readStrings(fields.brokers) ?? [];
  const topic = readText(fields.topic);
  if (brokers.length === 0) field.fail('event_recorder kafka output requires brokers');
  if (topic === undefined) field.fail('event_recorder kafka output requires a topic');
  return settingMap([
    ['brokers', brokers],
    ['topic', topic],
    ['client_id', readText(fields.client_id) ?? 'alertmanager'],
    ['format', readWord(fields.format, ['json', 'protobuf']) ?? 'json'],
    ['acks', readWord(fields.acks, ['none', 'leader', 'all']) ?? 'leader'],
    ['compression', readWord(fields.compression, ['none', 'gzip', 'snappy', 'lz4', 'zstd'])],
    ['buffer_size', readCount(fields.buffer_size, 1) ?? 1024],
    ['tls_config', readTlsConfig(fields.tls_config, context)],
  ]);
}
