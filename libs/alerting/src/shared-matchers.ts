/** Matchers that many have in common, compiled once for all of them and held as long as one needs them. */
import type { LabelSet, Matcher } from '@tocsin/model';
import type { CompileMatcher } from './silence-change.ts';
import type { MatcherSet, SilenceMatcher } from './silence.ts';

export type CompiledMatcher = Pick<SilenceMatcher, 'name' | 'type'> & Pick<Matcher, 'matches'>;
/** What costs least to ask comes first. */
export type CompiledSet = readonly CompiledMatcher[];

interface Shared {
  readonly matcher: CompiledMatcher;
  users: number;
}

export class SharedMatchers {
  readonly #compile: CompileMatcher;
  readonly #byText = new Map<string, Shared>();

  constructor(compile: CompileMatcher) {
    this.#compile = compile;
  }

  /** Undefined when one of them can't be compiled. Whatever the result, each must be released once. */
  acquireSet(set: MatcherSet): CompiledSet | undefined {
    const compiled = set.map((matcher) => this.#acquire(matcher));
    return compiled.every((matcher) => matcher !== undefined) ? compiled.sort(cheapFirst) : undefined;
  }

  release(matcher: SilenceMatcher): void {
    const key = keyOf(matcher);
    const shared = this.#byText.get(key);
    if (shared !== undefined && --shared.users === 0) this.#byText.delete(key);
  }

  // Of a matcher that can't be compiled nothing is held.
  #acquire(wanted: SilenceMatcher): CompiledMatcher | undefined {
    const key = keyOf(wanted);
    let shared = this.#byText.get(key);
    if (shared === undefined) {
      try {
        const compiled = this.#compile(wanted);
        const { name, type } = wanted;
        shared = { matcher: { name, type, matches: (value) => compiled.matches(value) }, users: 0 };
      } catch {
        return undefined;
      }
      this.#byText.set(key, shared);
    }
    shared.users++;
    return shared.matcher;
  }
}

/** All must match; a set without matchers never does. */
export function setMatches(set: CompiledSet, labels: LabelSet): boolean {
  for (const matcher of set) if (!matcher.matches(labels.get(matcher.name) ?? '')) return false;
  return set.length > 0;
}

const keyOf = ({ name, type, value }: SilenceMatcher): string => `${type} ${name.length} ${name} ${value}`;

const isRegex = ({ type }: CompiledMatcher): boolean => type === '=~' || type === '!~';
const cheapFirst = (left: CompiledMatcher, right: CompiledMatcher): number =>
  Number(isRegex(left)) - Number(isRegex(right));
