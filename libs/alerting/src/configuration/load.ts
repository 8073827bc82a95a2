/**
 * @module alerting/configuration/load
 *
 * From a parsed file to the configuration that everything else works with: every section is read,
 * every reference checked, and all mistakes are told at once. Pure: templates and secret files are
 * only named here, and read where they are used. Rules: spec/alertmanager.md chapter 1; where a text
 * of Alertmanager exists for a mistake, it is used.
 */
import { assert, encodeUtf8, Field, Mistakes, type DocNode } from '@tocsin/kernel';
import { goQuote, md5, type MatcherMode } from '@tocsin/model';
import type { Configuration } from '../configuration.ts';
import { readEventRecorder } from './event-recorder.ts';
import { readGlobal } from './global.ts';
import { readInhibitRule } from './inhibit-rules.ts';
import { readStrings, setField, type ReadingContext } from './reading.ts';
import { readReceiver, type ReadReceiver } from './receivers.ts';
import {
  checkReferences,
  checkRoot,
  readRoute,
  renderRoute,
  resolveRoutes,
  routeWarnings,
  type WrittenRoute,
} from './routes.ts';
import { settingMap, toJson, toYaml, type SettingMap } from './setting.ts';
import { readTimeIntervals } from './time-intervals.ts';
import { readTracing } from './tracing.ts';

export interface LoadOptions {
  readonly mode: MatcherMode;
  /** Folder of the configuration file, for the files that `http_config` names; '' (the default) leaves them as written. */
  readonly folder?: string;
  /** `--data.retention`: routes that repeat more slowly are warned of. */
  readonly retentionMs?: number;
}

const KEYS = [
  'global',
  'route',
  'inhibit_rules',
  'receivers',
  'templates',
  'mute_time_intervals',
  'time_intervals',
  'tracing',
  'event_recorder',
] as const;

/**
 * `rawText` is what `document` was parsed from; it only serves the hash. Throws AppError `invalid`
 * with one line for each mistake, and the list of them in `facts.mistakes`.
 */
export function loadConfiguration(document: DocNode, rawText: string, options: LoadOptions): Configuration {
  const mistakes = new Mistakes();
  const root = Field.root(document, mistakes);
  if (root.isNull) root.fail('no route provided in config');
  const fields = setField(root)?.object(KEYS) ?? {};
  const context: ReadingContext = { mode: options.mode, folder: options.folder ?? '', warnings: [] };

  const global = readGlobal(fields.global, context);
  const route = readRoot(root, fields.route, context);
  const rules = (setField(fields.inhibit_rules)?.items() ?? []).map((rule) => readInhibitRule(rule, context));
  const receivers = (setField(fields.receivers)?.items() ?? []).map((receiver) =>
    readReceiver(receiver, global, context),
  );
  const receiverNames = checkUniqueNames(fields.receivers, receivers);
  const intervalNames = new Set<string>();
  const muteIntervals = readTimeIntervals(fields.mute_time_intervals, 'mute time interval', intervalNames);
  const intervals = readTimeIntervals(fields.time_intervals, 'time interval', intervalNames);
  const templates = readStrings(fields.templates) ?? [];
  const tracing = readTracing(fields.tracing, context);
  const eventRecorder = readEventRecorder(fields.event_recorder, context);
  if (route !== undefined) checkReferences(route, receiverNames, intervalNames);
  mistakes.throwIfAny();
  assert(route !== undefined, 'a missing route is a mistake');

  const tree = resolveRoutes(route);
  const isDeprecated = usesDeprecatedMatch(route) || rules.some((rule) => rule.isDeprecatedForm);
  const section = (read: readonly { readonly rendered: SettingMap }[]): readonly SettingMap[] | undefined =>
    read.length === 0 ? undefined : read.map(({ rendered }) => rendered);
  return {
    resolveTimeoutMs: global.resolveTimeoutMs,
    route: tree,
    receivers: receivers.map(({ receiver }) => receiver),
    inhibitRules: rules.map(({ rule }) => rule),
    timeIntervals: [...muteIntervals, ...intervals].map(({ interval }) => interval),
    templates,
    ...(tracing === undefined ? {} : { tracing: toJson(tracing) }),
    ...(eventRecorder === undefined ? {} : { eventRecorder: toJson(eventRecorder) }),
    rendered: toYaml(
      settingMap([
        ['global', global.rendered],
        ['route', renderRoute(route)],
        ['inhibit_rules', section(rules)],
        ['receivers', section(receivers)],
        ['templates', templates],
        ['mute_time_intervals', section(muteIntervals)],
        ['time_intervals', section(intervals)],
        ['tracing', tracing],
        ['event_recorder', eventRecorder],
      ]),
    ),
    hash: configurationHash(rawText),
    warnings: [
      ...context.warnings,
      ...(isDeprecated ? ['match and match_re are deprecated: write matchers'] : []),
      ...(muteIntervals.length > 0 ? ['mute_time_intervals is deprecated: write time_intervals'] : []),
      ...routeWarnings(tree, options.retentionMs),
    ],
  };
}

function readRoot(root: Field, field: Field | undefined, context: ReadingContext): WrittenRoute | undefined {
  const set = setField(field);
  if (set === undefined) return root.isNull ? undefined : root.fail('no routes provided');
  const route = readRoute(set, context);
  checkRoot(route);
  return route;
}

function checkUniqueNames(field: Field | undefined, receivers: readonly ReadReceiver[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { receiver } of receivers) {
    if (names.has(receiver.name))
      field?.fail(`notification config name ${goQuote(receiver.name)} is not unique`);
    names.add(receiver.name);
  }
  return names;
}

const usesDeprecatedMatch = (route: WrittenRoute): boolean =>
  route.matching.isDeprecatedForm || route.routes.some(usesDeprecatedMatch);

/** First 48 bits of the MD5 of the text, little-endian: a number that a metric holds exactly. */
export function configurationHash(rawText: string): number {
  const digest = md5(encodeUtf8(rawText));
  let hash = 0;
  for (let index = 5; index >= 0; index--) hash = hash * 256 + (digest[index] ?? 0);
  return hash;
}
