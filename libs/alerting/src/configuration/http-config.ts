/**
 * `http_config`: how an integration speaks HTTP (spec/alertmanager.md 1.8). Every integration but
 * e-mail has one; the global one serves those that have none.
 */
import { AppError, Field, Mistakes, type DocNode } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import type { JsonValue } from '../configuration.ts';
import {
  checkAtMostOne,
  readBoolean,
  readFile,
  readProxyUrl,
  readSecret,
  readString,
  readStringMap,
  readStrings,
  readText,
  readUrl,
  setField,
  type ReadingContext,
} from './reading.ts';
import { Secret, settingMap, toJson, type Setting, type SettingMap } from './setting.ts';

const PROXY_KEYS = ['proxy_url', 'no_proxy', 'proxy_from_environment', 'proxy_connect_header'] as const;
const KEYS = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'tls_config',
  'follow_redirects',
  'enable_http2',
  'http_headers',
  ...PROXY_KEYS,
] as const;
type HttpFields = Partial<Record<(typeof KEYS)[number], Field>>;

export const defaultHttpConfig: SettingMap = settingMap([
  ['follow_redirects', true],
  ['enable_http2', true],
]);

/**
 * A file that holds one `http_config` and nothing else, secrets in clear: how a command line reaches a
 * server. `folder` is the file's. Throws AppError `invalid` with every mistake.
 */
export function loadHttpConfig(document: DocNode, folder: string): JsonValue {
  const mistakes = new Mistakes();
  const read = readHttpConfig(Field.root(document, mistakes), { mode: 'fallback', folder, warnings: [] });
  mistakes.throwIfAny();
  return toJson(read ?? defaultHttpConfig);
}

/** Undefined when not set. */
export function readHttpConfig(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields: HttpFields = set.object(KEYS) ?? {};
  checkCredentials(set, fields);
  return settingMap([
    ['basic_auth', readBasicAuth(fields.basic_auth, context)],
    ['authorization', readAuthorization(fields.authorization, context) ?? readBearer(set, fields, context)],
    ['oauth2', readOauth2(fields.oauth2, context)],
    ['tls_config', readTlsConfig(fields.tls_config, context)],
    ...readProxy(set, fields),
    ['follow_redirects', readBoolean(fields.follow_redirects) ?? true],
    ['enable_http2', readBoolean(fields.enable_http2) ?? true],
    ['http_headers', readHeaders(fields.http_headers, context)],
  ]);
}

function checkCredentials(field: Field, fields: HttpFields): void {
  const [basic, authorization, oauth2] = [fields.basic_auth, fields.authorization, fields.oauth2].map(
    setField,
  );
  const bearer = setField(fields.bearer_token) ?? setField(fields.bearer_token_file);
  if (bearer !== undefined) {
    checkAtMostOne(field, 'basic_auth, oauth2, bearer_token & bearer_token_file', [basic ?? oauth2, bearer]);
    if (authorization !== undefined)
      field.fail('authorization is not compatible with bearer_token & bearer_token_file');
  }
  checkAtMostOne(field, 'basic_auth, oauth2 & authorization', [basic, oauth2, authorization]);
}

function readBasicAuth(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields = set.object(['username', 'username_file', 'password', 'password_file']) ?? {};
  const [username, usernameFile] = [readText(fields.username), readFile(fields.username_file, context)];
  const [password, passwordFile] = [readSecret(fields.password), readFile(fields.password_file, context)];
  checkAtMostOne(set, 'basic_auth username & username_file', [username, usernameFile]);
  checkAtMostOne(set, 'basic_auth password & password_file', [password, passwordFile]);
  return settingMap([
    ['username', username],
    ['username_file', usernameFile],
    ['password', password],
    ['password_file', passwordFile],
  ]);
}

