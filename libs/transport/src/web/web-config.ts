/**
 * @module transport/web/web-config
 *
 * The meaning of `--web.config.file`: Prometheus' exporter-toolkit format (spec/alertmanager.md 7.6), read
 * from document nodes so that every mistake is told with its line. Nothing is read from disk here: a
 * certificate is a path or a text, and `web-tls.ts` makes keys of them.
 *
 * Strict, because each field protects something: what is misspelt must not be ignored. Messages never hold
 * a key or a hash.
 */
import { AppError, Field, Mistakes, parseGoDurationMs, type DocNode, type TlsVersion } from '@tocsin/kernel';
import { clientAuths, cipherSuites, curves, tlsVersions, type ClientAuth } from './tls-names.ts';

/** A PEM text, or the file that holds it as the configuration names it. `field` is where it is named. */
export interface Pem {
  readonly field: Field;
  readonly isFile: boolean;
  readonly text: string;
}

export interface WebTls {
  readonly certificate: Pem;
  readonly key: Pem;
  /** Absent: the public authorities. */
  readonly clientCa: Pem | undefined;
  readonly clientAuth: ClientAuth;
  /** One of these has to stand in the certificate of a client; empty: no matter. */
  readonly allowedSans: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names; empty: its defaults. */
  readonly cipherSuites: readonly string[];
  readonly isServerOrderPreferred: boolean;
  readonly curves: readonly string[];
}

export interface RateLimit {
  /** Between two requests, once the burst is used up. */
  readonly intervalMs: number;
  readonly burst: number;
}

export interface WebConfig {
  /** Absent: plain HTTP. */
  readonly tls: WebTls | undefined;
  readonly isHttp2: boolean;
  /** Sent with every answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** bcrypt hash of each user; empty: nobody is asked. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: RateLimit | undefined;
}

export const WEB_USERS_MAX = 10_000;
const LIST_MAX = 1_000;

/** Throws AppError `invalid` with every mistake, one a line: `line 2, column 3: tls_server_config.cert_file: …`. */
export function readWebConfig(document: DocNode): WebConfig {
  const mistakes = new Mistakes();
  const root = Field.root(document, mistakes).object([
    'tls_server_config',
    'http_server_config',
    'basic_auth_users',
    'rate_limit',
  ]);
  const http = root?.http_server_config?.object(['http2', 'headers']);
  const config: WebConfig = {
    tls: root?.tls_server_config === undefined ? undefined : readTls(root.tls_server_config),
    isHttp2: http?.http2?.boolean() ?? true,
    headers: http?.headers === undefined ? [] : readHeaders(http.headers),
    users: root?.basic_auth_users === undefined ? new Map() : readUsers(root.basic_auth_users),
    rateLimit: root?.rate_limit === undefined ? undefined : readRateLimit(root.rate_limit),
  };
  mistakes.throwIfAny();
  return config;
}

function readTls(field: Field): WebTls | undefined {
  const given = field.object([
    'cert',
    'cert_file',
    'key',
    'key_file',
    'client_auth_type',
    'client_ca',
    'client_ca_file',
    'client_allowed_sans',
    'min_version',
    'max_version',
    'cipher_suites',
    'prefer_server_cipher_suites',
    'curve_preferences',
  ]);
  if (given === undefined) return undefined;
  const certificate = pem('cert', given.cert, given.cert_file);
  const key = pem('key', given.key, given.key_file);
  const clientCa = pem('client_ca', given.client_ca, given.client_ca_file);
  const clientAuth = named(given.client_auth_type, clientAuths) ?? NO_CLIENT_AUTH;
  const minVersion = named(given.min_version, tlsVersions) ?? 'TLSv1.2';
  const maxVersion = named(given.max_version, tlsVersions) ?? 'TLSv1.3';
  if (minVersion > maxVersion) given.min_version?.fail('is above max_version');
  const tls = {
    clientCa,
    clientAuth,
    allowedSans: strings(given.client_allowed_sans),
    minVersion,
    maxVersion,
    cipherSuites: eachNamed(given.cipher_suites, cipherSuites),
    isServerOrderPreferred: given.prefer_server_cipher_suites?.boolean() ?? true,
    curves: eachNamed(given.curve_preferences, curves),
  };
  // As upstream: a section that names nothing to serve with means plain HTTP.
  if (
    certificate === undefined &&
    key === undefined &&
    clientCa === undefined &&
    given.client_auth_type === undefined
  )
    return undefined;
  if (clientCa !== undefined && !clientAuth.isAsked)
    clientCa.field.fail('has no effect without client_auth_type, which says what clients have to show');
  if (certificate === undefined) return field.fail('cert_file or cert is missing');
  if (key === undefined) return field.fail('key_file or key is missing');
  return { certificate, key, ...tls };
}

const NO_CLIENT_AUTH: ClientAuth = { isAsked: false, isRequired: false, isVerified: false };

function pem(name: string, inline: Field | undefined, file: Field | undefined): Pem | undefined {
  const [text, path] = [inline?.string() ?? '', file?.string() ?? ''];
  if (text !== '' && path !== '') return file?.fail(`and ${name} are both set; remove one`);
  if (path !== '' && file !== undefined) return { field: file, isFile: true, text: path };
  if (text !== '' && inline !== undefined) return { field: inline, isFile: false, text };
  return undefined;
}

/** What the name stands for; '' and an absent field stand for the default. */
function named<T>(field: Field | undefined, names: ReadonlyMap<string, T>): T | undefined {
  const name = field?.string() ?? '';
  const found = names.get(name);
  if (found !== undefined || name === '') return found;
  const all = [...names.keys()].filter((each) => each !== '').join(', ');
  return field?.fail(`unknown name ${JSON.stringify(name)}; expected one of ${all}`);
}

const eachNamed = (field: Field | undefined, names: ReadonlyMap<string, string>): readonly string[] =>
  items(field).flatMap((item) => named(item, names) ?? []);

const strings = (field: Field | undefined): readonly string[] =>
  items(field).flatMap((item) => item.string() ?? []);

function items(field: Field | undefined): readonly Field[] {
  const found = field?.items() ?? [];
  if (found.length > LIST_MAX) field?.fail(`expected at most ${LIST_MAX} items, found ${found.length}`);
  return found.slice(0, LIST_MAX);
}

/** The headers that may be set, and their values; none listed: any. */
const HEADERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Strict-Transport-Security', []],
  ['X-Content-Type-Options', ['nosniff']],
  ['X-Frame-Options', ['deny', 'sameorigin']],
  ['X-XSS-Protection', []],
  ['Content-Security-Policy', []],
]);

