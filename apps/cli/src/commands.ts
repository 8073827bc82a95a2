/**
 * The commands of `tocsin`. Exit codes are API for scripts: 0 done, 1 the server refused or is away,
 * 2 typed wrong.
 */
import { AppError, parseGoDurationMs, parsePrometheusDurationMs } from '@tocsin/kernel';
import { parseMatcher } from '@tocsin/model';
import type { AlertmanagerClient } from './alertmanager-client.ts';
import type { DemoInput } from './demo/demo.ts';
import { readArguments, usageOf, type Arguments, type FlagSpec } from './arguments.ts';

export interface CommandDeps {
  readonly wall: () => number;
  readonly client: (url: string) => AlertmanagerClient;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  /** Runs until the process is told to stop. */
  readonly runSink: (address: string) => Promise<void>;
  readonly runDemo: (input: DemoInput) => Promise<void>;
}

interface Command {
  readonly words: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  run(args: Arguments, deps: CommandDeps): Promise<void>;
}

const url: FlagSpec = {
  type: 'string',
  default: 'http://127.0.0.1:9093',
  doc: 'URL of any alertmanager replica',
};
const output: FlagSpec = { type: 'string', default: 'text', doc: 'text or json' };

const commands: Readonly<Record<string, Command>> = {
  'silence add': {
    words: 'MATCHER...',
    summary: 'creates a silence and prints its id',
    flags: {
      url,
      duration: { type: 'string', default: '1h', doc: 'how long, like 90m or 2h' },
      author: { type: 'string', isRequired: true, doc: 'who is silencing' },
      comment: { type: 'string', isRequired: true, doc: 'why; shown to everyone on call' },
    },
    run: async (args, deps) => {
      if (args.words.length === 0) {
        throw AppError.invalid(
          'at least one MATCHER is needed; a silence of everything must be asked for as alertname=~".+"',
        );
      }
      const matchers = args.words.map((word) => {
        const { matcher } = parseMatcher(word, 'fallback');
        const { name, value, type } = matcher;
        return {
          name,
          value,
          isRegex: type === '=~' || type === '!~',
          isEqual: type === '=' || type === '=~',
        };
      });
      const now = deps.wall();
      const answer = await deps.client(args.text('url')).post('silences', {
        matchers,
        startsAt: new Date(now).toISOString(),
        endsAt: new Date(now + durationOf(args.text('duration'))).toISOString(),
        createdBy: args.text('author'),
        comment: args.text('comment'),
      });
      deps.print((answer as { readonly silenceID: string }).silenceID);
    },
  },
  'silence list': {
    words: '',
    summary: 'lists silences that are active or pending',
    flags: { url, output, expired: { type: 'boolean', doc: 'expired ones too' } },
    run: async (args, deps) => {
      const silences = (await deps.client(args.text('url')).get('silences')) as readonly ShownSilence[];
      const shown = silences.filter(({ status }) => args.is('expired') || status.state !== 'expired');
      if (args.text('output') === 'json') return deps.print(JSON.stringify(shown));
      for (const { id, status, matchers, endsAt, createdBy, comment } of shown) {
        deps.print(
          `${id}  ${status.state.padEnd(7)}  until ${endsAt}  ${matchers.map(matcherText).join(' ')}  ${createdBy}: ${comment}`,
        );
      }
    },
  },
  'silence expire': {
    words: 'ID...',
    summary: 'ends silences now',
    flags: { url },
    run: async (args, deps) => {
      if (args.words.length === 0) throw AppError.invalid('at least one ID is needed');
      for (const id of args.words)
        await deps.client(args.text('url')).delete(`silence/${encodeURIComponent(id)}`);
    },
  },
  alerts: {
    words: '[MATCHER...]',
    summary: 'lists alerts and what suppresses them',
    flags: { url, output },
    run: async (args, deps) => {
      const filter = args.words.map((word) => `filter=${encodeURIComponent(word)}`).join('&');
      const alerts = (await deps.client(args.text('url')).get(`alerts?${filter}`)) as readonly ShownAlert[];
      if (args.text('output') === 'json') return deps.print(JSON.stringify(alerts));
      for (const { labels, status, startsAt, receivers } of alerts) {
        const by = [...status.silencedBy, ...status.inhibitedBy, ...status.mutedBy].join(' ');
        const to = receivers.map(({ name }) => name).join(',');
        deps.print(
          `${status.state.padEnd(10)}  since ${startsAt}  ${labelsText(labels)}  -> ${to}${by === '' ? '' : `  by ${by}`}`,
        );
      }
    },
  },
  'cluster show': {
    words: '',
    summary: 'members, positions and state as one replica sees them',
    flags: { url, output },
    run: async (args, deps) => {
      const view = (await deps.client(args.text('url')).get('tocsin/cluster')) as ShownCluster;
      if (args.text('output') === 'json') return deps.print(JSON.stringify(view));
      deps.print(`${view.status}, position ${view.position} of ${view.members.length}`);
      view.members.forEach((member, position) => {
        const kind = member.isSelf
          ? 'this replica'
          : member.isTocsin
            ? member.isAbsent
              ? 'absent'
              : 'tocsin'
            : 'foreign';
        deps.print(`${String(position).padStart(3)}  ${member.name}  ${member.address}  ${kind}`);
      });
    },
  },
  events: {
    words: '',
    summary: 'the newest decisions of one replica: why was (or was not) somebody notified',
    flags: {
      url,
      type: { type: 'string', doc: 'only this type: deduplicated, attempted, silenced ...' },
      'group-key': { type: 'string', doc: 'only this group' },
      fingerprint: { type: 'string', doc: 'only this alert' },
      limit: { type: 'string', default: '50', doc: 'how many, up to 1000' },
    },
    run: async (args, deps) => {
      const names = [
        ['type', 'type'],
        ['group-key', 'group_key'],
        ['fingerprint', 'fingerprint'],
        ['limit', 'limit'],
      ] as const;
      const query = names.flatMap(([flag, name]) =>
        args.flags.has(flag) ? [`${name}=${encodeURIComponent(args.text(flag))}`] : [],
      );
      const { events } = (await deps.client(args.text('url')).get(`tocsin/events?${query.join('&')}`)) as {
        readonly events: readonly {
          readonly at: number;
          readonly replica: string;
          readonly decision: { readonly type: string };
        }[];
      };
      for (const { at, replica, decision } of events) {
        const { type, ...facts } = decision;
        deps.print(`${new Date(at).toISOString()}  ${replica}  ${type}  ${JSON.stringify(facts)}`);
      }
    },
  },
  sink: {
    words: '',
    summary: 'a webhook receiver that keeps what arrives and marks duplicates',
    flags: {
      listen: { type: 'string', default: '127.0.0.1:9080', doc: 'host:port; port 0 takes a free one' },
    },
    run: (args, deps) => deps.runSink(args.text('listen')),
  },
  demo: {
    words: '',
    summary: 'the whole of Tocsin on this machine, with a live view (npm start)',
    flags: {
      replicas: { type: 'string', default: '3', doc: 'schedulers and alertmanagers, 1 to 9' },
      prometheus: { type: 'string', default: '', doc: 'URL of a Prometheus, data source of your own rules' },
      rules: {
        type: 'string',
        default: '',
        doc: 'rule files of yours, separated by commas; need --prometheus',
      },
      config: {
        type: 'string',
        default: '',
        doc: "Alertmanager configuration of yours instead of the demo's",
      },
      'port-offset': { type: 'string', default: '0', doc: 'added to every port' },
      folder: { type: 'string', default: '.tocsin/demo', doc: 'where files, logs and the database are kept' },
    },
    run: (args, deps) =>
      deps.runDemo({
        replicas: args.text('replicas'),
        portOffset: args.text('port-offset'),
        folder: args.text('folder'),
        prometheusUrl: args.text('prometheus'),
        rules: args.text('rules'),
        configFile: args.text('config'),
      }),
  },
};

