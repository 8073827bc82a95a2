/** What is printed from a settings table: `--help`, the reference page, the sample file, the start-up log. */
import type { LogFacts } from './seams.ts';
import { commonFlags } from './settings-flags.ts';
import { expectedOf } from './settings-types.ts';
import { defaultTexts, environmentNames, iniKeys, isSecret } from './settings.ts';
import type { ResolvedSettings, SettingSpec, SettingsTable } from './settings.ts';

export interface ProgramText {
  /** `alertmanager` */
  readonly program: string;
  /** One or two sentences. */
  readonly summary: string;
}

const widthMax = 100;
const docColumn = 33;

/** `--help`, laid out as kingpin does. */
export function helpText(table: SettingsTable, { program, summary }: ProgramText): string {
  const flags = Object.values(table).filter(({ flag }) => flag !== undefined);
  const rows: readonly (readonly [string, string])[] = [
    ['-h, --help', 'Show this help.'],
    [`    --${commonFlags.version}`, 'Show the version.'],
    [`    --${commonFlags.settingsFile}=PATH`, settingsFileDoc],
    ...flags.map((spec) => [`    ${usageOf(spec)}`, helpDoc(spec)] as const),
  ];
  const body = rows.flatMap(([usage, doc]) => layOut(`  ${usage}`, doc));
  return [`usage: ${program} [<flags>]`, '', ...wrap(summary, widthMax), '', 'Flags:', ...body, ''].join(
    '\n',
  );
}

const settingsFileDoc =
  'File with settings in ini format, also TOCSIN_SETTINGS_FILE. Flags and environment variables win over it.';

function usageOf(spec: SettingSpec): string {
  if (spec.type === 'bool') return `--[no-]${spec.flag}`;
  const [first = ''] = defaultTexts(spec);
  const isQuoted = spec.type === 'string' || spec.type === 'path';
  const shown =
    isSecret(spec) || (first === '' && !isQuoted)
      ? (spec.flag ?? '').toUpperCase()
      : isQuoted
        ? JSON.stringify(first)
        : first;
  return `--${spec.flag}=${shown}${spec.type === 'list' ? ' ...' : ''}`;
}

function helpDoc(spec: SettingSpec): string {
  const extra = spec.type === 'enum' ? ` One of: [${spec.values.join(', ')}]` : '';
  return `${oneLine(spec.doc)}${extra} (${environmentNames(spec)[0]})`;
}

function layOut(usage: string, doc: string): readonly string[] {
  const lines = wrap(doc, widthMax - docColumn);
  const indent = ' '.repeat(docColumn);
  if (usage.length > docColumn - 2) return [usage, ...lines.map((line) => indent + line)];
  return lines.map((line, index) => (index === 0 ? usage.padEnd(docColumn) : indent) + line);
}

/** A Markdown page: one section per ini section, one entry per setting. */
export function settingsReference(table: SettingsTable, { program, summary }: ProgramText): string {
  const lines = [`# Settings of ${program}`, '', oneLine(summary), ''];
  lines.push(
    `Precedence: flag, environment variable, settings file (\`--${commonFlags.settingsFile}\`), default.`,
    '',
  );
  for (const [section, specs] of bySection(table)) {
    lines.push(`## ${section === '' ? 'General' : section}`, '');
    for (const spec of specs) lines.push(...referenceEntry(spec), '');
  }
  return lines.join('\n');
}

function referenceEntry(spec: SettingSpec): readonly string[] {
  const title = spec.flag === undefined ? keyText(iniKeys(spec)[0]) : `--${spec.flag}`;
  const code = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join(', ');
  const defaults = defaultTexts(spec).filter((text) => text !== '');
  const notes = [
    `Value: ${expectedOf(spec)}${'unit' in spec && spec.unit !== undefined ? `, in ${spec.unit}` : ''}${spec.isRequired === true ? ' (required)' : ''}.`,
    `Default: ${defaults.length === 0 ? 'empty' : code(defaults)}.`,
    `Environment: ${code(environmentNames(spec))}.`,
    `Settings file: ${code(iniKeys(spec).map(keyText))}.`,
    ...(isSecret(spec) ? ['Secret: never printed or logged.'] : []),
  ];
  return [`### \`${title}\``, '', oneLine(spec.doc), '', ...notes.map((note) => `- ${note}`)];
}

const keyText = (key: readonly [string, string] | undefined): string =>
  key === undefined ? '' : key[0] === '' ? key[1] : `[${key[0]}] ${key[1]}`;

/** A settings file in which every line is a comment that shows the default. */
export function sampleIni(table: SettingsTable, { program }: ProgramText): string {
  const lines = [
    `# Settings of ${program}. Every line that begins with ; shows a default; remove the ; to change it.`,
    '',
  ];
  for (const [section, specs] of bySection(table)) {
    if (section !== '') lines.push(`[${section}]`);
    for (const spec of specs) {
      const key = iniKeys(spec)[0]?.[1] ?? '';
      lines.push(
        ...wrap(spec.doc, widthMax - 2).map((line) => `# ${line}`),
        `;${key} = ${defaultTexts(spec).join(', ')}`.trimEnd(),
        '',
      );
    }
  }
  return lines.join('\n');
}

function bySection(table: SettingsTable): ReadonlyMap<string, readonly SettingSpec[]> {
  const sections = new Map<string, SettingSpec[]>();
  for (const spec of Object.values(table)) {
    const section = iniKeys(spec)[0]?.[0] ?? '';
    const members = sections.get(section);
    if (members === undefined) sections.set(section, [spec]);
    else members.push(spec);
  }
  // Keys without a section must stand first in a file, or the section above would take them.
  return new Map([...sections].toSorted(([left], [right]) => Number(left !== '') - Number(right !== '')));
}

/** For the start-up log: what differs from the default, and from where. Secrets are only said to be set. */
export function settingsFacts<T extends SettingsTable>(
  table: T,
  { values, sources }: ResolvedSettings<T>,
): LogFacts {
  const facts: Record<string, string> = {};
  for (const [name, spec] of Object.entries<SettingSpec>(table)) {
    const source = sources[name];
    if (source === undefined || source.from === 'default') continue;
    const value: unknown = values[name];
    const shown = isSecret(spec)
      ? '<secret>'
      : maskUrlPassword(Array.isArray(value) ? value.join(',') : String(value));
    facts[spec.flag ?? iniKeys(spec)[0]?.join('.') ?? name] = `${shown} (${source.from})`;
  }
  return facts;
}

/** `postgres://user:xxxxx@host/`: the password of a URL never reaches a log. */
export function maskUrlPassword(text: string): string {
  return text.replace(/([A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]*@/g, '$1:xxxxx@');
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
