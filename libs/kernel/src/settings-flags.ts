/**
 * Command-line flags as kingpin reads them, which Alertmanager uses: `--flag=value`, `--flag value`,
 * `--bool` and `--no-bool`, flags repeated only where declared, no abbreviations, `-h`. Beyond it
 * `--bool=true`, and a suggestion for a flag that is unknown.
 */
import type { SettingSpec, SettingsTable } from './settings.ts';

/** Flags that every program has. */
export const commonFlags = { help: 'help', version: 'version', settingsFile: 'settings.file' } as const;

export interface ReadFlags {
  readonly given: ReadonlyMap<SettingSpec, readonly string[]>;
  readonly mistakes: readonly string[];
  /** The path given with `--settings.file`. */
  readonly settingsFile: string | undefined;
  readonly asks: 'help' | 'version' | undefined;
}

export function readFlags(table: SettingsTable, args: readonly string[]): ReadFlags {
  const reader = new FlagReader(table, args);
  reader.readAll();
  return reader;
}

class FlagReader implements ReadFlags {
  readonly given: Map<SettingSpec, string[]> = new Map();
  readonly mistakes: string[] = [];
  settingsFile: string | undefined;
  asks: 'help' | 'version' | undefined;
  readonly #specs: ReadonlyMap<string, SettingSpec>;
  readonly #args: readonly string[];
  #at = 0;

  constructor(table: SettingsTable, args: readonly string[]) {
    this.#specs = new Map(
      Object.values(table).flatMap((spec) => (spec.flag === undefined ? [] : [[spec.flag, spec] as const])),
    );
    this.#args = args;
  }

  readAll(): void {
    while (this.#at < this.#args.length) {
      const arg = this.#args[this.#at++] ?? '';
      const flag = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
      if (arg === '-h') this.asks = 'help';
      else if (flag !== null) this.#readFlag(flag[1] ?? '', flag[2]);
      else if (arg.startsWith('-') && arg.length > 1 && arg !== '--')
        this.mistakes.push(`unknown short flag '${arg.slice(0, 2)}'`);
      else if (arg !== '--') this.mistakes.push(`unexpected ${arg}; expected flags only`);
    }
  }

  #readFlag(name: string, value: string | undefined): void {
    if (name === commonFlags.help || name === 'help-long') this.asks = 'help';
    else if (name === commonFlags.version) this.asks ??= 'version';
    else if (name === commonFlags.settingsFile) this.settingsFile = value ?? this.#nextValue(name);
    else {
      const isNegated = !this.#specs.has(name) && name.startsWith('no-');
      const spec = this.#specs.get(isNegated ? name.slice(3) : name);
      if (spec === undefined || (isNegated && spec.type !== 'bool')) return this.#unknown(name);
      const text = spec.type === 'bool' ? boolText(value, isNegated) : (value ?? this.#nextValue(name));
      if (text !== undefined) this.#keep(name, spec, text);
    }
  }

  #keep(name: string, spec: SettingSpec, text: string): void {
    const earlier = this.given.get(spec);
    if (earlier === undefined) this.given.set(spec, [text]);
    else if (spec.type === 'list') earlier.push(text);
    else this.mistakes.push(`flag '${name}' cannot be repeated`);
  }

  /** As in kingpin, a value that begins with a dash needs the `=` form. */
  #nextValue(name: string): string | undefined {
    const next = this.#args[this.#at];
    if (next === undefined || (next.startsWith('-') && next.length > 1)) {
      this.mistakes.push(`expected argument for flag '--${name}'`);
      return undefined;
    }
    this.#at++;
    return next;
  }

  #unknown(name: string): void {
    const near = nearest(name, [...this.#specs.keys(), ...Object.values(commonFlags)]);
    this.mistakes.push(
      `unknown long flag '--${name}'${near === undefined ? '' : `; did you mean --${near}?`}`,
    );
    // Its value, if it stands apart, would be reported as a second mistake.
    const next = this.#args[this.#at];
    if (next !== undefined && !next.startsWith('-')) this.#at++;
  }
}

const boolText = (value: string | undefined, isNegated: boolean): string => {
  if (value === undefined) return isNegated ? 'false' : 'true';
  return isNegated ? `no-${value}` : value;
};

/** How far apart a misspelling may be. */
const typosMax = 2;

/** The name that differs from `word` by the fewest edits, if those are few. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(typosMax, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= fewest) continue;
    const edits = editDistance(word, name);
    if (edits < fewest) [best, fewest] = [name, edits];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (isSwap) least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      current.push(least);
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length] ?? 0;
}
