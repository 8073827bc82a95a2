/**
 * @module alertmanager-service/checked-configuration
 *
 * The one way from the text of a configuration file to a configuration that may run: the server
 * starts and reloads with it, and `tocsin check-config` says what the server would say. Whatever a
 * notification could only fail with later is refused here, and all of it is told at once: the file's
 * own mistakes, templates that can't be parsed, settings that a receivers replica would refuse.
 */
import { loadConfiguration, type Configuration, type LoadOptions, type RouteNode } from '@tocsin/alerting';
import { AppError, Mistakes, messageOf, type DocNode, type Mistake, type Position } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import { DEFAULT_TEMPLATE_SET, type TemplateSet } from '@tocsin/templating';
import { integrationMistakes, withTemplates } from './integration-settings.ts';
import type { AlertmanagerParts, TemplateFile } from './parts.ts';

export interface ConfigurationSeams extends Pick<
  AlertmanagerParts,
  'readDocument' | 'readTemplates' | 'settingsMistake'
> {
  /** Throws AppError `invalid` for a section that can't be recorded with. Absent: nothing is recorded, and it is not looked at. */
  readonly checkEventRecorder?: (section: Configuration['eventRecorder']) => void;
}

/** A configuration that may run, with the templates that its files define. */
export interface CheckedConfiguration extends Configuration {
  readonly templateSet: TemplateSet;
}

/**
 * Rejects with AppError `invalid`: one line a mistake, and the list of them (`Mistake`) in
 * `facts.mistakes`. What deserves a look but runs is in `warnings`.
 */
export async function checkedConfiguration(
  text: string,
  options: LoadOptions,
  seams: ConfigurationSeams,
): Promise<CheckedConfiguration> {
  const document = seams.readDocument(text);
  const mistakes = new Mistakes();
  const loaded = load(document, text, options, mistakes);
  const globs = loaded?.templates ?? writtenGlobs(document);
  const files = await templatesOf(globs, document, seams, mistakes);
  const { set, parsed } = parseTemplates(files, mistakes);
  const configuration = loaded === undefined ? undefined : withTemplates(loaded, parsed);
  if (configuration !== undefined) {
    for (const found of integrationMistakes(configuration, seams.settingsMistake)) {
      const { integration, index } = found.integration;
      const path = ['receivers', found.receiverIndex, `${integration}_configs`, index];
      mistakes.add(positionOf(document, path), '', found.message);
    }
    checkRecorder(configuration, document, seams, mistakes);
  }
  mistakes.throwIfAny();
  if (configuration === undefined) throw AppError.invalid('the configuration could not be read');
  const warnings = routeLabelWarnings(configuration.route, set);
  return { ...configuration, templateSet: set, warnings: [...configuration.warnings, ...warnings] };
}

/** Undefined: there were mistakes. */
function load(
  document: DocNode,
  text: string,
  options: LoadOptions,
  mistakes: Mistakes,
): Configuration | undefined {
  try {
    return loadConfiguration(document, text, options);
  } catch (thrown) {
    const told = thrown instanceof AppError ? thrown.facts['mistakes'] : undefined;
    if (!Array.isArray(told)) throw thrown;
    for (const each of told as readonly Mistake[]) mistakes.add(each, each.path, each.message);
    return undefined;
  }
}

/** `templates:` of a configuration that has mistakes elsewhere. */
function writtenGlobs(document: DocNode): readonly string[] {
  const list = nodeAt(document, ['templates']);
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
}

async function templatesOf(
  globs: readonly string[],
  document: DocNode,
  seams: ConfigurationSeams,
  mistakes: Mistakes,
): Promise<readonly TemplateFile[]> {
  if (globs.length === 0) return [];
  try {
    return await seams.readTemplates(globs);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    mistakes.add(positionOf(document, ['templates']), 'templates', thrown.message);
    return [];
  }
}

interface ParsedTemplates {
  /** The default templates and those of the files. */
  readonly set: TemplateSet;
  /** The files without mistakes, in their order. */
  readonly parsed: readonly TemplateFile[];
}

function parseTemplates(files: readonly TemplateFile[], mistakes: Mistakes): ParsedTemplates {
  let set = DEFAULT_TEMPLATE_SET;
  const parsed: TemplateFile[] = [];
  for (const file of files) {
    try {
      set = set.add(file.name, file.text);
      parsed.push(file);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      const { line, column } = thrown.facts;
      // A template counts what stands before, a document from 1.
      const at = { line: Number(line ?? 1), column: Number(column ?? 0) + 1 };
      mistakes.add(at, '', thrown.message, file.name);
    }
  }
  return { set, parsed };
}

function checkRecorder(
  { eventRecorder }: Configuration,
  document: DocNode,
  { checkEventRecorder }: ConfigurationSeams,
  mistakes: Mistakes,
): void {
  try {
    checkEventRecorder?.(eventRecorder);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    mistakes.add(positionOf(document, ['event_recorder']), '', thrown.message);
  }
}

/**
 * Not a mistake: Alertmanager runs with such a label and leaves it out, so a configuration that works
 * there must start here.
 */
function routeLabelWarnings(
  route: RouteNode,
  set: TemplateSet,
  inherited: RouteNode['labels'] = new Map(),
): readonly string[] {
  const own = [...(route.labels ?? [])].flatMap(([name, text]) => {
    if (inherited.get(name) === text) return [];
    try {
      set.compile('', text);
      return [];
    } catch (thrown) {
      return [
        `route ${route.id}: label ${goQuote(name)} can't be rendered and is left out: ${messageOf(thrown)}`,
      ];
    }
  });
  return [...own, ...route.routes.flatMap((child) => routeLabelWarnings(child, set, route.labels))];
}

/** The nearest node that is there: the place to look at. */
function positionOf(document: DocNode, path: readonly (string | number)[]): Position {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(document, path.slice(0, length));
    if (node !== undefined) return node;
  }
  return document;
}

function nodeAt(document: DocNode, path: readonly (string | number)[]): DocNode | undefined {
  let node: DocNode | undefined = document;
  for (const step of path) {
    if (node?.kind === 'list' && typeof step === 'number') node = node.items[step];
    else if (node?.kind === 'map') node = node.entries.find(({ key }) => key === step)?.value;
    else return undefined;
  }
  return node;
}
