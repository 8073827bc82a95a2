import type { LogFacts, Logger, LogLevel } from '@tocsin/kernel';
import { messageOf } from '@tocsin/kernel';
import type { GossipPort } from './messages.ts';

/** Lines travel to the main thread, which has the real logger. Facts become plain values that can be cloned. */
export function portLogger(port: GossipPort, bound: LogFacts = {}): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, facts: LogFacts = {}): void =>
      port.post({ type: 'log', level, message, facts: plain({ ...bound, ...facts }) });
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    with: (facts) => portLogger(port, { ...bound, ...facts }),
  };
}

function plain(facts: LogFacts): LogFacts {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return messageOf(value);
  return value === null || typeof value !== 'object' ? value : JSON.stringify(value);
}
