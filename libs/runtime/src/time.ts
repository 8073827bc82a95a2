/** Node's clocks and timers behind the kernel's seams. */
import { assert } from '@tocsin/kernel';
import type { Clock, Timers } from '@tocsin/kernel';

export function nodeClock(): Clock {
  let latest = 0;
  return {
    wall: () => Date.now(),
    mono: () => {
      const now = performance.now();
      // Every wait and every lease is measured with it: better no replica than one that lives in the past.
      // Asked for each alert: the words are put together only when they are needed.
      if (now < latest) assert(false, `the monotonic clock went back from ${latest} to ${now}`);
      latest = now;
      return now;
    },
  };
}

/** Node fires a longer timer at once. */
const nodeDelayMaxMs = 2 ** 31 - 1;

/** What `run` throws goes to `onThrow`; by default it is thrown on, so that the process ends as after any uncaught error. */
export function nodeTimers(onThrow: (thrown: unknown) => void = rethrow): Timers {
  return {
    after(delayMs, run) {
      assert(delayMs >= 0, `a timer of ${delayMs} ms`);
      if (delayMs === 0) return soon(run, onThrow);
      const dueAt = performance.now() + delayMs;
      let handle: NodeJS.Timeout | undefined;
      const fire = (): void => {
        if (delayMs > nodeDelayMaxMs && performance.now() < dueAt) return arm(dueAt - performance.now());
        handle = undefined;
        try {
          run();
        } catch (thrown) {
          onThrow(thrown);
        }
      };
      const arm = (restMs: number): void => {
        handle = setTimeout(fire, Math.min(restMs, nodeDelayMaxMs));
      };
      arm(delayMs);
      return () => clearTimeout(handle);
    },
  };
}

/** Node's shortest timer is a millisecond; a group that waits for nothing need not wait for that. */
function soon(run: () => void, onThrow: (thrown: unknown) => void): () => void {
  const handle = setImmediate(() => {
    try {
      run();
    } catch (thrown) {
      onThrow(thrown);
    }
  });
  return () => clearImmediate(handle);
}

function rethrow(thrown: unknown): never {
  throw thrown;
}
