import type { Cancel, Random, Timers } from '@tocsin/kernel';

/**
 * Runs `run` again and again, `intervalMs()` after each start of the last run; the first time after a
 * random part of an interval, so that members which start together don't act together.
 */
export function startLoop(
  seams: { readonly timers: Timers; readonly random: Random },
  intervalMs: () => number,
  run: () => void,
): Cancel {
  let cancel: Cancel = () => undefined;
  const next = (delayMs: number): void => {
    cancel = seams.timers.after(delayMs, () => {
      next(intervalMs());
      run();
    });
  };
  next(seams.random.float() * intervalMs());
  return () => cancel();
}
