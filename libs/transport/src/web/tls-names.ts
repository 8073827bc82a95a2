/** Names of TLS in the web configuration file, which are Go's, and what OpenSSL calls the same thing. */
import type { TlsVersion } from '@tocsin/kernel';

export const tlsVersions: ReadonlyMap<string, TlsVersion> = new Map([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
]);

/** Go always offers all of these when TLS 1.3 is allowed; a list of suites only chooses among older ones. */
export const tls13Suites: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];

export const cipherSuites: ReadonlyMap<string, string> = new Map([
  ...tls13Suites.map((name) => [name, name] as const),
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
]);

export const curves: ReadonlyMap<string, string> = new Map([
  ['CurveP256', 'prime256v1'],
  ['CurveP384', 'secp384r1'],
  ['CurveP521', 'secp521r1'],
  ['X25519', 'X25519'],
]);

/** What a client has to show. */
export interface ClientAuth {
  readonly isAsked: boolean;
  readonly isRequired: boolean;
  /** Signed by one of the client authorities, when one is shown. */
  readonly isVerified: boolean;
}

export const clientAuths: ReadonlyMap<string, ClientAuth> = new Map([
  ['', { isAsked: false, isRequired: false, isVerified: false }],
  ['NoClientCert', { isAsked: false, isRequired: false, isVerified: false }],
  ['RequestClientCert', { isAsked: true, isRequired: false, isVerified: false }],
  ['RequireAnyClientCert', { isAsked: true, isRequired: true, isVerified: false }],
  ['RequireClientCert', { isAsked: true, isRequired: true, isVerified: false }],
  ['VerifyClientCertIfGiven', { isAsked: true, isRequired: false, isVerified: true }],
  ['RequireAndVerifyClientCert', { isAsked: true, isRequired: true, isVerified: true }],
]);
