import { AppError, compareUtf8, type HttpRequest } from '@tocsin/kernel';
import { compareInstants, type Instant } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { instantKey, PageCollector, readPageRequest } from './paging.ts';

const asked = (query: Readonly<Record<string, string>>): HttpRequest => ({
  method: 'GET',
  path: '/',
  query: Object.entries(query),
  headers: {},
  body: new Uint8Array(),
});
const options = { isField: (field: string): boolean => field === 'key', fields: 'key', byDefault: 'key' };

interface Row {
  readonly id: string;
  readonly key: string;
}

function page(
  rows: readonly Row[],
  query: Readonly<Record<string, string>>,
): { ids: string[]; next: string | undefined; total: number } {
  const collector = new PageCollector<Row>(readPageRequest(asked(query), options));
  for (const row of rows) collector.add(row, row.key, row.id);
  const { items, next, total } = collector.page();
  return { ids: items.map(({ id }) => id), next, total };
}

const PAGES_MAX = 200;

function walk(rowsAt: (page: number) => readonly Row[], query: Readonly<Record<string, string>>): string[] {
  const ids: string[] = [];
  let cursor = '';
  for (let number = 0; number <= PAGES_MAX; number++) {
    const { ids: more, next } = page(rowsAt(number), { ...query, cursor });
    ids.push(...more);
    if (next === undefined) return ids;
    cursor = next;
  }
  throw new Error('the pages never end');
}

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', '😀', '\uffff', 'é'),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.string({ unit: 'binary', minLength: 126, maxLength: 131 }),
);
const rows = fc.uniqueArray(fc.record({ id: fc.uuid(), key: text }), {
  selector: ({ id }) => id,
  maxLength: 40,
});
const sort = fc.constantFrom('key', '-key');
const limit = fc.integer({ min: 1, max: 12 });
const short = (key: string): string => key.slice(0, 120);

describe('pages', () => {
  it('give every element once, in order, whatever the limit and however equal the keys are', () => {
    fc.assert(
      fc.property(rows, sort, limit, (all, by, size) => {
        const ids = walk(() => all, { sort: by, limit: String(size) });
        expect([...ids].sort(compareUtf8)).toEqual(all.map(({ id }) => id).sort(compareUtf8));
        const keys = ids.map((id) => short(all.find((row) => row.id === id)?.key ?? ''));
        const inOrder = [...keys].sort(compareUtf8);
        expect(keys).toEqual(by === 'key' ? inOrder : inOrder.toReversed());
        expect(page(all, { limit: String(size) }).total).toBe(all.length);
      }),
    );
  });

  it('give what stays exactly once and nothing twice, while other elements come and go', () => {
    fc.assert(
      fc.property(rows, rows, sort, limit, fc.nat(3), (stays, comes, by, size, when) => {
        const ids = walk(
          (number) => [...stays, ...comes.filter((_, index) => (index + number) % 4 >= when)],
          {
            sort: by,
            limit: String(size),
          },
        );
        expect(new Set(ids).size).toBe(ids.length);
        for (const { id } of stays) expect(ids).toContain(id);
      }),
    );
  });

  it('refuse a cursor that is none, and one of another order, and say so', () => {
    const all = [
      { id: '1', key: 'a' },
      { id: '2', key: 'b' },
    ];
    const { next = '' } = page(all, { limit: '1' });
    expect(page(all, { cursor: next }).ids).toEqual(['2']);
    expect(() => page(all, { cursor: next, sort: '-key' })).toThrow(
      /cursor: it goes on in the order of sort=key/,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.string().map((each) => encodeBase64Url(new TextEncoder().encode(each))),
        ),
        (cursor) => {
          fc.pre(cursor !== '');
          expect(() => page(all, { cursor })).toThrow(AppError);
        },
      ),
    );
  });

  it.each(['0', '-1', '1001', '1.5', '1e2', 'many', ' 1', '99999999999999999999'])(
    'refuse the limit %s',
    (given) => {
      expect(() => page([], { limit: given })).toThrow(/limit: expected a whole number from 1 to 1000/);
    },
  );
});

it('Base64 for URLs is what Node makes of the bytes, there and back, and nothing else is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.string({ maxLength: 6 }), (bytes, junk) => {
      const written = Buffer.from(bytes).toString('base64url');
      expect(encodeBase64Url(bytes)).toBe(written);
      expect(decodeBase64Url(written)).toEqual(bytes);
      const read = decodeBase64Url(junk);
      if (read !== undefined) expect(encodeBase64Url(read)).toBe(junk);
    }),
  );
});

it('keys of times sort as the times do, from year 0 on', () => {
  const instant = fc.record<Instant>({
    seconds: fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    offsetMinutes: fc.constant(0),
  });
  fc.assert(
    fc.property(instant, instant, (left, right) => {
      expect(Math.sign(compareUtf8(instantKey(left), instantKey(right)))).toBe(
        Math.sign(compareInstants(left, right)),
      );
    }),
  );
});
