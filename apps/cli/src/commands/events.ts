/** `tocsin events`: the decisions of one replica as they were recorded. */
import { outputOf, printJson, type Command } from '../command.ts';
import { printable } from '../output/table.ts';

const FILTERS = [
  ['type', 'type'],
  ['group-key', 'group_key'],
  ['fingerprint', 'fingerprint'],
  ['limit', 'limit'],
] as const;

interface ShownEvent {
  readonly at: number;
  readonly replica: string;
  readonly decision: { readonly type: string };
}

export const events: Command = {
  words: '',
  summary: 'the newest decisions of one replica: why was (or was not) somebody notified',
  flags: {
    type: { type: 'string', doc: 'only this type: deduplicated, attempted, silenced ...' },
    'group-key': { type: 'string', doc: 'only this group' },
    fingerprint: { type: 'string', doc: 'only this alert' },
    limit: { type: 'string', default: '50', doc: 'how many, up to 1000' },
  },
  run: async (args, deps) => {
    const query = FILTERS.flatMap(([flag, name]) =>
      args.flags.has(flag) ? [`${name}=${encodeURIComponent(args.text(flag))}`] : [],
    );
    const answer = await deps.client(args.text('url')).get(`tocsin/events?${query.join('&')}`);
    const { events: shown } = answer as { readonly events: readonly ShownEvent[] };
    if (outputOf(args) === 'json') return printJson(deps, shown);
    for (const { at, replica, decision } of shown) {
      const { type, ...facts } = decision;
      deps.print(printable(`${new Date(at).toISOString()}  ${replica}  ${type}  ${JSON.stringify(facts)}`));
    }
  },
};
