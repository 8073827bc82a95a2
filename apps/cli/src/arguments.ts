/**
 * Flags of the `tocsin` commands, declared in one place so that the help can't disagree with the
 * reading. They are read as amtool's are: `--flag=value`, `--flag value`, `--no-flag`, `-ais`, `-d3h`,
 * flags and words in any order, `--` before words that begin with a dash.
 */
import { AppError, nearest } from '@tocsin/kernel';

export interface FlagSpec {
  readonly type: 'string' | 'boolean';
  readonly default?: string;
  readonly isRequired?: boolean;
  readonly doc: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names of the same flag. */
  readonly aliases?: readonly string[];
  /** May be given several times. */
  readonly isList?: boolean;
  /** Nothing else is taken. */
  readonly values?: readonly string[];
  /** Taken, and left out of the help: another tool has it. */
  readonly isHidden?: boolean;
}
export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export interface Arguments {
  /** What is given, else configured, else the default; of a list the last item. */
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly string[];
  text(name: string): string;
  is(name: string): boolean;
  /** Items of a list, in the order given. */
  all(name: string): readonly string[];
}

/**
 * `configured`: values from configuration files, by any of the flag's long names. Throws AppError
 * `invalid` for an unknown flag, one without its value, one that is missing, and a word that is none of its values.
 */
export function readArguments(
  args: readonly string[],
  specs: FlagSpecs,
  configured: ReadonlyMap<string, string> = new Map(),
): Arguments {
  const reader = new Reader(args, specs);
  reader.readAll();
  const lists = new Map<string, readonly string[]>();
  for (const [name, spec] of Object.entries(specs)) {
    const fallback = configuredValue(name, spec, configured) ?? spec.default;
    const values = reader.given.get(name) ?? (fallback === undefined ? [] : [fallback]);
    const odd = values.find((value) => !isAllowed(spec, value));
    if (odd !== undefined) {
      const allowed = spec.type === 'boolean' ? ['true', 'false'] : (spec.values ?? []);
      throw AppError.invalid(`--${name} ${odd}: expected one of ${allowed.join(', ')}`);
    }
    if (values.length === 0 && spec.isRequired === true)
      throw AppError.invalid(`--${name} is required: ${spec.doc}`);
    lists.set(name, values);
  }
  const flags = new Map([...lists].flatMap(([name, list]) => list.slice(-1).map((value) => [name, value])));
  return {
    flags,
    words: reader.words,
    text: (name) => flags.get(name) ?? '',
    is: (name) => flags.get(name) === 'true',
    all: (name) => lists.get(name) ?? [],
  };
}

const isAllowed = (spec: FlagSpec, value: string): boolean =>
  spec.type === 'boolean' ? value === 'true' || value === 'false' : (spec.values?.includes(value) ?? true);

