/**
 * @module model/shared-text
 *
 * Equal texts of many alerts held once. A hundred thousand alerts have a few dozen label names and a few
 * thousand values between them; what repeats must not take memory a hundred thousand times.
 *
 * Bounded twice: only short texts are looked at, and only so many are remembered. Of those the ones not
 * asked for lately go first (two generations), so that texts that come once, like the name of one
 * machine, never push out the ones that come with every alert.
 */

import { decodeUtf8, encodeUtf8, isWellFormed } from '@tocsin/kernel';

/** Texts in one generation; twice as many are remembered. */
const GENERATION_MAX = 16_384;
/** Longer ones are seldom the same in two alerts. */
const LENGTH_MAX = 512;

let young = new Map<string, string>();
let old = new Map<string, string>();

/** An equal text that is held already, or a copy. */
export function sharedText(text: string): string {
  if (text.length > LENGTH_MAX) return ownCopy(text);
  const known = young.get(text);
  if (known !== undefined) return known;
  const kept = old.get(text) ?? ownCopy(text);
  if (young.size >= GENERATION_MAX) {
    old = young;
    young = new Map();
  }
  young.set(kept, kept);
  return kept;
}

/**
 * The same text on its own: a piece cut out of a request's body keeps the whole body in memory for as
 * long as it is held. Texts that UTF-8 can't carry are given back as they are.
 */
export const ownCopy = (text: string): string => (isWellFormed(text) ? decodeUtf8(encodeUtf8(text)) : text);

/** A list of names is found by walking along it. */
interface Step {
  readonly next: Map<string, Step>;
  names: readonly string[] | undefined;
}

const STEPS_MAX = 50_000;
const newStep = (): Step => ({ next: new Map(), names: undefined });
let root = newStep();
let steps = 0;

/** One array for all sets with these names, in this order. Must not be changed by anybody. */
export function sharedNames(names: readonly string[]): readonly string[] {
  if (steps > STEPS_MAX) {
    root = newStep();
    steps = 0;
  }
  let step = root;
  for (const name of names) {
    let next = step.next.get(name);
    if (next === undefined) {
      steps++;
      step.next.set(name, (next = newStep()));
    }
    step = next;
  }
  return (step.names ??= names.map(sharedText));
}
