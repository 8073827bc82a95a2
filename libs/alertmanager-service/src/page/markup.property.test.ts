import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, markup, userText, webHref, type Markup } from './markup.ts';

/** What a browser makes of character references; everything else is text already. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
  ['&#13;', '\r'],
]);
const read = (html: string): string => html.replace(/&[#\w]+;/g, (entity) => ENTITIES.get(entity) ?? entity);

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '<script>',
        '</script>',
        '<!--',
        '-->',
        '"',
        "'",
        '`',
        '>',
        '<',
        '&',
        '&lt;',
        '&#39;',
        ' onload=x',
        '\u202e',
        'עברית',
        '😀',
        '\n',
        '\r\n',
        '\ud800',
        '</textarea>',
        ']]>',
        '${',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

describe('markup', () => {
  it('gives any text back unchanged and never lets it open a tag, close an attribute or start a reference', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const html = markup`<p title="${text}">${text}</p>`.text;
        const [, title, body] = /^<p title="([^"]*)">([^<>]*)<\/p>$/.exec(html) ?? [];
        const expected = text.replaceAll('\u0000', '\ufffd');
        expect(read(title ?? 'not whole')).toBe(expected);
        expect(read(body ?? 'not whole')).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('shows any text of users as one element, and what is cut in its title', () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 40 }), (text, max) => {
        const [, title, body] =
          /^<bdi(?: title="([^"]*)")?>([^<>]*)<\/bdi>$/.exec(userText(text, max).text) ?? [];
        const expected = text.replaceAll('\u0000', '\ufffd');
        expect(read(title ?? body ?? 'not whole')).toBe(expected);
        expect(read(body ?? '').length).toBeLessThanOrEqual(max + 1);
      }),
    );
  });

  it('takes only markup as it is, in lists too, and leaves out undefined and false', () => {
    const item = (text: string): Markup => markup`<li>${text}</li>`;
    expect(markup`<ul>${['<', 'a'].map(item)}${undefined}${false}</ul>${1234567}`.text).toBe(
      '<ul><li>&lt;</li><li>a</li></ul>1,234,567',
    );
  });

  it('cuts at whole characters', () => {
    expect(cut('ab😀cd', 3)).toBe('ab…');
    expect(cut('ab😀cd', 4)).toBe('ab😀…');
    expect(cut('abc', 3)).toBe('abc');
  });
});

describe('a link from outside', () => {
  it.each([
    'javascript:alert(1)',
    'javascript://%0aalert(1)',
    ' javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<script>',
    'vbscript:x',
    '//evil.example/',
    '/relative',
    'file:///etc/passwd',
    'http://a b',
    'https:',
    'http://x\njavascript:alert(1)',
    '',
  ])('is none: %j', (url) => expect(webHref(url)).toBeUndefined());

  it('has the scheme http or https, whatever the text is', () => {
    const scheme = fc.constantFrom(
      'http://',
      'https://',
      'HTTP://',
      'javascript:',
      'data:',
      '\u0001http://',
      '',
    );
    fc.assert(
      fc.property(scheme, nasty, (start, rest) => {
        const href = webHref(start + rest);
        if (href === undefined) return;
        const base = 'https://page.test/';
        if (URL.canParse(href, base)) expect(['http:', 'https:']).toContain(new URL(href, base).protocol);
      }),
    );
    expect(webHref('http://prometheus:9090/graph?g0.expr=up%3D%3D0')).toBeDefined();
  });
});
