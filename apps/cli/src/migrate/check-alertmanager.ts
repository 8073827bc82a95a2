/** What this version makes of an `alertmanager.yml`: it is loaded as the server loads it. */
import type { Configuration } from '@tocsin/alerting';
import { checkEventRecorder } from '@tocsin/alertmanager-service';
import { AppError, type DocNode } from '@tocsin/kernel';
import type { ServerFeatures } from '../command.ts';
import { checkText, type CheckDeps, type PlacedMistake } from '../configuration-check.ts';
import type { Finding } from './finding.ts';

/** How the loader says that a kind of receiver is known and can't be delivered to. */
const UNDELIVERABLE = /uses (\w+), and this version delivers by (.+) only/;

/** Sections that load, and then mean something else than to Alertmanager, or need more than the file. */
const SECTIONS: ReadonlyMap<string, string> = new Map([
  [
    'tracing',
    'spans are exported as the standard OTEL_* variables of the environment say, not as this section does',
  ],
  ['event_recorder', 'records only with --enable-feature=event-recorder, as with Alertmanager'],
]);

export async function checkAlertmanager(
  text: string,
  file: string,
  features: ServerFeatures,
  deps: CheckDeps,
): Promise<readonly Finding[]> {
  let checked;
  let document: DocNode;
  try {
    checked = await checkText(file, text, features, deps);
    document = deps.readDocument(text);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ kind: 'mistake', file, line: 0, key: '', message: error.message }];
  }
  return [
    ...checked.mistakes.map(findingOf),
    ...sectionFindings(document, file),
    ...recorderFindings(checked.configuration, file),
    ...(checked.configuration?.warnings ?? []).map((message): Finding => ({
      kind: 'differs',
      file,
      line: 0,
      key: '',
      message,
    })),
  ];
}

function findingOf({ file, line, path, message }: PlacedMistake): Finding {
  const [, list, delivered] = UNDELIVERABLE.exec(message) ?? [];
  if (list === undefined) return { kind: 'mistake', file, line, key: path, message };
  const advice = `this version delivers by ${delivered ?? ''} only: keep these receivers on Alertmanager, or send through a webhook`;
  return { kind: 'blocking', file, line, key: path, message: `${list}: ${advice}` };
}

function sectionFindings(document: DocNode, file: string): readonly Finding[] {
  if (document.kind !== 'map') return [];
  return document.entries.flatMap(({ key, line }): Finding[] => {
    const message = SECTIONS.get(key);
    return message === undefined ? [] : [{ kind: 'differs', file, line, key, message }];
  });
}

/** Without the feature the section is not looked at, so a mistake in it would be met on the day it is switched on. */
function recorderFindings(configuration: Configuration | undefined, file: string): readonly Finding[] {
  try {
    checkEventRecorder(configuration?.eventRecorder);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ kind: 'unsupported', file, line: 0, key: '', message: error.message }];
  }
}
