/** A compiled template: parsed once, executed as often as needed. */
import { AppError } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import type { Definition } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import { execute } from './evaluator.ts';
import { DEFAULT_LIMITS, type TemplateLimits } from './limits.ts';
import { isEmptyBody, parseUnit } from './parser.ts';
import type { GoFunction, Value } from './values.ts';

export type FunctionTable = ReadonlyMap<string, GoFunction>;

export interface ExecuteOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly limits?: Partial<TemplateLimits>;
  /** Take the place of those the text was compiled with, by name; other names are of no use. */
  readonly functions?: FunctionTable;
  /** Last step before a value becomes output; the place of an HTML escaper. */
  readonly escape?: (text: string, value: Value) => string;
}

export interface TemplateOptions {
  /** Default `zero`: a missing key of a map of strings is the empty string. */
  readonly missingKey?: 'zero' | 'invalid';
}

/**
 * Named definitions that can call each other. Immutable: adding a text gives a new set, which
 * shares what it did not change, so that a set can be extended for a single rendering.
 */
export class TemplateSet {
  readonly #functions: FunctionTable;
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #missingKey: 'zero' | 'invalid';

  private constructor(
    functions: FunctionTable,
    definitions: ReadonlyMap<string, Definition>,
    missingKey: 'zero' | 'invalid',
  ) {
    this.#functions = functions;
    this.#definitions = definitions;
    this.#missingKey = missingKey;
  }

  /** An empty set whose texts may call the built-in functions and `functions`. */
  static of(functions: FunctionTable, options: TemplateOptions = {}): TemplateSet {
    return new TemplateSet(new Map([...BUILTINS, ...functions]), new Map(), options.missingKey ?? 'zero');
  }

  /** Names of all definitions, in order of their first appearance. */
  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  /**
   * The set with the definitions of one more text, which replace those of the same name unless
   * they are empty. Throws `AppError` (invalid) with name and line.
   */
  add(name: string, text: string): TemplateSet {
    return this.compile(name, text).set;
  }

  /** A text of its own, such as a field of a receiver; its definitions are seen by it alone. */
  compile(name: string, text: string): Template {
    const { main, definitions } = parseUnit(name, text, (candidate) => this.#functions.has(candidate));
    const merged = new Map(this.#definitions);
    for (const [key, definition] of definitions) {
      if (!merged.has(key) || !isEmptyBody(definition.body)) merged.set(key, definition);
    }
    const set = new TemplateSet(this.#functions, merged, this.#missingKey);
    return new Template(main, set);
  }

  /** Renders a definition of the set. Throws `AppError`: not-found, or as `Template.execute`. */
  render(name: string, data: Value, options: ExecuteOptions): string {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw new AppError('not-found', `template ${goQuote(name)} not defined`);
    return this.run(definition, data, options);
  }

  /** Throws as `Template.execute`. */
  run(definition: Definition, data: Value, options: ExecuteOptions): string {
    return execute(definition, data, {
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      now: options.now,
      functions: this.#functions,
      overrides: options.functions,
      lookup: (name) => this.#definitions.get(name),
      missingKey: this.#missingKey,
      escape: options.escape,
    });
  }
}

export class Template {
  readonly #main: Definition;
  /** What the text can call, its own definitions included. */
  readonly set: TemplateSet;

  constructor(main: Definition, set: TemplateSet) {
    this.#main = main;
    this.set = set;
  }

  /**
   * Throws `AppError`: invalid (the data or a call did not fit; message and facts tell the place),
   * limit (see `TemplateLimits`), or the code of what a function threw.
   */
  execute(data: Value, options: ExecuteOptions): string {
    return this.set.run(this.#main, data, options);
  }
}

/** Parses one text that stands alone. Throws `AppError` (invalid) with name and line. */
export function parseTemplate(
  name: string,
  text: string,
  functions: FunctionTable,
  options: TemplateOptions = {},
): Template {
  return TemplateSet.of(functions, options).compile(name, text);
}
