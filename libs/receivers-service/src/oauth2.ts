/**
 * OAuth 2.0 client credentials (spec/receivers.md 3): a token is asked for when none is held or the one
 * held is about to end. The secret goes in the Authorization header first; a server that refuses that
 * gets it in the form, from then on too.
 */
import { AppError, compareUtf8, decodeUtf8, type MonoMs } from '@tocsin/kernel';
import { base64Of } from './base64.ts';
import type { Oauth2Config } from './http-config.ts';
import { exchange } from './http-exchange.ts';
import { parseHttpUrl } from './http-url.ts';
import type { SendContext } from './integration.ts';
import { readSecretSource } from './secret-source.ts';

/** A token is not used any more when it has less than this left. */
const EARLY_MS = 10_000;

interface Token {
  readonly type: string;
  readonly token: string;
  /** Infinity: the server did not say. */
  readonly until: MonoMs;
}

/** Of one integration. */
export interface TokenCache {
  token: Token | undefined;
  isSecretInForm?: boolean;
}

/** Rejects with AppError `unavailable` when no token is given, `deadline`. */
export async function oauth2Token(
  config: Oauth2Config,
  cache: TokenCache,
  context: SendContext,
): Promise<Token> {
  const held = cache.token;
  if (held !== undefined && held.until - EARLY_MS > context.clock.mono()) return held;
  const secret = await readSecretSource(config.clientSecret, context);
  let answer = await ask(config, secret, cache.isSecretInForm === true, context);
  if (!isOk(answer.status) && cache.isSecretInForm !== true) {
    answer = await ask(config, secret, true, context);
    if (isOk(answer.status)) cache.isSecretInForm = true;
  }
  if (!isOk(answer.status)) {
    throw new AppError(
      'unavailable',
      `Post "<redacted>": oauth2: cannot fetch token: status code ${answer.status}`,
    );
  }
  cache.token = readToken(decodeUtf8(answer.body), context.clock.mono());
  return cache.token;
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

function ask(
  config: Oauth2Config,
  secret: string,
  isSecretInForm: boolean,
  context: SendContext,
): ReturnType<typeof exchange> {
  const fields: (readonly [string, string])[] = [
    ['grant_type', 'client_credentials'],
    ...(config.scopes.length === 0 ? [] : [['scope', config.scopes.join(' ')] as const]),
    ...config.endpointParams,
    ...(isSecretInForm ? [['client_id', config.clientId] as const, ['client_secret', secret] as const] : []),
  ];
  const body = fields
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([name, value]) => `${formEscape(name)}=${formEscape(value)}`)
    .join('&');
  const credentials = base64Of(`${formEscape(config.clientId)}:${formEscape(secret)}`);
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    ...(isSecretInForm ? {} : { Authorization: `Basic ${credentials}` }),
  };
  return exchange(
    { method: 'POST', url: parseHttpUrl(config.tokenUrl), headers, body },
    config.connection,
    context,
  );
}

const formEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

function readToken(text: string, now: MonoMs): Token {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new AppError('unavailable', 'Post "<redacted>": oauth2: cannot parse the answer: it is no JSON');
  }
  const { access_token: token, token_type: type, expires_in: expiresIn } = fields;
  if (typeof token !== 'string' || token === '') {
    throw new AppError('unavailable', 'Post "<redacted>": oauth2: server response missing access_token');
  }
  const seconds = Number(expiresIn ?? 0);
  return {
    token,
    type: typeof type === 'string' && type !== '' && type.toLowerCase() !== 'bearer' ? type : 'Bearer',
    until: seconds > 0 ? now + seconds * 1000 : Infinity,
  };
}
