/** Flags of the `tocsin` commands, declared in one place so that the help can't disagree with the reading. */
import { parseArgs } from 'node:util';
import { AppError } from '@tocsin/kernel';

export interface FlagSpec {
  readonly type: 'string' | 'boolean';
  readonly default?: string;
  readonly isRequired?: boolean;
  readonly doc: string;
}

export interface Arguments {
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly string[];
  text(name: string): string;
  is(name: string): boolean;
}

/** Throws AppError `invalid` for an unknown flag or one that is missing. */
export function readArguments(args: readonly string[], specs: Readonly<Record<string, FlagSpec>>): Arguments {
  const options = Object.fromEntries(Object.entries(specs).map(([name, { type }]) => [name, { type }]));
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options, strict: true });
  } catch (error) {
    throw AppError.invalid(error instanceof Error ? error.message : String(error));
  }
  const flags = new Map<string, string>();
  for (const [name, spec] of Object.entries(specs)) {
    const given = parsed.values[name];
    const value = given === undefined ? spec.default : String(given);
    if (value !== undefined) flags.set(name, value);
    else if (spec.isRequired === true) throw AppError.invalid(`--${name} is required: ${spec.doc}`);
  }
  return {
    flags,
    words: parsed.positionals,
    text: (name) => flags.get(name) ?? '',
    is: (name) => flags.get(name) === 'true',
  };
}

export function usageOf(command: string, words: string, specs: Readonly<Record<string, FlagSpec>>): string {
  const width = Math.max(...Object.keys(specs).map((name) => name.length)) + 4;
  const lines = Object.entries(specs).map(([name, spec]) => {
    const extra =
      spec.isRequired === true
        ? ' (required)'
        : spec.default === undefined
          ? ''
          : ` (default ${spec.default})`;
    return `  ${`--${name}`.padEnd(width)}${spec.doc}${extra}`;
  });
  return [`Usage: tocsin ${command} [flags]${words === '' ? '' : ` ${words}`}`, ...lines].join('\n');
}
