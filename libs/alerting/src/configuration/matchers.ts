/** Matchers of routes and inhibition rules: today's list, and the two maps it replaced. */
import type { Field } from '@tocsin/kernel';
import {
  compareMatchers,
  compileAnchored,
  createMatcher,
  goQuote,
  isClassicLabelName,
  parseMatchers,
  type Matcher,
} from '@tocsin/model';
import { setField, type ReadingContext } from './reading.ts';
import { settingMap, type Setting } from './setting.ts';

/** Field names of the three forms, which differ by a prefix. */
export interface MatcherFields {
  readonly matchers: Field | undefined;
  readonly match: Field | undefined;
  readonly matchRe: Field | undefined;
}

export interface ReadMatchers {
  /** All three forms together, in canonical order. */
  readonly matchers: readonly Matcher[];
  /** Undefined for a form that is not used. */
  readonly rendered: {
    readonly matchers: Setting | undefined;
    readonly match: Setting | undefined;
    readonly matchRe: Setting | undefined;
  };
  readonly isDeprecatedForm: boolean;
}

export function readMatchers(fields: MatcherFields, context: ReadingContext): ReadMatchers {
  const list = readList(fields.matchers, context);
  const match = readMap(fields.match);
  const matchRe = readMap(fields.matchRe);
  const equal = match.map(([name, value]) => createMatcher(name, '=', value.text));
  const regexes = matchRe.flatMap(([name, value]) => anchoredTwice(name, value) ?? []);
  const renderMap = (map: readonly MapEntry[]): Setting | undefined =>
    map.length === 0 ? undefined : settingMap(map.map(([name, value]) => [name, value.text] as const));
  return {
    matchers: [...equal, ...regexes, ...list].sort(compareMatchers),
    rendered: {
      matchers: list.length === 0 ? undefined : list.map(readableMatcher),
      match: renderMap(match),
      matchRe: renderMap(matchRe),
    },
    isDeprecatedForm: match.length > 0 || matchRe.length > 0,
  };
}

function readList(field: Field | undefined, context: ReadingContext): readonly Matcher[] {
  return (setField(field)?.items() ?? []).flatMap((item) => {
    const parsed = item.parsed((text) => parseMatchers(text, context.mode));
    if (parsed?.warning !== undefined) {
      context.warnings.push(
        `line ${item.node.line}, column ${item.node.column}: ${item.path}: ${parsed.warning.message}`,
      );
    }
    return parsed?.matchers ?? [];
  });
}

type MapEntry = readonly [name: string, value: { readonly field: Field; readonly text: string }];

// Only names that the classic grammar knows, in every mode.
function readMap(field: Field | undefined): readonly MapEntry[] {
  return (setField(field)?.entries() ?? []).flatMap(([name, value, at]) => {
    if (!isClassicLabelName(name)) {
      value.mistakes.add(at, value.path, `invalid label name ${goQuote(name)}`);
      return [];
    }
    const text = value.string();
    return text === undefined ? [] : [[name, { field: value, text }] as const];
  });
}

/**
 * The value of such a matcher holds the anchors, and is anchored once more when it is compiled:
 * route keys, which foreign peers share, are made of it (spec/alertmanager.md 2.4).
 */
function anchoredTwice(name: string, { field }: MapEntry[1]): Matcher | undefined {
  return field.parsed((text) => {
    compileAnchored(text);
    return createMatcher(name, '=~', `^(?:${text})$`);
  });
}

/** Canonical text, except that it leaves out an empty name, which then can't be read back. */
const readableMatcher = (matcher: Matcher): string =>
  matcher.name === '' ? `""${String(matcher)}` : String(matcher);
