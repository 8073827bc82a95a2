/** `tocsin migrate check`: can this version take over from what runs today? */
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
import { checkAlertmanager } from '../migrate/check-alertmanager.ts';
import { checkGrafana } from '../migrate/check-grafana.ts';
import { isBlocking, LABELS, type Finding } from '../migrate/finding.ts';
import { printable } from '../output/table.ts';

export const migrateCheck: Command = {
  words: 'FILE...',
  summary: 'what this version takes over of an alertmanager.yml or a grafana.ini, and what it does not',
  details: [
    'A name that ends with .ini is read as a grafana.ini. Exit code 1 when something stands in the way.',
  ],
  flags: {},
  run: async (args, deps) => {
    if (args.words.length === 0) throw AppError.invalid('at least one file is needed');
    const features = featuresOf(args);
    const findings: Finding[] = [];
    for (const file of args.words) findings.push(...(await check(file, features, deps)));
    const inTheWay = findings.filter(isBlocking).length;
    if (outputOf(args) === 'json') printJson(deps, { canRun: inTheWay === 0, findings });
    else {
      for (const finding of findings) deps.print(printable(lineOf(finding)));
      deps.print(verdict(findings, inTheWay));
    }
    if (inTheWay > 0) throw new CommandFailure('');
  },
};

async function check(file: string, features: ServerFeatures, deps: CommandDeps): Promise<readonly Finding[]> {
  try {
    const text = await deps.files.readText(file);
    return file.endsWith('.ini')
      ? checkGrafana(text, file)
      : await checkAlertmanager(text, file, features, deps);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ kind: 'mistake', file, line: 0, key: '', message: error.message }];
  }
}

const WIDTH = Math.max(...Object.values(LABELS).map((label) => label.length)) + 2;

function lineOf({ kind, file, line, key, message }: Finding): string {
  const place = line === 0 ? file : `${file}:${line}`;
  return `${LABELS[kind].padEnd(WIDTH)}${place}  ${key === '' ? '' : `${key}: `}${message}`;
}

function verdict(findings: readonly Finding[], inTheWay: number): string {
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  const rest = `${count('unsupported')} not supported, ${count('differs')} different, ${count('taken')} taken over`;
  return inTheWay === 0
    ? `Verdict: this version can run it (${rest}).`
    : `Verdict: ${inTheWay} in the way of this version (${rest}).`;
}
