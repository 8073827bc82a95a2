/** Goal: the web configuration file means what it means to the exporter-toolkit, and no misspelling is ignored. */
import { AppError } from '@tocsin/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentOf } from '../testing/document.ts';
import { TokenBucket } from './rate-limit.ts';
import { readWebConfig, type WebConfig } from './web-config.ts';
import { alternativeNames } from './web-tls.ts';

const HASH = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
const read = (value: unknown): WebConfig => readWebConfig(documentOf(value));
const mistakesOf = (value: unknown): string => {
  try {
    read(value);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.message;
    throw thrown;
  }
  return '';
};
const files = { cert_file: 'c.pem', key_file: 'k.pem' };

describe('the web configuration', () => {
  it('that is empty means plain HTTP for everybody', () => {
    for (const empty of [null, {}, { tls_server_config: {}, http_server_config: null }])
      expect(read(empty)).toEqual({ isHttp2: true, headers: [], users: new Map() });
  });

  it('has upstream defaults for TLS', () => {
    expect(read({ tls_server_config: files }).tls).toMatchObject({
      certificate: { isFile: true, text: 'c.pem' },
      key: { isFile: true, text: 'k.pem' },
      clientAuth: { isAsked: false },
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      isServerOrderPreferred: true,
      curves: [],
    });
  });

  it('reads every field, with Go’s names as OpenSSL’s', () => {
    const config = read({
      tls_server_config: {
        cert: '-----BEGIN C',
        key: '-----BEGIN K',
        client_ca: '-----BEGIN A',
        client_auth_type: 'RequireAndVerifyClientCert',
        client_allowed_sans: ['a.test', '10.0.0.1'],
        min_version: 'TLS11',
        max_version: 'TLS13',
        cipher_suites: ['TLS_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
        prefer_server_cipher_suites: false,
        curve_preferences: ['X25519', 'CurveP256'],
      },
      http_server_config: {
        http2: false,
        headers: { 'X-Frame-Options': 'sameorigin', 'X-XSS-Protection': '0' },
      },
      basic_auth_users: { alice: HASH, '': HASH },
      rate_limit: { interval: '1m30s', burst: 5 },
    });
    expect(config.tls).toMatchObject({
      certificate: { isFile: false, text: '-----BEGIN C' },
      clientCa: { isFile: false, text: '-----BEGIN A' },
      clientAuth: { isAsked: true, isRequired: true, isVerified: true },
      allowedSans: ['a.test', '10.0.0.1'],
      minVersion: 'TLSv1.1',
      cipherSuites: ['TLS_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
      isServerOrderPreferred: false,
      curves: ['X25519', 'prime256v1'],
    });
    expect(config.isHttp2).toBe(false);
    expect(config.headers).toEqual([
      ['X-Frame-Options', 'sameorigin'],
      ['X-XSS-Protection', '0'],
    ]);
    expect([...config.users]).toEqual([
      ['alice', HASH],
      ['', HASH],
    ]);
    expect(config.rateLimit).toEqual({ intervalMs: 90_000, burst: 5 });
  });

  it.each([
    ['NoClientCert', [false, false, false]],
    ['RequestClientCert', [true, false, false]],
    ['RequireAnyClientCert', [true, true, false]],
    ['RequireClientCert', [true, true, false]],
    ['VerifyClientCertIfGiven', [true, false, true]],
    ['RequireAndVerifyClientCert', [true, true, true]],
  ])('knows the client_auth_type %s', (client_auth_type, [isAsked, isRequired, isVerified]) => {
    expect(read({ tls_server_config: { ...files, client_auth_type } }).tls?.clientAuth).toEqual({
      isAsked,
      isRequired,
      isVerified,
    });
  });

  it.each([
    [{ tls_config: {} }, 'unknown field "tls_config"'],
    [{ tls_server_config: { ...files, cert_fil: 'x' } }, 'unknown field "cert_fil"'],
    [{ tls_server_config: { key_file: 'k' } }, 'tls_server_config: cert_file or cert is missing'],
    [{ tls_server_config: { cert_file: 'k' } }, 'tls_server_config: key_file or key is missing'],
    [{ tls_server_config: { client_auth_type: 'RequireAnyClientCert' } }, 'cert_file or cert is missing'],
    [{ tls_server_config: { ...files, cert: 'x' } }, 'tls_server_config.cert_file: and cert are both set'],
    [
      { tls_server_config: { ...files, client_auth_type: 'Require' } },
      'unknown name "Require"; expected one of NoClientCert',
    ],
    [
      { tls_server_config: { ...files, client_ca_file: 'ca' } },
      'client_ca_file: has no effect without client_auth_type',
    ],
    [{ tls_server_config: { ...files, min_version: 'TLS9' } }, 'expected one of TLS10, TLS11, TLS12, TLS13'],
    [{ tls_server_config: { ...files, min_version: 'TLS13', max_version: 'TLS12' } }, 'is above max_version'],
    [
      { tls_server_config: { ...files, cipher_suites: ['RC4'] } },
      'tls_server_config.cipher_suites[0]: unknown name "RC4"',
    ],
    [{ tls_server_config: { ...files, curve_preferences: ['P-256'] } }, 'expected one of CurveP256'],
    [{ http_server_config: { http2: 'maybe' } }, 'expected true or false, found "maybe"'],
    [{ http_server_config: { headers: { Server: 'x' } } }, 'HTTP header "Server" can not be configured'],
    [{ http_server_config: { headers: { 'X-Frame-Options': 'allow' } } }, 'expected one of deny, sameorigin'],
    [{ http_server_config: { headers: { 'X-Content-Type-Options': '' } } }, 'expected one of nosniff'],
    [{ http_server_config: { headers: { 'X-XSS-Protection': 'a\r\nSet-Cookie: x' } } }, 'printable ASCII'],
    [{ rate_limit: { interval: '1s' } }, 'burst of at least 1 is needed'],
    [{ rate_limit: { interval: 'soon', burst: 1 } }, 'expected a duration like 100ms or 1s'],
    [{ rate_limit: { interval: '-1s', burst: 1 } }, 'expected a duration'],
    [[], 'expected a map'],
  ])('%j is a mistake that says what was expected', (value, message) => {
    expect(mistakesOf(value)).toContain(message);
  });

  it('tells every mistake at once, each with its line', () => {
    expect(mistakesOf({ rate_limit: { burst: 'x', interval: 'y' }, other: 1 })).toMatch(
      /^line 2, .*burst.*\nline 3, .*interval.*\nline 4, .*other/,
    );
  });

  it('never shows what stands in place of a hash: it may be the password itself', () => {
    for (const hash of ['hunter2', '$2y$99$hunter2', `${HASH}hunter2`, HASH.slice(1)]) {
      const message = mistakesOf({ basic_auth_users: { alice: hash } });
      expect(message).toContain('basic_auth_users.alice: expected a bcrypt hash');
      expect(message).not.toContain('hunter2');
    }
  });

  it('takes hashes of every letter that is in use', () => {
    for (const letter of ['a', 'b', 'y'])
      expect(mistakesOf({ basic_auth_users: { alice: HASH.replace('2y', `2${letter}`) } })).toBe('');
  });

  it('that is any other document is refused as such, never with a crash', () => {
    fc.assert(
      fc.property(fc.json(), (json) => void mistakesOf(JSON.parse(json))),
      { numRuns: 500 },
    );
  });
});

describe('the rate limit', () => {
  it('lets a burst through, then one request an interval, and saves up a burst at most', () => {
    const bucket = new TokenBucket({ intervalMs: 100, burst: 3 }, 0);
    const at = (now: number, count: number): number =>
      Array.from({ length: count }, () => bucket.take(now)).filter(Boolean).length;
    expect(at(0, 5)).toBe(3);
    expect(at(99, 1)).toBe(0);
    expect(at(100, 2)).toBe(1);
    expect(at(250, 2)).toBe(1);
    expect(at(1_000_000, 9)).toBe(3);
  });

  it('never lets through more than the burst and one an interval, however requests come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (steps, burst) => {
          const bucket = new TokenBucket({ intervalMs: 100, burst }, 0);
          let [now, passed] = [0, 0];
          for (const step of steps) if (bucket.take((now += step))) passed++;
          expect(passed).toBeLessThanOrEqual(burst + now / 100 + 1e-6);
        },
      ),
    );
  });
});

describe('alternative names of a certificate', () => {
  it('are read whatever they hold', () => {
    expect(
      alternativeNames(
        'DNS:a.test, IP Address:10.0.0.1, URI:"https://x/?a, DNS:evil.test", email:a@b.test, DirName:"CN = z"',
      ),
    ).toEqual(['a.test', '10.0.0.1', 'https://x/?a, DNS:evil.test', 'a@b.test']);
    expect(alternativeNames('')).toEqual([]);
  });
});