function configuredValue(
  name: string,
  spec: FlagSpec,
  configured: ReadonlyMap<string, string>,
): string | undefined {
  for (const each of [name, ...(spec.aliases ?? [])]) {
    const value = configured.get(each);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What an argument is, before it is known which command it belongs to. */
export interface FlagToken {
  /** The flags of this argument: one, or the letters of `-ais`. */
  readonly names: readonly string[];
  /** Whether the next argument is the value of the last. */
  readonly takesNext: boolean;
}

/** Undefined for a word. `names` is empty for a flag that is not among `specs`. */
export function flagToken(arg: string, specs: FlagSpecs): FlagToken | undefined {
  if (!arg.startsWith('-') || arg === '-') return undefined;
  const read = new Reader([arg, 'value'], specs);
  try {
    read.readOne();
  } catch {
    return { names: [], takesNext: false };
  }
  return { names: [...read.given.keys()], takesNext: read.hasTakenNext };
}

class Reader {
  readonly given = new Map<string, string[]>();
  readonly words: string[] = [];
  readonly #args: readonly string[];
  readonly #specs: FlagSpecs;
  readonly #names = new Map<string, string>();
  readonly #letters = new Map<string, string>();
  #at = 0;

  constructor(args: readonly string[], specs: FlagSpecs) {
    this.#args = args;
    this.#specs = specs;
    for (const [name, { aliases = [], short }] of Object.entries(specs)) {
      for (const each of [name, ...aliases]) this.#names.set(each, name);
      if (short !== undefined) this.#letters.set(short, name);
    }
  }

  get hasTakenNext(): boolean {
    return this.#at > 1;
  }

  readAll(): void {
    while (this.#at < this.#args.length) {
      if (this.#args[this.#at] === '--') {
        this.words.push(...this.#args.slice(this.#at + 1));
        return;
      }
      this.readOne();
    }
  }

  readOne(): void {
    const arg = this.#args[this.#at++] ?? '';
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
    if (long !== null) this.#readLong(long[1] ?? '', long[2]);
    else if (arg.startsWith('-') && arg !== '-') this.#readLetters(arg.slice(1));
    else this.words.push(arg);
  }

  #readLong(text: string, value: string | undefined): void {
    const positive = this.#names.get(text);
    const name = positive ?? (text.startsWith('no-') ? this.#names.get(text.slice(3)) : undefined);
    const spec = name === undefined ? undefined : this.#specs[name];
    const isNegated = positive === undefined;
    if (
      name === undefined ||
      spec === undefined ||
      (isNegated && (spec.type !== 'boolean' || value !== undefined))
    ) {
      const near = nearest(text, this.#names.keys());
      throw AppError.invalid(
        `unknown flag --${text}${near === undefined ? '' : `; did you mean --${near}?`}`,
      );
    }
    if (spec.type === 'boolean') this.#keep(name, spec, value ?? String(!isNegated));
    else this.#keep(name, spec, value ?? this.#nextValue(`--${text}`));
  }

  #readLetters(letters: string): void {
    for (let index = 0; index < letters.length; index++) {
      const letter = letters[index] ?? '';
      const name = this.#letters.get(letter);
      const spec = name === undefined ? undefined : this.#specs[name];
      if (name === undefined || spec === undefined) throw AppError.invalid(`unknown flag -${letter}`);
      if (spec.type === 'boolean') {
        this.#keep(name, spec, 'true');
        continue;
      }
      const rest = letters.slice(index + 1).replace(/^=/, '');
      this.#keep(name, spec, rest === '' ? this.#nextValue(`-${letter}`) : rest);
      return;
    }
  }

  /** A value that begins with a dash needs the `=` form, so that a forgotten value is noticed. */
  #nextValue(flag: string): string {
    const next = this.#args[this.#at];
    if (next === undefined || (next.startsWith('-') && next.length > 1))
      throw AppError.invalid(
        `${flag} needs a value${next === undefined ? '' : `; write ${flag}=${next} if that is it`}`,
      );
    this.#at++;
    return next;
  }

  #keep(name: string, spec: FlagSpec, value: string): void {
    const earlier = this.given.get(name);
    if (earlier === undefined) this.given.set(name, [value]);
    else if (spec.isList === true) earlier.push(value);
    else throw AppError.invalid(`--${name} is given twice`);
  }
}

/** Lines of help, one for each flag that is shown. */
export function flagHelp(specs: FlagSpecs): readonly string[] {
  const shown = Object.entries(specs).filter(([, spec]) => spec.isHidden !== true);
  const heads = shown.map(([name, spec]) => flagHead(name, spec));
  const width = Math.max(0, ...heads.map((head) => head.length)) + 2;
  return shown.map(
    ([, spec], index) => `  ${(heads[index] ?? '').padEnd(width)}${spec.doc}${remarkOf(spec)}`,
  );
}

function flagHead(name: string, { short, type }: FlagSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'boolean' ? '' : '='}`;
}

function remarkOf(spec: FlagSpec): string {
  const remarks = [
    ...(spec.values === undefined ? [] : [spec.values.join(' | ')]),
    ...(spec.isRequired === true ? ['required'] : []),
    ...(spec.isList === true ? ['repeatable'] : []),
    ...(spec.default === undefined || spec.default === '' ? [] : [`default ${spec.default}`]),
    ...(spec.aliases === undefined ? [] : [`also ${spec.aliases.map((alias) => `--${alias}`).join(', ')}`]),
  ];
  return remarks.length === 0 ? '' : ` (${remarks.join('; ')})`;
}
