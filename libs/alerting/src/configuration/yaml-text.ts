/**
 * Prints values as YAML 1.1 that this program, Alertmanager and amtool read back as the same values:
 * block style, lists not indented, and any string in double quotes that could be taken for
 * something else.
 */
export type YamlValue =
  string | number | boolean | null | readonly YamlValue[] | ReadonlyMap<string, YamlValue>;

export function formatYaml(value: YamlValue): string {
  const inline = formatInline(value);
  return inline === undefined ? `${formatBlock(value, '').join('\n')}\n` : `${inline}\n`;
}

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);
const isMap = (value: YamlValue): value is ReadonlyMap<string, YamlValue> => value instanceof Map;

// Scalars and empty collections; undefined for what needs lines of its own.
function formatInline(value: YamlValue): string | undefined {
  if (isList(value)) return value.length === 0 ? '[]' : undefined;
  if (isMap(value)) return value.size === 0 ? '{}' : undefined;
  return typeof value === 'string' ? formatString(value) : String(value);
}

function formatBlock(value: YamlValue, indent: string): readonly string[] {
  const lines: string[] = [];
  if (isMap(value)) {
    for (const [key, item] of value) {
      const inline = formatInline(item);
      const head = `${indent}${formatString(key)}:`;
      if (inline !== undefined) lines.push(`${head} ${inline}`);
      else lines.push(head, ...formatBlock(item, isList(item) ? indent : `${indent}  `));
    }
  } else if (isList(value)) {
    for (const item of value) {
      const inline = formatInline(item);
      if (inline !== undefined) lines.push(`${indent}- ${inline}`);
      else {
        // The first line of the item shares the line of its dash.
        const [first = '', ...rest] = formatBlock(item, `${indent}  `);
        lines.push(`${indent}- ${first.slice(indent.length + 2)}`, ...rest);
      }
    }
  }
  return lines;
}

const PLAIN =
  /^(?:[A-Za-z/_](?:[A-Za-z0-9_./@%?&=+~-]|:(?=[A-Za-z0-9_./]))*|<secret>|(?:\d+(?:y|w|d|h|ms|m|s))+)$/;
// What YAML 1.1 takes for a bool or for null, in any case.
const WORDS = /^(?:y|yes|n|no|true|false|on|off|null|nan|inf)$/i;

const formatString = (text: string): string => (PLAIN.test(text) && !WORDS.test(text) ? text : quote(text));

// Everything that a YAML reader may fold, strip or refuse is escaped; the rest of Unicode stays.
const ODD =
  /["\\]|[^ -~\u00a1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe\uff00-\uffef\u{10000}-\u{10ffff}]/gu;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function quote(text: string): string {
  return `"${text.replaceAll(ODD, (character) => {
    const short = SHORT.get(character);
    if (short !== undefined) return short;
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
  })}"`;
}
