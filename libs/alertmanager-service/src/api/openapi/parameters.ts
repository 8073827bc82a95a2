/** Query parameters that several operations share. */
import { countBucketsMax } from '../alert-counts.ts';
import { pageLimitDefault, pageLimitMax } from '../paging.ts';
import { listOf } from './schemas.ts';
import type { Parameter } from './types.ts';

const flag = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  description: `${description} true, 1, yes, on, t, y, ok, selected, checked, enabled in any case; other words are false.`,
  schema: { type: 'boolean', default: true },
});

const repeated = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  explode: true,
  schema: listOf({ type: 'string' }),
});

export const one = (name: string, description: string, byDefault?: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', ...(byDefault === undefined ? {} : { default: byDefault }) },
});

export const filter: Parameter = repeated('filter', 'One matcher, like severity="critical". All must match.');
export const receiverMatchers: Parameter = repeated('receiver_matchers', 'One matcher of receiver labels.');

/** What alerts are selected by. */
export const alertSelection: readonly Parameter[] = [
  flag('active', 'Show active alerts.'),
  flag('silenced', 'Show silenced alerts.'),
  flag('inhibited', 'Show inhibited alerts.'),
  filter,
  one('receiver', 'A regular expression, anchored, that the name of a receiver of the alert must match.'),
  receiverMatchers,
];
export const unprocessed: Parameter = flag('unprocessed', 'Accepted and without effect, as upstream.');
export const muted: Parameter = flag('muted', 'Show groups that a time interval mutes.');

export const silenceSelection: readonly Parameter[] = [
  repeated('filter', 'One matcher. A silence is shown when one of its sets holds each of them, by text.'),
  flag('active', 'Show active silences.'),
  flag('expired', 'Show expired silences.'),
  flag('pending', 'Show pending silences.'),
];

export const paging = (fields: string, byDefault: string): readonly Parameter[] => [
  {
    name: 'limit',
    in: 'query',
    description: 'Elements on a page.',
    schema: { type: 'integer', minimum: 1, maximum: pageLimitMax, default: pageLimitDefault },
  },
  one('cursor', 'The next of the page before. Give the same filters and the same sort with it.'),
  one('sort', `${fields}; with - in front for descending.`, byDefault),
];

export const buckets: Parameter = {
  name: 'limit',
  in: 'query',
  description: 'Buckets in the answer, the largest first; the others are summed.',
  schema: { type: 'integer', minimum: 1, maximum: countBucketsMax, default: 100 },
};
export const by: Parameter = repeated('by', 'Labels, repeated or separated by commas, five at most.');

export const alertLabels: Parameter = repeated(
  'labels',
  'Labels of the alert: {a="b",c="d"}, or one a="b" each.',
);

export const silenceId: Parameter = {
  name: 'silenceID',
  in: 'path',
  description: 'The id of a silence.',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};
