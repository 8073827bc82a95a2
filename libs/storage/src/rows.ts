/** What every store checks and decides alike about rows, so that they can't differ. */
import { AppError } from '@tocsin/kernel';
import type { StateKind, StateRow } from '@tocsin/kernel';
import { encodeKeyText } from './key-text.ts';

/** The kinds there are, in the order in which they are listed and written. */
export const stateKinds: readonly StateKind[] = ['nflog', 'silence', 'alert', 'group', 'rule-instance'];

export const stateRowLimits: {
  readonly tenantBytesMax: number;
  readonly keyBytesMax: number;
  readonly rowBytesMax: number;
} = {
  /** PostgreSQL's index rows hold 2,704 bytes. */
  tenantBytesMax: 1_024,
  /** A group key with every label of an alert in it. */
  keyBytesMax: 1024 * 1024,
  rowBytesMax: 64 * 1024 * 1024,
};

export type RowVersion = Pick<StateRow, 'seconds' | 'nanos'>;
export type RowId = Pick<StateRow, 'tenant' | 'key'>;

/** Negative when `left` is older. */
export const compareVersions = (left: RowVersion, right: RowVersion): number =>
  left.seconds - right.seconds || left.nanos - right.nanos;

// The length in front keeps ('ab', 'c') and ('a', 'bc') apart.
export const rowIdText = ({ tenant, key }: RowId): string => `${tenant.length}:${tenant}${key}`;

/** Gone at the very millisecond of its expiry, as Alertmanager's garbage collection has it. */
export const isExpired = (row: Pick<StateRow, 'expiresAtMs'>, nowMs: number): boolean =>
  row.expiresAtMs <= nowMs;

/**
 * One row for each key, the newest version; checked, with a whole number of milliseconds as expiry.
 * Throws AppError `invalid` naming the field when one is out of range: then no row is stored.
 */
export function acceptedRows(rows: readonly StateRow[]): readonly StateRow[] {
  const newest = new Map<string, StateRow>();
  for (const row of rows) {
    const accepted = accept(row);
    const id = rowIdText(row);
    const known = newest.get(id);
    if (known === undefined || compareVersions(known, accepted) < 0) newest.set(id, accepted);
  }
  return [...newest.values()];
}

function accept(row: StateRow): StateRow {
  const { keyBytesMax, rowBytesMax, tenantBytesMax } = stateRowLimits;
  const { bytes, expiresAtMs, key, nanos, seconds, tenant } = row;
  if (!Number.isSafeInteger(seconds)) throw outOfRange('seconds', seconds, 'a whole number');
  if (!Number.isInteger(nanos) || nanos < 0 || nanos > 999_999_999) {
    throw outOfRange('nanos', nanos, '0 to 999999999');
  }
  if (Number.isNaN(expiresAtMs)) throw outOfRange('expiresAtMs', expiresAtMs, 'a number');
  if (isLongerThan(tenant, tenantBytesMax)) {
    throw outOfRange('tenant', tenant.slice(0, 100), `at most ${tenantBytesMax} bytes`);
  }
  if (isLongerThan(key, keyBytesMax))
    throw outOfRange('key', key.slice(0, 100), `at most ${keyBytesMax} bytes`);
  if (bytes.length > rowBytesMax) {
    throw outOfRange('bytes', `${bytes.length} bytes`, `at most ${rowBytesMax} bytes`);
  }
  const whole = Math.min(Math.ceil(expiresAtMs), Number.MAX_SAFE_INTEGER);
  return whole === expiresAtMs ? row : { ...row, expiresAtMs: Math.max(whole, Number.MIN_SAFE_INTEGER) };
}

// A UTF-16 unit takes at most three bytes: only long texts have to be measured.
const isLongerThan = (text: string, bytesMax: number): boolean =>
  text.length * 3 > bytesMax && encodeKeyText(text).length > bytesMax;

const outOfRange = (field: string, value: unknown, expected: string): AppError =>
  AppError.invalid(`state row: ${field} is ${String(value)}, expected ${expected}`, { field });

/**
 * The rows of all kinds by tenant and key; the rule of the port and nothing else. Rows are held as they
 * were handed in: of one whose `bytes` are made when asked for, no bytes are kept.
 */
export class RowTable {
  readonly #kinds = new Map<StateKind, Map<string, Map<string, StateRow>>>(
    stateKinds.map((kind) => [kind, new Map()]),
  );

  /** Whether `row` would be stored: its key is unknown, or known only in an older version. */
  isNews(kind: StateKind, row: StateRow): boolean {
    const known = this.#tenants(kind).get(row.tenant)?.get(row.key);
    return known === undefined || compareVersions(known, row) < 0;
  }

  put(kind: StateKind, row: StateRow): void {
    const tenants = this.#tenants(kind);
    let rows = tenants.get(row.tenant);
    if (rows === undefined) tenants.set(row.tenant, (rows = new Map()));
    const known = rows.get(row.key);
    if (known === undefined || compareVersions(known, row) < 0) rows.set(row.key, row);
  }

  /** Whether `remove` would forget something. */
  covers(kind: StateKind, named: RowId & RowVersion): boolean {
    const known = this.#tenants(kind).get(named.tenant)?.get(named.key);
    return known !== undefined && compareVersions(known, named) <= 0;
  }

  remove(kind: StateKind, named: RowId & RowVersion): void {
    if (!this.covers(kind, named)) return;
    const tenants = this.#tenants(kind);
    const rows = tenants.get(named.tenant);
    rows?.delete(named.key);
    if (rows?.size === 0) tenants.delete(named.tenant);
  }

  live(kind: StateKind, nowMs: number): readonly StateRow[] {
    return this.all(kind).filter((row) => !isExpired(row, nowMs));
  }

  all(kind: StateKind): readonly StateRow[] {
    const all: StateRow[] = [];
    for (const rows of this.#tenants(kind).values()) for (const row of rows.values()) all.push(row);
    return all;
  }

  collectGarbage(kind: StateKind, nowMs: number): number {
    const tenants = this.#tenants(kind);
    let dropped = 0;
    for (const [tenant, rows] of tenants) {
      for (const [key, row] of rows) if (isExpired(row, nowMs) && rows.delete(key)) dropped++;
      if (rows.size === 0) tenants.delete(tenant);
    }
    return dropped;
  }

  #tenants(kind: StateKind): Map<string, Map<string, StateRow>> {
    const tenants = this.#kinds.get(kind);
    if (tenants === undefined)
      throw AppError.invalid(`state kind is "${kind}", expected one of ${stateKinds.join(', ')}`);
    return tenants;
  }
}
