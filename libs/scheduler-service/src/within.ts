import { AppError } from '@tocsin/kernel';
import type { Timers } from '@tocsin/kernel';

/** Settles as `work` does, or rejects with AppError `deadline` after `limitMs`: a peer that hangs must not hold us. */
export function within<T>(timers: Timers, limitMs: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(limitMs, () =>
      reject(new AppError('deadline', `${what}: no answer within ${limitMs} ms`)),
    );
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (cause: unknown) => {
        cancel();
        reject(cause instanceof Error ? cause : new AppError('internal', String(cause)));
      },
    );
  });
}
