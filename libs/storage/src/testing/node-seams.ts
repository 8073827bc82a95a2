/** Clock, timers, chance and a silent log for the tests of adapters, which run in real time. */
import type { Clock, LogFacts, LogLevel, Logger, Random, Timers } from '@tocsin/kernel';

export const nodeClock: Clock = { wall: () => Date.now(), mono: () => performance.now() };

export const nodeTimers: Timers = {
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

export const nodeRandom: Random = {
  float: () => Math.random(),
  below: (limit) => Math.floor(Math.random() * limit),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fork: () => nodeRandom,
};

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: LogFacts;
}

/** Keeps its lines for assertions; prints nothing. */
export function listLogger(
  lines: LogLine[] = [],
  always: LogFacts = {},
): Logger & { readonly lines: LogLine[] } {
  const note =
    (level: LogLevel) =>
    (message: string, facts: LogFacts = {}): void =>
      void lines.push({ level, message, facts: { ...always, ...facts } });
  return {
    lines,
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    with: (facts) => listLogger(lines, { ...always, ...facts }),
  };
}
