/** `tocsin config routes show`, `config routes test`: where would an alert go, and why not elsewhere? */
import {
  explainRoutes,
  loadConfiguration,
  timeMute,
  type Configuration,
  type RouteExplanation,
  type RouteNode,
} from '@tocsin/alerting';
import { AppError, type DocNode, type DocMap } from '@tocsin/kernel';
import { formatMatchers, LabelSet, msOf } from '@tocsin/model';
import { dirname } from 'node:path';
import type { Arguments, FlagSpec } from '../arguments.ts';
import {
  CommandFailure,
  matcherModeOf,
  outputOf,
  printJson,
  type Command,
  type CommandDeps,
} from '../command.ts';
import { mistakesOf, mistakeText } from '../configuration-check.ts';
import { labelWords } from '../matchers.ts';
import { dateOf, printable } from '../output/table.ts';
import { treeLines, type TreeNode } from '../output/tree.ts';

const configFile: FlagSpec = {
  type: 'string',
  default: '',
  doc: "a local file instead of the server's configuration",
};

export const routesShow: Command = {
  words: '',
  summary: 'the routing tree',
  flags: { 'config.file': configFile },
  run: async (args, deps) => {
    const { route } = await routing(args, deps);
    if (outputOf(args) === 'json') return printJson(deps, routeJson(route));
    deps.print('Routing tree:');
    for (const line of treeLines([wholeTree(route)])) deps.print(printable(line));
    deps.print('');
  },
};

const slug = (route: RouteNode): string =>
  route.matchers.length === 0 ? 'default-route' : formatMatchers(route.matchers);

const wholeTree = (route: RouteNode): TreeNode => ({
  text: `${slug(route)}${route.continue ? '  continue: true' : ''}  receiver: ${route.receiver}`,
  children: route.routes.map(wholeTree),
});

const routeJson = (route: RouteNode): unknown => ({
  id: route.id,
  receiver: route.receiver,
  matchers: route.matchers.map(String),
  continue: route.continue,
  groupBy: route.groupBy === 'all' ? ['...'] : [...route.groupBy],
  muteTimeIntervals: route.muteTimeIntervals,
  activeTimeIntervals: route.activeTimeIntervals,
  routes: route.routes.map(routeJson),
});

export const routesTest: Command = {
  words: 'LABEL=VALUE...',
  summary: 'the receivers of an alert with these labels, in the order of the tree',
  flags: {
    'config.file': configFile,
    'verify.receivers': {
      type: 'string',
      default: '',
      doc: 'exit with 1 unless the receivers are these, separated by commas',
    },
    tree: { type: 'boolean', doc: 'the routes that match, as a tree' },
    explain: {
      type: 'boolean',
      doc: 'the whole tree: which route matches, and which matcher refused the others',
    },
    at: { type: 'string', default: '', doc: 'whether time intervals mute the routes at this time, RFC 3339' },
  },
  run: async (args, deps) => {
    const pairs = labelWords(args.words, matcherModeOf(args), 'labels');
    const at = args.text('at') === '' ? undefined : msOf(dateOf('at', args.text('at')));
    const configuration = await routing(args, deps);
    const labels = LabelSet.of(pairs);
    const explained = explainRoutes(configuration.route, labels);
    const receivers = explained.matched.map(({ receiver }) => receiver);
    const mutes =
      at === undefined ? [] : explained.matched.map((route) => muteText(route, configuration, at));
    const isJson = outputOf(args) === 'json';
    if (isJson) printJson(deps, testJson(explained, mutes));
    else {
      if (args.is('tree')) printTree('Matching routes:', matchingTree(configuration.route, explained), deps);
      if (args.is('explain'))
        printTree('All routes:', explainedTree(configuration.route, explained, labels), deps);
      deps.print(printable(receivers.join(',')));
      for (const [index, route] of explained.matched.entries())
        if (at !== undefined)
          deps.print(printable(`  ${slug(route)}  receiver: ${route.receiver}  ${mutes[index] ?? ''}`));
    }
    const expected = args.text('verify.receivers');
    if (expected === '' || expected === receivers.join(',')) return;
    if (!isJson) deps.print('WARNING: Expected receivers did not match resolved receivers.');
    throw new CommandFailure('');
  },
};

function muteText(route: RouteNode, { timeIntervals }: Configuration, at: number): string {
  const mute = timeMute(route, new Map(timeIntervals.map((interval) => [interval.name, interval])), at);
  if (mute === undefined) return 'not muted';
  return `muted: ${mute.isOutsideActive ? 'outside of active' : 'in mute'} time interval ${mute.by.join(', ')}`;
}

