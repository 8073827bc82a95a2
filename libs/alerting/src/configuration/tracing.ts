/** `tracing`: spec/alertmanager.md 1.10. */
import type { Field } from '@tocsin/kernel';
import { readHeaders, readTlsConfig } from './http-config.ts';
import { readBoolean, readDurationText, readText, setField, type ReadingContext } from './reading.ts';
import { settingMap, type SettingMap } from './setting.ts';

const KEYS = [
  'client_type',
  'endpoint',
  'sampling_fraction',
  'insecure',
  'tls_config',
  'headers',
  'compression',
  'timeout',
] as const;

/** Undefined when not set: tracing is off. */
export function readTracing(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields = set.object(KEYS) ?? {};
  const endpoint = readText(fields.endpoint);
  if (endpoint === undefined) set.fail('tracing endpoint must be set');
  const clientType = readText(fields.client_type) ?? 'grpc';
  if (clientType !== 'grpc' && clientType !== 'http') {
    fields.client_type?.fail(`expected tracing client type to be to be http or grpc, but got ${clientType}`);
  }
  const compression = readText(fields.compression);
  if (compression !== undefined && compression !== 'gzip') {
    fields.compression?.fail(`invalid compression type ${compression} provided, valid options: gzip`);
  }
  for (const [, header] of setField(fields.headers)?.entries() ?? []) {
    const files = setField(header)?.object(['values', 'secrets', 'files'])?.files;
    if (setField(files) !== undefined) files?.fail('header files are not supported for tracing');
  }
  return settingMap([
    ['client_type', clientType],
    ['endpoint', endpoint],
    ['sampling_fraction', readFraction(fields.sampling_fraction)],
    ['insecure', readBoolean(fields.insecure) ?? false],
    ['tls_config', readTlsConfig(fields.tls_config, context)],
    ['headers', readHeaders(fields.headers, context)],
    ['compression', compression],
    ['timeout', readDurationText(fields.timeout)],
  ]);
}

function readFraction(field: Field | undefined): number | undefined {
  const set = setField(field);
  const text = set?.string();
  if (set === undefined || text === undefined) return undefined;
  const value = /^\+?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= 1
    ? value
    : set.fail(`expected a number from 0 to 1, found ${set.describe()}`);
}
