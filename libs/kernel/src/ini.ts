/**
 * @module kernel/ini
 *
 * Ini files as Grafana writes them. Own parser, because the usual ones cut values, nest dotted sections
 * or keep quotes. Rules:
 *  - `[section]` (dots have no meaning), then `key = value` or `key : value`; what stands before the first
 *    section is in section ''. A later line of the same key wins.
 *  - `#` and `;` begin a comment at the start of a line or after white space, so a password may hold them.
 *    (Grafana cuts there too, unless quoted; quoted values work alike in both.)
 *  - `"…"`, `'…'` and `` `…` `` are taken off; `"""…"""` and `` ` `` may span lines and hold anything.
 *  - A `\` at the end of an unquoted line joins the next one.
 *  - `${NAME}` and `$__env{NAME}` stand for environment variables (unset: empty, as in Grafana),
 *    `$__file{path}` for a file's text without the white space around it. See `expandVariables`.
 */
import { AppError, messageOf } from './errors.ts';

export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

export interface IniFile {
  /** As it was named to us, for messages. */
  readonly name: string;
  /** In file order. */
  readonly entries: readonly IniEntry[];
  /** The last entry of that key. */
  find(section: string, key: string): IniEntry | undefined;
}

/** Characters of one file. */
export const iniLengthMax: number = 4 * 1024 * 1024;

/** Throws AppError `invalid` with one line per mistake: file, line, and what was expected. */
export function parseIni(text: string, name: string): IniFile {
  if (text.length > iniLengthMax) throw AppError.invalid(`${name}: longer than ${iniLengthMax} characters`);
  const reader = new IniReader(text.replace(/^\uFEFF/, ''), name);
  reader.readAll();
  if (reader.mistakes.length > 0) throw AppError.invalid(reader.mistakes.join('\n'));
  const found = new Map(reader.entries.map((entry) => [`${entry.section}\n${entry.key}`, entry]));
  return { name, entries: reader.entries, find: (section, key) => found.get(`${section}\n${key}`) };
}

class IniReader {
  readonly entries: IniEntry[] = [];
  readonly mistakes: string[] = [];
  readonly #name: string;
  readonly #lines: readonly string[];
  #at = 0;
  #section = '';

  constructor(text: string, name: string) {
    this.#name = name;
    this.#lines = text.split(/\r\n|\n|\r/);
  }

  readAll(): void {
    while (this.#at < this.#lines.length) {
      const line = this.#at + 1;
      const text = (this.#lines[this.#at++] ?? '').trim();
      if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
      if (text.startsWith('[')) this.#readSection(text, line);
      else this.#readEntry(text, line);
    }
  }

  #readSection(text: string, line: number): void {
    const match = /^\[([^\]]+)\]\s*(?:[#;].*)?$/.exec(text);
    if (match?.[1] === undefined)
      this.#fail(line, `${JSON.stringify(text)} is not a section like [unified_alerting]`);
    else this.#section = match[1].trim();
  }

  #readEntry(text: string, line: number): void {
    const match = /^(?:"([^"]*)"|`([^`]*)`|([^=:]*?))\s*[=:]\s*(.*)$/.exec(text);
    const key = match?.[1] ?? match?.[2] ?? match?.[3] ?? '';
    // The line is not quoted: it may hold a secret.
    if (match === null) return this.#fail(line, 'expected [section] or key = value');
    if (key === '') return this.#fail(line, 'the key before the = is missing');
    const value = this.#readValue(match[4] ?? '', line);
    if (value !== undefined) this.entries.push({ section: this.#section, key, value, line });
  }

  #readValue(text: string, line: number): string | undefined {
    for (const fence of ['"""', '`'])
      if (text.startsWith(fence)) return this.#readFenced(text.slice(fence.length), fence, line);
    const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:[#;].*)?$/.exec(text);
    if (quoted !== null) return quoted[1]?.replaceAll('\\"', '"') ?? quoted[2] ?? '';
    let joined = text;
    while (joined.endsWith('\\') && this.#at < this.#lines.length) {
      joined = joined.slice(0, -1) + (this.#lines[this.#at++] ?? '').trim();
    }
    return joined.replace(/(?:^|\s+)[#;].*$/s, '').trim();
  }

  #readFenced(rest: string, fence: string, line: number): string | undefined {
    let text = rest;
    while (!text.includes(fence)) {
      if (this.#at >= this.#lines.length) {
        this.#fail(line, `a value begins with ${fence} that never ends`);
        return undefined;
      }
      text += `\n${this.#lines[this.#at++] ?? ''}`;
    }
    return text.slice(0, text.indexOf(fence));
  }

  #fail(line: number, problem: string): void {
    this.mistakes.push(`${this.#name} line ${line}: ${problem}`);
  }
}

export interface VariableLookup {
  env(name: string): string | undefined;
  /** The file's text; throws when it can't be read. */
  file(path: string): string;
}

/** Replaces `${NAME}`, `$__env{NAME}` and `$__file{path}`, once: what they yield is not expanded again. Throws AppError `invalid`. */
export function expandVariables(text: string, lookup: VariableLookup): string {
  return text.replace(/\$(__[a-z]+)?\{([^}]*)\}/g, (_all, provider: string | undefined, name: string) => {
    if (provider === undefined || provider === '__env') return lookup.env(name.trim()) ?? '';
    if (provider === '__file') {
      try {
        return lookup.file(name.trim()).trim();
      } catch (cause) {
        throw AppError.invalid(`$__file{${name}}: ${messageOf(cause)}`);
      }
    }
    throw AppError.invalid(`$${provider}{…} is not known; expected $__env{NAME} or $__file{path}`);
  });
}
