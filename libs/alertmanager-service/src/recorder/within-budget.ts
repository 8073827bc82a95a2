import type { Timers } from '@tocsin/kernel';

/** Resolves with the work, or when the time is over. The work must not reject. */
export async function withinBudget(timers: Timers, budgetMs: number, work: Promise<unknown>): Promise<void> {
  let cancel = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = timers.after(budgetMs, resolve);
  });
  await Promise.race([work, over]);
  cancel();
}
