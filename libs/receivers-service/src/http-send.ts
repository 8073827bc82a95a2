/**
 * @module receivers-service/http-send
 *
 * Sends a request as `http_config` says. Credentials go to the host that is configured and to no
 * other: a redirect to another host loses them and all configured headers.
 */
import { AppError } from '@tocsin/kernel';
import { base64Of } from './base64.ts';
import type { HttpAnswer } from './delivery.ts';
import type { Authorization, HttpConfig } from './http-config.ts';
import { exchange, inWords, type Hop, type Headers } from './http-exchange.ts';
import { credentialsOf, formatHttpUrl, parseHttpUrl, resolveLocation, type HttpUrl } from './http-url.ts';
import type { SendContext } from './integration.ts';
import { oauth2Token, type TokenCache } from './oauth2.ts';
import { readSecretSource } from './secret-source.ts';

const REDIRECTS_MAX = 10;

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With user part if configured so. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Of the answer's body; a longer one is refused. Absent: it is cut at 64 KiB. */
  readonly answerBytesMax?: number;
}

/** An integration's way out: its `http_config` and what is remembered with it. */
export class HttpSender {
  readonly #config: HttpConfig;
  readonly #tokens: TokenCache = { token: undefined };

  constructor(config: HttpConfig) {
    this.#config = config;
  }

  /**
   * Follows redirects as far as configured. Rejects with AppError: `unavailable`, `deadline`, `invalid`
   * (a URL that is none), `limit` (the answer is too long), or what reading a secret's file failed with.
   */
  async send(request: OutgoingRequest, context: SendContext): Promise<HttpAnswer> {
    const { followRedirects, connection } = this.#config;
    const origin = parseHttpUrl(request.url);
    const ours = await this.#configuredHeaders(origin, context);
    const { method, headers: given, body, answerBytesMax } = request;
    let hop: Hop = { method, url: origin, headers: given, body, answerBytesMax };
    for (let redirects = 0; ; redirects++) {
      const isHome = hop.url.host === origin.host;
      const headers = isHome ? { ...ours.headers, ...hop.headers } : hop.headers;
      const answer = await exchange({ ...hop, headers }, connection, context);
      const location = answer.headers['location'];
      if (!followRedirects || location === undefined || !isRedirect(answer.status)) {
        return { ...answer, secrets: [...ours.secrets, ...urlSecrets(origin)] };
      }
      if (redirects === REDIRECTS_MAX) {
        throw AppError.invalid(
          `${inWords(hop.method)} "<redacted>": stopped after ${REDIRECTS_MAX} redirects`,
        );
      }
      hop = nextHop(hop, answer.status, location);
    }
  }

  async #configuredHeaders(url: HttpUrl, context: SendContext): Promise<ConfiguredHeaders> {
    const headers: [string, string | readonly string[]][] = [];
    const secrets: string[] = [];
    for (const [name, sources] of this.#config.headers) {
      const values = await Promise.all(sources.map((source) => readSecretSource(source, context)));
      headers.push([name, values]);
      secrets.push(...values);
    }
    const authorization = await this.#authorization(this.#config.authorization, url, context);
    if (authorization !== undefined) {
      headers.push(['Authorization', `${authorization.type} ${authorization.token}`]);
      secrets.push(authorization.token, authorization.secret);
    }
    return { headers: Object.fromEntries(headers), secrets };
  }

  async #authorization(
    authorization: Authorization | undefined,
    url: HttpUrl,
    context: SendContext,
  ): Promise<AuthorizationHeader | undefined> {
    if (authorization === undefined) {
      const inUrl = credentialsOf(url);
      return inUrl === undefined ? undefined : basic(inUrl.username, inUrl.password);
    }
    if (authorization.kind === 'basic') {
      const [username, password] = await Promise.all([
        readSecretSource(authorization.username, context),
        readSecretSource(authorization.password, context),
      ]);
      return basic(username, password);
    }
    if (authorization.kind === 'token') {
      const secret = await readSecretSource(authorization.credentials, context);
      return { type: authorization.type, token: secret, secret };
    }
    const { type, token } = await oauth2Token(authorization.oauth2, this.#tokens, context);
    return { type, token, secret: token };
  }
}

interface ConfiguredHeaders {
  readonly headers: Headers;
  readonly secrets: readonly string[];
}

interface AuthorizationHeader {
  readonly type: string;
  readonly token: string;
  /** What the token is made of. */
  readonly secret: string;
}

const basic = (username: string, password: string): AuthorizationHeader => ({
  type: 'Basic',
  token: base64Of(`${username}:${password}`),
  secret: password,
});

function nextHop(hop: Hop, status: number, location: string): Hop {
  const url = resolveLocation(hop.url, location);
  const keepsBody = status === 307 || status === 308;
  // A page behind TLS is nobody's business outside of it.
  const referer =
    hop.url.scheme === 'https' && url.scheme === 'http' ? {} : { Referer: formatHttpUrl(hop.url) };
  if (keepsBody) return { ...hop, url, headers: { ...hop.headers, ...referer } };
  const headers = Object.fromEntries(Object.entries(hop.headers).filter(([name]) => name !== 'Content-Type'));
  return { method: 'GET', url, headers: { ...headers, ...referer }, body: undefined };
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** A token in the path, the query or the user part, which servers like to repeat in "cannot POST /…". */
function urlSecrets(url: HttpUrl): readonly string[] {
  const credentials = credentialsOf(url);
  const [path = '', query = ''] = url.path.split('?');
  return [url.path, path, query, ...(credentials === undefined ? [] : [credentials.password])];
}
