/**
 * `http_config` (spec/receivers.md 3): how an integration speaks HTTP. Here it is read; http-send.ts
 * acts on it.
 */
import { AppError } from '@tocsin/kernel';
import { parseHttpUrl } from './http-url.ts';
import type { ReadingMeans } from './integration.ts';
import type { JsonSettings } from './json-settings.ts';
import { readProxy, type Proxy } from './proxy.ts';
import { secretOf, type SecretSource } from './secret-source.ts';
import { readTlsConfig, type TlsConfig } from './tls-config.ts';

/** How a host is reached. */
export interface ConnectionConfig {
  readonly tls: TlsConfig | undefined;
  readonly proxy: Proxy | undefined;
}

export interface Oauth2Config {
  readonly clientId: string;
  readonly clientSecret: SecretSource | undefined;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  /** More fields of the token request. */
  readonly endpointParams: readonly (readonly [name: string, value: string])[];
  readonly connection: ConnectionConfig;
}

export type Authorization =
  | {
      readonly kind: 'basic';
      readonly username: SecretSource | undefined;
      readonly password: SecretSource | undefined;
    }
  | { readonly kind: 'token'; readonly type: string; readonly credentials: SecretSource | undefined }
  | { readonly kind: 'oauth2'; readonly oauth2: Oauth2Config };

export interface HttpConfig {
  readonly authorization: Authorization | undefined;
  readonly headers: readonly (readonly [name: string, values: readonly SecretSource[]])[];
  readonly followRedirects: boolean;
  readonly connection: ConnectionConfig;
}

const DEFAULTS: HttpConfig = {
  authorization: undefined,
  headers: [],
  followRedirects: true,
  connection: { tls: undefined, proxy: undefined },
};

/** Absent: the defaults. Throws AppError `invalid` naming the field. */
export function readHttpConfig(settings: JsonSettings | undefined, means: ReadingMeans): HttpConfig {
  if (settings === undefined) return DEFAULTS;
  // HTTP/1.1 is always spoken; a server that takes HTTP/2 takes that too.
  settings.boolean('enable_http2', true);
  const config: HttpConfig = {
    authorization: readAuthorization(settings, means),
    headers: readHeaders(settings.object('http_headers')),
    followRedirects: settings.boolean('follow_redirects', true),
    connection: readConnection(settings, means),
  };
  settings.refuseUnread();
  return config;
}

const readConnection = (settings: JsonSettings, means: ReadingMeans): ConnectionConfig => ({
  tls: readTlsConfig(settings.object('tls_config')),
  proxy: readProxy(settings, means),
});

function readAuthorization(settings: JsonSettings, means: ReadingMeans): Authorization | undefined {
  const [basic, token, oauth2] = ['basic_auth', 'authorization', 'oauth2'].map((key) => settings.object(key));
  if ([basic, token, oauth2].filter((each) => each !== undefined).length > 1) {
    const names = ['basic_auth', 'authorization', 'oauth2'].map((key) => settings.at(key)).join(', ');
    throw AppError.invalid(`at most one of ${names} must be configured`);
  }
  if (basic !== undefined) return readBasic(basic);
  if (token !== undefined) return readToken(token);
  return oauth2 === undefined ? undefined : { kind: 'oauth2', oauth2: readOauth2(oauth2, means) };
}

function readBasic(settings: JsonSettings): Authorization {
  const username = secretOf(settings, 'username', 'username_file');
  const password = secretOf(settings, 'password', 'password_file');
  settings.refuseUnread();
  return { kind: 'basic', username, password };
}

function readToken(settings: JsonSettings): Authorization {
  const type = settings.string('type') ?? 'Bearer';
  const credentials = secretOf(settings, 'credentials', 'credentials_file');
  settings.refuseUnread();
  return { kind: 'token', type, credentials };
}

function readOauth2(settings: JsonSettings, means: ReadingMeans): Oauth2Config {
  const [clientId, tokenUrl] = [settings.string('client_id'), settings.string('token_url')];
  if (clientId === undefined) throw AppError.invalid(`${settings.at('client_id')} must be configured`);
  if (tokenUrl === undefined) throw AppError.invalid(`${settings.at('token_url')} must be configured`);
  parseHttpUrl(tokenUrl);
  const params = settings.object('endpoint_params');
  const config: Oauth2Config = {
    clientId,
    tokenUrl,
    clientSecret: secretOf(settings, 'client_secret', 'client_secret_file'),
    scopes: settings.strings('scopes'),
    endpointParams: params?.keys.map((name) => [name, params.string(name) ?? ''] as const) ?? [],
    connection: readConnection(settings, means),
  };
  settings.refuseUnread();
  return config;
}

function readHeaders(settings: JsonSettings | undefined): HttpConfig['headers'] {
  if (settings === undefined) return [];
  return settings.keys.map((name) => {
    const header = settings.object(name);
    if (header === undefined) return [name, []] as const;
    const values: readonly SecretSource[] = [
      ...header.strings('values').map((text) => ({ text })),
      ...header.strings('secrets').map((text) => ({ text })),
      ...header.strings('files').map((file) => ({ file })),
    ];
    header.refuseUnread();
    return [name, values] as const;
  });
}
