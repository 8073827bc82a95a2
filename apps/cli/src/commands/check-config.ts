/** `tocsin check-config`: would the server take these files? */
import { AppError } from '@tocsin/kernel';
import {
  CommandFailure,
  featuresOf,
  outputOf,
  printJson,
  type Command,
  type CommandDeps,
  type ServerFeatures,
} from '../command.ts';
import { checkText, mistakesOf, mistakeText, type CheckedFile } from '../configuration-check.ts';
import { printable } from '../output/table.ts';

const STDIN = '/dev/stdin';

export const checkConfig: Command = {
  words: '[FILE...]',
  summary: 'checks configuration files and their templates, as the server would at its start',
  details: [
    'Reads the standard input when no FILE is given.',
    'Every mistake is told as file:line:column, warnings go to the standard error; exit code 1 when a file is bad.',
  ],
  flags: {},
  run: async (args, deps) => {
    const features = featuresOf(args);
    const names = args.words.length === 0 ? [STDIN] : args.words;
    const isJson = outputOf(args) === 'json';
    const results: unknown[] = [];
    let failed = 0;
    for (const name of names) {
      const checked = await checkFile(name, args.words.length === 0, features, deps);
      if (checked.mistakes.length > 0) failed++;
      if (isJson) results.push(jsonOf(name, checked));
      else printChecked(name, checked, deps);
    }
    if (isJson) printJson(deps, results);
    if (failed > 0) throw new CommandFailure(`failed to validate ${failed} file(s)`);
  },
};

async function checkFile(
  name: string,
  isInput: boolean,
  features: ServerFeatures,
  deps: CommandDeps,
): Promise<CheckedFile> {
  let text: string;
  try {
    text = isInput ? await deps.files.readInput() : await deps.files.readText(name);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { configuration: undefined, mistakes: mistakesOf(error, name) };
  }
  return checkText(isInput ? './-' : name, text, features, deps);
}

function foundIn({ configuration }: CheckedFile): readonly (readonly [count: number, what: string])[] {
  if (configuration === undefined) return [];
  return [
    [configuration.inhibitRules.length, 'inhibit rules'],
    [configuration.receivers.length, 'receivers'],
    [configuration.templates.length, 'templates'],
  ];
}

function printChecked(name: string, checked: CheckedFile, deps: CommandDeps): void {
  const told = checked.mistakes.map((mistake) => ({
    isTemplate: mistake.isTemplate,
    text: printable(mistakeText(mistake.file === './-' ? { ...mistake, file: name } : mistake)),
  }));
  const [own, ofTemplates] = [
    told.filter(({ isTemplate }) => !isTemplate),
    told.filter(({ isTemplate }) => isTemplate),
  ];
  const print = (head: string, list: typeof told): void => {
    for (const [index, { text }] of list.entries())
      deps.print(index === 0 ? `${head}  FAILED: ${text}` : `  ${text}`);
    if (list.length === 0) deps.print(`${head}  SUCCESS`);
  };
  print(`Checking '${name}'`, own);
  if (checked.configuration !== undefined) {
    deps.print('Found:');
    deps.print(' - global config');
    deps.print(' - route');
    for (const [count, what] of foundIn(checked)) deps.print(` - ${count} ${what}`);
    if (checked.configuration.templates.length > 0) print('', ofTemplates);
  } else {
    for (const { text } of ofTemplates) deps.print(`  ${text}`);
  }
  deps.print('');
  for (const warning of checked.configuration?.warnings ?? [])
    deps.printError(printable(warningText(name, warning)));
}

/** A warning may begin with its place, as a mistake does. */
function warningText(name: string, warning: string): string {
  const [, line, column, rest] = /^line (\d+), column (\d+): (.*)$/s.exec(warning) ?? [];
  return rest === undefined
    ? `${name}: warning: ${warning}`
    : `${name}:${line ?? ''}:${column ?? ''}: warning: ${rest}`;
}

function jsonOf(name: string, checked: CheckedFile): unknown {
  return {
    file: name,
    isValid: checked.mistakes.length === 0,
    mistakes: checked.mistakes.map(({ file, line, column, path, message }) => ({
      file: file === './-' ? name : file,
      line,
      column,
      path,
      message,
    })),
    warnings: checked.configuration?.warnings ?? [],
    found: Object.fromEntries(foundIn(checked).map(([count, what]) => [what, count])),
  };
}
