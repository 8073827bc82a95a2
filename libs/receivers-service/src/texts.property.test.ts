/** Small codecs against what the platform has, which the services cannot use. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Of } from './base64.ts';
import { goJsonString } from './go-json.ts';
import { formatHttpUrl, parseHttpUrl, resolveLocation } from './http-url.ts';

describe('base64', () => {
  it('is that of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(base64Of(text)).toBe(Buffer.from(text, 'utf8').toString('base64'));
      }),
    );
  });
});

describe('JSON texts', () => {
  it('mean what they are made of, and hold nothing that HTML would take for markup', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<', '&', '\u2028')) }),
        (text) => {
          const json = goJsonString(text);
          expect(JSON.parse(json)).toBe(text);
          expect(json).not.toMatch(/[<>&\u2028\u2029]/);
        },
      ),
    );
  });

  it('escape as Go does', () => {
    expect(goJsonString('<b>&\u2028"\\\n\t\b\f\u0001\u007fé')).toBe(
      '"\\u003cb\\u003e\\u0026\\u2028\\"\\\\\\n\\t\\b\\f\\u0001\u007fé"',
    );
    expect(goJsonString('a\ud800b')).toBe('"a\ufffdb"');
  });
});

describe('a redirect', () => {
  it('leads where the URL standard says', () => {
    const segment = fc.constantFrom('a', 'b.c', '..', '.', '');
    const reference = fc.oneof(
      fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
      fc.array(segment, { maxLength: 4 }).map((parts) => `/x${parts.join('/')}?q=1`),
      fc.constantFrom('?q=2', 'http://other/y', '//other/y?z', 'https://o:8080'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('http://h/a/b/c?d', 'http://h', 'https://h:1/x/'),
        reference,
        (base, location) => {
          fc.pre(!location.startsWith('//') || location === '//other/y?z');
          expect(formatHttpUrl(resolveLocation(parseHttpUrl(base), location))).toBe(
            new URL(location, base).href,
          );
        },
      ),
    );
  });

  it('out of HTTP is refused', () => {
    expect(() => resolveLocation(parseHttpUrl('http://h'), 'file:///etc/passwd')).toThrow(
      'expected http://host',
    );
  });
});
