/** What every `StateStore` promises, whatever it is made of. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { StateKind, StateRow, StateStore } from '@tocsin/kernel';

export interface StateStoreHarness {
  /** A store on the same rows each time; the one before it has been closed. */
  open(): Promise<StateStore>;
  /** Rows outlive the store. */
  readonly isDurable: boolean;
  remove(): Promise<void>;
}

export const aRow = (key: string, overrides: Partial<StateRow> = {}): StateRow => ({
  tenant: '',
  key,
  seconds: 1_700_000_000,
  nanos: 0,
  expiresAtMs: 2_000,
  bytes: new TextEncoder().encode(`bytes of ${key}`),
  ...overrides,
});

/** Comparable whatever the order, and whether bytes are a Buffer. */
export const comparable = (rows: readonly StateRow[]): readonly unknown[] =>
  rows
    .map((row) => ({ ...row, bytes: Buffer.from(row.bytes).toString('hex') }))
    .sort((left, right) =>
      JSON.stringify([left.tenant, left.key]) < JSON.stringify([right.tenant, right.key]) ? -1 : 1,
    );

export const kinds: readonly StateKind[] = ['nflog', 'silence', 'alert', 'group', 'rule-instance'];

export function stateStoreContract(name: string, create: () => Promise<StateStoreHarness>): void {
  describe(`${name} keeps the contract of state stores`, () => {
    const opened: { harness: StateStoreHarness; stores: StateStore[] }[] = [];
    afterEach(async () => {
      for (const { harness, stores } of opened.splice(0)) {
        await Promise.all(stores.map((store) => store.close()));
        await harness.remove();
      }
    });
    const setUp = async (): Promise<{
      store: StateStore;
      harness: StateStoreHarness;
      reopen(): Promise<StateStore>;
    }> => {
      const harness = await create();
      const store = await harness.open();
      const stores = [store];
      opened.push({ harness, stores });
      const reopen = async (): Promise<StateStore> => {
        await stores.at(-1)?.close();
        const next = await harness.open();
        stores.push(next);
        return next;
      };
      return { store, harness, reopen };
    };
    const expectRows = async (
      store: StateStore,
      kind: StateKind,
      rows: readonly StateRow[],
    ): Promise<void> => {
      expect(comparable(await store.load(kind, 0))).toEqual(comparable(rows));
    };

    it('gives back what was stored, byte for byte, each kind for itself', async () => {
      const { store } = await setUp();
      for (const kind of kinds) {
        await store.merge(kind, [aRow(`of ${kind}`, { bytes: Uint8Array.from([0, 255, 1, 128, 10, 13]) })]);
      }
      for (const kind of kinds) {
        await expectRows(store, kind, [
          aRow(`of ${kind}`, { bytes: Uint8Array.from([0, 255, 1, 128, 10, 13]) }),
        ]);
      }
    });

    it('takes nothing, and empty bytes, and an empty key', async () => {
      const { store } = await setUp();
      await store.merge('alert', []);
      await expectRows(store, 'alert', []);
      await store.merge('alert', [aRow('', { bytes: new Uint8Array() })]);
      await expectRows(store, 'alert', [aRow('', { bytes: new Uint8Array() })]);
    });

    it('replaces a row only by a greater (seconds, nanos), never by an equal one', async () => {
      const { store } = await setUp();
      const version = (seconds: number, nanos: number): StateRow =>
        aRow('a', {
          seconds,
          nanos,
          bytes: Uint8Array.from([seconds % 256, nanos % 256]),
          expiresAtMs: 1_000 + nanos,
        });
      await store.merge('nflog', [version(10, 5)]);
      await store.merge('nflog', [version(10, 4)]);
      await expectRows(store, 'nflog', [version(10, 5)]);
      await store.merge('nflog', [version(9, 999_999_999)]);
      await expectRows(store, 'nflog', [version(10, 5)]);
      await store.merge('nflog', [{ ...version(10, 5), bytes: Uint8Array.from([77]) }]);
      await expectRows(store, 'nflog', [version(10, 5)]);
      await store.merge('nflog', [version(10, 6)]);
      await expectRows(store, 'nflog', [version(10, 6)]);
      await store.merge('nflog', [version(11, 0)]);
      await expectRows(store, 'nflog', [version(11, 0)]);
    });

    it('keeps the newest of several versions of a key in one call, wherever it stands', async () => {
      const { store } = await setUp();
      const versions = [3, 9, 4].map((nanos) => aRow('a', { nanos, bytes: Uint8Array.from([nanos]) }));
      await store.merge('silence', [...versions, aRow('b')]);
      await expectRows(store, 'silence', [aRow('a', { nanos: 9, bytes: Uint8Array.from([9]) }), aRow('b')]);
    });

    it('keeps tenants apart, also where tenant and key concatenate to the same text', async () => {
      const { store } = await setUp();
      const rows = [
        aRow('bc', { tenant: 'a' }),
        aRow('c', { tenant: 'ab' }),
        aRow('abc'),
        aRow('1:abc'),
        aRow('c', { tenant: '3:ab' }),
      ];
      for (const kind of kinds) {
        await store.merge(kind, rows);
        await expectRows(store, kind, rows);
      }
    });

    it('holds times far from now, and a key as long as a group of many labels makes it', async () => {
      const { store } = await setUp();
      const long = 'label="value", '.repeat(2_000);
      const rows = [
        aRow('zero time of Go', { seconds: -62_135_596_800, nanos: 0 }),
        aRow('far', { seconds: 253_402_300_799, nanos: 999_999_999, expiresAtMs: 253_402_300_799_999 }),
        aRow(`${long}1`),
        aRow(`${long}2`),
        aRow('x', { tenant: 't'.repeat(1_024) }),
      ];
      await store.merge('group', rows);
      await expectRows(store, 'group', rows);
      await store.merge('group', [aRow(`${long}1`, { nanos: 1 })]);
      await store.remove('group', [aRow(`${long}2`)]);
      expect((await store.load('group', 0)).map(({ key, nanos }) => [key.length, nanos])).toContainEqual([
        long.length + 1,
        1,
      ]);
      expect((await store.load('group', 0)).map(({ key }) => key)).not.toContain(`${long}2`);
    });

    it('refuses values out of range with `invalid`, and then stores none of the call', async () => {
      const { store } = await setUp();
      const bad: Partial<StateRow>[] = [
        { seconds: 1.5 },
        { seconds: Number.NaN },
        { nanos: -1 },
        { nanos: 1_000_000_000 },
        { expiresAtMs: Number.NaN },
        { tenant: 't'.repeat(1_025) },
      ];
      for (const overrides of bad) {
        const refused = store.merge('alert', [aRow('good'), aRow('bad', overrides)]);
        await expect(refused).rejects.toMatchObject({ name: 'AppError', code: 'invalid' });
      }
      await expectRows(store, 'alert', []);
    });

    it('treats a row as expired at the very millisecond of its expiry', async () => {
      const { store } = await setUp();
      await store.merge('alert', [aRow('a', { expiresAtMs: 1_000 }), aRow('b', { expiresAtMs: 1_001 })]);
      const keysAt = async (nowMs: number): Promise<readonly string[]> =>
        (await store.load('alert', nowMs)).map(({ key }) => key).sort();
      expect(await keysAt(999)).toEqual(['a', 'b']);
      expect(await keysAt(1_000)).toEqual(['b']);
      expect(await keysAt(1_001)).toEqual([]);
      expect(await store.collectGarbage('nflog', 5_000)).toBe(0);
      expect(await store.collectGarbage('alert', 1_000)).toBe(1);
      expect(await keysAt(0)).toEqual(['b']);
    });

    it('takes an expiry of never, and of a fraction of a millisecond', async () => {
      const { store } = await setUp();
      await store.merge('alert', [
        aRow('never', { expiresAtMs: Infinity }),
        aRow('soon', { expiresAtMs: 10.5 }),
      ]);
      expect((await store.load('alert', 10)).map(({ key }) => key).sort()).toEqual(['never', 'soon']);
      expect((await store.load('alert', 11)).map(({ key }) => key)).toEqual(['never']);
    });

    it('forgets a row unless a newer version than the one named has come', async () => {
      const { store } = await setUp();
      const stored = ['older', 'equal', 'newer'].map((key) => aRow(key, { seconds: 5, nanos: 5 }));
      await store.merge('silence', [...stored, aRow('other')]);
      await store.remove('silence', [
        { tenant: '', key: 'older', seconds: 5, nanos: 4 },
        { tenant: '', key: 'equal', seconds: 5, nanos: 5 },
        { tenant: '', key: 'newer', seconds: 6, nanos: 0 },
        { tenant: 'somebody else', key: 'other', seconds: 9e9, nanos: 0 },
        { tenant: '', key: 'unknown', seconds: 9e9, nanos: 0 },
      ]);
      await store.remove('silence', []);
      expect((await store.load('silence', 0)).map(({ key }) => key).sort()).toEqual(['older', 'other']);
      // A version that is older than the forgotten one is a new row again.
      await store.merge('silence', [aRow('newer', { seconds: 1 })]);
      expect((await store.load('silence', 0)).map(({ key }) => key).sort()).toEqual([
        'newer',
        'older',
        'other',
      ]);
    });

    it('takes every string as a key, NUL and lone surrogates included, and never mixes two of them up', async () => {
      const { harness, store } = await setUp();
      const special = [
        '\0',
        'a\0b',
        'a\0',
        '\ud800',
        '\udc00\ud800',
        '\ud83d\ude00',
        '\ufffd',
        '\\x00',
        "'; --",
        '{,"}',
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.oneof(fc.constantFrom(...special), fc.string({ unit: 'binary' })), {
            maxLength: 20,
          }),
          fc.array(fc.nat(0xffff), { maxLength: 5 }),
          async (texts, units) => {
            const keys = [...new Set([...special, ...texts, String.fromCharCode(...units)])];
            const rows = keys.flatMap((key) => [aRow(key), aRow(key, { tenant: 'other' })]);
            await store.merge('group', rows);
            const loaded = new Set(
              (await store.load('group', 0)).map(({ key, tenant }) => JSON.stringify([tenant, key])),
            );
            for (const { key, tenant } of rows) expect(loaded).toContain(JSON.stringify([tenant, key]));
            await store.remove('group', rows);
            expect(await store.load('group', 0)).toEqual([]);
          },
        ),
        { numRuns: 20 },
      );
      expect(harness.isDurable).toBeDefined();
    });

    it('ends with the newest version of every key when many write at once in any order', async () => {
      const { store } = await setUp();
      const write = fc.record({ key: fc.constantFrom('a', 'b', 'c'), seconds: fc.nat(3), nanos: fc.nat(3) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(write, { minLength: 1, maxLength: 6 }), { maxLength: 8 }),
          async (calls) => {
            const rowsOf = (call: (typeof calls)[number]): StateRow[] =>
              call.map(({ key, nanos, seconds }) =>
                aRow(key, { nanos, seconds, bytes: Uint8Array.from([seconds, nanos]) }),
              );
            await Promise.all(calls.map((call) => store.merge('nflog', rowsOf(call))));
            const newest = new Map<string, StateRow>();
            for (const row of calls.flatMap(rowsOf)) {
              const known = newest.get(row.key);
              if (known === undefined || row.seconds * 10 + row.nanos > known.seconds * 10 + known.nanos)
                newest.set(row.key, row);
            }
            await expectRows(store, 'nflog', [...newest.values()]);
            await store.remove('nflog', [...newest.values()]);
          },
        ),
        { numRuns: 25 },
      );
    });

    it('stores 12,000 rows in one call', async () => {
      const { store } = await setUp();
      const rows = Array.from({ length: 12_000 }, (_, index) => aRow(`alert ${index}`));
      await store.merge('alert', rows);
      expect(await store.load('alert', 0)).toHaveLength(12_000);
      expect(await store.collectGarbage('alert', 9e12)).toBe(12_000);
    });

    it('still has every row after it was closed and opened again, if it is durable', async () => {
      const { harness, reopen, store } = await setUp();
      if (!harness.isDurable) return;
      const rows = [aRow('a'), aRow('b', { tenant: '7' }), aRow('\ud800\0')];
      for (const kind of kinds)
        await store.merge(
          kind,
          rows.map((row) => withOwnBytes(kind, row)),
        );
      await store.remove('group', [aRow('a')]);
      const again = await reopen();
      for (const kind of kinds) {
        const expected = rows
          .map((row) => withOwnBytes(kind, row))
          .filter(({ key }) => kind !== 'group' || key !== 'a');
        expect(comparable(await again.load(kind, 0))).toEqual(comparable(expected));
      }
    });

    it('refuses work after it was closed, and may be closed twice', async () => {
      const { store } = await setUp();
      await store.close();
      await store.close();
      await expect(store.merge('alert', [aRow('a')])).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.load('alert', 0)).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}

/** The test splitter of the file store reads a row back from its bytes, as the real ones do. */
export function withOwnBytes(kind: StateKind, row: StateRow): StateRow {
  if (kind !== 'nflog' && kind !== 'silence') return row;
  const { expiresAtMs, key, nanos, seconds } = row;
  return { ...row, bytes: Buffer.from(JSON.stringify({ key, seconds, nanos, expiresAtMs })) };
}
