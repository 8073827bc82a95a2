/**
 * @module kernel/document
 *
 * A parsed configuration file as plain nodes with positions. The YAML library lives in the runtime;
 * what a file *means* is decided in the domain, which only sees this. A scalar keeps its source text:
 * the reader that wants a string gets `007` as "007", the one that wants a bool reads YAML 1.1's words.
 */
import { AppError } from './errors.ts';
import { compareUtf8 } from './utf8.ts';

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface DocScalar extends Position {
  readonly kind: 'scalar';
  readonly text: string;
  /** A quoted or block scalar is never bool, number or null. */
  readonly isPlain: boolean;
}
export interface DocList extends Position {
  readonly kind: 'list';
  readonly items: readonly DocNode[];
}
export interface DocMap extends Position {
  readonly kind: 'map';
  /** Merge keys are resolved, keys are unique. */
  readonly entries: readonly DocEntry[];
}
export interface DocEntry extends Position {
  readonly key: string;
  readonly value: DocNode;
}
export type DocNode = DocScalar | DocList | DocMap;

/** Reads YAML text (4 MiB at most, 100 levels deep). Throws AppError `invalid` naming line and column. */
export type ReadDocument = (text: string) => DocNode;

const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUES: ReadonlySet<string> = new Set(
  ['true', 'yes', 'on', 'y'].flatMap((word) => [
    word,
    word.toUpperCase(),
    (word[0] ?? '').toUpperCase() + word.slice(1),
  ]),
);
const FALSES: ReadonlySet<string> = new Set(
  ['false', 'no', 'off', 'n'].flatMap((word) => [
    word,
    word.toUpperCase(),
    (word[0] ?? '').toUpperCase() + word.slice(1),
  ]),
);

export const isNull = (node: DocNode): boolean =>
  node.kind === 'scalar' && node.isPlain && NULLS.has(node.text);

/** One thing wrong with a document, with the place in the file and the path of the field. */
export interface Mistake extends Position {
  readonly path: string;
  readonly message: string;
  /** Where the position is, when not in the document itself: a file that it names. */
  readonly file?: string;
}

/** Gathers every mistake of one file, so that its author mends them in one go. */
export class Mistakes {
  readonly list: Mistake[] = [];

  add(node: Position, path: string, message: string, file?: string): void {
    const { line, column } = node;
    this.list.push({ line, column, path, message, ...(file === undefined ? {} : { file }) });
  }

  /**
   * Throws AppError `invalid` when there was any, in the order of the file, those of other files last:
   * one line a mistake, `line 7, column 3: route.receiver: …`, at most 100 of them, and the same in
   * `facts.mistakes`.
   */
  throwIfAny(): void {
    if (this.list.length === 0) return;
    const inOrder = this.list.toSorted(
      (a, b) => compareUtf8(a.file ?? '', b.file ?? '') || a.line - b.line || a.column - b.column,
    );
    const told = inOrder.slice(0, MISTAKES_TOLD_MAX);
    const lines = told.map((at) => {
      const place = `${at.file === undefined ? '' : `${at.file}: `}line ${at.line}, column ${at.column}: `;
      return `${place}${at.path === '' ? '' : `${at.path}: `}${at.message}`;
    });
    if (inOrder.length > told.length) lines.push(`and ${inOrder.length - told.length} more`);
    throw new AppError('invalid', lines.join('\n'), { facts: { mistakes: told } });
  }
}

/** More than anybody mends in one go. */
const MISTAKES_TOLD_MAX = 100;

/** A place in a document. Every reader reports into the same `Mistakes` and returns undefined when it could not read. */
export class Field {
  readonly node: DocNode;
  readonly path: string;
  readonly mistakes: Mistakes;

  constructor(node: DocNode, path: string, mistakes: Mistakes) {
    this.node = node;
    this.path = path;
    this.mistakes = mistakes;
  }

  static root(node: DocNode, mistakes: Mistakes): Field {
    return new Field(node, '', mistakes);
  }

  get isNull(): boolean {
    return isNull(this.node);
  }

  fail(message: string): undefined {
    this.mistakes.add(this.node, this.path, message);
    return undefined;
  }

  /** Any scalar, by its source text; null is ''. */
  string(): string | undefined {
    if (this.node.kind !== 'scalar') return this.fail(`expected a string, found a ${this.node.kind}`);
    return this.isNull ? '' : this.node.text;
  }

  /** What `parse` makes of the string; the AppError it throws becomes a mistake here. */
  parsed<T>(parse: (text: string) => T): T | undefined {
    const text = this.string();
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (thrown) {
      if (thrown instanceof AppError) return this.fail(thrown.message);
      throw thrown;
    }
  }

  boolean(): boolean | undefined {
    if (this.node.kind === 'scalar' && this.node.isPlain) {
      if (TRUES.has(this.node.text)) return true;
      if (FALSES.has(this.node.text)) return false;
    }
    return this.fail(`expected true or false, found ${this.describe()}`);
  }

  /** Whole number in decimal. */
  integer(): number | undefined {
    if (this.node.kind === 'scalar' && this.node.isPlain && /^[-+]?\d{1,15}$/.test(this.node.text))
      return Number(this.node.text);
    return this.fail(`expected a whole number, found ${this.describe()}`);
  }

  /** Items of a list; null is an empty list. A bare scalar is a mistake. */
  items(): readonly Field[] | undefined {
    if (this.isNull) return [];
    if (this.node.kind !== 'list') return this.fail(`expected a list, found ${this.describe()}`);
    return this.node.items.map((item, index) => new Field(item, `${this.path}[${index}]`, this.mistakes));
  }

  /** Entries of a map in file order; null is an empty map. */
  entries(): readonly (readonly [key: string, value: Field, at: Position])[] | undefined {
    if (this.isNull) return [];
    if (this.node.kind !== 'map') return this.fail(`expected a map, found ${this.describe()}`);
    return this.node.entries.map((entry) => [entry.key, this.child(entry), entry] as const);
  }

  /** The fields of an object with these keys and no others; an unknown key is a mistake that names it. */
  object<const K extends string>(keys: readonly K[]): Partial<Record<K, Field>> | undefined {
    const entries = this.entries();
    if (entries === undefined) return undefined;
    const known: ReadonlySet<string> = new Set(keys);
    const found: Partial<Record<K, Field>> = {};
    for (const [key, value, at] of entries) {
      if (known.has(key)) found[key as K] = value;
      else
        this.mistakes.add(
          at,
          this.path,
          `unknown field ${JSON.stringify(key)}; expected one of ${keys.join(', ')}`,
        );
    }
    return found;
  }

  describe(): string {
    if (this.node.kind !== 'scalar') return `a ${this.node.kind}`;
    return this.isNull ? 'null' : JSON.stringify(this.node.text);
  }

  child(entry: DocEntry): Field {
    return new Field(entry.value, this.path === '' ? entry.key : `${this.path}.${entry.key}`, this.mistakes);
  }
}
