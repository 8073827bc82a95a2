/** `match` and `reReplaceAll`: users' patterns, so RE2 only, and booked on the budget. */
import { AppError, messageOf } from '@tocsin/kernel';
import { compileRegex, goQuote, type Regex } from '@tocsin/model';
import { STRING, textOf, type CallContext, type GoFunction, type Value } from './values.ts';

/** Steps a search takes per character of text: what the engine costs next to a node of the tree. */
const STEPS_PER_UNIT = 8;
const STEPS_PER_PATTERN = 200;

export const REGEX_FUNCTIONS: readonly (readonly [name: string, target: GoFunction])[] = [
  ['match', { params: [STRING, STRING], call: match }],
  ['reReplaceAll', { params: [STRING, STRING, STRING], call: replaceAll }],
];

function match([pattern, text]: readonly Value[], { budget }: CallContext): boolean {
  const subject = textOf(text) ?? '';
  budget.spend(STEPS_PER_PATTERN + subject.length * STEPS_PER_UNIT);
  return compileRegex(textOf(pattern) ?? '').test(subject);
}

function replaceAll([pattern, replacement, text]: readonly Value[], { budget }: CallContext): string {
  const source = textOf(pattern) ?? '';
  const template = textOf(replacement) ?? '';
  const subject = textOf(text) ?? '';
  budget.spend(STEPS_PER_PATTERN + subject.length * STEPS_PER_UNIT);
  const regex = compileOrPanic(source);
  // A group lies inside its match and matches don't overlap: so much each reference adds at most.
  const references = template.split('$').length;
  const grown = subject.length * references;
  if (grown + (subject.length + 1) * template.length > budget.limits.maxOutput) {
    budget.spendText(grown + regex.findAll(subject).length * template.length);
  }
  return regex.replaceAll(subject, template);
}

// Go compiles this pattern with MustCompile, whose complaint names it.
function compileOrPanic(pattern: string): Regex {
  try {
    return compileRegex(pattern);
  } catch (thrown) {
    const quoted = pattern.includes('`') ? goQuote(pattern) : `\`${pattern}\``;
    throw AppError.invalid(`regexp: Compile(${quoted}): ${messageOf(thrown)}`);
  }
}
