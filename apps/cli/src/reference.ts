/** The page on the commands, from the table that they are read with. `npm run gen` writes it. */
import type { FlagSpec, FlagSpecs } from './arguments.ts';
import { sharedFlags } from './command.ts';
import { commands, shortNames } from './commands.ts';
import { configFiles } from './config-file.ts';

export function commandReference(): string {
  return [
    '# Commands of tocsin',
    '',
    '`node dist/apps/cli/main.js COMMAND`, called `tocsin` below. Where amtool has the command, the same arguments work; what differs is listed at the end.',
    '',
    'Exit codes: 0 done; 1 the server refused or is away, or a check failed; 2 typed wrong.',
    '',
    'Flags may stand before and behind the command. Those that never change can stand in a YAML file, `flag: value`, one a line; the first file that has a flag wins:',
    '',
    ...configFiles('~').map((file) => `- \`${file}\``),
    '',
    '## Flags of every command',
    '',
    ...flagTable(sharedFlags),
    ...Object.entries(commands).flatMap(([name, command]) => {
      const own = Object.fromEntries(
        Object.entries(command.flags).filter(([flag]) => !(flag in sharedFlags)),
      );
      const short = shortNames(name);
      return [
        '',
        `## tocsin ${name}`,
        '',
        `\`tocsin ${`${name} [flags] ${command.words}`.trim()}\`: ${command.summary}.`,
        ...(short.length === 0
          ? []
          : ['', `Short: ${short.map((each) => `\`tocsin ${each}\``).join(', ')}.`]),
        ...(command.details === undefined ? [] : ['', command.details.join(' ')]),
        ...(Object.keys(own).length === 0 ? [] : ['', ...flagTable(own)]),
      ];
    }),
    '',
    '## Other than amtool',
    '',
    ...DIFFERENCES.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

const DIFFERENCES = [
  'A command that is typed wrong ends with 2, not with 1, and asks the server nothing.',
  'A first word that holds `=` or `~` and is no matcher is a mistake; amtool takes it for the name of an alert, and the silence is of nothing.',
  '`silence expire` goes on with the other ids after one that failed, and `silence import` ends with 1 when one silence was refused.',
  '`check-config` tells all mistakes, as `file:line:column`; a file that is not there is one of them. `-o json` works here and for `config routes`.',
  '`config show -o extended` shows versions, where amtool 0.25 shows addresses in memory.',
  '`--within` takes days too.',
  '`template render` has the default templates, and no HTML escaping yet.',
  'The version check asks beside the command, not before it, and warns of other versions of Tocsin only.',
  'Control characters in what people wrote are shown as `\\n`, `\\x1b`; in JSON nothing is changed.',
];

const flagTable = (specs: FlagSpecs): readonly string[] => [
  '| Flag | Default | Meaning |',
  '| --- | --- | --- |',
  ...Object.entries(specs)
    .filter(([, spec]) => spec.isHidden !== true)
    .map(([name, spec]) => `| ${namesOf(name, spec)} | ${defaultOf(spec)} | ${meaningOf(spec)} |`),
];

const namesOf = (name: string, { short, aliases = [], type }: FlagSpec): string =>
  [
    ...(short === undefined ? [] : [`-${short}`]),
    ...[name, ...aliases].map((each) => `--${each}${type === 'boolean' ? '' : '='}`),
  ]
    .map((each) => `\`${each}\``)
    .join(', ');

const defaultOf = (spec: FlagSpec): string =>
  spec.isRequired === true
    ? 'required'
    : spec.default === undefined || spec.default === ''
      ? ''
      : `\`${spec.default}\``;

const meaningOf = ({ doc, values, isList }: FlagSpec): string =>
  `${doc}${values === undefined ? '' : `; one of ${values.map((value) => `\`${value}\``).join(', ')}`}${isList === true ? '; repeatable' : ''}`
    .replaceAll('|', '\\|')
    .replaceAll('{{', '`{{')
    .replaceAll('}}', '}}`');
