/** `tocsin silence …`, as amtool has it. */
import { AppError, compareUtf8, parseGoDurationMs, parsePrometheusDurationMs } from '@tocsin/kernel';
import {
  addMs,
  compareInstants,
  createMatcher,
  formatMatchers,
  formatMillis,
  instantOf,
  parseInstant,
  type Instant,
  type Matcher,
} from '@tocsin/model';
import { listOf } from '../alertmanager-client.ts';
import type { Arguments, FlagSpec } from '../arguments.ts';
import {
  CommandFailure,
  matcherModeOf,
  outputOf,
  printJson,
  type Command,
  type CommandDeps,
} from '../command.ts';
import { filterQuery, labelWords, matcherWords } from '../matchers.ts';
import { dateOf, showDate, table } from '../output/table.ts';

interface ShownMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** Absent in what old servers and old exports say: true. */
  readonly isEqual?: boolean;
}

interface PostableSilence {
  readonly id?: string;
  readonly matchers: readonly ShownMatcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ShownSilence extends PostableSilence {
  readonly id: string;
  readonly updatedAt: string;
  readonly status: { readonly state: string };
}

const quiet: FlagSpec = { type: 'boolean', short: 'q', doc: 'ids only' };
const end: FlagSpec = { type: 'string', default: '', doc: 'when it ends, RFC 3339; goes before --duration' };

export const silenceAdd: Command = {
  words: '[ALERTNAME] MATCHER...',
  summary: 'creates a silence and prints its id',
  flags: {
    author: { type: 'string', short: 'a', doc: 'who is silencing (default: your user name)' },
    comment: { type: 'string', short: 'c', default: '', doc: 'why; shown to everyone on call' },
    duration: { type: 'string', short: 'd', default: '1h', doc: 'how long, like 90m, 2h or 1d' },
    start: { type: 'string', default: '', doc: 'when it begins, RFC 3339; now when absent' },
    end,
    annotation: { type: 'string', isList: true, doc: 'name=value' },
    'require-comment': {
      type: 'boolean',
      default: 'true',
      isHidden: true,
      doc: 'whether --comment is required',
    },
  },
  run: async (args, deps) => {
    if (args.words.length === 0) {
      throw AppError.invalid(
        'at least one MATCHER is needed; a silence of everything must be asked for as alertname=~".+"',
      );
    }
    const mode = matcherModeOf(args);
    const matchers = matcherWords(args.words, mode).map(shownMatcher);
    const startsAt = args.text('start') === '' ? instantOf(deps.wall()) : dateOf('start', args.text('start'));
    const endsAt = endOf(args, startsAt);
    if (endsAt === undefined) throw AppError.invalid('--duration or --end is needed');
    if (args.is('require-comment') && args.text('comment') === '')
      throw AppError.invalid('--comment is required');
    const annotations = labelWords(args.all('annotation'), mode, 'annotations');
    const answer = await deps.client(args.text('url')).post('silences', {
      matchers,
      startsAt: formatMillis(startsAt),
      endsAt: formatMillis(endsAt),
      createdBy: args.flags.get('author') ?? deps.user,
      comment: args.text('comment'),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    });
    deps.print(idOf(answer));
  },
};

const shownMatcher = ({ name, value, type }: Matcher): ShownMatcher => ({
  name,
  value,
  isRegex: type === '=~' || type === '!~',
  isEqual: type === '=' || type === '=~',
});

/** Undefined: neither --end nor --duration. */
function endOf(args: Arguments, startsAt: Instant): Instant | undefined {
  const [given, duration] = [args.text('end'), args.text('duration')];
  const endsAt =
    given !== ''
      ? dateOf('end', given)
      : duration === ''
        ? undefined
        : addMs(startsAt, durationOf('duration', duration));
  if (endsAt !== undefined && compareInstants(startsAt, endsAt) > 0)
    throw AppError.invalid('the silence would end before it starts');
  return endsAt;
}

/** Days are fine, and so is what only Go takes, like 1.5h. */
function durationOf(flag: string, text: string): number {
  const ms = parsePrometheusDurationMs(text) ?? parseGoDurationMs(text);
  if (ms === undefined || ms <= 0)
    throw AppError.invalid(`--${flag} ${text}: expected a duration like 90m, 2h or 1d`);
  return ms;
}

const idOf = (answer: unknown): string => (answer as { readonly silenceID?: string }).silenceID ?? '';

export const silenceQuery: Command = {
  words: '[ALERTNAME] [MATCHER...]',
  summary: 'lists silences that are active or pending',
  flags: {
    expired: { type: 'boolean', doc: 'those that are over instead' },
    quiet,
    'created-by': { type: 'string', default: '', doc: 'only those of this author' },
    id: { type: 'string', default: '', doc: 'only the one with this id' },
    within: {
      type: 'string',
      default: '',
      doc: 'only those that end (with --expired: ended) within this time, like 8h',
    },
  },
  run: async (args, deps) => {
    const within = args.text('within') === '' ? undefined : durationOf('within', args.text('within'));
    const filters = filterQuery(matcherWords(args.words, matcherModeOf(args)));
    const path = filters.length === 0 ? 'silences' : `silences?${filters.join('&')}`;
    const silences = listOf<ShownSilence>(await deps.client(args.text('url')).get(path), 'silences');
    const now = instantOf(deps.wall());
    const wanted = silences.filter(
      (silence) =>
        isWithin(silence, args.is('expired'), within, now) &&
        ['', silence.createdBy].includes(args.text('created-by')) &&
        ['', silence.id].includes(args.text('id')),
    );
    show(wanted, args, deps);
  },
};

function isWithin(
  { endsAt }: ShownSilence,
  isExpired: boolean,
  within: number | undefined,
  now: Instant,
): boolean {
  const at = parseInstant(endsAt);
  if (at === undefined || compareInstants(at, now) < 0 !== isExpired) return false;
  if (within === undefined) return true;
  return isExpired
    ? compareInstants(at, addMs(now, -within)) >= 0
    : compareInstants(at, addMs(now, within)) <= 0;
}

function show(silences: readonly ShownSilence[], args: Arguments, deps: CommandDeps): void {
  const sorted = silences.toSorted((a, b) => compareEnds(a, b) || compareUtf8(a.id, b.id));
  if (args.is('quiet')) {
    for (const { id } of sorted) deps.print(id);
    return;
  }
  const kind = outputOf(args);
  if (kind === 'json') return printJson(deps, sorted);
  const date = (text: string): string => showDate(text, args.text('date.format'));
  const head =
    kind === 'simple'
      ? ['ID', 'Matchers', 'Ends At', 'Created By', 'Comment']
      : ['ID', 'Matchers', 'Starts At', 'Ends At', 'Updated At', 'Created By', 'Comment'];
  const rows = sorted.map((silence) => {
    const matchers = silence.matchers.map(matcherOf);
    const { id, createdBy, comment } = silence;
    return kind === 'simple'
      ? [id, matchers.map(String).join(' '), date(silence.endsAt), createdBy, comment]
      : [
          id,
          formatMatchers(matchers),
          date(silence.startsAt),
          date(silence.endsAt),
          date(silence.updatedAt),
          createdBy,
          comment,
        ];
  });
  for (const line of table([head, ...rows])) deps.print(line);
}

function compareEnds(a: ShownSilence, b: ShownSilence): number {
  const [left, right] = [parseInstant(a.endsAt), parseInstant(b.endsAt)];
  return left === undefined || right === undefined ? 0 : compareInstants(left, right);
}

const matcherOf = ({ name, value, isRegex, isEqual }: ShownMatcher): Matcher =>
  createMatcher(name, isEqual === false ? (isRegex ? '!~' : '!=') : isRegex ? '=~' : '=', value);

export const silenceUpdate: Command = {
  words: 'ID...',
  summary: 'changes start, end or comment of silences and shows them',
  details: ['An active silence keeps its id when only its end or its comment changes.'],
  flags: {
    quiet,
    duration: {
      type: 'string',
      short: 'd',
      default: '',
      doc: 'how long from its start on, like 90m, 2h or 1d',
    },
    start: { type: 'string', default: '', doc: 'when it begins, RFC 3339' },
    end,
    comment: { type: 'string', short: 'c', default: '', doc: 'why' },
  },
  run: async (args, deps) => {
    if (args.words.length === 0) throw AppError.invalid('at least one ID is needed');
    const client = deps.client(args.text('url'));
    const updated: ShownSilence[] = [];
    for (const id of args.words) {
      const silence = (await client.get(`silence/${encodeURIComponent(id)}`)) as ShownSilence;
      const changed = changedBy(args, silence);
      updated.push({ ...changed, id: idOf(await client.post('silences', postable(changed))) });
    }
    show(updated, args, deps);
  },
};

function changedBy(args: Arguments, silence: ShownSilence): ShownSilence {
  const startsAt =
    args.text('start') === '' ? parseInstant(silence.startsAt) : dateOf('start', args.text('start'));
  if (startsAt === undefined) throw new CommandFailure(`silence ${silence.id} has no start that can be read`);
  const endsAt = endOf(args, startsAt);
  return {
    ...silence,
    ...(args.text('start') === '' ? {} : { startsAt: formatMillis(startsAt) }),
    ...(endsAt === undefined ? {} : { endsAt: formatMillis(endsAt) }),
    ...(args.text('comment') === '' ? {} : { comment: args.text('comment') }),
  };
}

/** What may be posted of a silence that was shown. */
function postable(silence: PostableSilence): PostableSilence {
  const { id, matchers, startsAt, endsAt, createdBy, comment, annotations } = silence;
  return {
    ...(id === undefined || id === '' ? {} : { id }),
    matchers,
    startsAt,
    endsAt,
    createdBy,
    comment,
    ...(annotations === undefined ? {} : { annotations }),
  };
}

export const silenceExpire: Command = {
  words: 'ID...',
  summary: 'ends silences now',
  flags: {},
  run: async (args, deps) => {
    if (args.words.length === 0) throw AppError.invalid('at least one ID is needed');
    const client = deps.client(args.text('url'));
    let failed = 0;
    for (const id of args.words) {
      try {
        await client.delete(`silence/${encodeURIComponent(id)}`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failed++;
        deps.printError(`tocsin silence expire: ${id}: ${error.message}`);
      }
    }
    if (failed > 0) throw new CommandFailure(`${failed} of ${args.words.length} silences could not be ended`);
  },
};

/** Requests at once. */
const WORKERS_MAX = 64;
/** Silences in one file: far more than a server keeps. */
const IMPORTED_MAX = 1_000_000;

export const silenceImport: Command = {
  words: '[FILE]',
  summary: 'creates silences from a JSON file that silence query -o json wrote, or from the standard input',
  details: [
    'A silence that the server still has is updated; one that it has not is created with a new id.',
    'Prints the id of each.',
  ],
  flags: {
    force: { type: 'boolean', short: 'f', doc: 'create new ones even if they are there' },
    worker: { type: 'string', short: 'w', default: '8', doc: `requests at once, 1 to ${WORKERS_MAX}` },
  },
  run: async (args, deps) => {
    const workers = Number(args.text('worker'));
    if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX)
      throw AppError.invalid(`--worker ${args.text('worker')}: expected a number from 1 to ${WORKERS_MAX}`);
    const [file, ...more] = args.words;
    if (more.length > 0) throw AppError.invalid(`expected one FILE, found ${args.words.length}`);
    const silences = readSilences(
      file === undefined ? await deps.files.readInput() : await deps.files.readText(file),
      file ?? 'the standard input',
    );
    const waiting = silences
      .map((silence) => (args.is('force') ? postable({ ...silence, id: '' }) : silence))
      .values();
    const client = deps.client(args.text('url'));
    let failed = 0;
    const work = async (): Promise<void> => {
      for (const silence of waiting) {
        try {
          deps.print(await importOne(client, silence));
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          failed++;
          deps.printError(
            `tocsin silence import: silence ${JSON.stringify(silence.id ?? '')}: ${error.message}`,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    if (failed > 0)
      throw new CommandFailure(`${failed} of ${silences.length} silences could not be imported`);
  },
};

async function importOne(
  client: ReturnType<CommandDeps['client']>,
  silence: PostableSilence,
): Promise<string> {
  try {
    return idOf(await client.post('silences', silence));
  } catch (error) {
    const isGone = error instanceof AppError && error.code === 'not-found';
    if (!isGone || (silence.id ?? '') === '') throw error;
    return idOf(await client.post('silences', postable({ ...silence, id: '' })));
  }
}

function readSilences(text: string, name: string): readonly PostableSilence[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CommandFailure(`${name}: no JSON; expected what silence query -o json prints`, { cause });
  }
  if (!Array.isArray(value) || value.length > IMPORTED_MAX)
    throw new CommandFailure(`${name}: expected a list of at most ${IMPORTED_MAX} silences`);
  return value.map((item: unknown, index) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw new CommandFailure(`${name}: item ${index}: expected a silence, found ${JSON.stringify(item)}`);
    return postable(item as PostableSilence);
  });
}
