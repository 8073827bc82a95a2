import { isWellFormed } from '@tocsin/kernel';

/**
 * Which matchers and label names are understood: `classic` those of old Prometheus, `utf8` any text,
 * `fallback` (the default) any text in names, and whichever of both parsers can read a matcher.
 */
export type MatcherMode = 'fallback' | 'classic' | 'utf8';

const CLASSIC = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The names that `match` and its like take in every mode. */
export const isClassicLabelName = (name: string): boolean => CLASSIC.test(name);

/** Outside classic mode a name is any non-empty text that survives UTF-8. */
export const isValidLabelName = (name: string, mode: MatcherMode): boolean =>
  mode === 'classic' ? CLASSIC.test(name) : name !== '' && isWellFormed(name);
