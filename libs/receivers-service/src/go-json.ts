/** Texts and labels as Go's encoding/json writes them: receivers may compare bytes (spec/receivers.md 1.3). */
import type { LabelSet } from '@tocsin/model';

const ESCAPED = /[<>&\u2028\u2029]/g;
const UNUSUAL = /[<>&\u2028\u2029\ud800-\udfff]/;

export function goJsonString(text: string): string {
  if (!UNUSUAL.test(text)) return JSON.stringify(text);
  // A lone surrogate is U+FFFD once it is UTF-8; JSON.stringify would escape it.
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Names in byte order, which is the order that label sets have. */
export const goJsonLabels = (labels: LabelSet): string =>
  `{${labels.pairs.map(([name, value]) => `${goJsonString(name)}:${goJsonString(value)}`).join(',')}}`;
