/**
 * @module simulation/world/real-world
 *
 * While a world runs the real clock and real chance throw: code that reaches around its seams would
 * make a seed mean nothing (house rule: same seed, same trace).
 */

/** Taken before anything is forbidden. */
const realImmediate = setImmediate;

/** One turn of the real loop: every microtask that was pending has run when it resolves. */
export const turn = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

type Replaceable = Record<string, unknown>;

const refuse = (name: string) => (): never => {
  throw new Error(`${name} was called while the virtual world runs: use the seam`);
};

/** Runs `body` with real time and chance out of reach. Not reentrant: one world at a time. */
export async function withoutRealWorld<T>(body: () => Promise<T>): Promise<T> {
  const targets: readonly (readonly [Replaceable, string, readonly string[]])[] = [
    [globalThis, '', ['setTimeout', 'setInterval', 'setImmediate']],
    [Date as unknown as Replaceable, 'Date.', ['now']],
    [Math as unknown as Replaceable, 'Math.', ['random']],
    [performance as unknown as Replaceable, 'performance.', ['now']],
    [crypto as unknown as Replaceable, 'crypto.', ['randomUUID', 'getRandomValues']],
  ];
  const undo: (() => void)[] = [];
  for (const [owner, prefix, names] of targets) {
    for (const name of names) {
      const before = Object.getOwnPropertyDescriptor(owner, name);
      Object.defineProperty(owner, name, {
        configurable: true,
        writable: true,
        value: refuse(prefix + name),
      });
      undo.push(() => {
        if (before === undefined) Reflect.deleteProperty(owner, name);
        else Object.defineProperty(owner, name, before);
      });
    }
  }
  try {
    return await body();
  } finally {
    for (const each of undo) each();
  }
}
