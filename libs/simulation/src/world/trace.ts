/** Everything that happened in a world, in order, and its hash. */
import type { Logger, LogFacts } from '@tocsin/kernel';

export interface TraceLine {
  readonly at: number;
  /** '' for the world itself. */
  readonly node: string;
  readonly text: string;
}

export class Trace {
  readonly lines: TraceLine[] = [];
  readonly #now: () => number;
  #high = 0x9e3779b9;
  #low = 0x85ebca6b;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of every line so far, 16 hex digits. */
  get hash(): string {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  add(node: string, text: string): void {
    const at = this.#now();
    this.lines.push({ at, node, text });
    this.#mix(`${at}\n${node}\n${text}\n`);
  }

  /** Warnings and errors become lines. */
  logger(node: string): Logger {
    const line = (level: string, message: string, facts: LogFacts): void =>
      this.add(node, `${level} ${message} ${JSON.stringify(facts)}`);
    const make = (shared: LogFacts): Logger => ({
      debug: () => undefined,
      info: () => undefined,
      warn: (message, facts) => line('WARN', message, { ...shared, ...facts }),
      error: (message, facts) => line('ERROR', message, { ...shared, ...facts }),
      with: (facts) => make({ ...shared, ...facts }),
    });
    return make({});
  }

  #mix(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      this.#high = Math.imul(this.#high ^ unit, 0x9e3779b1);
      this.#low = Math.imul(this.#low ^ unit, 0x5f356495) + this.#high;
    }
  }
}
