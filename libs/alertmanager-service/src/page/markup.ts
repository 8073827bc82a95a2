/**
 * HTML from values. Whatever is put into `markup` as a string is text, in elements and in quoted
 * attributes alike: it reads back unchanged and never opens a tag. Only another `Markup` is taken as
 * it is: those made here, and the drawings in `icons.ts`.
 */
import { formatCount } from './words.ts';

export class Markup {
  readonly text: string;

  /** `text` is HTML already; everybody else uses `markup`. */
  constructor(text: string) {
    this.text = text;
  }
}

/** `undefined` and `false` leave nothing; numbers are written with thousands apart. */
export type Slot = string | number | Markup | readonly Slot[] | undefined | false;

export function markup(parts: TemplateStringsArray, ...slots: readonly Slot[]): Markup {
  let text = parts[0] ?? '';
  for (const [index, slot] of slots.entries()) text += textOf(slot) + (parts[index + 1] ?? '');
  return new Markup(text);
}

function textOf(slot: Slot): string {
  if (slot === undefined || slot === false) return '';
  if (slot instanceof Markup) return slot.text;
  if (typeof slot === 'string') return escapeText(slot);
  if (typeof slot === 'number') return formatCount(slot);
  let text = '';
  for (const each of slot) text += textOf(each);
  return text;
}

const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
  // A parser turns a bare one into a line feed.
  ['\r', '&#13;'],
  // HTML can't hold it at all.
  ['\u0000', '\ufffd'],
]);

export const escapeText = (text: string): string =>
  text.replace(/[&<>"'\r\u0000]/g, (character) => SPECIAL.get(character) ?? '');

/** Undefined for everything but http and https: a link from an alert must never run a script. */
export function webHref(url: string): string | undefined {
  return /^https?:\/\/[^\s\u0000-\u0020]+$/i.test(url) ? url : undefined;
}

/** Longer texts from users are cut here on lists; their title says more. */
export const TEXT_SHOWN_MAX = 160;
const TITLE_MAX = 4_096;

/** Text from users, kept apart from what stands beside it whatever its direction, and cut when it is long. */
export function userText(text: string, max: number = TEXT_SHOWN_MAX): Markup {
  if (text.length <= max) return markup`<bdi>${text}</bdi>`;
  return markup`<bdi title="${cut(text, TITLE_MAX)}">${cut(text, max)}</bdi>`;
}

/** The first `max` UTF-16 units, never half a character, with an ellipsis when something is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const unit = text.charCodeAt(max - 1);
  return `${text.slice(0, unit >= 0xd800 && unit < 0xdc00 ? max - 1 : max)}…`;
}