function readHeaders(field: Field): WebConfig['headers'] {
  const found: [string, string][] = [];
  for (const [name, value] of field.entries() ?? []) {
    const allowed = HEADERS.get(name);
    const text = value.string();
    if (allowed === undefined)
      value.fail(
        `HTTP header ${JSON.stringify(name)} can not be configured; expected one of ${[...HEADERS.keys()].join(', ')}`,
      );
    else if (text === undefined) continue;
    else if (allowed.length > 0 && !allowed.includes(text))
      value.fail(`expected one of ${allowed.join(', ')}, found ${JSON.stringify(text)}`);
    else if (!/^[\t\x20-\x7e]*$/.test(text))
      value.fail('expected printable ASCII, which is what a header may hold');
    else found.push([name, text]);
  }
  return found;
}

/** Cost from 4 to 31, 22 characters of salt, 31 of hash. */
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

function readUsers(field: Field): ReadonlyMap<string, string> {
  const entries = field.entries() ?? [];
  if (entries.length > WEB_USERS_MAX)
    field.fail(`expected at most ${WEB_USERS_MAX} users, found ${entries.length}`);
  const users = new Map<string, string>();
  for (const [user, value] of entries.slice(0, WEB_USERS_MAX)) {
    const hash = value.string();
    if (hash === undefined) continue;
    if (BCRYPT.test(hash)) users.set(user, hash);
    else value.fail('expected a bcrypt hash, which begins with $2a$, $2b$ or $2y$ and has 60 characters');
  }
  return users;
}

function readRateLimit(field: Field): RateLimit | undefined {
  const given = field.object(['interval', 'burst']);
  const intervalMs = given?.interval?.parsed(goDuration) ?? 0;
  const burst = given?.burst?.integer() ?? 0;
  // As upstream: without an interval nothing is limited.
  if (intervalMs === 0) return undefined;
  if (burst < 1)
    return (given?.burst ?? field).fail('burst of at least 1 is needed, or every request is refused');
  return { intervalMs, burst };
}

function goDuration(text: string): number {
  const ms = parseGoDurationMs(text);
  if (ms === undefined || ms < 0)
    throw AppError.invalid(`expected a duration like 100ms or 1s, found ${JSON.stringify(text)}`);
  return ms;
}
