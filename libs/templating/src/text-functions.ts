/**
 * Case mapping as Go does it: one code point to one code point. JavaScript maps whole texts
 * (`ß` to `SS`), so a code point that would grow keeps its form.
 */

const DOTTED_CAPITAL_I = '\u0130';

export const toUpper = (text: string): string => mapEach(text, (character) => character.toUpperCase());
export const toLower = (text: string): string =>
  mapEach(text, (character) => (character === DOTTED_CAPITAL_I ? 'i' : character.toLowerCase()));

// Letters made of two have a title form of their own.
const TITLE_FORMS: ReadonlyMap<string, string> = new Map([
  ['\u01c4', '\u01c5'],
  ['\u01c6', '\u01c5'],
  ['\u01c7', '\u01c8'],
  ['\u01c9', '\u01c8'],
  ['\u01ca', '\u01cb'],
  ['\u01cc', '\u01cb'],
  ['\u01f1', '\u01f2'],
  ['\u01f3', '\u01f2'],
]);

const toTitle = (character: string): string => TITLE_FORMS.get(character) ?? toUpper(character);

function mapEach(text: string, map: (character: string) => string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return map(text);
  let mapped = '';
  for (const character of text) {
    const other = map(character);
    mapped += [...other].length === 1 ? other : character;
  }
  return mapped;
}

const isLetter = (character: string): boolean => /^\p{L}$/u.test(character);
const isWordPart = (character: string): boolean => /^[\p{L}\p{Nd}\p{Nl}\p{No}_]$/u.test(character);

// What strings.Title takes as a word boundary.
function isSeparator(character: string): boolean {
  if (character === '' || character === ' ') return true;
  if (character.charCodeAt(0) < 0x80) return !/^[0-9A-Za-z_]$/.test(character);
  return !isWordPart(character) && /^\s$/.test(character);
}

/** As `strings.Title`: the first letter of each word is raised, the rest stays. */
export function titleFirstLetters(text: string): string {
  let titled = '';
  let before = '';
  for (const character of text) {
    titled += isSeparator(before) ? toTitle(character) : character;
    before = character;
  }
  return titled;
}

// Inside a word between two letters, after the word-break rules of Unicode.
const MID_LETTER = /^['.\u00b7\u2018\u2019\u2024\u2027:\u05f4\ufe13\ufe52\ufe55\uff07\uff0e\uff1a]$/;
const isExtender = (character: string): boolean => /^[\p{M}\u200d]$/u.test(character);

/** As `cases.Title`: the first cased letter of each word is raised, all others are lowered. */
export function titleWords(text: string): string {
  const characters = [...text];
  let titled = '';
  let isInWord = false;
  let hasTitle = false;
  for (const [index, character] of characters.entries()) {
    const isPart = isWordPart(character) || isExtender(character);
    const isMiddle =
      isInWord &&
      MID_LETTER.test(character) &&
      isLetter(characters[index - 1] ?? '') &&
      isLetter(characters[index + 1] ?? '');
    if (!isPart && !isMiddle) {
      isInWord = false;
      hasTitle = false;
      titled += character;
      continue;
    }
    isInWord = true;
    const isCased = toLower(character) !== character || toUpper(character) !== character;
    titled += isCased && !hasTitle ? toTitle(character) : toLower(character);
    if (isCased) hasTitle = true;
  }
  return titled;
}

// Go's unicode.IsSpace has NEL, which JavaScript's trim lacks, and no BOM.
const SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

export function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