function readAuthorization(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields = set.object(['type', 'credentials', 'credentials_file']) ?? {};
  const [credentials, file] = [readSecret(fields.credentials), readFile(fields.credentials_file, context)];
  checkAtMostOne(set, 'authorization credentials & credentials_file', [credentials, file]);
  const type = readString(fields.type)?.trim() || 'Bearer';
  if (type.toLowerCase() === 'basic') {
    set.fail('authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  return settingMap([
    ['type', type],
    ['credentials', credentials],
    ['credentials_file', file],
  ]);
}

// The old form of `authorization`, and rendered as that.
function readBearer(field: Field, fields: HttpFields, context: ReadingContext): SettingMap | undefined {
  const [token, file] = [readSecret(fields.bearer_token), readFile(fields.bearer_token_file, context)];
  if (token === undefined && file === undefined) return undefined;
  checkAtMostOne(field, 'bearer_token & bearer_token_file', [token, file]);
  return settingMap([
    ['type', 'Bearer'],
    ['credentials', token],
    ['credentials_file', file],
  ]);
}

const OAUTH2_KEYS = [
  'client_id',
  'client_secret',
  'client_secret_file',
  'scopes',
  'token_url',
  'endpoint_params',
  'tls_config',
  ...PROXY_KEYS,
] as const;

function readOauth2(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const fields = set.object(OAUTH2_KEYS) ?? {};
  const clientId = readText(fields.client_id);
  const [secret, secretFile] = [
    readSecret(fields.client_secret),
    readFile(fields.client_secret_file, context),
  ];
  if (clientId === undefined) set.fail('oauth2 client_id must be configured');
  checkAtMostOne(set, 'oauth2 client_secret & client_secret_file', [secret, secretFile]);
  if (readText(fields.token_url) === undefined) set.fail('oauth2 token_url must be configured');
  return settingMap([
    ['client_id', clientId],
    ['client_secret', secret],
    ['client_secret_file', secretFile],
    ['scopes', readStrings(fields.scopes)],
    ['token_url', readText(fields.token_url) === undefined ? undefined : readUrl(fields.token_url)],
    ['endpoint_params', readStringMap(fields.endpoint_params)],
    ['tls_config', readTlsConfig(fields.tls_config, context)],
    ...readProxy(set, fields),
  ]);
}

type ProxyFields = Partial<Record<(typeof PROXY_KEYS)[number], Field>>;

function readProxy(field: Field, fields: ProxyFields): readonly (readonly [string, Setting | undefined])[] {
  const url = readProxyUrl(fields.proxy_url);
  const noProxy = readText(fields.no_proxy);
  const isFromEnvironment = readBoolean(fields.proxy_from_environment) ?? false;
  const connectHeader = readConnectHeader(fields.proxy_connect_header);
  const hasUrl = readText(fields.proxy_url) !== undefined;
  if (isFromEnvironment && hasUrl)
    field.fail('if proxy_from_environment is configured, proxy_url must not be configured');
  if (isFromEnvironment && noProxy !== undefined) {
    field.fail('if proxy_from_environment is configured, no_proxy must not be configured');
  } else if (noProxy !== undefined && !hasUrl)
    field.fail('if no_proxy is configured, proxy_url must also be configured');
  if (connectHeader !== undefined && connectHeader.size > 0 && !isFromEnvironment && !hasUrl) {
    field.fail(
      'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
    );
  }
  return [
    ['proxy_url', url],
    ['no_proxy', noProxy],
    ['proxy_from_environment', isFromEnvironment || undefined],
    ['proxy_connect_header', connectHeader],
  ];
}

function readConnectHeader(field: Field | undefined): SettingMap | undefined {
  const entries = setField(field)?.entries();
  if (entries === undefined) return undefined;
  return new Map(
    entries.map(
      ([name, values]) => [name, (readStrings(values) ?? []).map((text) => new Secret(text))] as const,
    ),
  );
}

const TLS_VERSIONS: ReadonlySet<string> = new Set(['TLS10', 'TLS11', 'TLS12', 'TLS13']);

