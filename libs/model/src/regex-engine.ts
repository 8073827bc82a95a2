/**
 * @module model/regex-engine
 *
 * Anchored patterns that only the engine can match, within bounds: thousands of silences may hold one
 * each, and outsiders write them. The engines of all of them share a budget of instructions; one that
 * was not used for long is let go and compiled again when it is asked. What a value came to is
 * remembered, so that the same question costs one run.
 */
import { AppError, messageOf } from '@tocsin/kernel';
import { RE2JS } from 're2js';
import { uniqueGroupNames } from './regex-scan.ts';

/** Of all engines held together; measured at 100 to 400 bytes each. Usual patterns have 20 to 60. */
export const MAX_ENGINE_INSTRUCTIONS = 500_000;
/** Results remembered for all patterns together; when full, all are forgotten. */
export const MAX_REMEMBERED_VALUES = 100_000;
/** UTF-16 units of a value whose result is remembered. */
const MAX_REMEMBERED_LENGTH = 256;

export interface Engine {
  readonly engine: RE2JS;
  /** Name of each group by its number; '' for a group without. */
  readonly names: readonly string[];
}

/** Throws AppError `invalid` with RE2's text. */
export function compileEngine(pattern: string): Engine {
  const renamed = uniqueGroupNames(pattern);
  try {
    const engine = RE2JS.compile(renamed.pattern);
    const names: string[] = Array.from({ length: engine.groupCount() + 1 }, () => '');
    for (const [name, index] of Object.entries(engine.namedGroups()))
      names[index] = renamed.original.get(name) ?? name;
    return { engine, names };
  } catch (thrown) {
    const text = messageOf(thrown);
    throw AppError.invalid(text.startsWith('error parsing regexp') ? text : `error parsing regexp: ${text}`);
  }
}

/** Compiles at once, to say what is wrong. */
export function engineTest(pattern: string): (value: string) => boolean {
  const regex = new EngineRegex(pattern);
  return (value) => regex.matches(value);
}

class EngineRegex {
  readonly #pattern: string;
  #engine: RE2JS | undefined;
  #weight = 0;
  /** Asked since the pool last looked. */
  isUsed = true;
  #remembered = new Map<string, boolean>();
  #epoch = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#load();
  }

  get weight(): number {
    return this.#weight;
  }

  matches(value: string): boolean {
    if (this.#epoch !== memory.epoch) {
      this.#remembered.clear();
      this.#epoch = memory.epoch;
    }
    const known = this.#remembered.get(value);
    if (known !== undefined) return known;
    this.isUsed = true;
    // Not `matcher(value).matches()`: its backtracker was seen to miss a match, once in many thousand runs.
    const isMatch = (this.#engine ?? this.#load()).test(value);
    if (value.length <= MAX_REMEMBERED_LENGTH && memory.admit()) this.#remembered.set(value, isMatch);
    return isMatch;
  }

  release(): void {
    this.#engine = undefined;
  }

  #load(): RE2JS {
    const { engine } = compileEngine(`^(?:${this.#pattern})$`);
    this.#engine = engine;
    this.#weight = engine.programSize();
    pool.admit(this);
    return engine;
  }
}

class Memory {
  /** Counts how often all was forgotten. */
  epoch = 0;
  #held = 0;

  // False when the memory was just emptied: the asking pattern belongs to the past epoch then.
  admit(): boolean {
    if (this.#held < MAX_REMEMBERED_VALUES) {
      this.#held++;
      return true;
    }
    this.#held = 0;
    this.epoch++;
    return false;
  }
}

class EnginePool {
  /** Those that came or were kept last are at the end. */
  readonly #held = new Set<EngineRegex>();
  #weight = 0;

  admit(regex: EngineRegex): void {
    this.#held.add(regex);
    this.#weight += regex.weight;
    while (this.#weight > MAX_ENGINE_INSTRUCTIONS && this.#held.size > 1) this.#dropOne(regex);
  }

  // The first that was not used since it was last looked at. Each look takes a mark away, so this ends.
  #dropOne(fresh: EngineRegex): void {
    for (const each of this.#held) {
      if (each === fresh) continue;
      this.#held.delete(each);
      if (each.isUsed) {
        each.isUsed = false;
        this.#held.add(each);
        continue;
      }
      this.#weight -= each.weight;
      each.release();
      return;
    }
  }
}

const memory = new Memory();
const pool = new EnginePool();
