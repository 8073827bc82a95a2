/**
 * The `tracing:` section of an Alertmanager configuration, as the exporter needs it. It was read and
 * checked with the rest of the configuration; here its files are read and its words become options.
 */
import { parseDuration } from '@tocsin/model';
import type { HttpTls, TlsVersion } from '@tocsin/kernel';
import { readTextFile } from './files.ts';

export interface TracingTarget {
  readonly client: 'grpc' | 'http';
  /** Of the collector, with scheme; the path `/v1/traces` for http. */
  readonly url: string;
  /** 0 to 1: of the traces that begin here; who calls decides about others. */
  readonly fraction: number;
  readonly tls: HttpTls | 'insecure';
  readonly headers: Readonly<Record<string, string>>;
  readonly isCompressed: boolean;
  /** Undefined: the exporter's own. */
  readonly timeoutMs: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Rejects with AppError when a file that it names can't be read. */
export async function tracingTarget(section: unknown): Promise<TracingTarget> {
  const fields = fieldsOf(section);
  const client = fields['client_type'] === 'http' ? 'http' : 'grpc';
  const isInsecure = fields['insecure'] === true;
  const timeout = textOf(fields['timeout']);
  const fraction = fields['sampling_fraction'];
  return {
    client,
    url: urlOf(client, textOf(fields['endpoint']) ?? '', isInsecure),
    fraction: typeof fraction === 'number' ? fraction : 0,
    tls: isInsecure ? 'insecure' : await tlsOf(fieldsOf(fields['tls_config'])),
    headers: headersOf(fieldsOf(fields['headers'])),
    isCompressed: fields['compression'] === 'gzip',
    timeoutMs: timeout === undefined ? undefined : parseDuration(timeout) || undefined,
  };
}

/** `host:port`, or a URL. */
function urlOf(client: 'grpc' | 'http', endpoint: string, isInsecure: boolean): string {
  const hasScheme = /^https?:\/\//.test(endpoint);
  const url = hasScheme ? endpoint : `${isInsecure ? 'http' : 'https'}://${endpoint}`;
  if (client === 'grpc') return url;
  const path = url.replace(/^https?:\/\/[^/]*/, '');
  return path === '' || path === '/' ? `${url.replace(/\/$/, '')}/v1/traces` : url;
}

async function tlsOf(fields: Fields): Promise<HttpTls> {
  const pem = async (key: string): Promise<string | undefined> => {
    const file = textOf(fields[`${key}_file`]);
    return textOf(fields[key]) ?? (file === undefined ? undefined : await readTextFile(file));
  };
  const [caPem, certificatePem, keyPem] = await Promise.all([pem('ca'), pem('cert'), pem('key')]);
  const serverName = textOf(fields['server_name']);
  const [minVersion, maxVersion] = [versionOf(fields['min_version']), versionOf(fields['max_version'])];
  return {
    ...(caPem === undefined ? {} : { caPem }),
    ...(certificatePem === undefined ? {} : { certificatePem }),
    ...(keyPem === undefined ? {} : { keyPem }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(fields['insecure_skip_verify'] === true ? { isUnverified: true } : {}),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

const VERSIONS: ReadonlyMap<unknown, TlsVersion> = new Map([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
]);
const versionOf = (name: unknown): TlsVersion | undefined => VERSIONS.get(name);

const headersOf = (headers: Fields): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, header]) => {
      const { values, secrets } = fieldsOf(header);
      return [name, [...textsOf(values), ...textsOf(secrets)].join(', ')];
    }),
  );

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