/** Undefined when not set. */
export function readTlsConfig(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const set = setField(field);
  if (set === undefined) return undefined;
  const keys = [
    'ca',
    'cert',
    'key',
    'ca_file',
    'cert_file',
    'key_file',
    'server_name',
    'insecure_skip_verify',
    'min_version',
    'max_version',
  ] as const;
  const fields = set.object(keys) ?? {};
  const [ca, caFile] = [readText(fields.ca), readFile(fields.ca_file, context)];
  const [cert, certFile] = [readText(fields.cert), readFile(fields.cert_file, context)];
  const [key, keyFile] = [readSecret(fields.key), readFile(fields.key_file, context)];
  checkAtMostOne(set, 'ca and ca_file', [ca, caFile]);
  checkAtMostOne(set, 'cert and cert_file', [cert, certFile]);
  checkAtMostOne(set, 'key and key_file', [key, keyFile]);
  if ((cert ?? certFile) !== undefined && (key ?? keyFile) === undefined) {
    set.fail('exactly one of key or key_file must be configured when a client certificate is configured');
  }
  if ((cert ?? certFile) === undefined && (key ?? keyFile) !== undefined) {
    set.fail('exactly one of cert or cert_file must be configured when a client key is configured');
  }
  const [min, max] = [readTlsVersion(fields.min_version), readTlsVersion(fields.max_version)];
  if (min !== undefined && max !== undefined && max < min) {
    set.fail(
      'tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified',
    );
  }
  return settingMap([
    ['ca', ca],
    ['cert', cert],
    ['key', key],
    ['ca_file', caFile],
    ['cert_file', certFile],
    ['key_file', keyFile],
    ['server_name', readText(fields.server_name)],
    ['insecure_skip_verify', readBoolean(fields.insecure_skip_verify) ?? false],
    ['min_version', min],
    ['max_version', max],
  ]);
}

const readTlsVersion = (field: Field | undefined): string | undefined =>
  setField(field)?.parsed((text) => {
    if (!TLS_VERSIONS.has(text)) throw AppError.invalid(`unknown TLS version: ${text}`);
    return text;
  });

// What the client itself sets, and what would let a header change the framing of the request.
const RESERVED_HEADERS: ReadonlySet<string> = new Set(
  [
    'Authorization',
    'Host',
    'Content-Encoding',
    'Content-Length',
    'Content-Type',
    'User-Agent',
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Www-Authenticate',
    'Accept-Encoding',
    'Transfer-Encoding',
    'X-Prometheus-Remote-Write-Version',
    'X-Prometheus-Remote-Read-Version',
    'X-Prometheus-Scrape-Timeout-Seconds',
    'X-Amz-Date',
    'X-Amz-Security-Token',
    'X-Amz-Content-Sha256',
  ].map((name) => name.toLowerCase()),
);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Header fields with their values; undefined when not set. */
export function readHeaders(field: Field | undefined, context: ReadingContext): SettingMap | undefined {
  const entries = setField(field)?.entries();
  if (entries === undefined) return undefined;
  const headers = new Map<string, Setting>();
  for (const [name, value] of entries) {
    if (RESERVED_HEADERS.has(name.toLowerCase()))
      value.fail(`setting header ${goQuote(name)} is not allowed`);
    else if (!HEADER_NAME.test(name)) value.fail(`invalid header name ${goQuote(name)}`);
    const fields = setField(value)?.object(['values', 'secrets', 'files']) ?? {};
    const files = setField(fields.files)
      ?.items()
      ?.flatMap((file) => readFile(file, context) ?? []);
    const header = settingMap([
      ['values', checkValues(fields.values)],
      ['secrets', checkValues(fields.secrets)?.map((text) => new Secret(text))],
      ['files', files],
    ]);
    headers.set(name, header);
  }
  return headers;
}

function checkValues(field: Field | undefined): readonly string[] | undefined {
  const values = readStrings(field);
  if (values?.some((value) => /[\0\r\n]/.test(value)) === true)
    field?.fail('a header value holds no line breaks');
  return values;
}
