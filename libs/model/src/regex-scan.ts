/**
 * What must be known of a pattern before the engine compiles it: how large its repeats make it, and
 * which group names it repeats. Both walk the text once and only have to understand as much of the
 * syntax as decides where an atom ends; a pattern they misread is invalid and the engine says why.
 */

/** Atoms after unfolding `{n}`: RE2 takes 3,300,000, which costs seconds and hundreds of megabytes here. */
export const MAX_REGEX_SIZE = 10_000;

/** True when the repeats unfold the pattern to more than `MAX_REGEX_SIZE` atoms. */
export function isTooLarge(pattern: string): boolean {
  // Atoms of every open group so far; `last` is what a repeat would multiply.
  const open: number[] = [];
  let group = 0;
  let last = 0;
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    const repeat = character === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at, at + 32)) : null;
    if (repeat !== null) {
      const factor = Math.max(1, Number(repeat[1] ?? 0), Number(repeat[3] ?? 0));
      group += last * (factor - 1);
      last *= factor;
      at += repeat[0].length;
    } else if (character === '(') {
      open.push(group);
      group = 0;
      last = 0;
      at++;
    } else if (character === ')') {
      last = group + 1;
      group = (open.pop() ?? 0) + last;
      at++;
    } else if ('*+?|'.includes(character)) {
      at++;
    } else {
      at = atomEnd(pattern, at);
      last = 1;
      group++;
    }
    if (group > MAX_REGEX_SIZE) return true;
  }
  return open.reduce((sum, size) => sum + size, group) > MAX_REGEX_SIZE;
}

// Index after the atom at `at`: an escape, a class or one character.
function atomEnd(pattern: string, at: number): number {
  if (pattern[at] === '\\') return escapeEnd(pattern, at);
  if (pattern[at] !== '[') return at + 1;
  let end = at + 1;
  if (pattern[end] === '^') end++;
  if (pattern[end] === ']') end++;
  while (end < pattern.length && pattern[end] !== ']') {
    const named = pattern.startsWith('[:', end) ? pattern.indexOf(':]', end + 2) : -1;
    if (named >= 0) end = named + 2;
    else end = pattern[end] === '\\' ? escapeEnd(pattern, end) : end + 1;
  }
  return end + 1;
}

function escapeEnd(pattern: string, at: number): number {
  const letter = pattern[at + 1] ?? '';
  if ('pPx'.includes(letter) && pattern[at + 2] === '{') {
    const close = pattern.indexOf('}', at);
    if (close > 0) return close + 1;
  }
  return at + 2;
}

export interface UniqueNames {
  readonly pattern: string;
  /** What the author called a group that had to be renamed. */
  readonly original: ReadonlyMap<string, string>;
}

/** RE2 allows a group name twice, the engine does not: from its second use on a name gets a suffix. */
export function uniqueGroupNames(pattern: string): UniqueNames {
  const original = new Map<string, string>();
  const used = new Set<string>();
  let result = '';
  let at = 0;
  while (at < pattern.length) {
    const named = pattern[at] === '(' ? /^\(\?P?<(\w+)>/.exec(pattern.slice(at, at + 260)) : null;
    if (named === null) {
      const end = quoteEnd(pattern, at) ?? atomEnd(pattern, at);
      result += pattern.slice(at, end);
      at = end;
      continue;
    }
    const name = named[1] ?? '';
    let unique = name;
    for (let count = 2; used.has(unique) || (unique !== name && pattern.includes(`<${unique}>`)); count++) {
      unique = `${name}_${count}`;
    }
    used.add(unique);
    if (unique !== name) original.set(unique, name);
    result += `(?P<${unique}>`;
    at += named[0].length;
  }
  return { pattern: result, original };
}

// After `\Q…\E` everything inside is literal.
function quoteEnd(pattern: string, at: number): number | undefined {
  if (!pattern.startsWith('\\Q', at)) return undefined;
  const end = pattern.indexOf('\\E', at + 2);
  return end < 0 ? pattern.length : end + 2;
}
