/** `tls_config` (spec/receivers.md 3). Files are read at each use, so that a renewed certificate needs no reload. */
import { AppError, type HttpTls, type TlsVersion } from '@tocsin/kernel';
import type { SendContext } from './integration.ts';
import type { JsonSettings } from './json-settings.ts';
import { readSecretSource, secretOf, type SecretSource } from './secret-source.ts';

export interface TlsConfig {
  readonly ca: SecretSource | undefined;
  readonly certificate: SecretSource | undefined;
  readonly key: SecretSource | undefined;
  readonly serverName: string | undefined;
  readonly isUnverified: boolean;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

const VERSIONS: ReadonlyMap<string, TlsVersion> = new Map([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
]);

/** Undefined when nothing in it differs from the defaults. Throws AppError `invalid`. */
export function readTlsConfig(settings: JsonSettings | undefined): TlsConfig | undefined {
  if (settings === undefined) return undefined;
  const config: TlsConfig = {
    ca: secretOf(settings, 'ca', 'ca_file'),
    certificate: secretOf(settings, 'cert', 'cert_file'),
    key: secretOf(settings, 'key', 'key_file'),
    serverName: settings.string('server_name'),
    isUnverified: settings.boolean('insecure_skip_verify', false),
    minVersion: readVersion(settings, 'min_version'),
    maxVersion: readVersion(settings, 'max_version'),
  };
  settings.refuseUnread();
  if ((config.certificate === undefined) !== (config.key === undefined)) {
    throw AppError.invalid(`${settings.path}: cert and key must be configured together`);
  }
  return Object.values(config).every((value) => value === undefined || value === false) ? undefined : config;
}

function readVersion(settings: JsonSettings, key: string): TlsVersion | undefined {
  const name = settings.string(key);
  if (name === undefined) return undefined;
  const version = VERSIONS.get(name);
  if (version !== undefined) return version;
  throw AppError.invalid(
    `${settings.at(key)}: expected one of ${[...VERSIONS.keys()].join(', ')}, found ${name}`,
  );
}

export async function tlsOf(config: TlsConfig, context: SendContext): Promise<HttpTls> {
  const [ca, certificate, key] = await Promise.all(
    [config.ca, config.certificate, config.key].map((source) => readSecretSource(source, context)),
  );
  return {
    ...pem('caPem', ca),
    ...pem('certificatePem', certificate),
    ...pem('keyPem', key),
    ...(config.serverName === undefined ? {} : { serverName: config.serverName }),
    ...(config.isUnverified ? { isUnverified: true } : {}),
    ...(config.minVersion === undefined ? {} : { minVersion: config.minVersion }),
    ...(config.maxVersion === undefined ? {} : { maxVersion: config.maxVersion }),
  };
}

const pem = <K extends string>(key: K, text: string | undefined): { readonly [P in K]?: string } =>
  text === undefined || text === '' ? {} : ({ [key]: text } as { readonly [P in K]: string });
