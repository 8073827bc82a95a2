/**
 * The shapes that most matchers have, matched without the engine: a literal, a choice of literals,
 * and literal text with one `.*` or `.+` at its start, its end or both. `.` is anything but a newline.
 * Undefined for every other pattern, valid or not.
 */
export type ValueTest = (value: string) => boolean;

export function fastMatch(pattern: string): ValueTest | undefined {
  const inner = unwrap(pattern);
  const choices = literals(inner);
  if (choices !== undefined) {
    const [only] = choices;
    if (choices.length === 1 && only !== undefined) return (value) => value === only;
    const set: ReadonlySet<string> = new Set(choices);
    return (value) => set.has(value);
  }
  return wildcards(inner);
}

// `^(?:P)$` (a `match_re`), `(P)` and `^P$` mean P, as long as P holds no parenthesis of its own.
function unwrap(pattern: string): string {
  const inner = /^\^?\((?:\?:)?((?:[^()\\]|\\[!-/:-@[-`{-~])*)\)\$?$/.exec(pattern)?.[1] ?? pattern;
  // Without a choice only: in `^a|b$` each anchor belongs to one side.
  return /^\^?((?:[^()\\^$|]|\\[!-/:-@[-`{-~])*)\$?$/.exec(inner)?.[1] ?? inner;
}

function literals(pattern: string): readonly string[] | undefined {
  const choices: string[] = [];
  let current = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    if (character === '|') {
      choices.push(current);
      current = '';
    } else if (character === '\\') {
      const escaped = pattern[++at] ?? '';
      if (!PUNCTUATION.test(escaped)) return undefined;
      current += escaped;
    } else if (META.test(character)) return undefined;
    else current += character;
  }
  choices.push(current);
  return choices;
}

const META = /[\\.+*?()[\]{}^$]/;
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

function wildcards(pattern: string): ValueTest | undefined {
  const [, head = '', middle = '', tail = ''] =
    /^(\.[*+])?((?:[^\\.+*?()[\]{}^$|\n]|\\[!-/:-@[-`{-~])*)(\.[*+])?$/.exec(pattern) ?? [];
  if (head === '' && tail === '') return undefined;
  const text = middle.replaceAll(/\\(.)/g, '$1');
  const before = head === '.+' ? 1 : 0;
  const after = tail === '.+' ? 1 : 0;
  if (text === '') return (value) => hasAtLeast(value, before + after) && !value.includes('\n');
  if (head === '') {
    return (value) => value.startsWith(text) && value.length >= text.length + after && !value.includes('\n');
  }
  if (tail === '') {
    return (value) => value.endsWith(text) && value.length >= text.length + before && !value.includes('\n');
  }
  return (value) => {
    // The first place that leaves room in front leaves the most room behind.
    const at = value.indexOf(text, before);
    return at >= 0 && at + text.length + after <= value.length && !value.includes('\n');
  };
}

// In code points, not UTF-16 units: `.+.+` wants two characters.
function hasAtLeast(value: string, count: number): boolean {
  return count <= 1 ? value.length >= count : value.length > ((value.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}
