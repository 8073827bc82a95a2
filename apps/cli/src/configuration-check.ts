/**
 * A configuration file as the server would load it (`checkedConfiguration`), with every mistake as
 * `file:line:column: message`, which editors and CI understand.
 */
import { dirname } from 'node:path';
import { loadConfiguration, type Configuration } from '@tocsin/alerting';
import { checkedConfiguration, checkEventRecorder } from '@tocsin/alertmanager-service';
import { AppError, compareUtf8, type Mistake } from '@tocsin/kernel';
import type { CommandDeps, ServerFeatures } from './command.ts';

export interface PlacedMistake {
  readonly file: string;
  /** 0: of the whole file. */
  readonly line: number;
  readonly column: number;
  /** Of the field; '' for none. */
  readonly path: string;
  readonly message: string;
  readonly isTemplate: boolean;
}

export interface CheckedFile {
  /** Undefined when the file itself has mistakes. */
  readonly configuration: Configuration | undefined;
  readonly mistakes: readonly PlacedMistake[];
}

export type CheckDeps = Pick<CommandDeps, 'files' | 'readDocument' | 'settingsMistake'>;

/** `text`: of the file; its folder is where its templates are. Rejects only with our own mistakes. */
export async function checkText(
  file: string,
  text: string,
  { mode, isRecording }: ServerFeatures,
  deps: CheckDeps,
): Promise<CheckedFile> {
  const folder = dirname(file);
  const options = { mode, folder };
  try {
    const configuration = await checkedConfiguration(text, options, {
      readDocument: deps.readDocument,
      readTemplates: (globs) => deps.files.readTemplates(globs, folder),
      settingsMistake: deps.settingsMistake,
      ...(isRecording ? { checkEventRecorder: (section) => void checkEventRecorder(section) } : {}),
    });
    return { configuration, mistakes: [] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const mistakes = mistakesOf(error, file);
    const isSound = mistakes.every(({ isTemplate }) => isTemplate);
    return {
      configuration: isSound ? loadConfiguration(deps.readDocument(text), text, options) : undefined,
      mistakes,
    };
  }
}

/** What an AppError of reading a document tells, placed. */
export function mistakesOf(error: AppError, file: string): readonly PlacedMistake[] {
  const told = error.facts['mistakes'];
  if (!Array.isArray(told))
    return [{ file, line: 0, column: 0, path: '', message: error.message, isTemplate: false }];
  return (told as readonly Mistake[])
    .map((mistake) => ({ ...mistake, file: mistake.file ?? file, isTemplate: mistake.file !== undefined }))
    .sort((a, b) => Number(a.isTemplate) - Number(b.isTemplate) || compareUtf8(a.file, b.file));
}

export function mistakeText({ file, line, column, path, message }: PlacedMistake): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  // A file that can't be read names itself.
  if (line === 0 && message.startsWith(`${file}: `)) return message;
  return `${place}: ${path === '' ? '' : `${path}: `}${message}`;
}
