import { AppError } from '@tocsin/kernel';
import type { StateStore } from '@tocsin/kernel';
import { RowTable, acceptedRows } from './rows.ts';

/**
 * Rows that live as long as the process: for tests, and for a scheduler or alertmanager that is told
 * to keep nothing. Holds on to the `bytes` it is given; they must not be changed afterwards.
 */
export function memoryStateStore(): StateStore {
  const table = new RowTable();
  let isClosed = false;
  const whenOpen = <T>(act: () => T): Promise<T> =>
    new Promise((resolve) => {
      if (isClosed) throw new AppError('unavailable', 'state store: closed');
      resolve(act());
    });
  return {
    merge: (kind, rows) =>
      whenOpen(() => {
        for (const row of acceptedRows(rows)) table.put(kind, row);
      }),
    load: (kind, nowMs) => whenOpen(() => table.live(kind, nowMs)),
    remove: (kind, rows) =>
      whenOpen(() => {
        for (const row of rows) table.remove(kind, row);
      }),
    collectGarbage: (kind, nowMs) => whenOpen(() => table.collectGarbage(kind, nowMs)),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}
