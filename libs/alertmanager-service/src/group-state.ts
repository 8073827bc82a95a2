/**
 * Timer state of a group, as it is kept for a restart: one row for each (tenant, route id, group
 * key, replica id). When a replica's own row is absent the freshest of any replica serves, so that a
 * replaced replica keeps the rhythm.
 */
import { decodeUtf8, encodeUtf8, type StateRow, type WallMs } from '@tocsin/kernel';
import { instantOf } from '@tocsin/model';

export interface GroupState {
  readonly lastFlushAt: WallMs | undefined;
  readonly nextFlushAt: WallMs;
  readonly flushes: number;
}

interface Stored {
  readonly lastFlushAt?: number;
  readonly nextFlushAt: number;
  readonly flushes: number;
}

const SEPARATOR = '\u0000';

export function groupStateRow(at: {
  readonly tenant: string;
  readonly replica: string;
  /** `Group.id`: route id, NUL, group key. */
  readonly groupId: string;
  readonly state: GroupState;
  readonly now: WallMs;
  readonly expiresAtMs: WallMs;
}): StateRow {
  const { seconds, nanos } = instantOf(at.now);
  const stored: Stored = {
    ...(at.state.lastFlushAt === undefined ? {} : { lastFlushAt: at.state.lastFlushAt }),
    nextFlushAt: at.state.nextFlushAt,
    flushes: at.state.flushes,
  };
  return {
    tenant: at.tenant,
    key: `${at.replica}${SEPARATOR}${at.groupId}`,
    seconds,
    nanos,
    expiresAtMs: at.expiresAtMs,
    bytes: encodeUtf8(JSON.stringify(stored)),
  };
}

/** The states to restore, by `Group.id`: own rows first, else the freshest. Rows that can't be read are left out. */
export function restoredGroupStates(
  rows: readonly StateRow[],
  replica: string,
): ReadonlyMap<string, GroupState> {
  const best = new Map<
    string,
    { readonly row: StateRow; readonly isOwn: boolean; readonly state: GroupState }
  >();
  for (const row of rows) {
    const cut = row.key.indexOf(SEPARATOR);
    const state = readState(row);
    if (cut < 0 || state === undefined) continue;
    const isOwn = row.key.slice(0, cut) === replica;
    const id = row.key.slice(cut + 1);
    const held = best.get(id);
    const isBetter =
      held === undefined ||
      (isOwn && !held.isOwn) ||
      (isOwn === held.isOwn && (row.seconds - held.row.seconds || row.nanos - held.row.nanos) > 0);
    if (isBetter) best.set(id, { row, isOwn, state });
  }
  return new Map([...best].map(([id, { state }]) => [id, state]));
}

function readState(row: StateRow): GroupState | undefined {
  try {
    const stored = JSON.parse(decodeUtf8(row.bytes)) as Partial<Stored>;
    if (typeof stored.nextFlushAt !== 'number' || typeof stored.flushes !== 'number') return undefined;
    return { lastFlushAt: stored.lastFlushAt, nextFlushAt: stored.nextFlushAt, flushes: stored.flushes };
  } catch {
    return undefined;
  }
}