const testJson = (explained: RouteExplanation, mutes: readonly string[]): unknown => ({
  receivers: explained.matched.map(({ receiver }) => receiver),
  routes: explained.matched.map(({ id, receiver }, index) => ({
    id,
    receiver,
    ...(mutes[index] === undefined ? {} : { timeIntervals: mutes[index] }),
  })),
  refused: explained.refused,
});

function printTree(title: string, tree: TreeNode, deps: CommandDeps): void {
  deps.print(title);
  for (const line of treeLines([tree])) deps.print(printable(line));
  deps.print('');
  deps.print('');
}

/** Whether the walk entered a route: it, or one below it, took the alert. */
const isEntered = (route: RouteNode, explained: Pick<RouteExplanation, 'matched'>): boolean =>
  explained.matched.includes(route) || route.routes.some((child) => isEntered(child, explained));

function matchingTree(route: RouteNode, explained: RouteExplanation): TreeNode {
  const children = route.routes.filter((child) => isEntered(child, explained));
  return {
    text: `${slug(route)}${children.length === 0 ? `  receiver: ${route.receiver}` : ''}`,
    children: children.map((child) => matchingTree(child, explained)),
  };
}

function explainedTree(route: RouteNode, explained: RouteExplanation, labels: LabelSet): TreeNode {
  const refusal = explained.refused.find(({ routeId }) => routeId === route.id);
  const isTaken = explained.matched.includes(route);
  const state =
    refusal !== undefined
      ? refusalText(route, refusal.matcher, labels)
      : isTaken
        ? `matched  receiver: ${route.receiver}`
        : isEntered(route, explained)
          ? 'matched, a route below took it'
          : 'not tried: an earlier route took the alert';
  const isOpen = refusal === undefined && isEntered(route, explained);
  return {
    text: `${slug(route)}${route.continue && isOpen ? '  continue: true' : ''}  ${state}`,
    children: isOpen ? route.routes.map((child) => explainedTree(child, explained, labels)) : [],
  };
}

function refusalText(route: RouteNode, matcher: string, labels: LabelSet): string {
  const name = route.matchers.find((each) => each.toString() === matcher)?.name ?? '';
  const value = labels.get(name);
  return `refused by ${matcher}: ${value === undefined ? `the alert has no label ${name}` : `${name} is ${JSON.stringify(value)}`}`;
}

/** Of a local file or of the server, as far as routing needs it. */
async function routing(args: Arguments, deps: CommandDeps): Promise<Configuration> {
  const file = args.text('config.file');
  const mode = matcherModeOf(args);
  if (file === '') {
    const status = (await deps.client(args.text('url')).get('status')) as {
      readonly config?: { readonly original?: string };
    };
    const text = status.config?.original ?? '';
    try {
      return loadConfiguration(routingPart(deps.readDocument(text)), text, { mode });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new CommandFailure(`the server's configuration can't be read here: ${error.message}`, {
        cause: error,
      });
    }
  }
  try {
    const text = await deps.files.readText(file);
    const document = deps.readDocument(text);
    refuseMistakes(file, () => loadConfiguration(document, text, { mode, folder: dirname(file) }), deps);
    return loadConfiguration(routingPart(document), text, { mode });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new CommandFailure(mistakesOf(error, file).map(mistakeText).join('\n'), { cause: error });
  }
}

/** Receivers of a kind that this version can't deliver to can still be routed to. */
const UNDELIVERABLE = /and this version delivers by/;

function refuseMistakes(file: string, load: () => unknown, deps: CommandDeps): void {
  try {
    load();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const mistakes = mistakesOf(error, file);
    if (!mistakes.every(({ message }) => UNDELIVERABLE.test(message))) throw error;
    for (const mistake of mistakes) deps.printError(`Warning: ${mistakeText(mistake)}`);
  }
}

const ROUTING_KEYS: ReadonlySet<string> = new Set([
  'route',
  'receivers',
  'mute_time_intervals',
  'time_intervals',
]);

/** The document without what only delivery needs: a newer server may have kinds of receivers that are not known here. */
function routingPart(document: DocNode): DocNode {
  if (document.kind !== 'map') return document;
  const entries = document.entries
    .filter(({ key }) => ROUTING_KEYS.has(key))
    .map((entry) => (entry.key === 'receivers' ? { ...entry, value: namesOnly(entry.value) } : entry));
  return { ...document, entries };
}

function namesOnly(receivers: DocNode): DocNode {
  if (receivers.kind !== 'list') return receivers;
  const named = (item: DocNode): DocNode => (item.kind === 'map' ? onlyName(item) : item);
  return { ...receivers, items: receivers.items.map(named) };
}

const onlyName = (item: DocMap): DocMap => ({
  ...item,
  entries: item.entries.filter(({ key }) => key === 'name'),
});
