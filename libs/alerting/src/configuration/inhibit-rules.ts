/** `inhibit_rules`: spec/alertmanager.md 1.6. */
import type { Field } from '@tocsin/kernel';
import { goQuote, isValidLabelName } from '@tocsin/model';
import type { InhibitRule } from '../configuration.ts';
import { readMatchers } from './matchers.ts';
import { readString, readStrings, setField, type ReadingContext } from './reading.ts';
import { settingMap, type SettingMap } from './setting.ts';

const KEYS = [
  'name',
  'source_match',
  'source_match_re',
  'source_matchers',
  'target_match',
  'target_match_re',
  'target_matchers',
  'equal',
] as const;

export interface ReadInhibitRule {
  readonly rule: InhibitRule;
  readonly rendered: SettingMap;
  readonly isDeprecatedForm: boolean;
}

/** Null is an empty rule, which inhibits nothing. */
export function readInhibitRule(field: Field, context: ReadingContext): ReadInhibitRule {
  const fields = setField(field)?.object(KEYS) ?? {};
  const name = readString(fields.name) ?? '';
  const { source_matchers: matchers, source_match: match, source_match_re: matchRe } = fields;
  const source = readMatchers({ matchers, match, matchRe }, context);
  const target = readMatchers(
    { matchers: fields.target_matchers, match: fields.target_match, matchRe: fields.target_match_re },
    context,
  );
  const equal = readStrings(fields.equal) ?? [];
  for (const label of equal) {
    if (!isValidLabelName(label, context.mode))
      fields.equal?.fail(`invalid label name ${goQuote(label)} in equal list`);
  }
  return {
    rule: { name, sourceMatchers: source.matchers, targetMatchers: target.matchers, equal },
    rendered: settingMap([
      ['name', name === '' ? undefined : name],
      ['source_match', source.rendered.match],
      ['source_match_re', source.rendered.matchRe],
      ['source_matchers', source.rendered.matchers],
      ['target_match', target.rendered.match],
      ['target_match_re', target.rendered.matchRe],
      ['target_matchers', target.rendered.matchers],
      ['equal', equal.length === 0 ? undefined : equal],
    ]),
    isDeprecatedForm: source.isDeprecatedForm || target.isDeprecatedForm,
  };
}
