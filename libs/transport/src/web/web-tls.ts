/**
 * @module transport/web/web-tls
 *
 * What a TLS server needs, made of the web configuration: PEM texts read, checked against each other, and
 * OpenSSL's options. And the rules about a client's certificate that Node's own two switches can't say.
 */
import { X509Certificate } from 'node:crypto';
import { isIPv6, SocketAddress } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { messageOf, Mistakes } from '@tocsin/kernel';
import { tls13Suites } from './tls-names.ts';
import type { Pem, WebTls } from './web-config.ts';

export interface ReadTls {
  readonly options: TlsOptions;
  readonly rules: Pick<WebTls, 'clientAuth' | 'allowedSans'>;
}

/** Absolute paths of the files that the configuration at `configPath` names. */
export const tlsFiles = (tls: WebTls | undefined, configPath: string): readonly string[] =>
  tls === undefined
    ? []
    : [tls.certificate, tls.key, tls.clientCa].flatMap((each) =>
        each?.isFile === true ? [fileOf(each, configPath)] : [],
      );

const fileOf = ({ text }: Pem, configPath: string): string =>
  isAbsolute(text) ? text : join(dirname(configPath), text);

/** Throws AppError `invalid` that names the field, the file and what is wrong with it. */
export async function readTls(
  tls: WebTls,
  configPath: string,
  readFile: (path: string) => Promise<string>,
): Promise<ReadTls> {
  const mistakes = new Mistakes();
  const add = ({ field }: Pem, message: string): void => mistakes.add(field.node, field.path, message);
  const read = async (pem: Pem | undefined): Promise<string> => {
    if (pem === undefined) return '';
    if (!pem.isFile) return pem.text;
    try {
      return await readFile(fileOf(pem, configPath));
    } catch (cause) {
      add(pem, messageOf(cause));
      return '';
    }
  };
  const [cert, key, ca] = await Promise.all([read(tls.certificate), read(tls.key), read(tls.clientCa)]);
  mistakes.throwIfAny();
  const check = (pem: Pem | undefined, what: string, use: () => unknown): void => {
    if (pem === undefined) return;
    try {
      use();
    } catch (cause) {
      add(pem, `${pem.isFile ? `${fileOf(pem, configPath)}: ` : ''}${what}: ${messageOf(cause)}`);
    }
  };
  check(tls.certificate, 'is no certificate in PEM format', () => createSecureContext({ cert }));
  check(tls.key, 'is no private key in PEM format without a password', () => createSecureContext({ key }));
  // OpenSSL takes any text for a list of authorities, and one without a certificate would let nobody in.
  check(tls.clientCa, 'is no certificate in PEM format', () => new X509Certificate(ca));
  mistakes.throwIfAny();
  const options = { ...optionsOf(tls), cert, key, ...(ca === '' ? {} : { ca }) };
  const together = (): unknown => createSecureContext(options);
  check(tls.key, 'does not go with the certificate and the other settings', together);
  mistakes.throwIfAny();
  return { options, rules: tls };
}

function optionsOf(tls: WebTls): TlsOptions {
  const { clientAuth } = tls;
  const isOld = tls.minVersion === 'TLSv1' || tls.minVersion === 'TLSv1.1';
  return {
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.isServerOrderPreferred,
    ...ciphersOf(tls.cipherSuites, isOld),
    ...(tls.curves.length === 0 ? {} : { ecdhCurve: tls.curves.join(':') }),
    requestCert: clientAuth.isAsked,
    // Only both together can be left to OpenSSL; the other four are judged by `clientRefusal`.
    rejectUnauthorized: clientAuth.isRequired && clientAuth.isVerified,
  };
}

function ciphersOf(chosen: readonly string[], isOld: boolean): { readonly ciphers?: string } {
  // OpenSSL 3 has the versions before 1.2 only at its lowest level.
  const level = isOld ? ['@SECLEVEL=0'] : [];
  if (chosen.length > 0) return { ciphers: [...new Set([...tls13Suites, ...chosen]), ...level].join(':') };
  return isOld ? { ciphers: `DEFAULT:${level.join(':')}` } : {};
}

/** Why this client is not let in; undefined when it is. */
export function clientRefusal(
  socket: TLSSocket,
  { clientAuth, allowedSans }: ReadTls['rules'],
): string | undefined {
  if (!clientAuth.isAsked) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return clientAuth.isRequired ? 'the client showed no certificate' : undefined;
  if (clientAuth.isVerified && !socket.authorized)
    return `the certificate of the client is not trusted: ${String(socket.authorizationError)}`;
  if (allowedSans.length === 0) return undefined;
  const shown = alternativeNames(certificate.subjectAltName ?? '');
  const allowed = new Set(allowedSans.map(oneSpelling));
  return shown.some((name) => allowed.has(oneSpelling(name)))
    ? undefined
    : 'no alternative name in the certificate of the client is in client_allowed_sans';
}

/** `DNS:a, IP Address:::1, URI:"x, y"`: names with odd characters are quoted as JSON. */
export function alternativeNames(text: string): readonly string[] {
  const names = text.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...names].map(([, name = '']) => (name.startsWith('"') ? unquote(name) : name));
}

/** An IPv6 address has many; OpenSSL writes all its zeros. */
const oneSpelling = (name: string): string =>
  isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name;

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
