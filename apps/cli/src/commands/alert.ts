/** `tocsin alert query`, `alert add`: amtool's, and `alerts`, which tells what suppresses each. */
import { AppError, compareUtf8 } from '@tocsin/kernel';
import { formatMillis, goQuote, zeroInstant } from '@tocsin/model';
import { listOf } from '../alertmanager-client.ts';
import type { Arguments } from '../arguments.ts';
import { matcherModeOf, outputOf, printJson, type Command, type CommandDeps } from '../command.ts';
import { filterQuery, labelWords, matcherWords } from '../matchers.ts';
import { dateOf, printable, showDate, table } from '../output/table.ts';

interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    /** Since 0.28. */
    readonly mutedBy?: readonly string[];
  };
}

const states = {
  active: { type: 'boolean', short: 'a', doc: 'active alerts; so it is without any of these four' },
  silenced: { type: 'boolean', short: 's', doc: 'silenced alerts' },
  inhibited: { type: 'boolean', short: 'i', doc: 'inhibited alerts' },
  unprocessed: { type: 'boolean', short: 'u', doc: 'alerts that were not routed yet' },
} as const;

export const alertQuery: Command = {
  words: '[ALERTNAME] [MATCHER...]',
  summary: 'lists alerts',
  flags: {
    ...states,
    receiver: {
      type: 'string',
      short: 'r',
      default: '',
      doc: 'only those of receivers that this regular expression matches',
    },
  },
  run: async (args, deps) => {
    const isAny = Object.keys(states).some((state) => args.is(state));
    const wanted = Object.keys(states).map(
      (state) => `${state}=${args.is(state) || (!isAny && state === 'active')}`,
    );
    const alerts = await listed(args, deps, [
      ...wanted,
      ...(args.text('receiver') === '' ? [] : [`receiver=${encodeURIComponent(args.text('receiver'))}`]),
    ]);
    show(alerts, args, deps);
  },
};

async function listed(
  args: Arguments,
  deps: CommandDeps,
  query: readonly string[],
): Promise<readonly ShownAlert[]> {
  const filters = filterQuery(matcherWords(args.words, matcherModeOf(args)));
  const answer = await deps.client(args.text('url')).get(`alerts?${[...query, ...filters].join('&')}`);
  return listOf<ShownAlert>(answer, 'alerts');
}

function show(alerts: readonly ShownAlert[], args: Arguments, deps: CommandDeps): void {
  const kind = outputOf(args);
  if (kind === 'json') return printJson(deps, alerts);
  const date = (text: string): string => showDate(text, args.text('date.format'));
  const sorted = alerts.toSorted((a, b) => compareUtf8(a.startsAt, b.startsAt));
  const rows =
    kind === 'simple'
      ? sorted.map(({ labels, startsAt, annotations, status }) => [
          labels['alertname'] ?? '',
          date(startsAt),
          annotations['summary'] ?? '',
          status.state,
        ])
      : sorted.map((alert) => [
          pairsText(alert.labels),
          pairsText(alert.annotations),
          date(alert.startsAt),
          date(alert.endsAt),
          alert.generatorURL ?? '',
          alert.status.state,
        ]);
  const head =
    kind === 'simple'
      ? ['Alertname', 'Starts At', 'Summary', 'State']
      : ['Labels', 'Annotations', 'Starts At', 'Ends At', 'Generator URL', 'State'];
  for (const line of table([head, ...rows])) deps.print(line);
}

/** `alertname` first, the rest by bytes. */
function pairsText(pairs: Readonly<Record<string, string>>): string {
  const { alertname, ...rest } = pairs;
  const names = Object.keys(rest).sort(compareUtf8);
  return [
    ...(alertname === undefined ? [] : [`alertname=${goQuote(alertname)}`]),
    ...names.map((name) => `${name}=${goQuote(rest[name] ?? '')}`),
  ].join(' ');
}

export const alertAdd: Command = {
  words: '[ALERTNAME] LABEL=VALUE...',
  summary: 'sends an alert to the server',
  flags: {
    annotation: { type: 'string', isList: true, doc: 'name=value' },
    'generator-url': { type: 'string', default: '', doc: 'where the alert comes from' },
    start: { type: 'string', default: '', doc: 'when it began, RFC 3339; now when absent' },
    end: { type: 'string', default: '', doc: 'when it ends, RFC 3339; after resolve_timeout when absent' },
  },
  run: async (args, deps) => {
    const mode = matcherModeOf(args);
    const [first, ...others] = args.words;
    if (first === undefined) throw AppError.invalid('at least one LABEL=VALUE is needed');
    const named = first.includes('=') ? first : `alertname=${goQuote(first)}`;
    const time = (flag: string): string =>
      formatMillis(args.text(flag) === '' ? zeroInstant : dateOf(flag, args.text(flag)));
    await deps.client(args.text('url')).post('alerts', [
      {
        labels: Object.fromEntries(labelWords([named, ...others], mode, 'labels')),
        annotations: Object.fromEntries(labelWords(args.all('annotation'), mode, 'annotations')),
        startsAt: time('start'),
        endsAt: time('end'),
        generatorURL: args.text('generator-url'),
      },
    ]);
  },
};

export const alerts: Command = {
  words: '[ALERTNAME] [MATCHER...]',
  summary: 'lists all alerts, with their receivers and what suppresses them',
  flags: {},
  run: async (args, deps) => {
    const all = await listed(args, deps, []);
    if (outputOf(args) === 'json') return printJson(deps, all);
    for (const { labels, status, startsAt, receivers } of all) {
      const by = [...status.silencedBy, ...status.inhibitedBy, ...(status.mutedBy ?? [])].join(' ');
      const to = receivers.map(({ name }) => name).join(',');
      const since = showDate(startsAt, args.text('date.format'));
      deps.print(
        printable(
          `${status.state.padEnd(10)}  since ${since}  {${pairsText(labels)}}  -> ${to}${by === '' ? '' : `  by ${by}`}`,
        ),
      );
    }
  },
};