interface ShownSilence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly matchers: readonly ShownMatcher[];
}
interface ShownMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}
interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy: readonly string[];
  };
}
interface ShownCluster {
  readonly status: string;
  readonly position: number;
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    readonly isSelf: boolean;
    readonly isTocsin: boolean;
    readonly isAbsent: boolean;
  }[];
}

const matcherText = ({ name, value, isRegex, isEqual }: ShownMatcher): string =>
  `${name}${isEqual ? (isRegex ? '=~' : '=') : isRegex ? '!~' : '!='}${JSON.stringify(value)}`;
const labelsText = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;

function durationOf(text: string): number {
  const ms = parseGoDurationMs(text) ?? parsePrometheusDurationMs(text);
  if (ms === undefined || ms <= 0)
    throw AppError.invalid(`--duration ${text}: expected a duration like 90m, 2h or 1d`);
  return ms;
}

export async function runCommand(args: readonly string[], deps: CommandDeps): Promise<0 | 1 | 2> {
  const [first = '', second = ''] = args;
  const name = [`${first} ${second}`, first].find((candidate) => candidate in commands);
  const command = name === undefined ? undefined : commands[name];
  if (name === undefined || command === undefined) {
    const isHelp = first === '' || first === 'help' || first === '--help' || first === '-h';
    (isHelp ? deps.print : deps.printError)(overview(isHelp ? '' : args.join(' ')));
    return isHelp ? 0 : 2;
  }
  const rest = args.slice(name.split(' ').length);
  const usage = usageOf(name, command.words, command.flags);
  if (rest.includes('--help') || rest.includes('-h')) {
    deps.print(usage);
    return 0;
  }
  try {
    await command.run(readArguments(rest, command.flags), deps);
    return 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const isMistyped = error.code === 'invalid' && !error.message.includes('/api/v2/');
    deps.printError(
      isMistyped ? `tocsin ${name}: ${error.message}\n\n${usage}` : `tocsin ${name}: ${error.message}`,
    );
    return isMistyped ? 2 : 1;
  }
}

function overview(unknown: string): string {
  const list = Object.entries(commands).map(
    ([name, { words, summary }]) => `  ${`${name} ${words}`.trim().padEnd(28)}${summary}`,
  );
  const head =
    unknown === ''
      ? 'tocsin: commands for people and scripts'
      : `tocsin: unknown command ${JSON.stringify(unknown)}`;
  return [head, '', ...list, '', 'tocsin COMMAND --help shows its flags.'].join('\n');
}
